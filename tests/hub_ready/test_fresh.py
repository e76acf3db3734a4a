"""A fresh interpreter knows nothing of ours, and survives what a job does."""

import os
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.fresh import FreshInterpreter, JobFailed


def job(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "job.py"
    path.write_text("def main(**arguments):\n    " + body.replace("\n", "\n    ") + "\n")
    return path


@pytest.fixture(scope="module")
def bare():
    """An interpreter that imported nothing but a module of the standard library."""
    with FreshInterpreter(("decimal",)) as fresh:
        yield fresh


def run(bare: FreshInterpreter, tmp_path: Path, body: str, **limits: Any) -> Any:
    return bare.run(job(tmp_path, body), {"x": 2}, **limits)


def test_a_job_returns_what_its_main_returns(bare: FreshInterpreter, tmp_path: Path) -> None:
    assert run(bare, tmp_path, "return [arguments['x'], {'a': None}]") == [2, {"a": None}]


def test_libraries_are_imported_already_and_this_project_cannot_be(bare: FreshInterpreter, tmp_path: Path) -> None:
    body = "import sys, importlib.util\nreturn ['decimal' in sys.modules, importlib.util.find_spec('scripts')]"
    assert run(bare, tmp_path, body) == [True, None]


def test_jobs_leave_nothing_to_each_other(bare: FreshInterpreter, tmp_path: Path) -> None:
    body = """
import os, sys
seen = [hasattr(sys, 'mark'), os.path.exists(os.environ['HF_HOME'])]
sys.mark = 1
os.makedirs(os.environ['HF_HOME'])
return seen"""
    assert [run(bare, tmp_path, body) for _ in range(2)] == [[False, False]] * 2


def test_what_a_job_prints_is_no_answer(bare: FreshInterpreter, tmp_path: Path) -> None:
    body = "import os\nprint('{\"result\": 1}')\nos.write(1, b'{\"result\": 1}')\nreturn 2"
    assert run(bare, tmp_path, body) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no')", "ValueError: no"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("import os; os._exit(0)", "exit 0"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
        ("import time; time.sleep(60)", "longer than 1 seconds"),
        ("return object()", "TypeError"),
    ],
)
def test_a_job_that_fails_says_how_and_the_next_one_runs(
    body: str, reason: str, bare: FreshInterpreter, tmp_path: Path
) -> None:
    with pytest.raises(JobFailed, match=reason):
        run(bare, tmp_path, body, timeout=1)
    assert run(bare, tmp_path, "return 1") == 1


def test_the_output_of_a_failed_job_is_kept(bare: FreshInterpreter, tmp_path: Path) -> None:
    with pytest.raises(JobFailed) as failure:
        run(bare, tmp_path, "print('on the way')\nraise ValueError")
    assert "on the way" in failure.value.output and "Traceback" in failure.value.output


def test_memory_is_limited(bare: FreshInterpreter, tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match="MemoryError"):
        run(bare, tmp_path, "return len(bytearray(1 << 32))", memory=1 << 30)


def test_closing_removes_the_cache_and_ends_the_process(tmp_path: Path) -> None:
    with FreshInterpreter(()) as fresh:
        home = Path(run(fresh, tmp_path, "import os; return os.environ['HOME']"))
        process = int(run(fresh, tmp_path, "import os; return os.getppid()"))
        assert home.is_dir()
    assert not home.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_token_of_the_caller_is_not_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with FreshInterpreter(()) as fresh:
        assert run(fresh, tmp_path, "import os; return sorted(k for k in os.environ if 'TOKEN' in k)") == []


def test_closing_right_after_an_answer_never_hangs(tmp_path: Path) -> None:
    for _ in range(30):
        with FreshInterpreter(()) as fresh:
            assert run(fresh, tmp_path, "return 1") == 1
