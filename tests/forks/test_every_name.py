"""Under every kind of name a fork goes the whole way: its own tests, an export, the check, a rehearsed publication.

All share this environment. `pytest -m forks`, some minutes a name.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.hub_ready.update.git import changes, run_git
from scripts.scaffold.names import derive

from .conftest import make_fork
from .test_names import GOOD

EXPORT = {
    "vision": ["scripts.export_model", "exported", "--weights", "random"],
    "resnet": ["scripts.port_timm_weights", "test_resnet", "--weights", "random"],
}
FOLDER = {"vision": "exports/exported", "resnet": "exports/test_resnet"}


def run(clone: Path, *module: str) -> str:
    """Run a module in the clone; what it printed on standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))}
    done = subprocess.run([sys.executable, "-m", *module], cwd=clone, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, f"{module} in {clone}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.mark.forks
@pytest.mark.parametrize("starter", EXPORT)
@pytest.mark.parametrize("name", GOOD)
def test_a_fork_of_that_name_goes_the_whole_way(name: str, starter: str, tmp_path: Path) -> None:
    fork, clone = make_fork(tmp_path / "fork", name, starter=starter), tmp_path / "clone"
    run_git(tmp_path, "clone", "--quiet", str(fork), str(clone))
    run(clone, "pytest")
    run(clone, *EXPORT[starter])
    report = json.loads(run(clone, "scripts.check_repo", FOLDER[starter], "--json"))
    assert report["findings"] == []
    published = run(
        clone, "scripts.push_to_hub", FOLDER[starter], "--repo-id", f"ann/{derive(name).snake}", "--rehearse"
    )
    assert "loaded back by a fresh interpreter" in published
    assert changes(clone) == []
