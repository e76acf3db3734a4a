"""One exported folder means the same on every version that requirements.txt allows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.specifiers import SpecifierSet
from PIL import Image
from safetensors.torch import save_file

from resnet_model import ResnetImageProcessor
from scripts.hub_ready.export import export
from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.samples import sample_image
from tests.model.networks import pixels, tiny_model

from .environments import ENVIRONMENTS, python_of

pytestmark = pytest.mark.versions
JOB = Path(__file__).with_name("job.py")
EQUAL = {"pixels": 0.0, "reports": [{}, {}], "changed": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network with BlurPool and attention, exported here; beside it what it answers here."""
    place = tmp_path_factory.mktemp("exports") / "tiny"
    place.mkdir()
    model = tiny_model(aa_layer="blur", attn_layer="se", id2label={0: "cat", 1: "dog", 2: "eel"})
    processor, image = ResnetImageProcessor((3, 64, 64)), sample_image(97, 131)
    export(model, [processor], read_manifest(), place)
    with torch.no_grad():
        output = model(pixels(), output_hidden_states=True)
        pooled = model.model.global_pool(output.hidden_states[-1])
    tensors = {"pixel_values": pixels(), "logits": output.logits, "pooled": pooled, "image": torch.from_numpy(image)}
    tensors["pixels"] = processor(Image.fromarray(image)).pixel_values
    save_file(tensors, place.with_name("reference.safetensors"))
    return place


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def found(request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """What one environment makes of the folder; `scratch` is where it saved it again."""
    scratch = tmp_path_factory.mktemp("saved")
    with FreshInterpreter((*LIBRARIES, "timm"), python_of(request.param)) as interpreter:
        yield run(interpreter, folder, scratch, folder) | {"scratch": scratch, "name": request.param}


def run(interpreter: FreshInterpreter, folder: Path, scratch: Path, exported: Path) -> dict[str, Any]:
    places = {"folder": str(folder), "scratch": str(scratch)}
    return interpreter.run(JOB, {**places, "reference": str(exported.with_name("reference.safetensors"))})


def assert_equal(numbers: dict[str, Any], name: str) -> None:
    # Between torch 2.4 and today's the order of the sums differs; with one torch nothing may.
    logits, pooled = numbers.pop("logits"), numbers.pop("pooled")
    assert max(logits, pooled) <= (1e-5 if name == "oldest" else 0.0)
    assert numbers == EQUAL


def test_the_environment_is_the_one_that_was_asked_for(found: dict[str, Any]) -> None:
    wanted = ENVIRONMENTS[found["name"]]()
    assert {n: v for n, v in wanted.items() if not SpecifierSet(f"=={v}").contains(found["versions"][n])} == {}


def test_the_folder_gives_the_same_numbers(found: dict[str, Any]) -> None:
    assert_equal(found["first"], found["name"])


def test_what_it_saves_gives_the_same_numbers(found: dict[str, Any]) -> None:
    assert_equal(found["saved"], found["name"])


def test_what_it_saves_loads_here(found: dict[str, Any], folder: Path, interpreter: FreshInterpreter) -> None:
    again = run(interpreter, found["scratch"] / "saved", found["scratch"] / "here", folder)
    assert_equal(again["first"], "installed")
    assert again["configuration"]


def test_configurations_survive_their_round_trips(found: dict[str, Any]) -> None:
    assert found["configuration"]


def test_a_new_label_count_changes_the_head_alone(found: dict[str, Any]) -> None:
    head = ["model.fc.bias", "model.fc.weight"]
    assert found["head"] == {"finite": True, "spread": True, "changed": head, "count": 50}


def test_checkpointing_changes_neither_gradients_nor_statistics(found: dict[str, Any]) -> None:
    assert found["gradients"] == []
