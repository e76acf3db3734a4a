"""The README says what is so."""

import re
import subprocess
import sys

from huggingface_hub import ModelCard

from scripts.hub_ready.manifest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(language: str = "bash") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    test_command = commands()[1].strip()
    assert test_command.endswith("-m pytest") and "\n" not in test_command
    assert test_command in script.splitlines()


def test_the_first_command_is_one_line() -> None:
    assert "\n" not in commands()[0].strip()


def test_every_command_that_is_named_is_there() -> None:
    named = set(re.findall(r"-m scripts\.(\w+)", README))
    there = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__"}
    assert named == there


def test_every_path_that_is_named_is_there() -> None:
    named = re.findall(r"\]\(([\w./]+)\)", README) + re.findall(r"`((?:scripts|tests|resnet_model)/[\w./]*)`", README)
    assert named and [path for path in named if not (ROOT / path).exists()] == []


def test_every_marker_is_explained() -> None:
    markers = re.findall(r'^    "(\w+): ', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert markers and [marker for marker in markers if f"pytest -m {marker}" not in README] == []


def test_the_front_matter_is_a_card() -> None:
    data = ModelCard.load(ROOT / "README.md").data
    assert data.license == "apache-2.0" and data.library_name == "transformers" and data.pipeline_tag


def test_the_code_is_formatted_and_clean() -> None:
    for check in (["format", "--check"], ["check"]):
        end = subprocess.run([sys.executable, "-m", "ruff", *check, "."], cwd=ROOT, capture_output=True, text=True)
        assert end.returncode == 0, end.stdout + end.stderr
