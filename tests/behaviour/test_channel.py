"""What a job may do to the channel of its answer, and to the interpreter that it runs in."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.hub_ready.fresh import FreshInterpreter, JobFailed


@pytest.fixture
def bare() -> Iterator[FreshInterpreter]:
    """An interpreter that imported nothing but a module of the standard library."""
    with FreshInterpreter(("decimal",)) as fresh:
        yield fresh


def job(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "job.py"
    path.write_text("import os, signal, time\n\n\ndef main():\n    " + body.replace("\n", "\n    ") + "\n")
    return path


WRITE_EVERYWHERE = """for number in range(1, 64):
    try:
        os.write(number, b'{"result": 1}')
    except OSError:
        pass
"""


def test_an_answer_in_every_open_file_is_no_answer(bare: FreshInterpreter, tmp_path: Path):
    with pytest.raises(JobFailed, match="not its own"):
        bare.run(job(tmp_path, f"{WRITE_EVERYWHERE}os._exit(0)"), {})


def test_a_job_that_closed_its_channel_and_runs_on_is_ended(bare: FreshInterpreter, tmp_path: Path):
    with pytest.raises(JobFailed, match="not its own"):
        bare.run(job(tmp_path, f"{WRITE_EVERYWHERE}os.closerange(1, 64)\nwhile True: pass"), {}, timeout=60)


def test_a_job_does_not_outlive_the_interpreter_that_it_killed(bare: FreshInterpreter, tmp_path: Path):
    note = tmp_path / "pid"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid()))\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)"

    with pytest.raises(JobFailed, match="ended before"):
        bare.run(job(tmp_path, body), {})

    assert is_gone(int(note.read_text()))
    # And the next job has a new interpreter.
    assert bare.run(job(tmp_path, "return 1"), {}) == 1


def is_gone(pid: int) -> bool:
    """Whether a process ends within some seconds; a zombie that nobody collects counts as ended."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
            if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False
