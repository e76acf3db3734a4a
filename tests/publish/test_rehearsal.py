"""A rehearsal is the real command against a Hub of its own: it leaves nothing behind and needs no account."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.hub_ready.manifest import ROOT

SECRET = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZabcdefgh"


def run(folder: Path, *options: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as an author runs it, whose own token and cache are in `home`."""
    (home / "hf").mkdir(parents=True, exist_ok=True)
    (home / "hf" / "token").write_text(SECRET)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    settings = {"HF_HOME": str(home / "hf"), "TMPDIR": str(home / "tmp"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    (home / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "scripts.push_to_hub", str(folder), *options]
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **settings, **variables}, capture_output=True, text=True, timeout=300
    )


def left_behind(home: Path) -> set[str]:
    """Everything that lies in the author's home after a run, but for torch's own cache."""
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {path for path in found if "torchinductor" not in path}


@pytest.mark.parametrize("transfer", [pytest.param("lfs", marks=pytest.mark.faults), "xet"])
def test_a_rehearsal_publishes_loads_back_and_leaves_nothing(transfer: str, exported: Path, tmp_path: Path) -> None:
    switch = {"HF_HUB_DISABLE_XET": "1"} if transfer == "lfs" else {}
    done = run(exported, "--rehearse", "--static", "--json", home=tmp_path, **switch)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["committed"] and answer["pipeline"] and answer["commit"] in answer["snippet"]
    size = (exported / "model.safetensors").stat().st_size
    assert 0.5 * size < answer["rehearsal"]["bytes_of_large_files"] < 1.5 * size
    assert left_behind(tmp_path) == {"hf/token"}
    assert (tmp_path / "hf" / "token").read_text() == SECRET
    assert SECRET not in done.stdout + done.stderr


def test_a_rehearsal_without_a_folder_is_misuse(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing", "--rehearse", home=tmp_path)
    assert done.returncode == 2 and "holds no config.json" in done.stderr and "Traceback" not in done.stderr
