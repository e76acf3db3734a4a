"""The table, the picture and the exit code say what the cells say."""

import json
import re
from pathlib import Path

import pytest

from scripts.hub_ready.compat.command import find_subject, write_results
from scripts.hub_ready.compat.picture import draw
from scripts.hub_ready.compat.properties import PROPERTIES
from scripts.hub_ready.compat.report import is_good, markdown, summarise
from scripts.hub_ready.compat.support import sentence, table
from scripts.hub_ready.problems import Misuse, Problem

NAMES = [one.name for one in PROPERTIES]


def row(transformers: str, torch: str = "2.15.0", **states: str) -> dict:
    cells = {name: {"state": "holds", "why": "", "log": ""} for name in NAMES}
    for name, state in states.items():
        cells[name] = {"state": state, "why": f"{name} of {transformers}", "log": ""}
    pins = {"transformers": transformers, "torch": torch, "python": "3.11"}
    return {"key": transformers, "environment": pins, "sha256": "s", "date": "2026-01-02", "cells": cells}


def ranges(*rows: dict) -> dict:
    return summarise(list(rows), "net")["range"]


def test_the_range_ends_before_the_first_version_with_a_fault() -> None:
    rows = [row("5.10.0"), row("5.9.0"), row("4.44.2", pipeline="absent"), row("4.43.4", load="fails"), row("4.42.0")]
    assert ranges(*rows)["transformers"] == {"oldest": "4.44.2", "newest": "5.10.0"}
    assert ranges(row("5.1", export="untested"), row("5.0"))["transformers"] == {"oldest": "5.0", "newest": "5.0"}
    assert ranges(row("5.1", load="fails")) == {}


def test_libraries_that_fail_by_themselves_neither_end_nor_widen_the_range() -> None:
    nothing = dict.fromkeys(NAMES, "absent")
    rows = [row("5.1"), row("5.1", "2.4.0", **nothing), row("5.0", **nothing), row("4.0"), row("3.0", **nothing)]
    assert ranges(*rows) == {
        "transformers": {"oldest": "4.0", "newest": "5.1"},
        "torch": {"oldest": "2.15.0", "newest": "2.15.0"},
    }


def test_a_version_is_good_when_all_its_rows_are() -> None:
    rows = [row("5.0"), row("4.0"), row("4.0", "2.4.0", load="fails")]
    assert ranges(*rows)["transformers"] == {"oldest": "5.0", "newest": "5.0"}


@pytest.mark.parametrize("state, good", [("holds", True), ("absent", True), ("fails", False), ("untested", False)])
def test_a_row_is_good_when_nothing_failed_and_all_was_tried(state: str, good: bool) -> None:
    assert is_good(row("5.0", load=state)) is good


def test_the_table_has_a_mark_for_every_cell_and_a_reason_for_every_one_that_does_not_hold() -> None:
    rows = [row("5.0", load="fails", export="untested"), row("4.0", "2.4.0", pipeline="absent")]
    text = markdown(summarise(rows, "net"))
    lines = [line for line in text.splitlines() if line.startswith(("| 5", "| 4"))]
    assert [re.findall(r"[\u2713\u2717?-](?= \|)", line) for line in lines] == [
        ["\u2717" if name == "load" else "?" if name == "export" else "\u2713" for name in NAMES],
        ["-" if name == "pipeline" else "\u2713" for name in NAMES],
    ]
    assert lines[1].startswith("| 4.0, torch 2.4.0 |")
    for reason in (
        "- 5.0: **load** fails: load of 5.0",
        "- 5.0: **export** untested: export of 5.0",
        "4.0, torch 2.4.0: **pipeline** absent: pipeline of 4.0",
    ):
        assert reason in text
    assert all(f"- **{one.name}**: {one.meaning}" in text for one in PROPERTIES)


def test_readme_and_card_tell_range_date_and_machine() -> None:
    summary = summarise([row("5.0"), row("4.0"), row("4.0", "2.4.0")], "net")
    assert sentence(summary) == (
        "The code was tried on transformers 4.0 to 5.0, torch 2.4.0 to 2.15.0 (3 environments, 2026-01-02)."
    )
    assert "| torch | 2.4.0 | 2.15.0 |" in table(summary) and "2026-01-02" in table(summary)


def test_the_same_cells_give_the_same_picture_and_others_another(tmp_path: Path) -> None:
    one, other = row("5.0", load="fails", export="absent", labels="untested"), row("5.0", load="fails")
    for name, cells in (("a", one), ("b", one), ("c", other)):
        draw(summarise([cells, row("4.0")], "net"), [tmp_path / f"{name}.svg", tmp_path / f"{name}.png"])
    for suffix in ("svg", "png"):
        a, b, c = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "abc")
        assert a == b != c
    svg = (tmp_path / "a.svg").read_text()
    assert "<dc:date>" not in svg
    cells = re.findall(r"fill: #(009e73|d55e00|d0d0d0|f0e442)", svg)
    # Each state once more in the legend.
    assert {colour: cells.count(colour) for colour in set(cells)} == {
        "009e73": 2 * len(NAMES) - 3 + 1,
        "d55e00": 2,
        "d0d0d0": 2,
        "f0e442": 2,
    }


def test_everything_is_written_and_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = summarise([row("5.0")], "net")
    assert sorted(Path(path).name for path in write_results(summary, tmp_path / "results")) == sorted(
        path.name for path in (tmp_path / "results").iterdir()
    )
    assert json.loads((tmp_path / "results" / "compatibility.json").read_text()) == summary

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(Problem, match="No space left"):
        write_results(summary, tmp_path / "again")
    assert list((tmp_path / "again").iterdir()) == []


def test_code_of_somebody_else_runs_only_when_that_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, empty = tmp_path / "models--x" / "theirs", tmp_path / "empty"
    for folder in (theirs, empty):
        folder.mkdir(parents=True)
    (theirs / "config.json").write_text("{}")
    with pytest.raises(Misuse, match="--trust-remote-code"):
        find_subject(str(theirs), False, tmp_path)
    assert find_subject(str(theirs), True, tmp_path) == theirs
    with pytest.raises(Misuse, match=r"config\.json"):
        find_subject(str(empty), False, tmp_path)
    with pytest.raises(Misuse, match="neither"):
        find_subject("no/such/folder", False, tmp_path)
