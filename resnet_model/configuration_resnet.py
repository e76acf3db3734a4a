"""Configuration of timm's ResNet family: ResNet, ResNeXt, SE-ResNet, ECA-ResNet, ResNet-RS and their kin."""

from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

from transformers import PretrainedConfig
from transformers.utils.versions import require_version

# Every load reads this file first, so an environment that cannot run the model says so before anything else fails.
for _requirement in ("torch>=2.4", "transformers>=4.40.2", "timm>=1.0.10"):
    require_version(_requirement, f"Run: pip install -U '{_requirement}'")

_BLOCKS = ("basic", "bottleneck")
_PROBLEMS = (None, "regression", "single_label_classification", "multi_label_classification")
# Layer widths that timm ships; each fits the one network that it was pruned from, which all these fields describe.
_PRUNED = {"ecaresnet50d_pruned": [3, 4, 6, 3], "ecaresnet101d_pruned": [3, 4, 23, 3]}
_PRUNED_FROM = (
    {"block_type": "bottleneck", "input_channels": 3, "cardinality": 1, "base_width": 64, "stem_width": 32}
    | {"stem_type": "deep", "avg_down": True, "attn_layer": "eca", "aa_layer": None, "replace_stem_pool": False}
    | {"norm_layer": "batchnorm", "block_reduce_first": 1, "down_kernel_size": 1, "channels": [64, 128, 256, 512]}
)
_PROVENANCE = {"_name_or_path", "_commit_hash", "transformers_version"}
_GROUPS = 32  # of timm's group norm


def _one_of(name: str, value: Any, *allowed: Any) -> Any:
    # The type counts: 1 equals True, but is another value in JSON.
    if not any(value == choice and type(value) is type(choice) for choice in allowed):
        raise ValueError(f"{name} must be one of {list(allowed)}, found {value!r}")
    return value


def _positive(name: str, value: Any) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a positive integer, found {value!r}")
    return value


def _rate(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a number from 0 up to, not including, 1, found {value!r}")
    return value


def _per_stage(name: str, value: Any, check: Callable, *allowed: Any) -> list:
    # A list, for JSON has no tuples and a configuration equals its own round trip.
    if not isinstance(value, (list, tuple)) or len(value) != 4:
        raise ValueError(f"{name} must hold four values, one a stage, found {value!r}")
    return [check(name, one, *allowed) for one in value]


def _labels(num_classes: Optional[int], kwargs: dict[str, Any]) -> dict[str, dict]:
    """The one class count as id2label and label2id, taken out of `kwargs`.

    Settled here because which of num_labels and id2label wins when both are given changed in transformers 5.4.
    """
    num_labels, id2label, label2id = (kwargs.pop(name, None) for name in ("num_labels", "id2label", "label2id"))
    if id2label is None and label2id is not None:
        id2label = {i: label for label, i in label2id.items()}
    if num_labels is None and id2label is not None and num_classes not in (None, len(id2label)):
        raise ValueError(f"num_classes is {num_classes}, but id2label names {len(id2label)} classes")
    named = None if id2label is None else len(id2label)
    count = next((number for number in (num_labels, named, num_classes) if number is not None), 1000)
    _positive("num_classes", count)
    if named != count:
        id2label, label2id = {i: f"LABEL_{i}" for i in range(count)}, None
    if not isinstance(id2label, dict) or {str(i) for i in id2label} != {str(i) for i in range(count)}:
        raise ValueError(f"id2label must map each number from 0 to {count - 1} to a name, found {id2label}")
    id2label = {int(i): label for i, label in id2label.items()}
    return {"id2label": id2label, "label2id": label2id or {label: i for i, label in id2label.items()}}


class ResnetConfig(PretrainedConfig):
    r"""Describes one architecture of `timm.models.resnet`; the field names are those of `timm.models.resnet.ResNet`.

    Args:
        block_type: "basic" or "bottleneck"; a list of four gives each stage its own.
        layers: number of blocks in each of the four stages.
        num_classes: the same value as `num_labels`, 1000 when nothing says otherwise. Where several are given,
            `num_labels` wins over `id2label`, so that `from_pretrained(..., num_labels=2)` means what it says.
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
    """

    _auto_class = "AutoConfig"
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
        blocks = block_type if isinstance(block_type, (list, tuple)) else [block_type] * 4
        blocks = _per_stage("block_type", blocks, _one_of, *_BLOCKS)
        self.block_type = block_type if isinstance(block_type, str) else blocks
        self.layers = _per_stage("layers", layers, _positive)
        self.input_channels = _positive("input_channels", kwargs.pop("num_channels", input_channels))
        self.cardinality = _positive("cardinality", cardinality)
        self.base_width = _positive("base_width", base_width)
        self.stem_width = _positive("stem_width", stem_width)
        # The tutorial writes a hyphen where timm has an underscore.
        stem_type = "deep_tiered" if stem_type == "deep-tiered" else stem_type
        self.stem_type = _one_of("stem_type", stem_type, "", "deep", "deep_tiered")
        self.avg_down = _one_of("avg_down", avg_down, False, True)
        self.attn_layer = _one_of("attn_layer", attn_layer, None, "se", "eca")
        self.attn_rd_ratio = attn_rd_ratio if attn_rd_ratio is None else _rate("attn_rd_ratio", attn_rd_ratio)
        self.aa_layer = _one_of("aa_layer", aa_layer, None, "avg", "blur")
        self.replace_stem_pool = _one_of("replace_stem_pool", replace_stem_pool, False, True)
        self.norm_layer = _one_of("norm_layer", norm_layer, "batchnorm", "groupnorm")
        self.down_kernel_size = _one_of("down_kernel_size", down_kernel_size, 1, 3)
        self.block_reduce_first = _positive("block_reduce_first", block_reduce_first)
        self.channels = _per_stage("channels", channels, _positive)
        self.pruned = _one_of("pruned", pruned, None, *_PRUNED)
        self.drop_rate = _rate("drop_rate", drop_rate)
        self.drop_path_rate = _rate("drop_path_rate", drop_path_rate)
        _one_of("problem_type", kwargs.get("problem_type"), *_PROBLEMS)
        self._check_combinations()
        # The class says it; a file's own value (the tutorial's is "resnet") would hide that on the instance.
        kwargs.pop("model_type", None)
        super().__init__(**_labels(num_classes, kwargs), **kwargs)

    def __eq__(self, other: object) -> bool:
        """Equal when every field is, wherever each was loaded from and whichever version wrote it.

        Written out because from 5.4 on a subclass is made a dataclass, whose own == would ignore the fields set above.
        """
        return isinstance(other, PretrainedConfig) and all(
            self.__dict__.get(name) == other.__dict__.get(name)
            for name in (self.__dict__.keys() | other.__dict__.keys()) - _PROVENANCE
        )

    def __repr__(self) -> str:
        """Every field but the names of the classes: each load formats this for its log, and a thousand take long."""
        names = ("id2label", "label2id")
        shown = {name: value for name, value in vars(self).items() if name[0] != "_" and name not in names}
        return f"{type(self).__name__} {shown}"

    @property
    def block_types(self) -> list[str]:
        """The block of each stage, four names of "basic" or "bottleneck"."""
        return [self.block_type] * 4 if isinstance(self.block_type, str) else list(self.block_type)

    def check(self) -> None:
        """Raise what the constructor raises: from_pretrained sets what it is given after it, unchecked."""
        type(self)(**{name: value for name, value in vars(self).items() if name[0] != "_"})

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values.

        `num_labels` itself is never written, and `id2label` not when it equals the defaults of the version that saves:
        without `num_classes` the class count would be left to the defaults of the version that loads.
        """
        return {**super().to_dict(), "num_classes": self.num_labels}

    def _check_combinations(self) -> None:
        if "basic" in self.block_types and (self.cardinality, self.base_width) != (1, 64):
            found = f"cardinality {self.cardinality} and base_width {self.base_width}"
            raise ValueError(f'block_type "basic" needs cardinality 1 and base_width 64, found {found}')
        if self.attn_rd_ratio is not None and self.attn_layer != "se":
            raise ValueError(f'attn_rd_ratio needs attn_layer "se", found {self.attn_layer!r}')
        if self.stem_type == "deep_tiered" and self.stem_width < 4:
            raise ValueError(f'stem_type "deep_tiered" needs a stem_width of at least 4, found {self.stem_width}')
        needed = {**_PRUNED_FROM, "layers": _PRUNED[self.pruned]} if self.pruned else {}
        for name, value in needed.items():
            if getattr(self, name) != value:
                raise ValueError(f"pruned {self.pruned!r} needs {name} {value!r}, found {getattr(self, name)!r}")
        normed = [*self._stem_widths(), *self._block_widths()]
        if self.norm_layer == "groupnorm" and any(width % _GROUPS for width in normed):
            raise ValueError(f'norm_layer "groupnorm" needs widths that are multiples of {_GROUPS}, found {normed}')

    def _stem_widths(self) -> list[int]:
        """Channels of each normalised layer of the stem, as timm's ResNet sizes them."""
        first = 3 * (self.stem_width // 4) if self.stem_type == "deep_tiered" else self.stem_width
        return [first, self.stem_width, 2 * self.stem_width] if self.stem_type else [64]

    def _block_widths(self) -> list[int]:
        """Channels of each normalised layer of each stage's blocks, as timm's blocks size them."""
        widths = []
        for block, planes in zip(self.block_types, self.channels):
            width = planes if block == "basic" else planes * self.base_width // 64 * self.cardinality
            first = width // self.block_reduce_first
            if first < 1 or first % self.cardinality:
                raise ValueError(
                    f"channels {planes}, base_width {self.base_width} and block_reduce_first "
                    f"{self.block_reduce_first} must give a multiple of cardinality {self.cardinality}, found {first}"
                )
            widths += [first, width, planes if block == "basic" else 4 * planes]
        return widths
