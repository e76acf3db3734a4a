"""Reading a checkpoint of the author's: a file of tensors, or a folder that save_pretrained or Trainer wrote."""

import json
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from .problems import Misuse, Problem, first_few

# What stands before a model's own names in checkpoints of torch.compile and of data-parallel training.
PREFIXES = ("_orig_mod.", "module.")
# Where training loops put the state dict inside of what they save; averaged weights come first.
_WRAPPERS = ("state_dict_ema", "model_ema", "ema", "state_dict", "model_state_dict", "model")
# What save_pretrained has written over the years, each also in shards with an index.
_SAVED = ("model.safetensors", "pytorch_model.bin")
_FORMS = [f"{name}{end}" for name in _SAVED for end in ("", ".index.json")]
_LFS = b"version https://git-lfs"


def read_weights(path: Path, prefixes: Sequence[str] = PREFIXES) -> dict[str, Tensor]:
    """The state dict in a safetensors file, a torch checkpoint or the folder of a saved model, freed of its wrappers.

    A torch checkpoint is read with `weights_only=True`: no code in it is run.

    Args:
        path: the file or the folder.
        prefixes: what to take off, one after the other, where every name begins with it.

    Raises:
        Misuse: there is no such file, or no weights in the folder.
        Problem: a file is damaged, is no checkpoint, or holds something else than tensors; a shard is missing.
    """
    state: dict[str, Tensor] = {}
    for file in _files(path):
        state.update(_state_dict(file))
    for prefix in prefixes:
        if all(name.startswith(prefix) for name in state):
            state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _files(path: Path) -> list[Path]:
    """The files that hold the weights behind a path."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Misuse(f"--weights: expected a file or folder, or one of the words in --help, found {str(path)!r}")
    for name in _SAVED:
        if (path / name).is_file():
            return [path / name]
        if (path / f"{name}.index.json").is_file():
            return _shards(path / f"{name}.index.json")
    raise Misuse(f"--weights: expected {' or '.join(_SAVED)} or their shards in {path}, which {_held(path)}")


def _shards(index: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Problem(f"{index} is no index of shards; save the model again: {error!r}") from error
    if missing := [name for name in names if not (index.parent / name).is_file()]:
        raise Problem(f"{index} names {first_few(missing)}, which is not beside it; copy every shard there")
    return [index.parent / name for name in names]


def _held(folder: Path) -> str:
    """What a folder without weights holds instead, in words."""
    names = sorted(entry.name for entry in folder.iterdir())
    inner = [name for name in names if any((folder / name / form).is_file() for form in _FORMS)]
    if inner:
        # Trainer numbers its checkpoints by steps.
        last = max(inner, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
        return f"holds {first_few(inner)}: give the one you mean, for instance --weights {folder / last}"
    if "adapter_config.json" in names:
        return "holds an adapter: merge it into its model (merge_and_unload) and save that"
    return f"holds {first_few(names)}" if names else "is empty"


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    """The tensors of one file."""
    try:
        state = load_file(path) if path.suffix == ".safetensors" else _unpickled(path)
    except Exception as error:  # on garbage the readers raise whatever the bytes lead them to
        raise Problem(f"{path} {_trouble(path, error)}") from error
    for wrapper in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise Problem(f"{path}: expected a state dict of tensors, found {type(state).__name__}")
    return state


def _unpickled(path: Path) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _trouble(path: Path, error: Exception) -> str:
    """Why a file is not read, by what it looks like; torch's own message would advise to run what is in it."""
    with path.open("rb") as file:
        start = file.read(256)
    if not start:
        return "is empty"
    if start.startswith(_LFS):
        return "is a Git LFS pointer, and the weights are elsewhere; run: git lfs pull"
    if re.fullmatch(rb"[\t\n\r\x20-\x7e]+", start):
        return f"is text, and no checkpoint; it begins with {start[:30].decode().strip()!r}"
    if isinstance(error, pickle.UnpicklingError):
        found = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
        return (
            f"is a pickle with more than tensors in it{f' ({found[1]})' if found else ''}, which is not run; "
            "save the state dict alone: torch.save(model.state_dict(), FILE)"
        )
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"is damaged or not a checkpoint: {reason}"
