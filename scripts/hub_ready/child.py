"""Programs that are run to their end, of which nothing goes on when this one is interrupted."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .interrupts import put_off

_ORDERLY = 30.0  # seconds in which a program that is asked to end clears up
_KILLED = 1.0  # seconds for what was killed to be gone; longer only for what nobody reaps


def run_child(command: Sequence[str], alone: bool = True, **options: Any) -> subprocess.CompletedProcess:
    """subprocess.run, but for an exception here: the child is then asked to end, and what is left of it killed.

    Args:
        command: the program and its arguments.
        alone: in a session of its own: Ctrl-C does not reach it, and all that it started ends with it. False for what
            may ask its user for a password, which needs the terminal; such a program ends its own children.
        options: of subprocess.Popen.

    Raises:
        OSError: the program cannot be started.
    """
    process = None
    try:
        # An interrupt between the start and its return would lose the child.
        with put_off():
            process = subprocess.Popen(command, start_new_session=alone, **options)
        out, messages = process.communicate()
    except BaseException:
        if process is not None:
            _end(process, alone)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, messages)


def _end(process: subprocess.Popen, alone: bool) -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_ORDERLY)
    finally:
        process.kill()
        process.wait()
        if alone:
            _kill_group(process.pid)
        # The end of its output is the end of the children that it shared it with.
        with suppress(subprocess.TimeoutExpired, ValueError):
            process.communicate(timeout=_KILLED)


def _kill_group(group: int) -> None:
    """Kill a group until it is gone; where nobody reaps its dead, until there is nothing more to wait for."""
    until = time.monotonic() + _KILLED
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < until:
            os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)
