"""What is promised is what was measured: requirements, guard, README and card say what results/ found."""

import re
from pathlib import Path

import pytest
from huggingface_hub import ModelCardData
from packaging.requirements import Requirement
from packaging.version import Version

from resnet_model import configuration_resnet
from scripts.hub_ready.card import CardFacts, render_card
from scripts.hub_ready.compat.report import markdown
from scripts.hub_ready.compat.support import read_support, sentence, table
from scripts.hub_ready.manifest import ROOT, requirement_lines
from scripts.scaffold.starters import Starter, starters

SUPPORT = read_support()
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGES = ("transformers", "torch", "timm")


def bounds(lines: list[str]) -> dict[str, Version]:
    requirements = map(Requirement, lines)
    return {one.name: Version(next(iter(one.specifier)).version) for one in requirements if one.name in PACKAGES}


@pytest.fixture
def measured() -> dict[str, Version]:
    """The oldest version of each package down to which nothing failed."""
    return {name: Version(ends["oldest"]) for name, ends in SUPPORT["range"].items()}


def test_nothing_failed_in_the_range() -> None:
    states = {cell["state"] for row in SUPPORT["rows"] for cell in row["cells"].values()}
    assert states <= {"holds", "absent"}


def test_requirements_begin_where_the_measured_range_begins(measured: dict[str, Version]) -> None:
    assert bounds(requirement_lines(ROOT / "requirements.txt")) == measured


def test_the_guard_begins_where_the_measured_range_begins(measured: dict[str, Version]) -> None:
    code = Path(configuration_resnet.__file__).read_text(encoding="utf-8")
    assert bounds(re.findall(r'"([\w-]+>=[\d.]+)"', code)) == measured


@pytest.mark.parametrize("starter", starters().values(), ids=lambda starter: starter.name)
def test_starters_begin_where_the_measured_range_begins(starter: Starter, measured: dict[str, Version]) -> None:
    readme = (starter.folder / "README.md.jinja").read_text(encoding="utf-8")
    assert f"any transformers from {SUPPORT['range']['transformers']['oldest']} on" in " ".join(readme.split())
    for listed in starter.folder.glob("requirements.txt"):
        assert bounds(requirement_lines(listed)).items() <= measured.items()
        for code in starter.folder.glob("*/configuration_*.py"):
            guarded = bounds(re.findall(r'"([\w-]+>=[\d.]+)"', code.read_text(encoding="utf-8")))
            assert guarded == bounds(requirement_lines(listed))


def test_the_readme_shows_the_range_the_picture_and_the_table() -> None:
    oldest, newest = (SUPPORT["range"]["transformers"][end] for end in ("oldest", "newest"))
    minor = ".".join(newest.split(".")[:2])
    assert f"any transformers from {oldest} to {minor}" in " ".join(README.split())
    assert table(SUPPORT) in README, f"put this into the section Versions:\n{table(SUPPORT)}"
    assert "(results/compatibility.svg)" in README and "(results/compatibility.md)" in README


def test_the_card_tells_the_range() -> None:
    words = dict.fromkeys(("name", "summary", "auto_class", "task", "citation"), "word")
    pairs = {name: [("one", "two")] for name in ("parity", "preprocessing", "provenance")}
    facts = CardFacts(**words, **pairs, requirements=["torch"], limits=["none"], versions={"torch": "2"})
    card = render_card(ModelCardData(license="mit"), facts)
    assert sentence(SUPPORT) in card
    for name, ends in SUPPORT["range"].items():
        assert f"{name} {ends['oldest']} to {ends['newest']}" in card


def test_the_pipeline_is_there_from_the_version_on_that_readme_and_card_name() -> None:
    template = (ROOT / "scripts/hub_ready/card_template.md").read_text(encoding="utf-8")
    assert "by itself from 4.54 on" in " ".join(README.split()) and "transformers 4.54 or newer" in template
    for row in (row for row in SUPPORT["rows"] if row["cells"]["load"]["state"] == "holds"):
        there = Version(row["environment"]["transformers"]) >= Version("4.54")
        assert row["cells"]["pipeline"]["state"] == ("holds" if there else "absent")


def test_the_table_is_the_one_of_the_summary() -> None:
    assert (ROOT / "results" / "compatibility.md").read_text(encoding="utf-8") == markdown(SUPPORT)
    for suffix in ("svg", "png"):
        assert (ROOT / "results" / f"compatibility.{suffix}").stat().st_size > 1000
