"""A folder as a consumer gets it, and a stranger who loads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from resnet_model import ResnetImageProcessor
from scripts.hub_ready.export import export
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import read_manifest

from .networks import pixels, tiny_model

JOBS = Path(__file__).parent / "jobs"
Stranger = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported folder of a tiny network with BlurPool and attention; beside it what it must answer."""
    folder = tmp_path_factory.mktemp("exports") / "tiny"
    folder.mkdir()
    model = tiny_model(aa_layer="blur", attn_layer="se", id2label={0: "cat", 1: "dog", 2: "eel"})
    export(model, [ResnetImageProcessor((3, 64, 64))], read_manifest(), folder)
    output = model(pixels(), output_hidden_states=True)
    pooled = output.hidden_states[-1].mean((2, 3))
    tensors = {"pixel_values": pixels(), "logits": output.logits.detach(), "pooled": pooled.detach()}
    save_file(tensors, folder.with_name("reference.safetensors"))
    return folder


@pytest.fixture
def stranger(interpreter: FreshInterpreter, exported: Path, tmp_path: Path) -> Stranger:
    """Run a case of `jobs/<file>` on the exported folder in a fresh process, with an empty folder to write in."""

    def run(file: str, case: str, **arguments: Any) -> dict[str, Any]:
        places = {"folder": str(exported), "scratch": str(tmp_path)}
        return interpreter.run(JOBS / f"{file}.py", {"case": case, **places, **arguments})

    return run
