"""Three versions of a tree into one: what was, what the template has now, and what the author made of it."""

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import Problem
from .git import git_text

_LABELS = ("yours", "as it was made", "the template now")


@dataclass
class Merge:
    """What an update would do.

    Attributes:
        write: path to its new content.
        remove: paths.
        conflicts: path to what is to be decided.
        kept: path to why the template's change is left out.
    """

    write: dict[str, bytes] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


def _read(root: Path, path: str) -> bytes | None:
    place = root / path
    return place.read_bytes() if place.is_file() else None


def merge_texts(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, int]:
    """git's own merge of one file: the content, conflicts marked in it, and how many there are.

    Raises:
        ValueError: git merges no such content (it is not text).
    """
    with tempfile.TemporaryDirectory(prefix="merge-") as scratch:
        paths = [Path(scratch, name) for name in ("ours", "base", "theirs")]
        for path, content in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(content)
        labels = [part for label in _LABELS for part in ("-L", label)]
        merged = subprocess.run(["git", "merge-file", "-p", "--diff3", *labels, *map(str, paths)], capture_output=True)
    # The exit code counts the conflicts, up to 127; beyond are errors.
    if not 0 <= merged.returncode <= 127:
        raise ValueError(merged.stderr.decode(errors="replace").strip())
    return merged.stdout, merged.returncode


def _both_changed(path: str, ours: bytes, base: bytes, theirs: bytes, merge: Merge) -> None:
    try:
        content, conflicts = merge_texts(ours, base, theirs)
    except ValueError:
        merge.conflicts[path] = "both changed it and it is no text: yours stays"
        return
    merge.write[path] = content
    if conflicts:
        merge.conflicts[path] = f"{conflicts} conflict{'s' * (conflicts > 1)}, marked in the file"


def _merge_one(path: str, ours: bytes | None, base: bytes | None, theirs: bytes | None, merge: Merge) -> None:
    if theirs in (base, ours):
        return
    if ours == base:
        if theirs is None:
            merge.remove.append(path)
        else:
            merge.write[path] = theirs
    elif theirs is None:
        merge.conflicts[path] = "the template removed it, and you changed it: yours stays"
    elif ours is None:
        merge.kept[path] = "you removed it"
    else:
        _both_changed(path, ours, base or b"", theirs, merge)


def merge_trees(ours: Path, base: Path, theirs: Path, paths: list[str]) -> Merge:
    """Merge the files `paths` of three folders; nothing is changed yet.

    Args:
        ours: the author's repository.
        base: the same as the template first made it.
        theirs: the same as the template makes it now.
        paths: those that either of the template's versions has.
    """
    merge = Merge()
    for path in sorted(paths):
        _merge_one(path, _read(ours, path), _read(base, path), _read(theirs, path), merge)
    return merge


def apply(merge: Merge, root: Path, modes: Path) -> None:
    """Write what a merge came to, all of it or nothing.

    Everything is written beside first (inside .git, on the same disk), and then renamed into place; when that is
    interrupted, what was there is renamed back.

    Args:
        merge: what to do.
        root: the author's repository.
        modes: a tree whose files have the permissions that new ones get.

    Raises:
        Problem: it cannot be written.
    """
    beside = git_text(root, "rev-parse", "--absolute-git-dir")
    with tempfile.TemporaryDirectory(prefix="template-update-", dir=beside) as scratch:
        new, old, moved = Path(scratch, "new"), Path(scratch, "old"), []
        try:
            for path, content in merge.write.items():
                _write(
                    new / path, content, next((tree / path for tree in (root, modes) if (tree / path).exists()), None)
                )
            for path in [*merge.write, *merge.remove]:
                moved.append(path)
                _move(root / path, old / path)
                _move(new / path, root / path)
        except BaseException as error:
            for path in reversed(moved):
                if path in merge.write and not (new / path).exists():
                    (root / path).unlink(missing_ok=True)
                _move(old / path, root / path)
            if isinstance(error, OSError):
                raise Problem(f"{root} could not be written: {error}; nothing was changed") from error
            raise


def _write(path: Path, content: bytes, like: Path | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if like is not None:
        path.chmod(like.stat().st_mode)


def _move(source: Path, target: Path) -> None:
    if source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
