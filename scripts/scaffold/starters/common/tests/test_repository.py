"""What README.md names is there, and the code is clean."""

import re
import subprocess
import sys

import pytest

from scripts.hub_ready.manifest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"-m scripts\.(\w+)", README))
    assert [name for name in named if not (ROOT / "scripts" / f"{name}.py").is_file()] == []


def test_every_path_that_the_readme_names_is_there() -> None:
    named = re.findall(r"\]\(([\w./]+)\)", README) + re.findall(r"^(\w+/[\w./]*|config\.json) ", README, re.MULTILINE)
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=["lint", "format"])
def test_the_code_is_clean(command: list[str]) -> None:
    ends = subprocess.run([sys.executable, "-m", "ruff", *command, "."], cwd=ROOT, capture_output=True, text=True)
    assert ends.returncode == 0, ends.stdout + ends.stderr
