"""A ported network gives a stranger timm's numbers; `port` itself demands equality of logits, features and weights."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from scripts.hub_ready.export import missing_files
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.timm_port.source import family, load_source

from .conftest import PortFile
from .networks import awake

KINDS = [
    "resnet18",
    "resnet50d",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "seresnet50",
    "ecaresnet50t",
    "ecaresnet50d_pruned",
    "resnetrs50",
    "resnetblur50",
    "resnetaa50",
    "resnet50_gn",
    "senet154",
    "test_resnet",
]


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_network_is_equal_for_a_stranger(name: str, port_awake: PortFile) -> None:
    ported = port_awake(name)
    assert missing_files(ported.folder, read_manifest()) == []
    shutil.rmtree(ported.folder)


def test_other_class_and_channel_counts_are_read_off_the_checkpoint(port_awake: PortFile) -> None:
    folder = port_awake("test_resnet", num_classes=7, in_chans=1).folder
    text = (folder / "config.json").read_text()
    assert '"num_classes": 7' in text and '"input_channels": 1' in text


@pytest.mark.family
@pytest.mark.parametrize("name", family())
def test_every_architecture_is_equal_for_a_stranger(name: str, port_awake: PortFile) -> None:
    ported = port_awake(name)
    shutil.rmtree(ported.folder)


def test_the_numbers_are_equal_whatever_the_environment_says_of_mkl(tmp_path: Path) -> None:
    # The tests have MKL add in one order everywhere, an author's machine does not.
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MKL", "OMP"))}
    command = [sys.executable, "-m", "scripts.port_timm_weights", "test_resnet", "--weights", "random"]
    done = subprocess.run([*command, "--output", tmp_path], cwd=ROOT, env=plain, capture_output=True, text=True)
    assert done.returncode == 0 and "equal to timm" in done.stdout, done.stderr


def test_a_checkpoint_from_before_batch_norm_counted_its_batches_fits(tmp_path: Path) -> None:
    state = awake("test_resnet").state_dict()
    file = tmp_path / "older.safetensors"
    save_file({f"model.{name}": tensor for name, tensor in state.items() if "num_batches" not in name}, file)
    found = load_source("test_resnet", str(file), seed=0).model.state_dict()
    assert [name for name, tensor in state.items() if not torch.equal(found[name], tensor)] == []
