"""The image processor takes whatever a consumer has."""

import numpy as np
import pytest
import torch
from PIL import Image

from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.samples import sample_image
from scripts.hub_ready.source_model import Source


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "P", "RGBA", "CMYK", "1"])
@pytest.mark.parametrize("size", [(64, 64), (301, 40), (3, 200), (1, 1)])
def test_images_of_every_mode_and_size_have_one_shape(mode: str, size: tuple, source: Source) -> None:
    image = Image.fromarray(sample_image()).resize(size).convert(mode)
    pixels = source.processor(image)["pixel_values"]
    config = source.model.config
    assert pixels.shape == (1, config.num_channels, config.image_size, config.image_size)
    assert pixels.dtype == torch.float32 and pixels.isfinite().all()


def test_an_array_and_the_image_of_it_have_the_same_pixels(source: Source) -> None:
    array = sample_image()
    assert torch.equal(
        source.processor(array)["pixel_values"], source.processor(Image.fromarray(array))["pixel_values"]
    )


def test_pixels_are_normalised_by_mean_and_deviation() -> None:
    processor = read_manifest().load_class("AutoImageProcessor")(image_size=8, image_mean=[0.2], image_std=[0.4])
    white = Image.fromarray(np.full((8, 8), 255, dtype=np.uint8))
    np.testing.assert_allclose(processor(white, return_tensors="np")["pixel_values"], 2.0, rtol=1e-6)


def test_the_crop_is_the_centre_of_the_longer_side() -> None:
    processor = read_manifest().load_class("AutoImageProcessor")(image_size=4, image_mean=[0.0], image_std=[1.0])
    wide = np.zeros((4, 12), dtype=np.uint8)
    wide[:, 4:8] = 255
    assert processor(Image.fromarray(wide))["pixel_values"].min() == 1.0


def test_an_unknown_setting_is_refused(source: Source) -> None:
    with pytest.raises(TypeError, match="preprocess takes"):
        source.processor(sample_image(), image_sise=8)
