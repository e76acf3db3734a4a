"""Folders and files that are written whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from safetensors import SafetensorError

from .interrupts import put_off
from .problems import Misuse, Problem


def _put_in_place(built: Path, target: Path, aside: Path, overwrite: bool) -> None:
    """Rename `built` to `target`; what stands there and may be replaced goes `aside`, and comes back on failure."""
    if not overwrite or is_free(target):
        # Takes the place of an empty folder, and of nothing that has come there in the meantime.
        built.rename(target)
        return
    target.rename(aside)
    try:
        built.rename(target)
    except BaseException:
        aside.rename(target)
        raise


def is_free(target: Path) -> bool:
    """Whether nothing stands at a place, or an empty folder."""
    return not target.exists() or (target.is_dir() and not any(target.iterdir()))


def check_target(target: Path, overwrite: bool) -> None:
    """Refuse a target that exists, unless it is an empty folder or one that may be overwritten."""
    if target.exists() and not target.is_dir():
        raise Misuse(f"{target} is a file; choose another place")
    if not is_free(target) and not overwrite:
        raise Misuse(f"{target} exists already; name another --output, or add --overwrite to replace it")


def write_whole(path: Path, text: str) -> None:
    """Write a file, and the folder that it lies in, beside its place and then into it; OSError when that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def prepare_output(folder: Path) -> None:
    """Make a folder for results before any work is done for them.

    Raises:
        Misuse: a file stands there, or the place cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"--output: expected a folder, or a place for one, found {folder}: {error}") from error


@contextmanager
def staged(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """A new folder beside `target`, of the same name, that takes its place when the block ends well.

    When the block raises, or is interrupted, `target` is as it was and nothing is left behind.

    Raises:
        Misuse: `target` exists and may not be overwritten.
        Problem: the disk is full, or the place cannot be written.
    """
    check_target(target, overwrite)
    missing = [path for path in target.parents if not path.exists()]
    # Named before it is made: an interrupt in between finds it all the same.
    staging = target.parent / f".staging-{secrets.token_hex(4)}"
    # The last part stays the target's own: transformers makes a module name of it.
    built = staging / target.name
    try:
        built.mkdir(parents=True)
        yield built
        _put_in_place(built, target, staging / "replaced", overwrite)
    except (OSError, SafetensorError) as error:
        if not overwrite and not is_free(target):
            raise Problem(f"{target} was made by somebody else meanwhile, and stays; choose another place") from error
        raise Problem(f"{target} could not be written: {error}; free some space or choose another place") from error
    finally:
        with put_off():
            shutil.rmtree(staging, ignore_errors=True)
            if not target.exists():
                for folder in missing:
                    with suppress(OSError):
                        folder.rmdir()
