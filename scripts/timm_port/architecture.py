"""From the arguments that timm gave its ResNet to this repository's configuration."""

import functools
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from timm.layers import BlurPool2d, EcaModule, GroupNorm, SEModule
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn

from resnet_model import ResnetConfig
from scripts.hub_ready.problems import Problem

_SAME_NAME = (
    "layers",
    "cardinality",
    "base_width",
    "stem_width",
    "stem_type",
    "replace_stem_pool",
    "block_reduce_first",
    "down_kernel_size",
    "avg_down",
    "channels",
    "drop_rate",
    "drop_path_rate",
)
_BLOCKS = {BasicBlock: "basic", Bottleneck: "bottleneck"}
_NORMS = {nn.BatchNorm2d: "batchnorm", "batchnorm": "batchnorm", GroupNorm: "groupnorm", "groupnorm": "groupnorm"}
_ANTI_ALIASING = {None: None, nn.AvgPool2d: "avg", "avg": "avg", BlurPool2d: "blur", "blur": "blur"}
_ATTENTION = {None: None, "se": "se", SEModule: "se", "eca": "eca", EcaModule: "eca"}
# Arguments for which the configuration has no field, with the one value that it can express.
_FIXED = {"output_stride": 32, "global_pool": "avg", "act_layer": nn.ReLU, "drop_block_rate": 0.0}


@contextmanager
def recorded_arguments() -> Iterator[list[dict[str, Any]]]:
    """Collect the arguments, defaults included, of every ResNet that timm builds in the block.

    timm keeps no record of them, and reading them off the finished layers would be guesswork.
    """
    calls, build = [], ResNet.__init__
    signature = inspect.signature(build)

    @functools.wraps(build)
    def record(self: ResNet, *args: Any, **kwargs: Any) -> None:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        calls.append({name: value for name, value in bound.arguments.items() if name != "self"})
        build(self, *args, **kwargs)

    with mock.patch.object(ResNet, "__init__", record):
        yield calls


def _block_type(block: Any) -> str | list[str]:
    if isinstance(block, (list, tuple)):
        return [_BLOCKS[one] for one in block]
    return _BLOCKS[block]


def _attention(block_args: dict[str, Any] | None) -> dict[str, Any]:
    layer = dict(block_args or {}).pop("attn_layer", None)
    ratio = None
    if isinstance(layer, functools.partial):
        ratio, layer = layer.keywords.get("rd_ratio"), layer.func
    return {"attn_layer": _ATTENTION[layer], "attn_rd_ratio": ratio}


def config_from(arguments: dict[str, Any], architecture: str, **labels: Any) -> ResnetConfig:
    """The configuration of the network that timm built.

    Args:
        arguments: what `recorded_arguments` collected.
        architecture: timm's name without its tag; it alone says that a network is a pruned one.
        labels: `num_classes` or `id2label`.

    Raises:
        Problem: an argument has a value that the configuration cannot express.
    """
    foreign = {name: arguments[name] for name, value in _FIXED.items() if arguments[name] != value}
    if foreign:
        raise Problem(f"ResnetConfig cannot express {foreign}; it stands for {_FIXED}")
    try:
        fields = {
            "block_type": _block_type(arguments["block"]),
            "norm_layer": _NORMS[arguments["norm_layer"]],
            "aa_layer": _ANTI_ALIASING[arguments["aa_layer"]],
            **_attention(arguments["block_args"]),
        }
    except KeyError as error:
        raise Problem(f"ResnetConfig has no name for the layer {error}") from error
    fields |= {name: arguments[name] for name in _SAME_NAME}
    pruned = architecture if architecture.endswith("_pruned") else None
    return ResnetConfig(**fields, input_channels=arguments["in_chans"], pruned=pruned, **labels)
