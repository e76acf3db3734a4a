"""The processor's pixels are timm's, bit for bit."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import create_transform
from torch import Tensor

from resnet_model import ResnetImageProcessor
from scripts.hub_ready.samples import photographs, sample_image

# Height and width: odd, tall, wide, smaller than the crop, exact, a line.
SIZES = [(97, 131), (300, 60), (61, 401), (20, 31), (64, 64), (1, 90)]
MODES = ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16", "RGB"]
GREY = {"input_size": (1, 64, 64), "mean": [0.5], "std": [0.25]}


def timm_pixels(image: Image.Image, **fields: Any) -> Tensor:
    """What timm's own loader makes of an image: (1, channels, height, width)."""
    mode = "L" if fields["input_size"][0] == 1 else "RGB"
    return create_transform(**fields, is_training=False)(image.convert(mode))[None]


def picture(height: int = 97, width: int = 131, mode: str = "RGB") -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(sample_image(height, width)[..., 0].astype(np.uint16) * 257)
    image = Image.fromarray(sample_image(height, width))
    if mode not in ("RGBA", "LA"):
        return image.convert(mode)
    image = image.convert(mode)
    image.putalpha(Image.fromarray(sample_image(height, width)[..., 1]))
    return image


def assert_pixels(image: Any, expected: Tensor, processor: ResnetImageProcessor) -> None:
    """One image and a batch."""
    assert torch.equal(processor(image, return_tensors="pt").pixel_values, expected)
    assert torch.equal(processor([image, image]).pixel_values, torch.cat([expected, expected]))


def fields_of(size: tuple[int, int, int] = (3, 64, 64), **fields: Any) -> dict[str, Any]:
    defaults = {"interpolation": "bicubic", "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    return {"input_size": size, **defaults, "crop_pct": 0.875, "crop_mode": "center", **fields}


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
@pytest.mark.parametrize("size", [224, 288])
def test_photographs_equal_timms(name: str, size: int) -> None:
    fields = fields_of((3, size, size), crop_pct=0.95)
    image = photographs()[name]
    assert_pixels(image, timm_pixels(image, **fields), ResnetImageProcessor(**fields))


@pytest.mark.parametrize("crop_mode", ["center", "squash", "border"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 64, 64), (3, 48, 80)], ids=str)
def test_every_shape_equals_timms(crop_mode: str, interpolation: str, size: tuple[int, int, int]) -> None:
    for crop_pct in (0.875, 0.95, 1.0):
        fields = fields_of(size, crop_mode=crop_mode, interpolation=interpolation, crop_pct=crop_pct)
        processor = ResnetImageProcessor(**fields)
        for height, width in SIZES:
            image = picture(height, width)
            assert_pixels(image, timm_pixels(image, **fields), processor)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("grey", [False, True])
def test_every_mode_equals_timms(mode: str, grey: bool) -> None:
    fields = fields_of(**GREY) if grey else fields_of()
    image = picture(mode=mode)
    assert image.mode == mode
    assert_pixels(image, timm_pixels(image, **fields), ResnetImageProcessor(**fields))


def test_every_kind_of_input_equals_the_image() -> None:
    array, processor = sample_image(97, 131), ResnetImageProcessor((3, 64, 64))
    expected = timm_pixels(Image.fromarray(array), **fields_of())
    fractions = array.astype(np.float32) / 255
    first = np.ascontiguousarray(np.moveaxis(array, -1, 0))
    kinds = [array, first, torch.from_numpy(array), torch.from_numpy(first), torch.from_numpy(first) / 255]
    kinds += [fractions, fractions.astype(np.float64), array.astype(np.float32), array.astype(np.int64)]
    for kind in kinds:
        assert_pixels(kind, expected, processor)
        assert torch.equal(processor(kind[None]).pixel_values, expected)


def test_no_fraction_is_cut_off_to_the_next_lower_value() -> None:
    values = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    processor = ResnetImageProcessor((3, 16, 16), crop_pct=1.0)
    expected = processor(Image.fromarray(values)).pixel_values
    for dtype in (np.float16, np.float32, np.float64):
        assert torch.equal(processor(values.astype(dtype) / dtype(255)).pixel_values, expected)
        assert torch.equal(processor(values.astype(dtype) * dtype(1 / 255)).pixel_values, expected)
        assert torch.equal(processor(values.astype(dtype) - dtype(0.3)).pixel_values[..., 1:], expected[..., 1:])


def test_white_and_black_fractions_stay_white_and_black() -> None:
    processor = ResnetImageProcessor((3, 16, 16), mean=(0, 0, 0), std=(1, 1, 1))
    for value in (0.0, 1.0):
        assert (processor(np.full((20, 20, 3), value, np.float32)).pixel_values == value).all()


def test_pixels_that_no_image_has_are_refused() -> None:
    for bad in (np.full((8, 8, 3), -0.5, np.float32), np.full((8, 8, 3), 300.0), np.full((8, 8, 3), 300)):
        with pytest.raises(ValueError):
            ResnetImageProcessor()(bad)


def test_images_of_several_sizes_make_one_batch() -> None:
    images, fields = [picture(97, 131), picture(60, 40, "L")], fields_of()
    expected = torch.cat([timm_pixels(image, **fields) for image in images])
    assert torch.equal(ResnetImageProcessor(**fields)(images).pixel_values, expected)


def test_arrays_are_given_on_request() -> None:
    processor = ResnetImageProcessor((3, 64, 64))
    found = processor(picture(), return_tensors="np").pixel_values
    assert type(found) is np.ndarray and np.array_equal(found, processor(picture()).pixel_values.numpy())


def test_a_call_may_replace_a_field_for_itself() -> None:
    processor, fields = ResnetImageProcessor((3, 64, 64)), fields_of(crop_pct=1.0, crop_mode="squash")
    expected = timm_pixels(picture(), **fields)
    assert torch.equal(processor(picture(), crop_pct=1.0, crop_mode="squash").pixel_values, expected)
    assert processor.crop_pct == 0.875
    with pytest.raises(TypeError, match="do_resize"):
        processor(picture(), do_resize=False)


@pytest.mark.parametrize("travel", ["json", "folder", "pickle", "deepcopy"])
def test_a_processor_survives_its_travels(travel: str, tmp_path: Path) -> None:
    fields = fields_of((3, 48, 80), interpolation="bilinear", crop_mode="border", crop_pct=0.9)
    processor = ResnetImageProcessor(**fields)
    processor.save_pretrained(tmp_path)
    json.loads(processor.to_json_string())
    twin = {
        "json": lambda: ResnetImageProcessor.from_dict(json.loads(processor.to_json_string())),
        "folder": lambda: ResnetImageProcessor.from_pretrained(tmp_path),
        "pickle": lambda: pickle.loads(pickle.dumps(processor)),
        "deepcopy": lambda: copy.deepcopy(processor),
    }[travel]()
    assert torch.equal(twin(picture()).pixel_values, timm_pixels(picture(), **fields))
    assert (twin.size, twin.image_mean, twin.image_std) == (processor.size, processor.mean, processor.std)
    assert twin.to_dict() == processor.to_dict()


@pytest.mark.parametrize(
    ("fields", "allowed"),
    [
        ({"input_size": (4, 64, 64)}, "1 or 3 channels"),
        ({"input_size": (1, 64, 64)}, "one mean and one std"),
        ({"mean": (0.5,)}, "one mean and one std"),
        ({"crop_mode": "corner"}, "squash"),
        ({"interpolation": "cubic"}, "bicubic"),
        ({"crop_pct": 0}, "above 0"),
        ({"crop_pct": 1.5}, "at most 1"),
    ],
)
def test_an_unknown_value_is_refused_with_what_is_allowed(fields: dict[str, Any], allowed: str) -> None:
    with pytest.raises(ValueError, match=allowed):
        ResnetImageProcessor(**fields)


def test_masks_and_short_floats_are_images_too() -> None:
    processor, image = ResnetImageProcessor((3, 64, 64)), sample_image(64, 64)
    mask = image > 100
    expected = processor(Image.fromarray(np.uint8(mask) * 255)).pixel_values
    assert torch.equal(processor(mask).pixel_values, expected)
    fractions = torch.from_numpy(np.uint8(mask)).to(torch.bfloat16)
    assert torch.equal(processor(fractions).pixel_values, expected)


def test_a_dark_tensor_of_bytes_stays_dark() -> None:
    processor, dark = ResnetImageProcessor((3, 64, 64)), sample_image(64, 64) % 2
    assert torch.equal(processor(torch.from_numpy(dark)).pixel_values, processor(dark).pixel_values)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        ResnetImageProcessor()([])
