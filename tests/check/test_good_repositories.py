"""Well-made repositories have no findings."""

from pathlib import Path

import pytest

from scripts.hub_ready.check import check_folder

from .mutants import MODELING
from .repositories import GOOD, write


@pytest.mark.parametrize("name", GOOD)
def test_a_good_repository_has_no_findings(name: str, tmp_path: Path):
    report = check_folder(write(tmp_path, GOOD[name]()), behaviour=False, repo_id="someone/tiny")

    assert [(finding.rule, finding.place, finding.message) for finding in report.findings] == []
    assert report.ready


@pytest.mark.parametrize(
    ("file", "more"),
    [
        (MODELING, '\nTinyModel.register_for_auto_class("AutoModel")\n'),
        ("requirements.txt", "transformers>=4.53\n"),
        ("requirements.txt", "transformers<4.45\n"),
    ],
)
def test_a_class_that_every_version_registers_need_not_name_its_auto_class(file: str, more: str, tmp_path: Path):
    files = GOOD["vision"]()
    files[MODELING] = files[MODELING].replace('    _auto_class = "AutoModel"\n\n', "")
    files[file] += more

    assert check_folder(write(tmp_path, files), behaviour=False).findings == ()
