"""Throw-away environments, made with uv: links into its cache, so that each takes seconds and hardly any room."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..problems import Problem
from .environments import Environment

_SECONDS = 1800.0  # of a download over a slow line


class BuildFailed(Problem):
    """An environment could not be made; `log` is what uv said."""

    def __init__(self, cause: str, log: str):
        super().__init__(cause)
        self.log = log


def first_cause(text: str) -> str:
    """What a tool said in one line: the reason that uv draws a line to, else the last line that says something."""
    _, drawn, reason = text.partition("╰─▶")
    lines = [re.sub(r"\s+", " ", line).strip(" ×│├╰─▶") for line in text.splitlines()]
    lines = [line for line in lines if line]
    told = re.sub(r"\s+", " ", reason) if drawn else next((one for one in lines if "error" in one.lower()), None)
    return (told or (lines[-1] if lines else "it ended without a word")).strip()[:300]


def _uv() -> list[str]:
    found = shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def _run(*arguments: str) -> str:
    """What a uv command printed; BuildFailed when it failed, was killed or took too long."""
    command = [*_uv(), "--no-progress", *arguments]
    try:
        end = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as late:
        raise BuildFailed(f"uv took longer than {_SECONDS:g} seconds", str(late.stderr or "")) from late
    except OSError as error:
        raise BuildFailed(f"uv could not be started: {error}", "") from error
    if end.returncode:
        said = end.stderr + end.stdout
        cause = f"uv was killed by signal {-end.returncode}" if end.returncode < 0 else f"uv: {first_cause(said)}"
        raise BuildFailed(cause, f"$ {' '.join(command)}\n{said}")
    return end.stdout


@cache
def _room() -> str:
    """Where environments are made: on the file system of uv's cache, whose files they link to."""
    try:
        store, usual = Path(_run("cache", "dir").strip()), tempfile.gettempdir()
        same = not store.exists() or store.stat().st_dev == Path(usual).stat().st_dev
        return usual if same else str(store.parent)
    except (BuildFailed, OSError):
        return tempfile.gettempdir()


def _wanted(environment: Environment) -> list[str]:
    """Arguments of the installation."""
    pinned = [f"{name}=={version}" for name, version in environment.pins]
    lowest = ["--resolution", "lowest-direct"] if environment.oldest else []
    return [*lowest, *pinned, *environment.others]


@contextmanager
def built(environment: Environment) -> Iterator[tuple[Path, dict[str, str]]]:
    """The interpreter of an environment, which is there as long as the block runs, and the versions in it.

    Raises:
        BuildFailed: uv could not make it.
    """
    try:
        place = Path(tempfile.mkdtemp(prefix="compat-", dir=_room()))
    except OSError as error:
        raise BuildFailed(f"no room for an environment: {error}", "") from error
    try:
        python = place / "env" / "bin" / "python"
        _run("venv", "--quiet", "--python", environment.python, str(place / "env"))
        _run("pip", "install", "--quiet", "--python", str(python), *_wanted(environment))
        listed = json.loads(_run("pip", "list", "--quiet", "--python", str(python), "--format", "json"))
        yield python, {one["name"]: one["version"].split("+")[0] for one in listed}
    finally:
        shutil.rmtree(place, ignore_errors=True)
