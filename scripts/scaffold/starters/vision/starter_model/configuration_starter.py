"""What describes one network: its sizes and its classes."""

from typing import Any, Optional

from transformers import PretrainedConfig
from transformers.utils.versions import require_version

# Every load reads this file first, so an environment that cannot run the model says so before anything else fails.
for _requirement in ("torch>=2.4", "transformers>=4.40.2"):
    require_version(_requirement, f"Run: pip install -U '{_requirement}'")

_PROVENANCE = {"_name_or_path", "_commit_hash", "transformers_version"}


class StarterConfig(PretrainedConfig):
    r"""Describes one network.

    Args:
        image_size: height and width in pixels that the image processor gives.
        num_channels: channels of `pixel_values`, 1 for grey or 3 for colour.
        patch_size: pixels that the first layer takes together, in each direction.
        width: features of the first stage; each further stage doubles them.
        depths: number of blocks in each stage.
        num_classes: number of classes, the same value as `num_labels`. 10 when neither it, `num_labels` nor `id2label`
            is given.

    Raises:
        ValueError: a size that is no positive integer, or names that do not number the classes from 0 on.
    """

    _auto_class = "AutoConfig"
    model_type = "starter"
    attribute_map = {"num_classes": "num_labels"}

    def __init__(
        self,
        # Your fields: one argument and one line below for each, with a default that makes a small network.
        image_size: int = 64,
        num_channels: int = 3,
        patch_size: int = 4,
        width: int = 32,
        depths: tuple = (2, 2, 2),
        num_classes: Optional[int] = None,
        **kwargs: Any,
    ):
        self.image_size = image_size
        self.num_channels = num_channels
        self.patch_size = patch_size
        self.width = width
        # JSON has no tuples: a list makes a configuration equal to its own round trip.
        self.depths = list(depths)
        self._check_sizes()
        # The class says it; a file's own value would hide that on the instance.
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

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values; `num_classes` among them, which versions would otherwise fill in differently."""
        return {**super().to_dict(), "num_classes": self.num_labels}

    def _check_sizes(self) -> None:
        """Whatever is written as a whole number, or as a list of them, must be positive."""
        for name, value in vars(self).items():
            for number in value if isinstance(value, list) else [value]:
                if type(number) is int and number < 1:
                    raise ValueError(f"{name} must be positive, found {value!r}")

    @staticmethod
    def _with_labels(num_classes: Optional[int], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Settle the labels here: which of num_labels and id2label wins when both are given changed in 5.4."""
        num_labels, id2label = kwargs.pop("num_labels", None), kwargs.pop("id2label", None)
        count = num_labels or (len(id2label) if id2label else num_classes) or 10
        if type(count) is not int or count < 1:
            raise ValueError(f"num_classes must be a positive integer, found {count!r}")
        if not id2label or len(id2label) != count:
            id2label = {i: f"LABEL_{i}" for i in range(count)}
            kwargs.pop("label2id", None)
        id2label = {int(i): label for i, label in id2label.items()}
        if sorted(id2label) != list(range(count)):
            raise ValueError(f"id2label must number its {count} classes from 0 on, found {sorted(id2label)}")
        label2id = kwargs.pop("label2id", None) or {label: i for i, label in id2label.items()}
        return {**kwargs, "id2label": id2label, "label2id": label2id}
