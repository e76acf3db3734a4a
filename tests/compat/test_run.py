"""What happens in one environment stays in its row; what was tried is not tried again."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from scripts.hub_ready.compat import build
from scripts.hub_ready.compat.properties import PROPERTIES
from scripts.hub_ready.manifest import ROOT

from .conftest import HERE, Matrix

ALL = {one.name for one in PROPERTIES}


def states(row: dict) -> dict[str, set[str]]:
    """The names of the cells by their state."""
    found: dict[str, set[str]] = {}
    for name, cell in row["cells"].items():
        found.setdefault(cell["state"], set()).add(name)
    return found


@pytest.mark.parametrize(
    "end, state, why",
    [
        ("raises", "fails", "ValueError: the first line"),
        ("wrong", "fails", "weight w: differs"),
        ("crashes", "fails", "ended without an answer (SIGSEGV)"),
        ("absent", "absent", "no such thing"),
        ("killed", "untested", "ended without an answer (SIGKILL)"),
    ],
)
def test_the_end_of_a_task_is_in_its_cell_alone(
    end: str, state: str, why: str, matrix: Matrix, tmp_path: Path
) -> None:
    rows = matrix("5.0", "5.1", ends={"5.0": {"head": end}})
    assert states(rows["5.1"]) == {"holds": ALL}
    assert states(rows["5.0"]) == {"holds": ALL - {"new head"}, state: {"new head"}}
    cell = rows["5.0"]["cells"]["new head"]
    assert cell["why"] == why
    assert bool(cell["log"]) == (end != "absent")
    assert end not in ("raises", "wrong") or "another" in log(tmp_path, cell) or "weight v" in log(tmp_path, cell)


def log(tmp_path: Path, cell: dict[str, str]) -> str:
    return (tmp_path / "output" / cell["log"]).read_text()


def test_libraries_that_fail_by_themselves_are_no_fault_of_the_repository(matrix: Matrix) -> None:
    rows = matrix("5.0", "5.1", ends={"5.0": {"start": "raises", "load": "raises"}})
    assert states(rows["5.0"]) == {"absent": ALL} and states(rows["5.1"]) == {"holds": ALL}
    assert "ValueError: the first line" in rows["5.0"]["cells"]["load"]["why"]


def test_what_was_not_saved_is_loaded_by_nobody(matrix: Matrix) -> None:
    rows = matrix("5.0", ends={"5.0": {"save": "wrong"}})
    assert states(rows["5.0"])["fails"] == {"save, reload"}
    rows = matrix("5.1", ends={"5.1": {"save": "crashes"}})
    assert "save, reload" in states(rows["5.1"])["fails"]


def test_the_newest_environment_loads_what_the_others_saved(matrix: Matrix) -> None:
    rows = matrix("4.0", "5.0", ends={"5.0": {"same": "wrong"}})
    assert states(rows["4.0"])["fails"] == {"newest loads it"}
    assert states(rows["5.0"])["fails"] == {"save, reload", "newest loads it"}


@pytest.mark.parametrize(
    "trouble, why",
    [
        ("absent", "uv: Because there is none of it."),
        ("offline", "uv: error: Request failed after 3 retries"),
        ("full", "uv: error: Failed to install: torch.whl"),
        ("killed", "uv was killed by signal 9"),
    ],
)
def test_an_environment_that_cannot_be_made_is_one_row_and_is_made_by_the_next_run(
    trouble: str, why: str, matrix: Matrix, uv: Path
) -> None:
    (uv / "5.1").write_text(trouble)
    rows = matrix("5.0", "5.1", "5.2")
    assert states(rows["5.0"]) == states(rows["5.2"]) == {"holds": ALL}
    assert states(rows["5.1"]) == {"untested": ALL}
    assert {cell["why"] for cell in rows["5.1"]["cells"].values()} == {why}
    (uv / "5.1").unlink()
    (uv / "installed.txt").unlink()
    rows = matrix("5.0", "5.1", "5.2")
    assert states(rows["5.1"]) == {"holds": ALL}
    assert sorted((uv / "installed.txt").read_text().split()) == ["5.1", "5.2"]  # and the reference's


def test_an_extra_that_admits_no_such_torch_is_left_out(matrix: Matrix, uv: Path) -> None:
    (uv / "5.1").write_text("extra")
    assert states(matrix("5.0", "5.1", "5.2")["5.1"]) == {"holds": ALL}


def test_what_is_done_is_not_done_again_unless_the_files_changed_or_it_is_asked_for(matrix: Matrix, uv: Path) -> None:
    first = matrix("5.0", "5.1")
    (uv / "installed.txt").unlink()
    assert matrix("5.0", "5.1") == first
    assert not (uv / "installed.txt").exists()
    matrix("5.0", "5.1", again=True)
    assert sorted((uv / "installed.txt").read_text().split()) == ["5.0", "5.1", "5.1"]
    changed = matrix("5.0", "5.1", ends={"5.0": {"load": "wrong"}})
    assert states(changed["5.0"])["fails"] == {"load"}


def test_a_cell_that_could_not_be_tried_is_tried_by_the_next_run(matrix: Matrix, tmp_path: Path) -> None:
    matrix("5.0")
    file = next((tmp_path / "output" / "environments").glob("*.json"))
    row = json.loads(file.read_text())
    row["cells"]["load"]["state"] = "untested"
    file.write_text(json.dumps(row))
    assert states(matrix("5.0")["5.0"]) == {"holds": ALL}
    file.write_text(file.read_text()[:100])
    assert states(matrix("5.0")["5.0"]) == {"holds": ALL}


def test_an_older_environment_makes_the_reference_where_the_newest_cannot(matrix: Matrix, uv: Path) -> None:
    (uv / "5.2").write_text("absent")
    rows = matrix("5.0", "5.1", "5.2", ends={"5.1": {"refer": "raises"}})
    assert states(rows["5.0"]) == states(rows["5.1"]) == {"holds": ALL}
    assert states(rows["5.2"]) == {"untested": ALL}


def test_without_a_reference_every_cell_says_why(matrix: Matrix, uv: Path) -> None:
    for version in ("5.0", "5.1"):
        (uv / version).write_text("offline")
    rows = matrix("5.0", "5.1")
    whys = {cell["why"] for row in rows.values() for cell in row["cells"].values()}
    assert len(whys) == 1 and "uv: error: Request failed after 3 retries" in whys.pop()


def test_a_full_disk_is_one_row_and_nothing_half_written(
    matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "5.0" in Path(target).name:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    rows = matrix("5.0", "5.1")
    assert states(rows["5.1"]) == {"holds": ALL}
    files = [path.name for path in (tmp_path / "output" / "environments").iterdir()]
    assert len(files) == 1 and "5.1" in files[0]


def test_environments_are_gone_after_the_run(matrix: Matrix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(build, "room", lambda: str(place))
    matrix("5.0", "5.1", ends={"5.0": {"load": "killed"}})
    assert list(place.iterdir()) == []


def test_an_interrupt_keeps_what_is_done_and_leaves_nothing_else(uv: Path, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "repository", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    (folder / "ends.json").write_text(json.dumps({"5.1": {"train": "waits"}}))
    program = f"""
        from pathlib import Path
        from scripts.hub_ready.compat import run
        from tests.compat.conftest import environments
        run.LIBRARIES, run.JOB = (), Path({str(HERE / "fake_job.py")!r})
        run.Run(Path({str(folder)!r}), Path({str(tmp_path / "output")!r}), 1, False, print).rows(
            environments("5.0", "5.1", "5.2")
        )
    """
    variables = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, env=variables)
    deadline = time.monotonic() + 120
    while not (folder / "waiting").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    done = [path.name for path in (tmp_path / "output" / "environments").iterdir()]
    assert len(done) == 1 and "5.0" in done[0]
    assert [path.name for path in temporary.iterdir() if path.name.startswith(("compat", "fresh"))] == []
