"""Weights into a model, and what was written of them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from .problems import Problem, first_few


def load_weights(model: torch.nn.Module, state: dict[str, Tensor], origin: str) -> None:
    """Put a state dict into a model; a Problem lists the first names that are missing, unexpected or misshapen."""
    expected = model.state_dict()
    shapes = [
        f"{name} (expected {tuple(tensor.shape)}, found {tuple(state[name].shape)})"
        for name, tensor in expected.items()
        if name in state and tensor.shape != state[name].shape
    ]
    kinds = {
        "missing": [name for name in expected if name not in state],
        "unexpected": [name for name in state if name not in expected],
        "of another shape": shapes,
    }
    wrong = [f"{len(names)} {kind}: {first_few(names)}" for kind, names in kinds.items() if names]
    if wrong:
        raise Problem(f"{origin} does not fit {type(model).__name__}: {'; '.join(wrong)}")
    model.load_state_dict(state)


def conversion(model: torch.nn.Module, state: Mapping[str, Tensor]) -> str:
    """How a model changes the type of floating tensors that it loads, "float16 to float32"; empty if it keeps it."""
    expected = model.state_dict()
    pairs = {(state[name].dtype, tensor.dtype) for name, tensor in expected.items() if tensor.is_floating_point()}
    words = [f"{old} to {new}".replace("torch.", "") for old, new in pairs if old != new]
    return ", ".join(sorted(words))


def check_written(expected: Mapping[str, Tensor], folder: Path) -> None:
    """Compare the weights files of a folder with what should be in them; a Problem when a single bit differs."""
    left = dict(expected)
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():  # noqa: SIM118, it is no dict
                tensor = left.pop(name, None)
                if tensor is None or not torch.equal(file.get_tensor(name), tensor):
                    raise Problem(f"weight {name} was not written as the model has it")
    if left:
        raise Problem(f"weights were not written: {first_few(list(left))}")


def checksums(folder: Path) -> dict[str, str]:
    """sha256 of each weights file of a folder, by name."""
    digests = {}
    for path in sorted(folder.glob("*.safetensors")):
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        digests[path.name] = digest.hexdigest()
    return digests
