"""An interrupt ends a command with one message, whatever libraries make of it and however often it comes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.hub_ready.manifest import ROOT

_COMMAND = """
import time
from pathlib import Path
from scripts.hub_ready.console import run

def main() -> None:
{body}

run(main)
"""
_TRANSLATED = """
try:
    Path({ready!r}).touch()
    time.sleep(60)
except KeyboardInterrupt as stop:
    raise ValueError("could not be read") from stop
"""
_CLEARING = """
try:
    Path({ready!r}).touch()
    time.sleep(60)
finally:
    time.sleep(1)
    Path({ready!r}).unlink()
"""


def start(body: str, ready: Path, **options: object) -> subprocess.Popen[str]:
    """A command with that body, which has made the file `ready`."""
    indented = "\n".join(f"    {line}" for line in body.format(ready=str(ready)).splitlines())
    command = [sys.executable, "-c", _COMMAND.format(body=indented)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)
    while not ready.exists() and process.poll() is None:
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_a_library_makes_an_error_of_its_own_is_still_one(number: int, tmp_path: Path) -> None:
    process = start(_TRANSLATED, tmp_path / "ready")
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert said == "interrupted: nothing half-done was left behind\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_interrupt_does_not_hit_the_clearing_up(number: int, tmp_path: Path) -> None:
    process = start(_CLEARING, tmp_path / "ready")
    process.send_signal(number)
    time.sleep(0.3)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and "interrupted" in said and "Traceback" not in said
    assert not (tmp_path / "ready").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_the_end_of_an_import(number: int, tmp_path: Path) -> None:
    module = "import time\nfrom pathlib import Path\n{body}"
    body = f"Path({str(tmp_path / 'ready')!r}).touch()\ntime.sleep(1)\nPath({str(tmp_path / 'whole')!r}).touch()"
    (tmp_path / "slow.py").write_text(module.format(body=body))
    process = start(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport slow\ntime.sleep(60)", tmp_path / "ready"
    )
    process.send_signal(number)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 1 and said == "interrupted: nothing half-done was left behind\n"
    assert (tmp_path / "whole").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGALRM])
def test_a_signal_after_the_end_changes_no_exit_code(number: int, tmp_path: Path) -> None:
    late = f"import atexit\natexit.register(lambda: (Path({str(tmp_path / 'ready')!r}).touch(), time.sleep(1)))"
    process = start(late, tmp_path / "ready")
    process.send_signal(number)
    assert process.communicate(timeout=30)[1] == "" and process.returncode == 0


def test_an_error_that_nobody_expected_keeps_its_traceback(tmp_path: Path) -> None:
    said = start("raise ValueError('a mistake of ours')", tmp_path / "ready").communicate(timeout=60)[1]
    assert "Traceback" in said and "a mistake of ours" in said


def test_ctrl_c_stays_ignored_in_the_background(tmp_path: Path) -> None:
    body = "Path({ready!r}).touch()\ntime.sleep(1)\nprint('done')"
    ignored = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN), "stdout": subprocess.PIPE}
    process = start(body, tmp_path / "ready", **ignored)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("done\n", "") and process.returncode == 0
