"""Real weights on real images: a timm ResNet trained on scikit-learn's digits, ported and loaded by a stranger."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from timm.data import create_transform, resolve_model_data_config
from timm.models import save_for_hf
from torch.nn.functional import cross_entropy

from scripts.hub_ready.finish import Options
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import read_manifest
from scripts.timm_port.port import port

CFG = {"input_size": [3, 32, 32], "crop_pct": 1.0, "interpolation": "bilinear", "num_classes": 10}
PREDICT = """
def main(folder, images):
    import numpy, torch, transformers
    from PIL import Image
    processor = transformers.AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
    load = transformers.AutoModelForImageClassification.from_pretrained
    model = load(folder, trust_remote_code=True).eval()
    pictures = [Image.fromarray(image) for image in numpy.load(images)]
    with torch.no_grad():
        logits = model(**processor(pictures, return_tensors="pt")).logits
    return [model.config.id2label[i] for i in logits.argmax(-1).tolist()]
"""


def train(model: torch.nn.Module, pixels: torch.Tensor, labels: torch.Tensor) -> None:
    """Some passes with one cycle of the learning rate, enough for 95% on held-out digits."""
    torch.manual_seed(0)
    batches = [batch for _ in range(15) for batch in torch.randperm(len(pixels)).split(64)]
    optimizer = torch.optim.AdamW(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=len(batches))
    model.train()
    for batch in batches:
        optimizer.zero_grad()
        cross_entropy(model(pixels[batch]), labels[batch]).backward()
        optimizer.step()
        schedule.step()
    model.eval()


@pytest.fixture(scope="module")
def digits() -> dict[str, np.ndarray]:
    """Images of 8 x 8 pixels in 0 to 255, split into training and held-out."""
    data = load_digits()
    images = (data.images * (255 / 16)).astype(np.uint8)
    names = ("images", "held_out", "labels", "truth")
    return dict(zip(names, train_test_split(images, data.target, test_size=0.25, random_state=0), strict=True))


def test_a_stranger_predicts_every_held_out_digit_as_timm_does(
    digits: dict[str, np.ndarray], tmp_path: Path, interpreter: FreshInterpreter
) -> None:
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=10, pretrained_cfg_overlay=CFG)
    transform = create_transform(**resolve_model_data_config(model), is_training=False)

    def pixels(images: np.ndarray) -> torch.Tensor:
        return torch.stack([transform(Image.fromarray(image).convert("RGB")) for image in images])

    train(model, pixels(digits["images"]), torch.from_numpy(digits["labels"]))
    with torch.no_grad():
        expected = model(pixels(digits["held_out"])).argmax(-1).numpy()
    names = [f"digit {i}" for i in range(10)]
    source = tmp_path / "digits_resnet"
    save_for_hf(model, str(source), model_config={"label_names": names}, safe_serialization=True)

    folder = port(
        f"local-dir:{source}", Options(tmp_path / "exports", "pretrained"), read_manifest(), interpreter
    ).folder
    np.save(tmp_path / "images.npy", digits["held_out"])
    (tmp_path / "predict.py").write_text(PREDICT)
    arguments = {"folder": str(folder), "images": str(tmp_path / "images.npy")}
    found = interpreter.run(tmp_path / "predict.py", arguments)

    assert found == [names[i] for i in expected]
    accuracy = np.mean([label == names[i] for label, i in zip(found, digits["truth"], strict=True)])
    assert accuracy > 0.95
