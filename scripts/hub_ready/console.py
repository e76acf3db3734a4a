"""How every command speaks: progress and errors on standard error, results on standard output."""

import functools
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import typer
from rich.console import Console

from .problems import Problem

messages = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False, soft_wrap=True)


_PATIENCE = 5.0  # seconds after an interrupt in which another is taken for an impatient one
_AGAIN = 0.05  # seconds after which an interrupt that came at a bad time is tried again


# Extension modules that are interrupted in their import end the process, torch with an abort; what a callback raises,
# the extension that called it prints and swallows.
_DEAF = {"importlib._bootstrap", "huggingface_hub.utils._xet_progress_reporting"}


def _is_deaf(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_globals.get("__name__") not in _DEAF:
        frame = frame.f_back
    return frame is not None


class _Interrupt:
    """A handler for SIGINT and SIGTERM; `seen` is when the last one was raised, by time.monotonic."""

    seen: float | None = None

    def __call__(self, _: int, frame: FrameType | None) -> None:
        if _is_deaf(frame):
            signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        elif self.seen is None or time.monotonic() - self.seen > _PATIENCE:
            # One is enough: another would land in the middle of clearing up. Later ones count again, since a library
            # may have swallowed the first.
            self.seen = time.monotonic()
            raise KeyboardInterrupt


def _with_exit_codes(command: Callable[..., None], interrupt: _Interrupt) -> Callable[..., None]:
    """The command, with its expected errors as one message and an exit code in place of a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except Problem as problem:
            messages.print(f"error: {problem}", markup=False)
            raise typer.Exit(problem.exit_code) from problem
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            # Libraries make errors of their own of an interrupt: safetensors, in the middle of a read, a ValueError.
            if interrupt.seen is None and not isinstance(error, KeyboardInterrupt):
                raise
            messages.print("interrupted: nothing half-done was left behind")
            raise typer.Exit(1) from error

    return guarded


def run(command: Callable[..., None], **settings: Any) -> None:
    """Run `command` as a typer command, with click's `settings` of its context, and exit with its code.

    SIGTERM is treated like Ctrl-C, so that whatever is half done is cleared away in both cases.
    """
    interrupt = _Interrupt()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows ASCII alone shows an escape in place of a letter, not an error.
        stream.reconfigure(errors="backslashreplace")
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, interrupt)
    # A shell that put the command into the background has Ctrl-C ignored.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(context_settings=settings)(_with_exit_codes(command, interrupt))
    try:
        app()
    finally:
        # All is said: what comes while the interpreter shuts down changes no exit code any more.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
