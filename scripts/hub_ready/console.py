"""How every command speaks: progress and errors on standard error, results on standard output."""

import functools
import signal
from collections.abc import Callable
from typing import Any

import typer
from rich.console import Console

from .problems import Problem

messages = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False, soft_wrap=True)


def _interrupt(*_: object) -> None:
    # The first is enough: another would land in the middle of clearing up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _with_exit_codes(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with its expected errors as one message and an exit code in place of a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except Problem as problem:
            messages.print(f"error: {problem}", markup=False)
            raise typer.Exit(problem.exit_code) from problem
        except KeyboardInterrupt as stop:
            messages.print("interrupted: nothing half-done was left behind")
            raise typer.Exit(1) from stop

    return guarded


def run(command: Callable[..., None]) -> None:
    """Run `command` as a typer command and exit with its code.

    SIGTERM is treated like Ctrl-C, so that whatever is half done is cleared away in both cases.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(_with_exit_codes(command))
    app()
