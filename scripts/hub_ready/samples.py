"""Images to try a model on: one that is computed, and the two photographs that scikit-learn brings."""

import numpy as np
from PIL import Image


def sample_image(height: int = 240, width: int = 320) -> np.ndarray:
    """A picture with edges, gradients and noise, the same on every machine: uint8 (height, width, 3)."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows / (5 + 3 * k)) * np.cos(columns / (7 + 2 * k)) for k in range(3)]
    noise = np.random.default_rng(0).normal(0, 12, (height, width, 3))
    return np.clip(127 + 100 * np.stack(waves, axis=-1) + noise, 0, 255).astype(np.uint8)


def photographs() -> dict[str, Image.Image]:
    """scikit-learn's china.jpg and flower.jpg, by name."""
    from sklearn.datasets import load_sample_images

    data = load_sample_images()
    names = [name.replace("\\", "/").split("/")[-1] for name in data.filenames]
    return {name: Image.fromarray(image) for name, image in zip(names, data.images, strict=True)}
