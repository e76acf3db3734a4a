"""--fix: what it repairs, what it leaves alone, and that it writes whole files or none."""

import os
from pathlib import Path

import pytest

from scripts.hub_ready.check import CheckError, Repository, all_rules, check_folder
from scripts.hub_ready.check.edits import Edits, plan_fixes

from .mutants import MODELING, Mutant
from .mutants_of_code import CODE
from .mutants_of_files import FILES
from .repositories import GOOD, write

_FIXABLE = {rule.id for rule in all_rules() if rule.fix}
# Repairs that need the author: which licence, which count, which class.
_AUTHOR = {
    ("auto-class-named", "another"),
    ("labels-complete", "a name too few"),
    ("labels-complete", "another count"),
    ("labels-complete", "a list"),
    ("auto-map-complete", "no AutoConfig"),
    ("auto-map-flat", "slash"),
    ("card-complete", "no licence"),
    ("card-complete", "no metadata"),
    ("processor-auto-map", "processor"),
    ("stray-file", "environment"),
}
_REPAIRED = [m for m in FILES + CODE if m.rule in _FIXABLE and (m.rule, m.name) not in _AUTHOR]


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("mutant", _REPAIRED, ids=lambda mutant: f"{mutant.rule}: {mutant.name}")
def test_a_mechanical_repair_leaves_no_finding(mutant: Mutant, tmp_path: Path):
    folder = write(tmp_path, mutant.files())

    plan_fixes(folder, check_folder(folder, behaviour=False)).apply()

    report = check_folder(folder, behaviour=False)
    assert [f"{f.rule}: {f.message}" for f in report.findings] == []
    assert not plan_fixes(folder, report)


@pytest.mark.parametrize("mutant", FILES + CODE, ids=lambda mutant: f"{mutant.rule}: {mutant.name}")
def test_a_plan_alone_changes_nothing_and_no_repair_adds_a_finding(mutant: Mutant, tmp_path: Path):
    folder = write(tmp_path, mutant.files())
    before, report = _snapshot(folder), check_folder(folder, behaviour=False)

    edits = plan_fixes(folder, report)

    assert _snapshot(folder) == before
    edits.apply()
    assert {f.rule for f in check_folder(folder, behaviour=False).findings} <= {f.rule for f in report.findings}


def test_repairs_of_one_file_do_not_disturb_each_other(tmp_path: Path):
    files = GOOD["vision"]()
    good = files[MODELING]
    for gone in ('    _auto_class = "AutoModel"\n\n', "        self.post_init()\n"):
        files[MODELING] = files[MODELING].replace(gone, "", 1)
    # A form feed ends no line of code.
    files[MODELING], good = (
        text.replace("class TinyScale", "\f\nclass TinyScale") for text in (files[MODELING], good)
    )
    folder = write(tmp_path, files)

    plan_fixes(folder, check_folder(folder, behaviour=False)).apply()

    assert (folder / MODELING).read_text() == good


def test_a_good_repository_is_left_alone(tmp_path: Path):
    folder = write(tmp_path, GOOD["resnet"]())

    assert not plan_fixes(folder, check_folder(folder, behaviour=False))


def test_weights_are_never_touched(tmp_path: Path):
    edits = Edits(Repository(write(tmp_path, GOOD["vision"]())))

    for act in (edits.remove, lambda path: edits.write(path, "")):
        with pytest.raises(CheckError, match="may not touch weights"):
            act("model.safetensors")


def test_a_link_is_never_written_through(tmp_path: Path):
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    folder = tmp_path / "folder"
    write(folder, GOOD["vision"]())
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(outside)

    with pytest.raises(CheckError, match="link"):
        Edits(Repository(folder)).write("config.json", '{"a": 1}')

    assert outside.read_text() == "{}"


def test_nothing_is_written_when_one_file_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write(tmp_path, GOOD["vision"]())
    edits = Edits(Repository(folder))
    edits.write("a.txt", "a")
    edits.write("missing/b.txt", "b")
    before = _snapshot(folder)

    with pytest.raises(CheckError, match="nothing was changed"):
        edits.apply()

    assert _snapshot(folder) == before


def test_a_repaired_file_keeps_its_mode_and_line_endings(tmp_path: Path):
    files = GOOD["vision"]()
    code = files["modeling_tiny.py"].replace("        self.post_init()\n", "", 1).replace("\n", "\r\n")
    folder = write(tmp_path, {**files, "modeling_tiny.py": code})
    os.chmod(folder / "modeling_tiny.py", 0o640)

    plan_fixes(folder, check_folder(folder, behaviour=False)).apply()

    content = (folder / "modeling_tiny.py").read_bytes()
    assert (folder / "modeling_tiny.py").stat().st_mode & 0o777 == 0o640
    assert content.count(b"\n") == content.count(b"\r\n")
    assert content.count(b"post_init") == 2
