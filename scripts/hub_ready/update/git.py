"""The git program, with its errors as problems."""

import os
import re
import subprocess
from pathlib import Path

from ..child import run_child
from ..problems import Problem


def _reason(messages: bytes) -> str:
    """What git and its helpers said went wrong ("fatal: ...", "ssh: ..."), else their last line."""
    lines = messages.decode(errors="replace").strip().splitlines() or ["no message"]
    told = [line for line in lines if re.match(r"(?!hint:|warning:)\S+: ", line, re.IGNORECASE)]
    return "; ".join(told or lines[-1:])


def _subcommand(arguments: tuple[str, ...]) -> str:
    """The first argument that is neither an option nor the value of a -c before it."""
    pairs = zip(("", *arguments), arguments)
    return next((one for before, one in pairs if before != "-c" and not one.startswith("-")), "")


def run_git(folder: Path, *arguments: str) -> bytes:
    """What git prints in `folder`; a Problem with git's own words when it fails or is not there."""
    # A hook that runs a command sets these, and git would look at another repository than the folder's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_DIR")}
    environment = {
        name: value for name, value in environment.items() if name not in ("GIT_INDEX_FILE", "GIT_WORK_TREE")
    }
    command = ["git", "-C", str(folder), *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
        # Not alone: git and ssh may ask for a password.
        done = run_child(command, alone=False, env=environment, **pipes)
    except FileNotFoundError as error:
        raise Problem("git was not found; install it") from error
    if done.returncode:
        raise Problem(f"git {_subcommand(arguments)} failed in {folder}: {_reason(done.stderr)}")
    return done.stdout


def git_text(folder: Path, *arguments: str) -> str:
    """What git prints in `folder`, without the last line's end."""
    return run_git(folder, *arguments).decode(errors="surrogateescape").strip()


def tracked(folder: Path) -> list[str]:
    """Paths of the files that git tracks under `folder` and that are there."""
    listed = run_git(folder, "ls-files", "-z").decode(errors="surrogateescape").split("\0")
    return [path for path in listed if path and (folder / path).is_file()]


def changes(folder: Path) -> list[str]:
    """What differs from the last commit, untracked files among it, as git status puts it."""
    return git_text(folder, "status", "--porcelain", "--untracked-files=all").splitlines()
