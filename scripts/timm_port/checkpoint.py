"""Reading weights from a file, and saying what does not fit."""

import pickle
from collections.abc import Mapping
from pathlib import Path

from timm.models import load_state_dict
from torch import Tensor

from scripts.hub_ready.problems import Misuse, Problem, first_few

# What surrounds a ResNet's own names in checkpoints of transformers (this repository's too) and of torch.compile.
_PREFIXES = ("_orig_mod.", "model.")


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        if state and all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The state dict in a safetensors file or a torch checkpoint, freed of its wrappers (`state_dict`, `module.` ...).

    A torch checkpoint is read with `weights_only=True`: no code in it is run.

    Raises:
        Misuse: there is no such file.
        Problem: the file is damaged, is no checkpoint, or holds something else than tensors.
    """
    if not path.is_file():
        raise Misuse(f"--weights: expected pretrained, random or a file, found {str(path)!r}, which is no file")
    try:
        state = load_state_dict(str(path), weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).splitlines()[0]
        raise Problem(f"{path} is a pickle with more than tensors in it, which is not run: {reason}") from error
    except Exception as error:  # on garbage the readers raise whatever the bytes lead them to
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Problem(f"{path} is damaged or not a checkpoint: {reason}") from error
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise Problem(f"{path}: expected a state dict of tensors, found {type(state).__name__}")
    return _without_prefix(dict(state))


def mismatches(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    """What keeps `found` from fitting a network with the state dict `expected`, a line a kind; empty when it fits."""
    # Checkpoints older than the counter of batch norm lack it, and torch fills it in.
    missing = [name for name in expected if name not in found and not name.endswith("num_batches_tracked")]
    unexpected = [name for name in found if name not in expected]
    shapes = [
        f"{name} (expected {tuple(tensor.shape)}, found {tuple(found[name].shape)})"
        for name, tensor in expected.items()
        if name in found and tensor.shape != found[name].shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    return [f"{len(names)} {kind}: {first_few(names)}" for kind, names in kinds.items() if names]
