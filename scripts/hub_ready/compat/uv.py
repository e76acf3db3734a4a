"""uv, the program that makes environments: what it printed, or why it failed in one line."""

import re
import shutil
import subprocess
import sys

from ..problems import Problem

_SECONDS = 1800.0  # of a download over a slow line


class BuildFailed(Problem):
    """An environment could not be made; `log` is what uv said."""

    def __init__(self, cause: str, log: str):
        super().__init__(cause)
        self.log = log


def first_cause(text: str) -> str:
    """What a tool said in one line: the reason that uv draws a line to or calls a cause, else its first error."""
    _, drawn, reason = re.sub(r"^ *cause: ", "╰─▶", text, count=1, flags=re.MULTILINE).partition("╰─▶")
    lines = [re.sub(r"\s+", " ", line).strip(" \u00d7│├╰─▶") for line in text.splitlines()]
    lines = [line for line in lines if line]
    told = re.sub(r"\s+", " ", reason) if drawn else next((one for one in lines if "error" in one.lower()), None)
    return (told or (lines[-1] if lines else "it ended without a word")).strip()[:300]


def _uv() -> list[str]:
    found = shutil.which("uv")
    return [found] if found else [sys.executable, "-m", "uv"]


def run_uv(*arguments: str, stdin: str = "") -> str:
    """What a uv command printed; BuildFailed when it failed, was killed or took too long."""
    command = [*_uv(), "--no-progress", *arguments]
    try:
        end = subprocess.run(command, input=stdin, capture_output=True, text=True, errors="replace", timeout=_SECONDS)
    except subprocess.TimeoutExpired as late:
        raise BuildFailed(f"uv took longer than {_SECONDS:g} seconds", str(late.stderr or "")) from late
    except OSError as error:
        raise BuildFailed(f"uv could not be started: {error}", "") from error
    if end.returncode:
        said = end.stderr + end.stdout
        cause = f"uv was killed by signal {-end.returncode}" if end.returncode < 0 else f"uv: {first_cause(said)}"
        raise BuildFailed(cause, f"$ {' '.join(command)}\n{said}")
    return end.stdout
