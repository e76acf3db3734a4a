"""The git program, with its errors as problems."""

import os
import subprocess
from pathlib import Path

from ..problems import Problem


def run_git(folder: Path, *arguments: str) -> bytes:
    """What git prints in `folder`; a Problem with git's own last words when it fails or is not there."""
    # A hook that runs a command sets these, and git would look at another repository than the folder's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_DIR")}
    environment = {
        name: value for name, value in environment.items() if name not in ("GIT_INDEX_FILE", "GIT_WORK_TREE")
    }
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    except FileNotFoundError as error:
        raise Problem("git was not found; install it") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise Problem(f"git {' '.join(arguments[:2])} failed in {folder}: {said[-1]}") from error


def git_text(folder: Path, *arguments: str) -> str:
    """What git prints in `folder`, without the last line's end."""
    return run_git(folder, *arguments).decode(errors="surrogateescape").strip()


def tracked(folder: Path) -> list[str]:
    """Paths of the files that git tracks under `folder` and that are there."""
    listed = run_git(folder, "ls-files", "-z").decode(errors="surrogateescape").split("\0")
    return [path for path in listed if path and (folder / path).is_file()]


def changes(folder: Path) -> list[str]:
    """What differs from the last commit, untracked files among it, as git status puts it."""
    return git_text(folder, "status", "--porcelain").splitlines()
