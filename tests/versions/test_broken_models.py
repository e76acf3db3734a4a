"""What is broken on purpose is red in the cells that it spoils, on the versions that it spoils, and nowhere else."""

import shutil
from pathlib import Path

import pytest

from scripts.hub_ready.compat.command import find_subject
from scripts.hub_ready.compat.environments import plan_environments
from scripts.hub_ready.compat.properties import FAILS, PROPERTIES, UNTESTED
from scripts.hub_ready.compat.run import Run

pytestmark = pytest.mark.versions
OLD, NEW = ("4.44.2", "4.57.6"), ("5.0.0", "5.23.0")
EVERY = {one.name for one in PROPERTIES}
# In the file of that prefix the first text is replaced by the second.
BREAKS = {
    "a buffer that nobody rebuilds": ("modeling", "elif isinstance(module, BlurPool2d):", "elif False:"),
    "no post_init": ("modeling", "self.post_init()", "pass"),
    "a configuration of 5.x": (
        "configuration",
        "import PretrainedConfig",
        "import PreTrainedConfig as PretrainedConfig",
    ),
}
# By whether the version is a new one. The newest loads nothing that breaks on the newest.
RED = {
    "a buffer that nobody rebuilds": {
        False: {"newest loads it"},
        True: EVERY - {"config", "labels", "load", "processor", "new head"},
    },
    "no post_init": {False: {"newest loads it"}, True: EVERY - {"config", "labels", "processor"}},
    "a configuration of 5.x": {False: EVERY - {"processor"}, True: set()},
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_subject(None, False, tmp_path_factory.mktemp("subject"))


@pytest.mark.parametrize("name", BREAKS)
def test_the_right_cells_are_red(name: str, good: Path, tmp_path: Path) -> None:
    prefix, old, new = BREAKS[name]
    folder = shutil.copytree(good, tmp_path / good.name)
    file = next(folder.glob(f"{prefix}_*.py"))
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, new))
    environments = plan_environments(folder, {"transformers": [*OLD, *NEW]}, [])
    rows = Run(folder, tmp_path / "output", 1, False, print).rows(environments)
    found = {row["environment"]["transformers"]: row["cells"] for row in rows}
    assert not [cell for cells in found.values() for cell in cells.values() if cell["state"] == UNTESTED]
    red = {
        version: {name for name, cell in cells.items() if cell["state"] == FAILS} for version, cells in found.items()
    }
    assert red == {version: RED[name][version in NEW] for version in (*OLD, *NEW)}
    assert all(cell["why"] for cells in found.values() for cell in cells.values() if cell["state"] == FAILS)
