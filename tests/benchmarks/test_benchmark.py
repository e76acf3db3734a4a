"""The peers are comparable, and the command measures them."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import timm
import torch
from transformers import ResNetForImageClassification

from scripts.benchmarks import prepare, run
from scripts.benchmarks.loading import JOBS
from scripts.benchmarks.peers import LOADERS
from scripts.benchmarks.run import GROUPS, Plan
from scripts.benchmarks.statistics import Ratio
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.problems import Misuse

SMALLEST = "resnet18"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    prepare.prepare(SMALLEST, folder)
    return folder


def benchmark(folder: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.benchmark", "--output", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", prepare.COMPARABLE)
def test_the_native_network_has_the_same_layers(name: str) -> None:
    with torch.device("meta"):
        network = timm.create_model(name)
        native = ResNetForImageClassification(prepare.native_config(network))
    shapes = [sorted(tuple(weight.shape) for weight in model.parameters()) for model in (network, native)]
    assert shapes[0] == shapes[1]
    strides = [
        sorted(
            (layer.kernel_size, layer.stride, layer.in_channels)
            for layer in model.modules()
            if hasattr(layer, "groups")
        )
        for model in (network, native)
    ]
    assert strides[0] == strides[1]


def test_a_stranger_loads_every_peer(place: Path, interpreter: FreshInterpreter) -> None:
    found = interpreter.run(JOBS.parent / "peers.py", {"place": str(place), "name": SMALLEST})
    assert found == {
        "ours": read_manifest().auto_map["AutoModelForImageClassification"].rpartition(".")[2],
        "timm": "ResNet",
        "native": "ResNetForImageClassification",
        "TimmWrapper": "TimmWrapperForImageClassification",
        "floor": "ResNet",
    }


def test_peers_with_timms_names_have_the_same_weights(place: Path) -> None:
    expected = LOADERS["timm"](place, SMALLEST).state_dict()
    for peer, prefix in (("ours", "model."), ("TimmWrapper", "timm_model."), ("floor", "")):
        found = LOADERS[peer](place, SMALLEST).state_dict()
        assert found.keys() == {prefix + name for name in expected}
        assert [name for name, tensor in expected.items() if not torch.equal(found[prefix + name], tensor)] == []


def test_the_peak_of_a_call_is_what_it_held() -> None:
    peak_of = runpy.run_path(str(JOBS / "memory.py"))["peak_of"]
    peak = peak_of(lambda: len(b"x" * (256 << 20)), "cpu")
    assert peak is None or 0.9 * (256 << 20) < peak < 1.3 * (256 << 20)


def test_a_cold_process_tells_when_it_answered_and_what_it_took(place: Path) -> None:
    command = [sys.executable, "-I", str(JOBS / "cold.py"), "timm", str(place), SMALLEST]
    end = subprocess.run(command, capture_output=True, text=True)
    assert end.returncode == 0, end.stderr
    assert json.loads(end.stdout).keys() == {"end", "peak"} and json.loads(end.stdout)["peak"] > 50e6


def test_the_command_measures_and_writes_every_result(tmp_path: Path) -> None:
    end = benchmark(tmp_path / "out", "--models", SMALLEST, "--groups", "preprocess", "--rounds", "2", "--json")
    assert end.returncode == 0, end.stderr
    found = json.loads(end.stdout)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        f"benchmark.{x}" for x in ("json", "md", "svg", "png")
    }
    assert found == json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert [one["case"] for one in found["measured"]] == ["1 image", "batch of 8", "batch of 32"]
    assert all(len(one["values"][peer]) == 2 for one in found["measured"] for peer in ("ours", "timm"))
    assert found["machine"]["versions"]["timm"] == timm.__version__ and found["machine"]["threads"] >= 1


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(["resnet50d"], ["load"]), "--models: expected resnet18, .*found resnet50d"),
        (Plan([SMALLEST], ["loads"]), "--groups: expected forward, .*found loads"),
        (Plan([SMALLEST], ["load"], "tpu"), "--device: expected cpu or cuda, found tpu"),
        (Plan([SMALLEST], ["load"], "cuda"), "--device cuda: torch .* finds no GPU"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is(
    plan: Plan, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(run, "prepare", None)
    with pytest.raises(Misuse, match=message):
        run.benchmark(plan, tmp_path, print)
    assert list(tmp_path.iterdir()) == []


def test_the_manual_names_every_group() -> None:
    from scripts import benchmark

    assert list(GROUPS) == benchmark._GROUPS


@pytest.mark.cost
def test_two_runs_give_ratios_within_their_intervals(tmp_path: Path) -> None:
    groups = [option for group in ("train", "load", "preprocess", "memory") for option in ("--groups", group)]
    runs = [benchmark(tmp_path / name, "--models", SMALLEST, *groups, "--rounds", "9", "--json") for name in "ab"]
    assert [end.stderr for end in runs if end.returncode] == []
    found = [
        {
            (one["case"], peer): Ratio(**value)
            for one in json.loads(end.stdout)["measured"]
            for peer, value in one["ratios"].items()
        }
        for end in runs
    ]
    apart = {key: (first, found[1][key]) for key, first in found[0].items() if not first.overlaps(found[1][key])}
    assert found[0].keys() == found[1].keys() and apart == {}
