"""Tries a repository in every environment; a second run does only what the first left."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..fresh import JOBS, LIBRARIES, FreshInterpreter, JobFailed
from ..interrupts import scratch_folder
from ..problems import Problem
from ..staging import write_whole
from .build import built
from .environments import Environment, newest_of
from .properties import ABSENT, FAILS, HOLDS, PROPERTIES, UNTESTED, Property
from .uv import BuildFailed, first_cause

JOB = JOBS / "compat.py"
_SECONDS = 300.0  # for one task
# One thread: the order of a sum must not depend on how many cores are free.
_QUIET = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
# What a load does not read, and what says when or where it was written.
_UNREAD = ("README.md", ".gitattributes", ".gitignore", ".cache", ".git", "__pycache__")
Cell = dict[str, str]
Row = dict[str, Any]


class Stopped(Exception):
    """The run was interrupted."""


class Reference:
    """The newest environment that can make it, kept open to load what the others save."""

    def __init__(self, interpreter: FreshInterpreter, path: Path):
        self._interpreter, self.path, self._lock = interpreter, path, threading.Lock()

    def run(self, arguments: dict[str, str]) -> Any:
        with self._lock:
            return self._interpreter.run(JOB, arguments, timeout=_SECONDS)


@dataclass
class Run:
    """One run over many environments.

    Attributes:
        folder: the repository.
        output: where results and logs go.
        jobs: environments at a time.
        again: whether results that are there already are made anew.
        notify: called with a line of progress.
    """

    folder: Path
    output: Path
    jobs: int
    again: bool
    notify: Callable[[str], None]
    _stop: threading.Event = field(default_factory=threading.Event)

    def rows(self, environments: list[Environment]) -> list[Row]:
        """The results of all environments, in their order; KeyboardInterrupt leaves those that are done."""
        digest = digest_of(self.folder)
        done = {} if self.again else {one: row for one in environments if (row := self._stored(one, digest))}
        missing = [one for one in environments if one not in done]
        self.notify(f"{len(environments)} environments, {len(done)} of them done before")
        with ExitStack() as stack:
            reference = self._reference(environments, stack) if missing else None
            if isinstance(reference, str):
                return [done.get(one) or _untested(one, digest, reference, "") for one in environments]
            pool = stack.enter_context(ThreadPoolExecutor(self.jobs))
            futures = {pool.submit(self._row, one, digest, reference): one for one in missing}
            try:
                pending = set(futures)
                while pending:
                    finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        done[futures[future]] = row = future.result()
                        self.notify(f"{len(done)}/{len(environments)} {row['key']}: {in_short(row)}")
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [done[one] for one in environments]

    def _stored(self, environment: Environment, digest: str) -> Row | None:
        """The result of an earlier run, when it is about these files and nothing was left untested."""
        try:
            row = json.loads(self._file(environment.key).read_text(encoding="utf-8"))
            whole = row["sha256"] == digest and row["cells"].keys() == {one.name for one in PROPERTIES}
            return row if whole and all(cell["state"] != UNTESTED for cell in row["cells"].values()) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _file(self, key: str) -> Path:
        return self.output / "environments" / f"{key}.json"

    def _reference(self, environments: list[Environment], stack: ExitStack) -> Reference | str:
        """Numbers of the newest environment; of the next older one where the model cannot be built there."""
        left, causes = list(environments), []
        place = stack.enter_context(scratch_folder("compat-reference-"))
        while left:
            newest = newest_of(left)
            left.remove(newest)
            self.notify(f"reference: {newest.key}")
            here = stack.enter_context(ExitStack())
            try:
                python, _ = here.enter_context(built(newest))
                reference = Reference(here.enter_context(_interpreter(python, newest)), place / "reference")
                arguments = {"folder": str(self.folder), "workspace": str(place), "reference": str(reference.path)}
                answer = reference.run({"task": "refer", **arguments})
                if "absent" not in answer:
                    return reference
                raise Problem(f"{self.folder.name} cannot be tried: {answer['absent']}")
            except JobFailed as failure:
                causes.append(f"{newest.key}: {in_one_line(str(failure))}")
                self._log(f"reference-{newest.key}", f"{failure}\n{failure.output}")
            except BuildFailed as failure:
                causes.append(f"{newest.key}: {failure}")
                self._log(f"reference-{newest.key}", failure.log)
            here.close()
        return f"no environment could make the reference; the newest: {causes[0]}"

    def _row(self, environment: Environment, digest: str, reference: Reference) -> Row:
        """Try one environment; whatever happens to it stays in its row."""
        started = time.monotonic()
        try:
            row = self._tried(environment, digest, reference)
        except BuildFailed as failure:
            row = _untested(environment, digest, str(failure), self._log(environment.key, failure.log))
        except (OSError, ValueError) as error:
            row = _untested(environment, digest, f"{type(error).__name__}: {error}", "")
        row["seconds"] = round(time.monotonic() - started, 1)
        try:
            write_whole(self._file(environment.key), json.dumps(row, indent=1))
        except OSError as error:
            self.notify(f"{environment.key}: its result could not be written: {error}")
        return row

    def _tried(self, environment: Environment, digest: str, reference: Reference) -> Row:
        self._check()
        with scratch_folder("compat-work-") as place, built(environment) as (python, versions):
            row = {**_about(environment, digest), "versions": _told(environment, versions), "cells": {}}
            with _interpreter(python, environment) as interpreter:
                if broken := self._broken(environment, interpreter, place):
                    return {**row, "cells": {one.name: broken for one in PROPERTIES}}
                for one in PROPERTIES:
                    self._check()
                    row["cells"][one.name] = self._cell(one, environment, interpreter, reference, place)
        return row

    def _broken(self, environment: Environment, interpreter: FreshInterpreter, place: Path) -> Cell | None:
        """What every cell says where the libraries fail without any repository: there is nothing to be judged."""
        try:
            arguments = {"task": "start", "folder": str(self.folder), "workspace": str(place), "reference": str(place)}
            interpreter.run(JOB, arguments, timeout=_SECONDS)
            return None
        except JobFailed as failure:
            log = self._log(f"{environment.key}-start", f"{failure}\n\n{failure.output}")
            state = UNTESTED if "SIGKILL" in str(failure) else ABSENT
            return _cell(state, f"these versions fail without any repository: {in_one_line(str(failure))}", log)

    def _cell(
        self, one: Property, environment: Environment, interpreter: FreshInterpreter, reference: Reference, place: Path
    ) -> Cell:
        """One property in one environment: its state, why, and the log of what failed."""
        for task, newest, saved in one.tasks:
            folder = place / "saves" / "saved" / self.folder.name if saved else self.folder
            if saved and not folder.is_dir():
                return _cell(FAILS, "nothing was saved, see there")
            # A workspace of its own for the newest: names in it are taken once.
            work = place / "newest" if newest else place
            arguments = {"task": task, "folder": str(folder), "workspace": str(work), "reference": str(reference.path)}
            try:
                answer = reference.run(arguments) if newest else interpreter.run(JOB, arguments, timeout=_SECONDS)
            except JobFailed as failure:
                log = self._log(f"{environment.key}-{task}", f"{failure}\n\n{failure.output}")
                # Killed from outside, for memory as a rule: that says nothing about the model.
                state = UNTESTED if "SIGKILL" in str(failure) else FAILS
                return _cell(state, in_one_line(str(failure)), log)
            if "absent" in answer:
                return _cell(ABSENT, answer["absent"])
            if answer["wrong"]:
                log = self._log(f"{environment.key}-{task}", "\n".join(answer["wrong"]))
                return _cell(FAILS, in_one_line(answer["wrong"][0]), log)
        return _cell(HOLDS)

    def _check(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _log(self, name: str, text: str) -> str:
        """Where the log lies, relative to the output; empty when it could not be written."""
        path = self.output / "logs" / f"{name}.txt"
        try:
            write_whole(path, text)
        except OSError:
            return ""
        return path.relative_to(self.output).as_posix()


def _interpreter(python: Path, environment: Environment) -> FreshInterpreter:
    # What the repository requires is imported once too; a name that is no module is passed over.
    return FreshInterpreter((*LIBRARIES, *environment.packages), python, _QUIET)


def _cell(state: str, why: str = "", log: str = "") -> Cell:
    return {"state": state, "why": why, "log": log}


def _about(environment: Environment, digest: str) -> Row:
    today = datetime.now(timezone.utc).date().isoformat()
    oldest = {"oldest": True} if environment.oldest else {}
    pins = {**dict(environment.pins), "python": environment.python}
    return {"key": environment.key, "environment": {**pins, **oldest}, "sha256": digest, "date": today}


def _told(environment: Environment, versions: dict[str, str]) -> dict[str, str]:
    """The installed versions that a reader asks for: of what was required, and of the client that came with it."""
    required = {*environment.packages, "huggingface-hub", "numpy", "tokenizers"}
    return {name: version for name, version in sorted(versions.items()) if name in required}


def _untested(environment: Environment, digest: str, why: str, log: str) -> Row:
    cells = {one.name: _cell(UNTESTED, why, log) for one in PROPERTIES}
    return {**_about(environment, digest), "versions": {}, "cells": cells, "seconds": 0.0}


def in_one_line(text: str) -> str:
    """The first line that says something, for a cell; without the places of throw-away environments."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), first_cause(text))
    return re.sub(r"/[^\s'\"]*/(?=site-packages/)", "", line)[:300]


def in_short(row: Row) -> str:
    """A row in a few words, for the progress."""
    cells, seconds = row["cells"], f"{row.get('seconds', 0):.0f} s"
    for state in (UNTESTED, FAILS):
        found = [name for name, cell in cells.items() if cell["state"] == state]
        if found:
            return f"{state}: {', '.join(found)} ({cells[found[0]]['why'][:160]}), {seconds}"
    held = [name for name, cell in cells.items() if cell["state"] == HOLDS]
    return f"{len(held)} hold, {len(cells) - len(held)} absent, {seconds}"


def digest_of(folder: Path) -> str:
    """sha256 over names and contents of all files that a load may read."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not set(path.relative_to(folder).parts) & set(_UNREAD):
            total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    total.update(block)
    return total.hexdigest()
