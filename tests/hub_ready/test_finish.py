"""An export ends with all that is known to be wrong with it."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from scripts.hub_ready import finish
from scripts.hub_ready.check import check_folder
from scripts.hub_ready.check.gate import demand_no_findings
from scripts.hub_ready.problems import Problem


def test_every_finding_is_listed_with_its_severity_place_and_rule(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    findings = check_folder(tmp_path, behaviour=False).findings
    assert {found.severity for found in findings} == {"error", "warning"}
    with pytest.raises(Problem) as refusal:
        demand_no_findings(tmp_path)
    said = str(refusal.value)
    assert [found for found in findings if f"{found.severity} {found.place}: {found.rule}: " not in said] == []


def test_of_very_many_findings_the_first_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    for number in range(14):
        (tmp_path / f"weights{number}.pkl").write_bytes(b"x")
    found = len(check_folder(tmp_path, behaviour=False).findings)
    with pytest.raises(Problem, match=f"and {found - 10} more") as refusal:
        demand_no_findings(tmp_path)
    assert str(refusal.value).count("\n  error ") == 10


@pytest.mark.parametrize("finding", [True, False])
def test_a_proof_that_fails_does_not_hide_what_the_check_found(finding: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def proof(*_: object) -> None:
        raise Problem("other numbers")

    def complete(*_: object) -> dict[str, str]:
        if finding:
            raise Problem("buffer-rebuilt")
        return {}

    monkeypatch.setattr(finish, "prove", proof)
    monkeypatch.setattr(finish, "_complete", complete)
    with pytest.raises(Problem) as refusal:
        finish.finish(Path(), SimpleNamespace(reference=None), None)
    assert str(refusal.value) == ("other numbers\nerror: buffer-rebuilt" if finding else "other numbers")
