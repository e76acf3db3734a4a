"""The README shows what was measured."""

import json

from scripts.benchmarks.report import gains_of
from scripts.hub_ready.manifest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
VALUES = json.loads((ROOT / "results" / "benchmark.json").read_text(encoding="utf-8"))


def test_the_readme_shows_the_measured_gains_and_the_picture() -> None:
    assert gains_of(VALUES) in README, f"put this into the section How to run it fast:\n{gains_of(VALUES)}"
    assert "(results/benchmark.svg)" in README and "(results/benchmark.md)" in README


def test_every_group_was_measured() -> None:
    groups = {one["group"] for one in VALUES["measured"]}
    assert groups == {"forward", "train", "memory", "load", "preprocess", "commands"}
