"""What a fork exports loads for a stranger, beside other forks, and with other layers in it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from scripts.hub_ready.check import check_folder
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.update.git import changes

from .conftest import Export, Inside, make_fork
from .mixer import edited_files, move_block_out, put_mixer_in

SMALL = {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16], "stem_width": 8}


def test_forks_and_the_template_do_not_disturb_each_other(
    vision_fork: Path, resnet_fork: Path, tmp_path: Path, export: Export, inside: Inside
) -> None:
    other = make_fork(tmp_path / "other", "u-net2", git=False)
    exported = [export(vision_fork), export(other), export(resnet_fork, **SMALL), export(ROOT, **SMALL)]
    folders = [str(folder) for folder in exported]
    found = inside("load_together", folders=[*folders, *reversed(folders)])
    assert found[:4] == [
        ["MyNetModelForImageClassification", "my_net", True],
        ["UNet2ModelForImageClassification", "u_net2", True],
        ["NeoBERTModelForImageClassification", "neo_bert", True],
        ["ResnetModelForImageClassification", "custom_resnet", True],
    ]
    assert found[4:] == found[:4][::-1]


def test_what_was_saved_is_exported_with_its_own_sizes_and_numbers(vision_fork: Path, export: Export) -> None:
    saved = export(vision_fork, width=16, depths=[1, 1], num_classes=3)
    again = export(vision_fork, weights=str(saved), name="again")
    assert json.loads((again / "config.json").read_text())["depths"] == [1, 1]
    assert load_file(f"{again}.safetensors")["logits"].tolist() == load_file(f"{saved}.safetensors")["logits"].tolist()


def test_another_architecture_takes_an_edit_of_the_two_files_that_the_readme_names(
    vision_fork: Path, tmp_path: Path, export: Export, inside: Inside
) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(vision_fork, fork)
    put_mixer_in(fork)
    edited = [line.split()[-1] for line in changes(fork)]
    assert sorted(edited) == sorted(edited_files((fork / "README.md").read_text())) and len(edited) == 2
    folder = export(fork)
    assert '"token_hidden": 24' in (folder / "config.json").read_text()
    tests = ["tests/model", "-k", "not stranger"]
    assert inside("run_tests", root=fork, paths=tests) == 0
    assert (
        subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", "my_net_model"], cwd=fork).returncode == 0
    )


def test_layers_in_a_file_of_their_own_are_exported_with_the_model(
    vision_fork: Path, tmp_path: Path, export: Export
) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(vision_fork, fork)
    move_block_out(fork)
    folder = export(fork)
    assert (folder / "layers.py").read_bytes() == (fork / "my_net_model/layers.py").read_bytes()
    assert [finding.rule for finding in check_folder(folder, behaviour=False).findings] == ["card-present"]


@pytest.mark.forks
def test_a_forks_own_tests_fail_when_its_model_is_broken(vision_fork: Path, tmp_path: Path, inside: Inside) -> None:
    fork = tmp_path / "fork"
    shutil.copytree(vision_fork, fork)
    code = fork / "my_net_model" / "modeling_my_net.py"
    code.write_text(code.read_text().replace("features.flatten(2).mean(-1)", "features.flatten(2).mean(-1).detach()"))
    assert inside("run_tests", root=fork, paths=["tests/model", "-k", "training"]) == 1
