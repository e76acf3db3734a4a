"""The repository is what its README says, and its code is clean."""

import re
import subprocess
import sys

import pytest
from huggingface_hub import ModelCard

from scripts.hub_ready.manifest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_continuous_integration_runs_a_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command in README


def test_every_command_that_is_named_is_there() -> None:
    named = set(re.findall(r"-m scripts\.(\w+)", README))
    assert named and [name for name in named if not (ROOT / "scripts" / f"{name}.py").is_file()] == []


def test_every_path_that_is_named_is_there() -> None:
    named = re.findall(r"\]\(([\w./]+)\)", README) + re.findall(r"^(\w+/[\w./]*|config\.json) ", README, re.MULTILINE)
    assert named and [path for path in named if not (ROOT / path).exists()] == []


def test_the_front_matter_is_a_card() -> None:
    data = ModelCard.load(ROOT / "README.md").data
    assert data.license and data.library_name == "transformers" and data.pipeline_tag


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_the_code_is_clean(command: list[str]) -> None:
    ends = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
    assert ends.returncode == 0, ends.stdout + ends.stderr
