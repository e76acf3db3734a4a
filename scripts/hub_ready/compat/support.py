"""The range that was tried, as this source tree's README and every exported card tell it."""

import json
from pathlib import Path
from typing import Any

from ..manifest import ROOT

RESULTS = Path("results/compatibility.json")


def read_support(root: Path = ROOT) -> dict[str, Any] | None:
    """The summary that `compat_matrix` left in a source tree; None where it never ran."""
    path = root / RESULTS
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def sentence(summary: dict[str, Any]) -> str:
    """For a card: on which versions the code was tried."""
    parts = [f"{name} {ends['oldest']} to {ends['newest']}" for name, ends in summary["range"].items()]
    return f"The code was tried on {', '.join(parts)} ({len(summary['rows'])} environments, {summary['date']})."


def table(summary: dict[str, Any]) -> str:
    """For the README: the range in Markdown, with what it was measured on."""
    lines = ["| package | oldest | newest |", "| --- | --- | --- |"]
    lines += [f"| {name} | {ends['oldest']} | {ends['newest']} |" for name, ends in summary["range"].items()]
    return "\n".join([*lines, "", f"{len(summary['rows'])} environments, {summary['machine']}, {summary['date']}."])
