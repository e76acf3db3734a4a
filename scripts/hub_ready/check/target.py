"""What a check is pointed at: a folder, or a repository on the Hub."""

import atexit
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .model import CheckError

_REPO_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")


@dataclass(frozen=True)
class Target:
    """A folder to check, and its name on the Hub if it has one."""

    folder: Path
    repo_id: str | None


def resolve_target(name: str, revision: str | None, *, fix: bool, run: bool) -> Target:
    """The folder of that name, or a download of the repository of that name.

    Args:
        fix: files of it would be changed.
        run: code of it would be run, and nobody said that it may.

    Raises:
        CheckError: it is neither, the Hub does not answer, or what is asked must not happen to it; nothing is then
            downloaded.
    """
    if not name.strip():
        raise CheckError("expected a folder or namespace/name on the Hub, found an empty name")
    path = Path(name)
    is_name = _REPO_ID.fullmatch(name) and not name.startswith(".")
    if not is_name and not path.exists():
        raise CheckError(f"expected a folder or namespace/name on the Hub, found neither at {name!r}")
    if path.exists():
        if revision is not None:
            raise CheckError(f"--revision needs a repository on the Hub, found the folder {name}")
        _refuse("", run=run and _is_foreign(path))
        return Target(path, None)
    _refuse(f"there is no folder {name} here; as a repository of the Hub, ", fix=fix, run=run)
    return Target(_download(name, revision), name)


def _refuse(which: str, *, fix: bool = False, run: bool) -> None:
    if fix:
        raise CheckError("--fix changes a folder, found a repository on the Hub: download it first")
    if run:
        raise CheckError(
            f"{which}this would run code that someone else may have written: read it, then add --trust-remote-code; "
            "check_repo --static executes none of it"
        )


def _is_foreign(folder: Path) -> bool:
    """Whether the folder was downloaded (huggingface_hub leaves a mark) or belongs to another user."""
    try:
        cached = any(part.startswith("models--") for part in folder.resolve().parts)
        return cached or (folder / ".cache" / "huggingface").exists() or folder.stat().st_uid != os.geteuid()
    except (OSError, ValueError):
        return True


def _download(repo_id: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # Into a folder of its own: the cache holds links, and a link in a repository is itself a finding.
    folder = Path(tempfile.mkdtemp(prefix="check-")) / repo_id.split("/")[-1]
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    try:
        snapshot_download(repo_id, revision=revision, local_dir=folder)
        shutil.rmtree(folder / ".cache", ignore_errors=True)  # the client's own notes
        return folder
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckError(f"{repo_id} is no folder here, and the Hub did not give it: {first}") from error
