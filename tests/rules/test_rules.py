"""Every rule of check_repo holds for this repository's own model, exported as it would be published.

Nothing here names a model: the classes come from the manifest. `tiny.json` beside this file holds the fields that make
the default architecture small enough to test often; it is {} for an architecture that is small by itself.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.hub_ready.check import Report, all_rules, check_folder
from scripts.hub_ready.export_source import export_source
from scripts.hub_ready.finish import Options
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import read_manifest

TINY = json.loads(Path(__file__).with_name("tiny.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, interpreter: FreshInterpreter) -> Report:
    """One check of the exported model, static and behaviour."""
    manifest = read_manifest()
    small = replace(manifest, config={**manifest.config, **TINY})
    exported = export_source("tiny", Options(tmp_path_factory.mktemp("rules"), "random"), small)
    return check_folder(exported.folder, behaviour=True, interpreter=interpreter)


@pytest.mark.parametrize("rule", [rule.id for rule in all_rules()])
def test_the_exported_model_keeps_the_rule(rule: str, report: Report) -> None:
    assert [finding.message for finding in report.findings if finding.rule == rule] == []


def test_the_rules_that_need_a_running_model_ran(report: Report) -> None:
    assert {"model-loads", "save-fixed-point", "pickles"} <= set(report.rules)
