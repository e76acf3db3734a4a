"""timm's evaluation transform as a transformers image processor."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Optional, Union

import numpy as np
import torch
from PIL import Image
from timm.data import create_transform
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
from transformers.image_transforms import to_pil_image
from transformers.image_utils import make_list_of_images

_FIELDS = ("input_size", "interpolation", "mean", "std", "crop_pct", "crop_mode")
_INTERPOLATIONS = ("bilinear", "bicubic", "nearest", "box", "hamming", "lanczos")
_CROPS = ("center", "squash", "border")
_MODES = {1: "L", 3: "RGB"}


def _as_pil(image: Any, mode: str) -> Image.Image:
    """A PIL image of the mode; floating point is taken for fractions of 255 unless some value is above 1."""
    if not isinstance(image, Image.Image):
        # numpy knows no bfloat16.
        pixels = np.asarray(image.float() if getattr(image, "dtype", None) == torch.bfloat16 else image)
        if pixels.dtype.kind in "bf":
            # Rounded here: to_pil_image cuts 6.9999 down to 6.
            pixels = np.round(pixels * (255.0 if pixels.max() <= 1 else 1.0))
        image = to_pil_image(pixels)
    # Here and not in a thread: several images may read from one file.
    image.load()
    return image if image.mode == mode else image.convert(mode)


def _each(transform: Callable, images: list[Image.Image]) -> list[torch.Tensor]:
    """The transform of every image, in as many threads as torch has: Pillow resizes outside of Python's lock.

    A worker of a DataLoader has one thread, and nothing is started there.
    """
    threads = min(torch.get_num_threads(), len(images))
    if threads == 1:
        return [transform(image) for image in images]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(transform, images))


class ResnetImageProcessor(BaseImageProcessor):
    r"""Resizes, crops and normalises with timm's own transform, so that pixels equal timm's to the last bit.

    The native processors cannot: on transformers 5 they resize tensors where timm resizes images, and they round the
    crop differently. The field names are those of timm's data configuration (`timm.data.resolve_data_config`).

    Args:
        input_size: channels (1 for grey, 3 for colour), height and width that the model receives.
        interpolation: "bilinear", "bicubic" or another of timm's names.
        mean: value per channel that is subtracted, for pixels in 0 to 1.
        std: value per channel that is divided by.
        crop_pct: share of the resized image that the crop keeps, in (0, 1].
        crop_mode: "center", "squash" or "border".

    Raises:
        ValueError: a value that is none of these; the message lists what is allowed.
    """

    _auto_class = "AutoImageProcessor"
    model_input_names = ["pixel_values"]

    def __init__(
        self,
        input_size: Sequence[int] = (3, 224, 224),
        interpolation: str = "bicubic",
        mean: Sequence[float] = (0.485, 0.456, 0.406),
        std: Sequence[float] = (0.229, 0.224, 0.225),
        crop_pct: float = 0.875,
        crop_mode: str = "center",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.input_size, self.mean, self.std = list(input_size), list(mean), list(std)
        self.interpolation, self.crop_pct, self.crop_mode = interpolation, crop_pct, crop_mode
        if self.input_size[0] not in _MODES or not self.input_size[0] == len(self.mean) == len(self.std):
            raise ValueError(
                "input_size must begin with 1 or 3 channels, with one mean and one std for each, "
                f"found input_size {self.input_size}, mean {self.mean}, std {self.std}"
            )
        # timm takes an unknown crop_mode for "center".
        if crop_mode not in _CROPS or interpolation not in _INTERPOLATIONS:
            raise ValueError(
                f"crop_mode must be one of {list(_CROPS)} and interpolation one of {list(_INTERPOLATIONS)}, "
                f"found {crop_mode!r} and {interpolation!r}"
            )
        if not 0 < crop_pct <= 1:
            raise ValueError(f"crop_pct must be above 0 and at most 1, found {crop_pct!r}")

    # The names by which training scripts ask a native processor.
    image_mean = property(lambda self: self.mean)
    image_std = property(lambda self: self.std)
    size = property(lambda self: {"height": self.input_size[1], "width": self.input_size[2]})

    def preprocess(self, images: Any, return_tensors: Optional[Union[str, Any]] = "pt", **fields: Any) -> BatchFeature:
        """Turn one image or a list of images into a batch.

        Args:
            images: PIL images of any mode, or arrays or tensors of shape (height, width, channels) or
                (channels, height, width) in 0 to 255, or as fractions in 0 to 1; one, a list, or a batch.
            return_tensors: "pt" (the default) or "np".
            fields: replace fields of the processor for this call, for instance `crop_pct=1.0`.

        Returns:
            `pixel_values` of shape (batch, channels, height, width), float32.

        Raises:
            TypeError: a keyword that is not one of the processor's fields.
            ValueError: an empty list.
        """
        if isinstance(images, (list, tuple)) and not images:
            raise ValueError("expected at least one image, found an empty list")
        config = {name: getattr(self, name) for name in _FIELDS}
        if not fields.keys() <= config.keys():
            raise TypeError(f"preprocess takes {', '.join(config)}; found {', '.join(fields.keys() - config.keys())}")
        if fields:
            return ResnetImageProcessor(**{**config, **fields}).preprocess(images, return_tensors)
        pictures = [_as_pil(image, _MODES[self.input_size[0]]) for image in make_list_of_images(images)]
        raw = torch.stack(_each(create_transform(**config, normalize=False), pictures))
        # The arithmetic of timm's last two steps, once for the batch and in one piece of memory.
        mean, std = (torch.tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        pixels = raw.float().div_(255).sub_(mean).div_(std)
        return BatchFeature({"pixel_values": pixels}, tensor_type=return_tensors)
