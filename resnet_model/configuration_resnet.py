"""Configuration of timm's ResNet family: ResNet, ResNeXt, SE-ResNet, ECA-ResNet, ResNet-RS and their kin."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, Optional, Union

from transformers import PretrainedConfig
from transformers.utils.versions import require_version

# Every load reads this file first, so an environment that cannot run the model says so before anything else fails.
for _requirement in ("torch>=2.4", "transformers>=4.44.2", "timm>=1.0.9"):
    require_version(_requirement, f"Run: pip install -U '{_requirement}'")

# timm ships the widths of two pruned networks; each fits the architecture that it was pruned from, and no other.
_PRUNED_FROM = {"stem_type": "deep", "stem_width": 32, "avg_down": True, "attn_layer": "eca", "input_channels": 3}
_PRUNED = {
    "ecaresnet50d_pruned": {**_PRUNED_FROM, "layers": [3, 4, 6, 3]},
    "ecaresnet101d_pruned": {**_PRUNED_FROM, "layers": [3, 4, 23, 3]},
}
_CHOICES = {
    "stem_type": ("", "deep", "deep_tiered"),
    "attn_layer": (None, "se", "eca"),
    "aa_layer": (None, "avg", "blur"),
    "norm_layer": ("batchnorm", "groupnorm"),
    "down_kernel_size": (1, 3),
    "avg_down": (False, True),
    "replace_stem_pool": (False, True),
    "pruned": (None, *_PRUNED),
}
_BLOCKS = ("basic", "bottleneck")
_STAGES = 4  # timm's ResNet names its stages layer1 to layer4
_PROVENANCE = {"_name_or_path", "_commit_hash", "transformers_version"}
_GROUPS = 32  # timm's group norm has this many groups


def _one_of(name: str, value: Any, allowed: Sequence[Any]) -> None:
    if not any(value == choice and type(value) is type(choice) for choice in allowed):
        raise ValueError(f"{name} must be one of {list(allowed)}, found {value!r}")


def _positive(name: str, value: Any) -> None:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a positive integer, found {value!r}")


def _rate(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a number from 0 up to, not including, 1, found {value!r}")


def _per_stage(name: str, value: Any) -> list:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(values) != _STAGES:
        raise ValueError(f"{name} must hold {_STAGES} values, one a stage, found {value!r}")
    return values


class ResnetConfig(PretrainedConfig):
    r"""Describes one architecture of `timm.models.resnet`; the field names are those of `timm.models.resnet.ResNet`.

    Args:
        block_type: "basic" or "bottleneck"; a list of four gives each stage its own.
        layers: number of blocks in each of the four stages.
        num_classes: number of classes, the same value as `num_labels`. 1000 when neither it, `num_labels` nor
            `id2label` is given.
        input_channels: channels of `pixel_values` (timm's `in_chans`).
        cardinality: groups of the 3x3 convolution (ResNeXt). Above 1 for "bottleneck" only.
        base_width: width of a bottleneck at 64 planes (wide ResNets, ResNeXt). Other than 64 for "bottleneck" only.
        stem_width: channels of a deep stem's first convolutions.
        stem_type: "" (one 7x7 convolution), "deep" (three 3x3) or "deep_tiered" (three 3x3 of growing width).
        avg_down: average pooling in the shortcut (ResNet-D).
        attn_layer: channel attention, None, "se" (squeeze-and-excitation) or "eca" (efficient channel attention).
        attn_rd_ratio: reduction of "se"; None is timm's default of 1/16.
        aa_layer: anti-aliased downsampling, None, "avg" (average pool) or "blur" (BlurPool).
        replace_stem_pool: a stride-2 convolution in place of the stem's max pooling (ResNet-RS).
        norm_layer: "batchnorm" or "groupnorm".
        down_kernel_size: kernel of the shortcut's convolution, 1 or 3 (SENet-154).
        block_reduce_first: divides the width of a block's first convolution (SENet-154).
        channels: planes of the four stages.
        pruned: None, or the name of the layer widths that timm ships for a pruned ECA-ResNet.
        drop_rate: dropout before the classifier, in [0, 1).
        drop_path_rate: stochastic depth at the last block, in [0, 1); it grows linearly from 0 at the first.

    Raises:
        ValueError: a value that is unknown or that no network can have; the message lists what is allowed.

    Source: [Deep Residual Learning](https://arxiv.org/abs/1512.03385) and the papers that `timm.models.resnet` cites.
    """

    model_type = "custom_resnet"
    attribute_map = {"num_classes": "num_labels", "num_channels": "input_channels"}

    def __init__(
        self,
        block_type: Union[str, Sequence[str]] = "bottleneck",
        layers: Sequence[int] = (3, 4, 6, 3),
        num_classes: Optional[int] = None,
        input_channels: int = 3,
        cardinality: int = 1,
        base_width: int = 64,
        stem_width: int = 64,
        stem_type: str = "",
        avg_down: bool = False,
        attn_layer: Optional[str] = None,
        attn_rd_ratio: Optional[float] = None,
        aa_layer: Optional[str] = None,
        replace_stem_pool: bool = False,
        norm_layer: str = "batchnorm",
        down_kernel_size: int = 1,
        block_reduce_first: int = 1,
        channels: Sequence[int] = (64, 128, 256, 512),
        pruned: Optional[str] = None,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        **kwargs: Any,
    ):
        # JSON has no tuples: lists make a configuration equal to its own round trip.
        self.block_type = block_type if isinstance(block_type, str) else list(block_type)
        self.layers = _per_stage("layers", layers)
        self.input_channels = kwargs.pop("num_channels", input_channels)
        self.cardinality = cardinality
        self.base_width = base_width
        self.stem_width = stem_width
        # The tutorial writes a hyphen where timm has an underscore.
        self.stem_type = stem_type.replace("-", "_") if isinstance(stem_type, str) else stem_type
        self.avg_down = avg_down
        self.attn_layer = attn_layer
        self.attn_rd_ratio = attn_rd_ratio
        self.aa_layer = aa_layer
        self.replace_stem_pool = replace_stem_pool
        self.norm_layer = norm_layer
        self.down_kernel_size = down_kernel_size
        self.block_reduce_first = block_reduce_first
        self.channels = _per_stage("channels", channels)
        self.pruned = pruned
        self.drop_rate = drop_rate
        self.drop_path_rate = drop_path_rate
        self._validate_values()
        self._validate_combinations()
        # The class says it; a file's own value (the tutorial's is "resnet") would hide that on the instance.
        kwargs.pop("model_type", None)
        super().__init__(**self._with_labels(num_classes, kwargs))

    def __eq__(self, other: object) -> bool:
        """Equal when every field is, wherever each was loaded from and whichever version wrote it.

        Written out because from 5.4 on a subclass is made a dataclass, whose own == would ignore the fields set above.
        """
        return isinstance(other, PretrainedConfig) and all(
            self.__dict__.get(name) == other.__dict__.get(name)
            for name in (self.__dict__.keys() | other.__dict__.keys()) - _PROVENANCE
        )

    @property
    def block_types(self) -> list[str]:
        """The block of each stage, four names of "basic" or "bottleneck"."""
        return [self.block_type] * _STAGES if isinstance(self.block_type, str) else list(self.block_type)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values, `num_classes` among them.

        `num_labels` itself is never written, and `id2label` not when it equals the defaults of the version that saves:
        without `num_classes` the class count would be left to the defaults of the version that loads.
        """
        return {**super().to_dict(), "num_classes": self.num_labels}

    @staticmethod
    def _with_labels(num_classes: Optional[int], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Settle the labels here: which of num_labels and id2label wins when both are given changed in 5.4."""
        num_labels, id2label = kwargs.pop("num_labels", None), kwargs.pop("id2label", None)
        if num_labels is None and id2label is not None and num_classes not in (None, len(id2label)):
            raise ValueError(f"num_classes is {num_classes}, but id2label names {len(id2label)} classes")
        count = num_labels or (len(id2label) if id2label else num_classes) or 1000
        _positive("num_labels" if num_labels else "num_classes", count)
        if not id2label or len(id2label) != count:
            id2label = {i: f"LABEL_{i}" for i in range(count)}
            kwargs.pop("label2id", None)
        id2label = {int(i): label for i, label in id2label.items()}
        if sorted(id2label) != list(range(count)):
            raise ValueError(
                f"id2label must number its {count} classes from 0 to {count - 1}, found {sorted(id2label)}"
            )
        label2id = kwargs.pop("label2id", None) or {label: i for i, label in id2label.items()}
        return {**kwargs, "id2label": id2label, "label2id": label2id}

    def _validate_values(self) -> None:
        for name, allowed in _CHOICES.items():
            _one_of(name, getattr(self, name), allowed)
        for block in _per_stage("block_type", self.block_types):
            _one_of("block_type", block, _BLOCKS)
        for name in ("input_channels", "cardinality", "base_width", "stem_width", "block_reduce_first"):
            _positive(name, getattr(self, name))
        for name in ("layers", "channels"):
            for value in getattr(self, name):
                _positive(name, value)
        for name in ("drop_rate", "drop_path_rate"):
            _rate(name, getattr(self, name))

    def _validate_combinations(self) -> None:
        if "basic" in self.block_types and (self.cardinality, self.base_width) != (1, 64):
            found = f"cardinality {self.cardinality} and base_width {self.base_width}"
            raise ValueError(f'block_type "basic" needs cardinality 1 and base_width 64, found {found}')
        for name, needed in _PRUNED.get(self.pruned, {}).items():
            if getattr(self, name) != needed:
                raise ValueError(f"pruned {self.pruned!r} needs {name} {needed!r}, found {getattr(self, name)!r}")
        if self.attn_rd_ratio is not None:
            _rate("attn_rd_ratio", self.attn_rd_ratio)
            if self.attn_layer != "se":
                raise ValueError(f'attn_rd_ratio needs attn_layer "se", found {self.attn_layer!r}')
        if self.stem_type == "deep_tiered" and self.stem_width < 4:
            raise ValueError(f'stem_type "deep_tiered" needs a stem_width of at least 4, found {self.stem_width}')
        for widths in self._block_widths():
            if widths[0] < 1 or widths[0] % self.cardinality:
                raise ValueError(
                    f"channels {self.channels} with base_width {self.base_width} and block_reduce_first "
                    f"{self.block_reduce_first} give a width of {widths[0]}, which must be a multiple of "
                    f"cardinality {self.cardinality}"
                )
        normed = [width for widths in (self._stem_widths(), *self._block_widths()) for width in widths]
        if self.norm_layer == "groupnorm" and any(width % _GROUPS for width in normed):
            raise ValueError(f'norm_layer "groupnorm" needs widths that are multiples of {_GROUPS}, found {normed}')

    def _stem_widths(self) -> list[int]:
        """Channels of each normalised layer of the stem, as timm's ResNet sizes them."""
        if not self.stem_type:
            return [64]
        first = 3 * (self.stem_width // 4) if self.stem_type == "deep_tiered" else self.stem_width
        return [first, self.stem_width, 2 * self.stem_width]

    def _block_widths(self) -> list[list[int]]:
        """Channels of each normalised layer of a block, stage by stage, as timm's blocks size them."""
        stages = []
        for block, planes in zip(self.block_types, self.channels):
            basic = block == "basic"
            width = planes if basic else math.floor(planes * self.base_width / 64) * self.cardinality
            stages.append([width // self.block_reduce_first, width, planes if basic else 4 * planes])
        return stages
