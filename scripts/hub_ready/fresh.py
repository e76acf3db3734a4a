"""An interpreter that knows nothing of ours, for loads that are to prove something.

A load proves something only in a process that registered no class, loaded no repository before and has an empty cache:
from 5.5 on transformers otherwise runs code that it saw earlier. Importing the libraries takes about ten seconds, so
one interpreter imports them and then forks for every job: each job starts from imported libraries and nothing else.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .interrupts import put_off
from .problems import Problem

JOBS = Path(__file__).parent / "jobs"
_SERVER = Path(__file__).with_name("fresh_server.py")
# What a consumer's program imports before its first load.
LIBRARIES = ("torch", "safetensors.torch", "transformers.modeling_utils", "transformers.pipelines")
_GRACE = 30.0  # seconds beyond a job's limit after which the interpreter itself is taken for stopped
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MKL_CBWR",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "SSL_CERT_FILE",
    "TMPDIR",
)


class JobFailed(Problem):
    """A job raised, died or ran out of time; `output` is the end of what it printed."""

    def __init__(self, reason: str, output: str = ""):
        super().__init__(reason)
        self.output = output


class FreshInterpreter:
    """Runs jobs, each in a process that has imported `libraries` and nothing else, offline, with an empty HF_HOME.

    Args:
        libraries: modules to import once; one that is not installed is passed over.
        python: the interpreter, of this or of another environment.
        environment: variables to add, for instance HF_ENDPOINT.
    """

    def __init__(
        self,
        libraries: Sequence[str] = LIBRARIES,
        python: str | Path = sys.executable,
        environment: Mapping[str, str] | None = None,
    ):
        self.libraries, self.python = tuple(libraries), str(python)
        self.environment = dict(environment or {})
        self._process: subprocess.Popen | None = None
        # Named before it is made, so that an interrupt in between finds it all the same.
        self._home = Path(tempfile.gettempdir(), f"fresh-interpreter-{secrets.token_hex(8)}")

    def __enter__(self) -> "FreshInterpreter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin importing the libraries in the background; `run` does it when nobody has."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        try:
            self._home.mkdir(mode=0o700)
            self._process = self._launch()
        except BaseException:
            # An interrupt in the middle: the process, if there is one already, ends when its input closes.
            with put_off():
                shutil.rmtree(self._home, ignore_errors=True)
            raise

    def _launch(self) -> subprocess.Popen:
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(self._home / "hf"), "HOME": str(self._home)}
        return subprocess.Popen(
            [self.python, "-I", "-u", str(_SERVER), str(self._home), *self.libraries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**kept, **offline, **self.environment},
            cwd=self._home,
            text=True,
            # Ctrl-C reaches this process alone, which then closes the interpreter in order.
            start_new_session=True,
        )

    def run(self, job: Path, arguments: Mapping[str, Any], timeout: float = 900.0, memory: int | None = None) -> Any:
        """Call `main(**arguments)` of the file `job` and return what it returns.

        Args:
            job: a Python file with a function `main`; it may import the libraries, but nothing of this project.
            arguments: JSON values.
            timeout: seconds until the job and all that it started are killed.
            memory: bytes of address space that the job may take; None for no limit.

        Raises:
            JobFailed: the job raised, exited, was killed or ran out of time.
        """
        self.start()
        request = {"job": str(job), "arguments": dict(arguments), "timeout": timeout, "memory": memory}
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._answer(timeout + _GRACE)
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.close()
            raise JobFailed(f"{self.python} ended before it answered")
        reply = json.loads(answer)
        if "failure" in reply:
            raise JobFailed(reply["failure"], reply["output"])
        return reply["result"]

    def _answer(self, seconds: float) -> str:
        """The line that holds a job's reply; empty when the interpreter ended, or was stopped by the job."""
        # Beyond the first imports, which nothing of a job can delay.
        started = self._process.stdout.readline()
        if not started:
            return ""
        watchdog = threading.Timer(seconds, self._process.kill)
        # An interrupt between two lines must not leave a thread that the end of this process waits for.
        watchdog.daemon = True
        try:
            watchdog.start()
            answer = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        if not answer:
            # The interpreter is gone, so nobody else ends the job.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(json.loads(started)["started"], signal.SIGKILL)
        return answer

    def close(self) -> None:
        """End the interpreter and remove its cache."""
        if self._process is None:
            return
        with put_off():
            process, self._process = self._process, None
            # Both: a signal just before the server begins to wait for input would not end that wait, an end of input
            # does.
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.terminate()
            process.wait()
            process.stdout.close()
            shutil.rmtree(self._home, ignore_errors=True)
