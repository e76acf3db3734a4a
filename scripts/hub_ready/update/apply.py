"""Write what a merge came to, all of it or nothing."""

from pathlib import Path

from ..interrupts import scratch_folder
from ..problems import Problem
from .git import git_text
from .merge import File, Merge


def apply(merge: Merge, root: Path) -> None:
    """Do what a merge says.

    Everything is written beside first (inside .git, on the same disk), and then renamed into place; when that is
    interrupted, what was there is renamed back.

    Raises:
        Problem: it cannot be written.
    """
    beside = Path(git_text(root, "rev-parse", "--absolute-git-dir"))
    try:
        with scratch_folder("template-update-", beside) as scratch:
            for path, file in merge.write.items():
                _write(scratch / "new" / path, file, root / path)
            _exchange(merge, root, scratch / "new", scratch / "old")
    except OSError as error:
        raise Problem(f"{root} could not be written: {error}; nothing was changed") from error


def _write(path: Path, file: File, before: Path) -> None:
    """Write a file with the permissions of the one before it, if there is one, but for who may execute it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
    mode = (before if before.exists() else path).stat().st_mode
    if bool(mode & 0o100) != file.executable:
        # Whoever may read may execute.
        mode = mode | (mode & 0o444) >> 2 if file.executable else mode & ~0o111
    path.chmod(mode)


def _exchange(merge: Merge, root: Path, new: Path, old: Path) -> None:
    moved = []
    try:
        for path in [*merge.write, *merge.remove]:
            moved.append(path)
            _move(root / path, old / path)
            _move(new / path, root / path)
    except BaseException:
        for path in reversed(moved):
            if path in merge.write and not (new / path).exists():
                (root / path).unlink(missing_ok=True)
            _move(old / path, root / path)
        raise


def _move(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
