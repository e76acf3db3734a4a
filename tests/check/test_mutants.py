"""Every static rule catches the repository that breaks it, and nothing else objects to that repository."""

from pathlib import Path

import pytest

from scripts.hub_ready.check import all_rules, check_folder

from .mutants import Mutant
from .mutants_of_code import CODE
from .mutants_of_files import FILES
from .repositories import GOOD, write

MUTANTS = FILES + CODE


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.rule}: {mutant.name}")
def test_a_mutant_is_caught_by_its_rule_and_its_kin(mutant: Mutant, tmp_path: Path):
    folder = write(tmp_path, mutant.files())

    findings = check_folder(folder, behaviour=False, repo_id=mutant.repo_id).findings

    # Exactly the kin: a name that never finds anything would hide a rule that has begun to cry wolf.
    found = {finding.rule for finding in findings}
    assert found == {mutant.rule} | mutant.kin, [f"{f.rule}: {f.message}" for f in findings]


def test_a_link_is_caught(tmp_path: Path):
    folder = write(tmp_path, GOOD["vision"]())
    (folder / "notes.txt").symlink_to("/etc/hostname")

    assert {finding.rule for finding in check_folder(folder, behaviour=False).findings} == {"no-symlink"}


def test_every_static_rule_has_a_mutant():
    static = {rule.id for rule in all_rules() if rule.group != "behaviour"}

    assert static == {mutant.rule for mutant in MUTANTS} | {"no-symlink"}
