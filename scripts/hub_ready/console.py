"""How every command speaks: progress and errors on standard error, results on standard output."""

import signal
import sys
from collections.abc import Callable

import typer
from rich.console import Console

from .problems import Problem

messages = Console(stderr=True, highlight=False, soft_wrap=True)
results = Console(highlight=False, soft_wrap=True)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def run(command: Callable[..., None]) -> None:
    """Run `command` as a typer command; an expected error becomes one message and its exit code.

    SIGTERM is treated like Ctrl-C, so that whatever is half done is cleared away in both cases.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(command)
    try:
        app(standalone_mode=False)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except Problem as problem:
        messages.print(f"error: {problem}", markup=False)
        sys.exit(problem.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        messages.print("interrupted: nothing half-done was left behind")
        sys.exit(1)
