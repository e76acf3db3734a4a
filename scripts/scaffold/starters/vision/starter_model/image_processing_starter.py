"""From images to the pixels that the model takes."""

from collections.abc import Sequence
from typing import Any, Optional, Union

import numpy as np
from PIL import Image
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
from transformers.image_transforms import to_pil_image
from transformers.image_utils import make_list_of_images

_MODES = {1: "L", 3: "RGB"}
_FIELDS = ("image_size", "image_mean", "image_std")


class StarterImageProcessor(BaseImageProcessor):
    r"""Resizes the shorter side, crops the centre and normalises, with Pillow and numpy.

    A native processor would resize with Pillow on transformers 4 and with torchvision on 5, which gives other pixels:
    this one gives the same on every version.

    Args:
        image_size: height and width of the result in pixels.
        image_mean: value per channel that is subtracted, for pixels in 0 to 1; one value for grey, three for colour.
        image_std: value per channel that is divided by.

    Raises:
        ValueError: a size that is not positive, or other than 1 or 3 means with as many deviations.
    """

    _auto_class = "AutoImageProcessor"
    model_input_names = ["pixel_values"]

    def __init__(
        self,
        image_size: int = 64,
        image_mean: Sequence[float] = (0.5, 0.5, 0.5),
        image_std: Sequence[float] = (0.5, 0.5, 0.5),
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.image_size, self.image_mean, self.image_std = image_size, list(image_mean), list(image_std)
        if type(image_size) is not int or image_size < 1:
            raise ValueError(f"image_size must be a positive integer, found {image_size!r}")
        if len(self.image_mean) not in _MODES or len(self.image_std) != len(self.image_mean):
            raise ValueError(
                f"image_mean and image_std must hold 1 or 3 values each, found {self.image_mean} and {self.image_std}"
            )

    # The name by which training scripts ask a native processor.
    size = property(lambda self: {"height": self.image_size, "width": self.image_size})

    def preprocess(self, images: Any, return_tensors: Optional[Union[str, Any]] = "pt", **fields: Any) -> BatchFeature:
        """Turn one image or a list of images into a batch.

        Args:
            images: PIL images of any mode, or arrays or tensors of shape (height, width, channels) or
                (channels, height, width) in 0 to 255 (uint8) or 0 to 1 (float); one, a list, or a batch.
            return_tensors: "pt" (the default) or "np".
            fields: replace fields of the processor for this call, for instance `image_size=96`.

        Returns:
            `pixel_values` of shape (batch, channels, image_size, image_size), float32.

        Raises:
            TypeError: a keyword that is not one of the processor's fields.
        """
        if not fields.keys() <= set(_FIELDS):
            raise TypeError(f"preprocess takes {', '.join(_FIELDS)}; found {', '.join(fields.keys() - set(_FIELDS))}")
        size, mean, std = (fields.get(name, getattr(self, name)) for name in _FIELDS)
        pixels = []
        for image in make_list_of_images(images):
            square = _cropped(to_pil_image(image).convert(_MODES[len(mean)]), size)
            values = np.asarray(square, dtype=np.float32).reshape(size, size, len(mean)) / np.float32(255)
            values = (values - np.asarray(mean, dtype=np.float32)) / np.asarray(std, dtype=np.float32)
            # In one piece: the same numbers in another memory layout take another way through a convolution.
            pixels.append(np.ascontiguousarray(values.transpose(2, 0, 1)))
        return BatchFeature({"pixel_values": np.stack(pixels)}, tensor_type=return_tensors)


def _cropped(image: Image.Image, size: int) -> Image.Image:
    """The centre of the image, its shorter side resized to `size`."""
    scale = size / min(image.size)
    width, height = (max(size, round(side * scale)) for side in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    return resized.crop((left, top, left + size, top + size))
