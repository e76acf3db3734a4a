"""Interrupts (SIGINT and SIGTERM) at moments that cannot bear one: put off, or told that they come too late."""

import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The last is how the console tries again an interrupt that came in the middle of an import.
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


@contextmanager
def too_late() -> Iterator[list[int]]:
    """Let interrupts do nothing inside the block, which must be short; gives the list of those that came."""
    seen: list[int] = []
    # Handlers belong to the main thread, and no other is interrupted. What a shell had ignored stays ignored.
    numbers = _INTERRUPTS if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    try:
        for number in before:
            signal.signal(number, lambda number, _: seen.append(number))
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def put_off() -> Iterator[None]:
    """Keep the first interrupt inside the block, which must be short, until its end."""
    seen: list[int] = []
    try:
        with too_late() as seen:
            yield
    finally:
        if seen:
            signal.raise_signal(seen[0])


@contextmanager
def scratch_folder(prefix: str, place: Path | None = None) -> Iterator[Path]:
    """An empty folder that is gone after the block, however that ends.

    Args:
        prefix: of its name.
        place: where it lies; None for where the system keeps such.
    """
    # Named before it is made: an interrupt in between finds it all the same.
    folder = Path(place or tempfile.gettempdir(), f"{prefix}{secrets.token_hex(8)}")
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        with put_off():
            shutil.rmtree(folder, ignore_errors=True)
