"""The other side of `fresh.py`: imports libraries once, then runs every job in a fork of itself.

Run as `python -I fresh_server.py HOME MODULE...`, which keeps this repository off the import path. It reads one JSON
request a line from standard input and answers one JSON line on standard output. Uses the standard library alone.
"""

import contextlib
import importlib
import json
import os
import resource
import runpy
import secrets
import select
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

_TAIL = 4000  # characters of a job's output that travel back


def _work(request: dict[str, Any], answer: int, log: Path, seal: str) -> None:
    """In the fork: run the job with its output in `log`, and write its result, behind `seal`, to the pipe."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if request["memory"]:
        resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    try:
        reply = json.dumps({"result": runpy.run_path(request["job"])["main"](**request["arguments"])})
    except BaseException as error:
        traceback.print_exc()
        reply = json.dumps({"failure": f"{type(error).__name__}: {error}"})
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(answer, "w") as pipe:
        pipe.write(seal + reply)


def _read(pipe: int, seconds: float) -> bytes | None:
    """Everything that the job writes until it closes the pipe; None when time runs out first."""
    deadline, parts = time.monotonic() + seconds, []
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(pipe, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _attend(request: dict[str, Any], child: int, pipe: int, seal: bytes) -> dict[str, Any]:
    """Wait for the job and put its end into words."""
    answer = None
    try:
        answer = _read(pipe, request["timeout"])
    finally:
        # An answer is whole by now; a job that closed the pipe and runs on would be waited for without end.
        _kill(child)
        _, status = os.waitpid(child, 0)
        # Whatever the job itself started and left running shares its process group.
        _kill(child)
    if answer is None:
        return {"failure": f"took longer than {request['timeout']:g} seconds"}
    if not answer:
        code = os.waitstatus_to_exitcode(status)
        return {"failure": f"ended without an answer ({f'exit {code}' if code >= 0 else signal.Signals(-code).name})"}
    if not answer.startswith(seal):
        return {"failure": "wrote into a channel that is not its own"}
    return json.loads(answer[len(seal) :])


def _run(request: dict[str, Any], home: Path, channel: TextIO) -> dict[str, Any]:
    log = home / "output.txt"
    shutil.rmtree(home / "hf", ignore_errors=True)
    receive, send = os.pipe()
    # Whatever else a job writes into all the files that it finds open is no answer.
    seal = secrets.token_hex()
    child = os.fork()
    if child == 0:
        os.close(receive)
        os.close(channel.fileno())
        try:
            _work(request, send, log, seal)
        finally:
            # A fork that came back from here would serve as a second server.
            os._exit(0)
    os.close(send)
    # For the client: a job that ends this process would otherwise outlive it.
    channel.write(json.dumps({"started": child}) + "\n")
    try:
        reply = _attend(request, child, receive, seal.encode())
    except ValueError:
        reply = {"failure": "answered with something that is not JSON"}
    finally:
        os.close(receive)
    if "failure" in reply:
        reply["output"] = log.read_text(errors="replace")[-_TAIL:] if log.exists() else ""
    return reply


def main() -> None:
    home = Path(sys.argv[1])
    # As an exception, so that a job under way is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    # Nothing that a library prints may be taken for an answer.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for module in sys.argv[2:]:
        # One that is broken here fails once more in the job that needs it, which then says how.
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    for line in sys.stdin:
        reply = _run(json.loads(line), home, channel)
        channel.write(json.dumps(reply) + "\n")
    # Here and not in the parent, so that a parent that was killed leaves nothing behind either.
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
