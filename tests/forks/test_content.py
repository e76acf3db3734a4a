"""A fork is a whole repository of its own, with nothing of the template where it does not belong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import timm

from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.update.git import changes, git_text, tracked
from scripts.hub_ready.update.record import read_record
from scripts.scaffold.identifiers import identifiers_of, rename
from scripts.scaffold.settings import without_unused_markers

from .conftest import make_fork

TEMPLATE = re.compile(r"resnet|timm", re.IGNORECASE)
# Where it was made from, and what only the making of forks knows.
FORKING = re.compile(r"\bstarter|scaffold|\bfork(?!\()", re.IGNORECASE)


def texts(fork: Path) -> dict[str, str]:
    return {path: (fork / path).read_text(encoding="utf-8") for path in tracked(fork)}


def lines(fork: Path, pattern: re.Pattern) -> list[str]:
    """Every line, and every path, in which the pattern is found."""
    paths = [path for path in tracked(fork) if pattern.search(path)]
    return paths + [
        f"{path}: {line}" for path, text in texts(fork).items() for line in text.splitlines() if pattern.search(line)
    ]


def test_no_file_of_a_vision_fork_holds_a_word_of_the_template(vision_fork: Path) -> None:
    assert lines(vision_fork, TEMPLATE) == []


def test_every_resnet_in_a_resnet_fork_is_timms(resnet_fork: Path) -> None:
    words = {word for text in texts(resnet_fork).values() for word in re.findall(r"\w*resnet\w*", text, re.I)}
    template = identifiers_of(read_manifest())
    own = {template.package, template.model_type, *template.modules, *template.classes}
    assert words & own == set() and not [path for path in tracked(resnet_fork) if "resnet" in path.lower()]
    # timm, transformers and the paper write ResNet; Resnet is this template's own spelling, and _resnet its ending.
    assert [word for word in words if "Resnet" in word] == []
    modules = {word for word in words if re.match(r"(configuration|modeling|image_processing|custom)_", word)}
    assert modules == set() and words & set(timm.list_models(module="resnet"))


def test_imports_of_timms_own_module_are_not_mangled(resnet_fork: Path) -> None:
    code = (resnet_fork / "neo_bert_model" / "modeling_neo_bert.py").read_text()
    assert "from timm.models.resnet import BasicBlock, Bottleneck, ResNet\n" in code
    assert "class NeoBERTPreTrainedModel(PreTrainedModel)" in code


def test_whole_identifiers_are_renamed_and_parts_of_words_are_not() -> None:
    text = "resnet_model.x ResnetConfig timm.models.resnet my_resnet_model ResnetConfigs ResNet resnet50d"
    assert rename(text, {"resnet_model": "a_model", "ResnetConfig": "AConfig"}) == (
        "a_model.x AConfig timm.models.resnet my_resnet_model ResnetConfigs ResNet resnet50d"
    )


@pytest.mark.parametrize("fork", ["vision_fork", "resnet_fork"])
def test_nothing_is_said_about_forking(fork: str, request: pytest.FixtureRequest) -> None:
    # The record names its starter; the tools speak of processes that fork.
    passed = ("scripts/template.json:", "scripts/hub_ready/", "tests/hub_ready/")
    assert [line for line in lines(request.getfixturevalue(fork), FORKING) if not line.startswith(passed)] == []
    tools = lines(request.getfixturevalue(fork), re.compile("scaffold|--starter", re.IGNORECASE))
    assert [line for line in tools if not line.startswith("scripts/hub_ready/update/")] == []


@pytest.mark.parametrize("fork", ["vision_fork", "resnet_fork", "long_fork", "long_resnet_fork"])
def test_code_is_formatted_and_clean_under_any_name(fork: str, request: pytest.FixtureRequest) -> None:
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        done = subprocess.run(ruff, cwd=request.getfixturevalue(fork), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("fork", ["vision_fork", "resnet_fork"])
def test_the_whole_repository_is_there(fork: str, request: pytest.FixtureRequest) -> None:
    root = request.getfixturevalue(fork)
    top = {path.split("/")[0] for path in tracked(root)}
    package = read_manifest(root).auto_map["AutoConfig"].split("/")[0]
    assert top == {*(path.split("/")[0] for path in tracked(ROOT))} - {"resnet_model", "results"} | {package}
    assert (root / ".ci" / "run").stat().st_mode & 0o100
    for value in read_manifest(root).auto_map.values():
        place, _, name = value.rpartition(".")
        assert f"class {name}(" in (root / f"{place}.py").read_text()


@pytest.mark.parametrize("fork", ["vision_fork", "long_fork", "resnet_fork"])
def test_every_path_and_command_that_the_readme_names_is_there(fork: str, request: pytest.FixtureRequest) -> None:
    root = request.getfixturevalue(fork)
    readme = (root / "README.md").read_text()
    paths = re.findall(r"^([\w./]+/[\w./]*|config\.json) +(?:<-|leave)", readme, re.MULTILINE)
    assert len(paths) >= 4 and [path for path in paths if not (root / path).exists()] == []
    columns = [
        line.index(word) for line in readme.splitlines() for word in ("<- edit", "leave") if f"  {word}" in line
    ]
    assert len(columns) >= 4 and max(columns) - min(columns) == len("<- ")
    commands = set(re.findall(r"-m scripts\.(\w+)", readme))
    assert [name for name in commands if not (root / "scripts" / f"{name}.py").exists()] == []


def test_the_readme_names_the_folder_that_an_export_without_a_name_makes(tmp_path: Path) -> None:
    fork = make_fork(tmp_path / "fork", "Hyper Net", git=False, model_type="hy-net")
    readme = (fork / "README.md").read_text()
    assert set(re.findall(r"exports/([\w-]+)", readme)) == {read_manifest(fork).config["model_type"]} == {"hy-net"}
    assert set(re.findall(r"scripts\.export_model ([\w-]+)", readme)) == {"hy-net"}


def test_the_first_commit_says_where_it_came_from(vision_fork: Path) -> None:
    record, message = read_record(vision_fork), git_text(vision_fork, "log", "--format=%an%n%B")
    assert changes(vision_fork) == [] and git_text(vision_fork, "rev-list", "--count", "HEAD") == "1"
    assert message.startswith("Ann Author\nMy Net") and f"Template-Commit: {record.commit}" in message
    assert record.commit == git_text(ROOT, "rev-parse", "HEAD")


def test_without_git_there_is_no_repository(tmp_path: Path) -> None:
    fork = make_fork(tmp_path / "fork", "My Net", git=False)
    assert not (fork / ".git").exists() and (fork / "config.json").is_file()


def test_license_and_author_are_where_they_belong(long_fork: Path) -> None:
    assert "Ann\n" in (long_fork / "LICENSE").read_text() and "MIT" in (long_fork / "LICENSE").read_text()
    readme = (long_fork / "README.md").read_text()
    assert "license: mit\n" in readme and "author = {Ann}" in readme


def test_a_fork_has_the_markers_that_its_tests_use() -> None:
    settings = (
        "addopts = \"-q -m 'not (slow or huge)'\"\nmarkers = [\n"
        '    "slow: takes long",\n    "huge: takes space",\n]\nx = 1\n'
    )
    assert without_unused_markers(settings, {"slow", "parametrize"}) == (
        'addopts = "-q -m \'not (slow)\'"\nmarkers = [\n    "slow: takes long",\n]\nx = 1\n'
    )
    assert without_unused_markers(settings, set()) == 'addopts = "-q"\nx = 1\n'


def test_requirements_hold_only_what_is_needed(vision_fork: Path) -> None:
    needed = re.findall(r"^([a-z_-]+)>=", (vision_fork / "requirements.txt").read_text(), re.MULTILINE)
    assert sorted(needed) == ["pillow", "safetensors", "torch", "transformers"]


def test_the_same_record_makes_the_same_repository(vision_fork: Path, tmp_path: Path) -> None:
    other = make_fork(tmp_path / "other", "My Net")
    assert texts(other) == texts(vision_fork)
    assert json.loads((other / "scripts" / "template.json").read_text())["class_prefix"] == "MyNet"
