"""Three versions of a tree into one: what was, what the template has now, and what the author made of it."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..child import run_child
from ..interrupts import scratch_folder
from ..problems import Problem, first_few
from .git import tracked
from .record import PATH

_LABELS = ("yours", "as it was made", "the template now")


@dataclass(frozen=True)
class File:
    """What git remembers of a file."""

    content: bytes
    executable: bool = False


@dataclass
class Merge:
    """What an update would do.

    Attributes:
        write: path to the file that is to be there.
        new: those paths in `write` where nothing is yet.
        remove: paths.
        conflicts: path to what is to be decided.
        kept: path to why the template's change is left out.
    """

    write: dict[str, File] = field(default_factory=dict)
    new: set[str] = field(default_factory=set)
    remove: list[str] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


def _read(root: Path, path: str) -> File | None:
    place = root / path
    if place.is_symlink() or not place.is_file():
        return None
    return File(place.read_bytes(), bool(place.stat().st_mode & 0o100))


def merge_texts(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, int]:
    """git's own merge of one file: the content, conflicts marked in it, and how many there are.

    Raises:
        ValueError: git merges no such content (it is not text).
    """
    with scratch_folder("merge-") as scratch:
        paths = [scratch / name for name in ("ours", "base", "theirs")]
        for path, content in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(content)
        labels = [part for label in _LABELS for part in ("-L", label)]
        command = ["git", "merge-file", "-p", "--diff3", *labels, *map(str, paths)]
        merged = run_child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # The exit code counts the conflicts, up to 127; beyond are errors.
    if not 0 <= merged.returncode <= 127:
        raise ValueError(merged.stderr.decode(errors="replace").strip())
    return merged.stdout, merged.returncode


def _both_changed(path: str, ours: File, base: File, theirs: File, merge: Merge) -> None:
    content, conflicts = ours.content, 0
    if ours.content == base.content:
        content = theirs.content
    elif theirs.content not in (base.content, ours.content):
        try:
            content, conflicts = merge_texts(ours.content, base.content, theirs.content)
        except ValueError:
            merge.conflicts[path] = "both changed it and it is no text: yours stays"
            return
    executable = ours.executable if theirs.executable == base.executable else theirs.executable
    merge.write[path] = File(content, executable)
    if conflicts:
        merge.conflicts[path] = f"{conflicts} conflict{'s' * (conflicts > 1)}, marked in the file"


def _merge_one(path: str, ours: File | None, base: File | None, theirs: File | None, merge: Merge) -> None:
    if theirs in (base, ours):
        return
    if ours == base:
        if theirs is None:
            merge.remove.append(path)
            return
        merge.write[path] = theirs
        if ours is None:
            merge.new.add(path)
    elif theirs is None:
        merge.conflicts[path] = "the template removed it, and you changed it: yours stays"
    elif ours is None:
        merge.kept[path] = "you removed it"
    else:
        _both_changed(path, ours, base or File(b""), theirs, merge)


def _is_taken(root: Path, path: str) -> bool:
    """Whether anything is at `path`, or a file or a link where a folder should lead to it."""
    above = [root / parent for parent in PurePosixPath(path).parents][:-1]
    return os.path.lexists(root / path) or any(one.is_symlink() or one.is_file() for one in above)


def merge_trees(ours: Path, base: Path, theirs: Path, paths: list[str]) -> Merge:
    """Merge the files `paths` of three folders; nothing is changed yet.

    Only plain files that git tracks are merged, since only those come back by git's means. Anything else of the
    author's (an ignored file, a folder, a link) in a place where the template changes something is refused: to leave
    it and go on would give tools of two versions.

    Args:
        ours: the author's repository.
        base: the same as the template first made it.
        theirs: the same as the template makes it now.
        paths: those that either of the template's versions has.

    Raises:
        Problem: something stands in the way.
    """
    merge, known, taken = Merge(), set(tracked(ours)), []
    for path in sorted(paths):
        mine = _read(ours, path) if path in known else None
        before, now = _read(base, path), _read(theirs, path)
        if mine is None and now not in (None, before) and _is_taken(ours, path):
            taken.append(path)
        _merge_one(path, mine, before, now, merge)
    if taken:
        raise Problem(
            f"the template has something new for {first_few(taken)}, where you have an ignored file, a folder or a "
            f'link; nothing was changed: move yours elsewhere, or name it under "yours" in {PATH}, which an update '
            "leaves alone"
        )
    return merge
