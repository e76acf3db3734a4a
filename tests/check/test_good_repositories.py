"""Well-made repositories have no findings."""

from pathlib import Path

import pytest

from scripts.hub_ready.check import check_folder

from .repositories import GOOD, write


@pytest.mark.parametrize("name", GOOD)
def test_a_good_repository_has_no_findings(name: str, tmp_path: Path):
    report = check_folder(write(tmp_path, GOOD[name]()), behaviour=False, repo_id="someone/tiny")

    assert [(finding.rule, finding.place, finding.message) for finding in report.findings] == []
    assert report.ready
