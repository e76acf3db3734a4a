"""Weights in files: reading a checkpoint of the author's, and what was written."""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from .problems import Misuse, Problem, first_few

# What stands before a model's own names in checkpoints of torch.compile and of data-parallel training.
PREFIXES = ("_orig_mod.", "module.")
# Where training loops put the state dict inside of what they save; averaged weights come first.
_WRAPPERS = ("state_dict_ema", "model_ema", "ema", "state_dict", "model_state_dict", "model")


def read_weights(path: Path, prefixes: Sequence[str] = PREFIXES) -> dict[str, Tensor]:
    """The state dict in a safetensors file or a torch checkpoint, freed of its wrappers.

    A torch checkpoint is read with `weights_only=True`: no code in it is run.

    Args:
        path: the file.
        prefixes: what to take off, one after the other, where every name begins with it.

    Raises:
        Misuse: there is no such file.
        Problem: the file is damaged, is no checkpoint, or holds something else than tensors.
    """
    if not path.is_file():
        raise Misuse(f"--weights: expected a file, or one of the words in --help, found {str(path)!r}")
    try:
        state = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise Problem(f"{path} is a pickle with more than tensors in it, which is not run: {reason}") from error
    except Exception as error:  # on garbage the readers raise whatever the bytes lead them to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Problem(f"{path} is damaged or not a checkpoint: {reason}") from error
    for wrapper in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise Problem(f"{path}: expected a state dict of tensors, found {type(state).__name__}")
    for prefix in prefixes:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return dict(state)


def _unpickled(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


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
