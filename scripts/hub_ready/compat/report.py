"""What the rows come to: JSON, and a table in Markdown that stands alone."""

import platform
from collections.abc import Iterable
from typing import Any

from packaging.version import Version

from .properties import ABSENT, FAILS, HOLDS, PROPERTIES, UNTESTED
from .run import Row

MARKS = {HOLDS: "✓", FAILS: "✗", ABSENT: "-", UNTESTED: "?"}
_NOT_VERSIONS = ("python", "oldest")


def summarise(rows: list[Row], name: str) -> dict[str, Any]:
    """Everything as JSON values.

    Returns:
        `subject`, its `sha256`, the `date` of the newest row, the `machine`, the `properties` and what they mean, the
        `range` of each package in which every row is without fault, and the `rows`.
    """
    return {
        "subject": name,
        "sha256": rows[0]["sha256"],
        "date": max(row["date"] for row in rows),
        "machine": f"{platform.system()} {platform.machine()}",
        "properties": {one.name: one.meaning for one in PROPERTIES},
        "range": _ranges(rows),
        "rows": [{name: value for name, value in row.items() if name != "sha256"} for row in rows],
    }


def is_good(row: Row) -> bool:
    return all(cell["state"] in (HOLDS, ABSENT) for cell in row["cells"].values())


def _ranges(rows: list[Row]) -> dict[str, dict[str, str]]:
    """For each package the oldest and the newest version up to which no row failed, counted down from the newest."""
    found = {}
    # Libraries that fail by themselves say nothing about the repository.
    rows = [row for row in rows if any(cell["state"] != ABSENT for cell in row["cells"].values())]
    packages = {name: None for row in rows for name in row["environment"] if name not in _NOT_VERSIONS}
    for package in packages:
        good = _unbroken((row["environment"][package], is_good(row)) for row in rows)
        if good:
            found[package] = {"oldest": str(good[-1]), "newest": str(good[0])}
    return found


def _unbroken(outcomes: Iterable[tuple[str, bool]]) -> list[Version]:
    """The good versions from the newest good one downwards to the first that some row found wanting."""
    by_version: dict[Version, list[bool]] = {}
    for version, good in outcomes:
        by_version.setdefault(Version(version), []).append(good)
    kept: list[Version] = []
    for version in sorted(by_version, reverse=True):
        if not all(by_version[version]):
            if kept:
                break
            continue
        kept.append(version)
    return kept


def label(row: Row, newest: dict[str, str]) -> str:
    """A row's name: transformers, and every other package that is not at the run's newest."""
    pins = row["environment"]
    others = [
        f"{name} {v}" for name, v in pins.items() if name not in ("transformers", "oldest") and v != newest[name]
    ]
    others = ["all at their oldest"] if pins.get("oldest") else others
    return ", ".join([pins["transformers"], *others])


def newest_pins(summary: dict[str, Any]) -> dict[str, str]:
    """The newest version of each package that any row has."""
    pins = [row["environment"] for row in summary["rows"]]
    names = {name: None for one in pins for name in one if name not in _NOT_VERSIONS}
    newest = {name: str(max(Version(one[name]) for one in pins)) for name in names}
    return {**newest, "python": pins[0]["python"]}


def caption(summary: dict[str, Any]) -> str:
    """What was tried, where and when, in one line."""
    newest = newest_pins(summary)
    others = ", ".join(f"{name} {version}" for name, version in newest.items() if name != "transformers")
    return f"{summary['subject']} on transformers, with {others} unless named; {summary['machine']}, {summary['date']}"


def markdown(summary: dict[str, Any]) -> str:
    """The table, what its columns mean, and the reason of every cell that does not hold."""
    newest, names = newest_pins(summary), list(summary["properties"])
    lines = ["# Compatibility", "", f"{caption(summary)}.", ""]
    lines += [f"| transformers | {' | '.join(names)} |", f"| --- {'| :-: ' * len(names)}|"]
    for row in summary["rows"]:
        marks = " | ".join(MARKS[row["cells"][name]["state"]] for name in names)
        lines.append(f"| {label(row, newest)} | {marks} |")
    lines += ["", "✓ holds, ✗ fails, - that version has no such thing, ? could not be tried.", "", "## Columns", ""]
    lines += [f"- **{name}**: {meaning}" for name, meaning in summary["properties"].items()]
    lines += ["", "## Reasons", "", *_reasons(summary, newest)]
    return "\n".join(lines) + "\n"


def _reasons(summary: dict[str, Any], newest: dict[str, str]) -> list[str]:
    """One line for each reason, with the rows and the columns that have it."""
    told: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in summary["rows"]:
        for name, cell in row["cells"].items():
            if cell["state"] != HOLDS:
                told.setdefault((cell["state"], cell["why"]), {}).setdefault(label(row, newest), []).append(name)
    lines = []
    for (state, why), places in told.items():
        for columns in dict.fromkeys(map(tuple, places.values())):
            rows = "; ".join(place for place, names in places.items() if tuple(names) == columns)
            what = "everything" if len(columns) == len(summary["properties"]) else ", ".join(columns)
            lines.append(f"- {rows}: **{what}** {state}: {why}")
    return lines or ["None."]
