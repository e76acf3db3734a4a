"""What one version of transformers makes of an exported folder.

Runs in an interpreter of another environment; imports nothing of this project.
"""

import copy
import importlib.metadata
import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification


def load(auto: Any, folder: Path, **options: Any) -> tuple[nn.Module, dict[str, list[str]]]:
    """A model in evaluation mode, and its report without empty entries."""
    model, report = auto.from_pretrained(folder, trust_remote_code=True, output_loading_info=True, **options)
    return model.eval(), {kind: sorted(map(str, names)) for kind, names in report.items() if names}


def changed(model: nn.Module, file: Path) -> list[str]:
    """Names of the tensors that are in the file and differ from it in any bit."""
    state = model.state_dict()
    return [name for name, tensor in load_file(file).items() if name in state and not torch.equal(state[name], tensor)]


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference: 0.0 is equality."""
    return (found - expected).abs().max().item()


def numbers(folder: Path, expected: dict[str, torch.Tensor]) -> dict[str, Any]:
    """How far what a folder gives through each class is from the expected numbers."""
    model, report = load(AutoModelForImageClassification, folder)
    body, body_report = load(AutoModel, folder)
    processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    with torch.no_grad():
        logits = model(pixel_values=expected["pixel_values"]).logits
        pooled = body(pixel_values=expected["pixel_values"]).pooler_output
    return {
        "logits": distance(logits, expected["logits"]),
        "pooled": distance(pooled, expected["pooled"]),
        "pixels": distance(processor(expected["image"]).pixel_values, expected["pixels"]),
        "reports": [report, body_report],
        "changed": changed(model, folder / "model.safetensors") + changed(body, folder / "model.safetensors"),
    }


def configuration(folder: Path, scratch: Path) -> bool:
    """Whether a configuration equals itself after each round trip, and another one does not."""
    config = AutoConfig.from_pretrained(folder, trust_remote_code=True)
    config.save_pretrained(scratch)
    twins = [copy.deepcopy(config), pickle.loads(pickle.dumps(config)), type(config).from_dict(config.to_dict())]
    twins += [AutoConfig.from_pretrained(scratch, trust_remote_code=True), type(config).from_pretrained(scratch)]
    other = copy.deepcopy(config)
    other.stem_width += 1
    labelled = [twin.id2label == {0: "cat", 1: "dog", 2: "eel"} and twin.num_classes == 3 for twin in twins]
    # Another class of the same name where a second load imported the code again: their fields are what counts.
    return all(twin == config for twin in twins) and other != config and all(labelled)


def head_swap(folder: Path, expected: dict[str, torch.Tensor]) -> dict[str, Any]:
    """A load with another label count, and what it left alone."""
    model, _ = load(AutoModelForImageClassification, folder, num_labels=50, ignore_mismatched_sizes=True)
    with torch.no_grad():
        finite = bool(model(pixel_values=expected["pixel_values"]).logits.isfinite().all())
    spread = model.model.fc.weight.std().item() * (3 * model.model.fc.in_features) ** 0.5
    head = sorted(changed(model, folder / "model.safetensors"))
    return {"finite": finite, "spread": 0.8 < spread < 1.2, "changed": head, "count": model.config.num_labels}


def gradients(folder: Path, expected: dict[str, torch.Tensor], checkpointing: bool) -> dict[str, torch.Tensor]:
    """Gradients and running statistics after one step."""
    model = load(AutoModelForImageClassification, folder)[0].train()
    if checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()  # as PEFT does
    model(pixel_values=expected["pixel_values"], labels=torch.tensor([0, 1])).loss.backward()
    return {
        **{name: p.grad for name, p in model.named_parameters()},
        **{f"b.{n}": b for n, b in model.named_buffers()},
    }


def main(folder: str, scratch: str, reference: str) -> dict[str, Any]:
    """Load, save and load again.

    Returns:
        `versions`, and what was found; `scratch`/saved is the folder that this version wrote.
    """
    logging.disable(logging.WARNING)
    place, work, expected = Path(folder), Path(scratch), load_file(reference)
    first = numbers(place, expected)
    load(AutoModelForImageClassification, place)[0].save_pretrained(work / "saved", safe_serialization=True)
    AutoImageProcessor.from_pretrained(place, trust_remote_code=True).save_pretrained(work / "saved")
    plain, again = (gradients(place, expected, checkpointing) for checkpointing in (False, True))
    names = ("torch", "torchvision", "transformers", "timm", "safetensors", "pillow", "numpy", "huggingface_hub")
    return {
        "versions": {name: importlib.metadata.version(name) for name in names},
        "first": first,
        "saved": numbers(work / "saved", expected),
        "configuration": configuration(place, work / "configuration"),
        "head": head_swap(place, expected),
        "gradients": [name for name in plain if not torch.equal(plain[name], again[name])],
    }
