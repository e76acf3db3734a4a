"""The engine: discovery, choice of rules, reports, and safety against what it reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.hub_ready.check import CheckError, Finding, all_rules, check_folder, choose_rules
from scripts.hub_ready.check.render import github_annotations, printable, rules_markdown

from .repositories import GOOD, ROOT, write

# What code of a stranger might try; any of it would leave a file named canary in the folder, or never come back.
_CANARY = """
import os, pathlib
pathlib.Path(__file__).with_name("canary").write_text("sung")
while True:
    os.fork()
"""


def test_every_rule_explains_itself():
    for rule in all_rules():
        for text in (rule.summary, rule.why, rule.repair, rule.bad, rule.good):
            assert text.strip(), rule.id
        assert rule.summary.endswith("."), rule.id
        assert "|" not in rule.summary, rule.id


def test_rules_are_chosen_by_id_group_and_pattern():
    assert [rule.id for rule in choose_rules(["config-readable"])] == ["config-readable"]
    assert {rule.group for rule in choose_rules(["files"])} == {"files"}
    assert all(rule.id.startswith("auto-map-") for rule in choose_rules(["auto-map-*"]))
    assert "config-readable" not in {rule.id for rule in choose_rules([], ["config-readable"])}


def test_an_unknown_rule_is_misuse():
    with pytest.raises(CheckError, match="no rule or group matches 'auto-mop'"):
        choose_rules(["auto-mop"])


def test_a_missing_folder_is_misuse(tmp_path: Path):
    with pytest.raises(CheckError, match="found no folder"):
        check_folder(tmp_path / "nothing", behaviour=False)


def test_the_json_report_follows_its_schema(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "config.json").unlink()

    report = json.loads(check_folder(folder, behaviour=False).to_json())

    assert report["schema"] == 1
    assert report["ready"] is False
    assert report["counts"]["error"] == sum(f["severity"] == "error" for f in report["findings"])
    assert {"rule", "severity", "message", "path", "line"} == set(report["findings"][0])
    assert set(report["rules"]).isdisjoint(report["skipped"])


def test_a_rule_that_fails_is_a_finding_of_that_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rule = next(rule for rule in all_rules() if rule.id == "config-readable")
    monkeypatch.setattr(rule, "check", lambda repository: 1 / 0)

    (finding,) = check_folder(write(tmp_path, GOOD["vision"]()), behaviour=False).findings

    assert finding.rule == "config-readable"
    assert "ZeroDivisionError" in finding.message


def test_static_rules_execute_nothing_and_import_no_framework(tmp_path: Path):
    """In a process of its own, so that what other tests imported does not count."""
    files = {name: _CANARY + text if name.endswith(".py") else text for name, text in GOOD["vision"]().items()}
    folder = write(tmp_path, {**files, "sitecustomize.py": _CANARY, "torch.py": _CANARY, "setup.py": _CANARY})
    script = (
        "import sys; from scripts.hub_ready.check import check_folder;"
        f"check_folder({str(folder)!r}, behaviour=False);"
        "print(sorted({'torch', 'transformers', 'timm'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    assert not (folder / "canary").exists()


def test_what_a_stranger_wrote_cannot_steer_the_terminal():
    assert printable("a\x1b[2J\nready for the Hub") == "a\\x1b[2J\\nready for the Hub"


def test_annotations_keep_to_one_line_each(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "tiny").mkdir()
    (folder / "tiny" / "modeling_a,b\n::error::x.py").write_text("")
    (folder / "tiny" / "__init__.py").write_text("")

    lines = github_annotations(check_folder(folder, behaviour=False))

    assert len(lines) == 2
    assert all(line.startswith("::error file=tiny/") and "\n" not in line for line in lines)


def test_places_are_file_and_line():
    assert Finding("x", "a.py", 3).place == "a.py:3"
    assert Finding("x").place == "."


def test_the_table_of_rules_names_each_once():
    lines = rules_markdown().splitlines()[2:]

    assert len(lines) == len(all_rules()) == len(set(lines))


def test_the_readme_holds_the_current_table_of_rules():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if "<!-- rules:begin -->" not in text:
        pytest.skip("a fork may leave the table out")
    block = text.split("<!-- rules:begin -->")[1].split("<!-- rules:end -->")[0]

    assert block.strip() == rules_markdown().strip(), "run: python -m scripts.check_repo --list-rules"


def test_a_rule_lists_no_more_than_anyone_reads(tmp_path: Path):
    auto_map = {f"AutoModel{number}": f"modeling_{number}.Model" for number in range(1000)}
    folder = write(tmp_path, {"config.json": json.dumps({"auto_map": auto_map})})

    findings = check_folder(folder, behaviour=False, select=["auto-map-resolves"]).findings

    assert len(findings) == 101
    assert any("the rest is not listed" in finding.message for finding in findings)
