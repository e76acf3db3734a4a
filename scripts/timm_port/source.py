"""The timm side of a port: a model with its weights, its data configuration and where they came from."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from timm.data import resolve_model_data_config
from timm.models.resnet import ResNet
from torch import nn

from resnet_model import ResnetConfig
from scripts.hub_ready.checkpoint import PREFIXES, read_weights
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.weights import load_weights

from .architecture import config_from, recorded_arguments

_SCHEMES = ("hf-hub:", "local-dir:")


@dataclass(frozen=True)
class Source:
    """What is ported.

    Attributes:
        name: as it was asked for.
        model: timm's network with its weights, in evaluation mode.
        config: the same architecture as this repository's configuration, labels not yet named.
        data: timm's data configuration (input_size, interpolation, mean, std, crop_pct, crop_mode).
        weights: "pretrained", "random" or the file.
        seed: of random weights.
    """

    name: str
    model: ResNet
    config: ResnetConfig
    data: dict[str, Any]
    weights: str
    seed: int

    @property
    def pretrained_cfg(self) -> dict[str, Any]:
        """What timm says about the checkpoint: license, tag, origin, papers."""
        return self.model.pretrained_cfg


def family() -> list[str]:
    """The names of all architectures that `timm.models.resnet` registers."""
    return timm.list_models(module="resnet")


def check_name(name: str) -> None:
    """Refuse a name that timm does not know or that is not of the ResNet family, with the nearest names."""
    if name.startswith(_SCHEMES):
        return
    architecture, _, tag = name.partition(".")
    names = family()
    if architecture not in names:
        if timm.is_model(architecture):
            raise Misuse(f"{architecture!r} is not of timm's ResNet family, which is: {', '.join(names)}")
        near = difflib.get_close_matches(architecture, names, n=4, cutoff=0.4) or names[:4]
        raise Misuse(f"{architecture!r} is not a model of timm; the nearest names are {', '.join(near)}")
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        has = f"it has {', '.join(tags)}" if tags else "it has none"
        raise Misuse(f"timm has no weights {tag!r} for {architecture}; {has}")


def _create(name: str, **kwargs: Any) -> tuple[ResNet, dict[str, Any]]:
    """timm's model and the arguments it was built with."""
    try:
        with recorded_arguments() as calls:
            model = timm.create_model(name, **kwargs)
    except Exception as error:  # the Hub's, the network's and the file's errors have no common base
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        other = "; give a checkpoint that you have with --weights FILE, or --weights random"
        hint = other if kwargs.get("pretrained") else ""
        raise Problem(f"timm could not load {name}: {reason}{hint}") from error
    if not calls:
        raise Misuse(f"{name} is a {type(model).__name__}; expected a model of timm's ResNet family")
    return model, calls[-1]


def _pretrained(name: str) -> tuple[ResNet, dict[str, Any]]:
    if not name.startswith(_SCHEMES) and not timm.list_pretrained(f"{name.partition('.')[0]}.*"):
        raise Problem(f"timm has no pretrained weights for {name}; use --weights FILE or --weights random")
    return _create(name, pretrained=True)


def _from_file(name: str, path: Path) -> tuple[ResNet, dict[str, Any]]:
    """timm's architecture with the weights, class count and channel count of a file."""
    # A checkpoint of this repository's own model has a ResNet's names behind "model.".
    state = read_weights(path, (*PREFIXES, "model."))
    shape = {key: state[key].shape for key in ("fc.weight", "conv1.weight", "conv1.0.weight") if key in state}
    sizes = {"num_classes": shape["fc.weight"][0]} if "fc.weight" in shape else {}
    stem = shape.get("conv1.weight", shape.get("conv1.0.weight"))
    if stem is not None and len(stem) == 4:
        sizes["in_chans"] = stem[1]
    model, arguments = _create(name, pretrained=False, **sizes)
    # Checkpoints older than the counter of batch norm lack it.
    counters = {key: value for key, value in model.state_dict().items() if key.endswith("num_batches_tracked")}
    load_weights(model, {**counters, **state}, f"{path}, read as {name},")
    return model, arguments


def _grey(data: dict[str, Any]) -> dict[str, Any]:
    """timm states three means for colour even where a network sees grey; grey gets their mean."""
    mean, std = (sum(data[key]) / len(data[key]) for key in ("mean", "std"))
    return {**data, "mean": (mean,), "std": (std,)}


def _data_config(model: ResNet) -> dict[str, Any]:
    data = resolve_model_data_config(model)
    data["input_size"] = (model.in_chans, *data["input_size"][1:])
    return _grey(data) if model.in_chans == 1 and len(data["mean"]) != 1 else data


def load_source(name: str, weights: str, seed: int) -> Source:
    """Create what is to be ported.

    Args:
        name: timm's name, with or without a tag, or `hf-hub:...` or `local-dir:...`.
        weights: "pretrained", "random" or a path.
        seed: of random weights.

    Raises:
        Misuse: the name or the path does not exist.
        Problem: the weights cannot be had, do not fit, or the network cannot be expressed.
    """
    check_name(name)
    if weights == "pretrained":
        model, arguments = _pretrained(name)
    elif weights == "random":
        torch.manual_seed(seed)
        model, arguments = _create(name, pretrained=False)
    else:
        model, arguments = _from_file(name, Path(weights))
    if not isinstance(model.fc, nn.Linear):
        raise Problem(f"{name} has no classifier; expected one with at least one class")
    architecture = model.pretrained_cfg.get("architecture") or name.partition(".")[0]
    config = config_from(arguments, architecture, num_classes=model.num_classes)
    return Source(name, model.eval(), config, _data_config(model), weights, seed)
