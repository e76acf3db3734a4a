"""Runs the probe in a fresh interpreter and gathers its facts, whatever the repository's code does to it."""

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...fresh import FreshInterpreter, JobFailed
from ...interrupts import scratch_folder
from ..model import CheckError
from ..repository import Repository
from .facts import Facts
from .phases import DOING, PHASES

_JOB = Path(__file__).parent / "probe" / "job.py"
_IMPORTS = 60.0  # seconds that the probe itself may take besides the phases


@dataclass(frozen=True)
class Limits:
    """How much a repository's code may take.

    Args:
        total: seconds for everything.
        phase: seconds for one phase, see `phases.PHASES`.
        memory: bytes beyond what the libraries and copies of the weights need.
    """

    total: float = 300.0
    phase: int = 60
    memory: int = 6 << 30


def collect(
    repository: Repository,
    phases: list[str],
    interpreter: FreshInterpreter,
    limits: Limits,
    notify: Callable[[str], None],
) -> Facts:
    """Everything that the phases can tell about a repository.

    Raises:
        CheckError: the interpreter cannot run the probe.
    """
    facts = Facts(repository)
    before = _listing(repository.folder)
    deadline = time.monotonic() + limits.total
    while remaining := _possible(facts, phases):
        left = deadline - time.monotonic()
        if left <= 0:
            facts.deaths[remaining[0]] = f"reached the limit of {limits.total:g} seconds"
            break
        with scratch_folder("check-behaviour-") as workspace:
            _probe(facts, remaining, workspace, interpreter, limits, left, notify)
            _unpickle(facts, workspace, interpreter, limits)
    after = _listing(repository.folder)
    facts.changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return facts


def _possible(facts: Facts, phases: list[str]) -> list[str]:
    """Phases that have not run yet, and whose needs were met or may still be."""
    done = facts.deaths.keys() | facts.outcomes.keys()
    lost = {name for name in done if name in facts.deaths or "facts" not in facts.outcomes[name]}
    for name, needs in PHASES.items():
        lost |= {name} if lost & set(needs) else set()
    return [name for name in PHASES if name in phases and name not in done | lost]


def _probe(
    facts: Facts,
    phases: list[str],
    workspace: Path,
    interpreter: FreshInterpreter,
    limits: Limits,
    seconds: float,
    notify: Callable[[str], None],
) -> None:
    """One process over the phases; what ended it before its time becomes the death of the phase it was in."""
    journal, seal, place = workspace / "journal.txt", secrets.token_hex(), workspace / "work"
    place.mkdir()
    arguments = {
        "task": "worker.work",
        "folder": os.path.abspath(facts.repository.folder),
        "workspace": str(place),
        "journal": str(journal),
        "seal": seal,
        "phases": {name: PHASES[name] for name in phases},
        "seconds": limits.phase,
        "memory": limits.memory,
    }
    ended, ending = [], ""
    with _followed(journal, seal, notify):
        try:
            ended = interpreter.run(_JOB, arguments, timeout=min(seconds, _IMPORTS + limits.phase * len(phases)))
        except JobFailed as failure:
            ending = _in_words(str(failure), limits)
    begun, written = _read(facts, journal, seal)
    if ending and not begun:
        raise CheckError(
            f"the model could not be run: {ending}; check that {interpreter.python} has torch and transformers"
        )
    if ending or ended != written:
        unfinished = next((name for name in begun if name not in written), phases[0])
        facts.deaths[unfinished] = ending or "left another journal than the one that was written"


def _unpickle(facts: Facts, workspace: Path, interpreter: FreshInterpreter, limits: Limits) -> None:
    """Read the pickled model in another process, while the workspace is there."""
    pickled = facts.outcomes.get("pickle", {}).get("facts")
    if pickled and "found" not in pickled:
        arguments = {
            "task": "unpickle.unpickle",
            "folder": os.path.abspath(facts.repository.folder),
            "workspace": str(workspace / "work"),
            "memory": limits.memory,
            **{name: pickled[name] for name in ("pickled", "modules")},
        }
        try:
            pickled["found"] = interpreter.run(_JOB, arguments, timeout=limits.phase)
        except JobFailed as failure:
            pickled["found"], pickled["failure"] = None, str(failure)


def _in_words(failure: str, limits: Limits) -> str:
    if "SIGALRM" in failure:
        return f"took longer than {limits.phase} seconds"
    if "SIGKILL" in failure:
        return "ended without an answer (killed, or all of its files closed)"
    return failure


def _lines(journal: Path, seal: str) -> Iterator[dict[str, Any]]:
    """Entries that were written with the seal; whatever else lies there is not ours."""
    try:
        text = journal.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        if line.startswith(seal):
            try:
                yield json.loads(line[len(seal) :])
            except ValueError:
                continue


def _read(facts: Facts, journal: Path, seal: str) -> tuple[list[str], list[str]]:
    """Put a journal's entries into the facts; returns the phases that began and those that ended, in order."""
    begun, ended = [], []
    for entry in _lines(journal, seal):
        kind = entry.pop("kind")
        if kind == "begin":
            begun.append(entry["phase"])
        elif kind == "end":
            ended.append(entry["phase"])
            facts.outcomes[entry.pop("phase")] = entry
        elif kind == "attempt" and entry not in facts.attempts:
            facts.attempts.append(entry)
        elif kind == "versions":
            facts.versions = entry
    return begun, ended


@contextmanager
def _followed(journal: Path, seal: str, notify: Callable[[str], None]) -> Iterator[None]:
    """Tell `notify` what is going on while the block runs."""
    done = threading.Event()

    def follow() -> None:
        shown = "starting an interpreter"
        notify(shown)
        while not done.wait(0.2):
            begun = [entry["phase"] for entry in _lines(journal, seal) if entry["kind"] == "begin"]
            if begun and DOING[begun[-1]] != shown:
                shown = DOING[begun[-1]]
                notify(shown)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file, without bytecode."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            info = path.stat()
            found[path.relative_to(folder).as_posix()] = (info.st_size, info.st_mtime_ns)
    return found
