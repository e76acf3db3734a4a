"""The ways to one ResNet: this repository's folder, bare timm, transformers' native ResNet and its TimmWrapper.

Imports nothing of this project, and libraries only where one is used: a stranger's process runs this file as it is.
Each loader takes the folder that `prepare.py` filled and timm's name of the model.
"""

from pathlib import Path
from typing import Any


def _auto(folder: Path, **options: Any) -> Any:
    from transformers import AutoModelForImageClassification

    return AutoModelForImageClassification.from_pretrained(folder, **options).eval()


def load_ours(place: Path, name: str) -> Any:
    return _auto(place / "ours" / name, trust_remote_code=True)


def load_native(place: Path, name: str) -> Any:
    return _auto(place / "native" / name)


def load_wrapper(place: Path, name: str) -> Any:
    return _auto(place / "TimmWrapper" / name)


def load_timm(place: Path, name: str) -> Any:
    """As `timm.create_model(name, checkpoint_path=...)` does it: fresh weights first, then those of the file."""
    import timm

    return timm.create_model(name, checkpoint_path=str(place / "timm" / name / "model.safetensors")).eval()


def load_floor(place: Path, name: str) -> Any:
    """The least that a load can be: a module without memory, to which the tensors of the mapped file are handed."""
    import timm
    import torch
    from safetensors.torch import load_file

    with torch.device("meta"):
        model = timm.create_model(name)
    model.load_state_dict(load_file(place / "timm" / name / "model.safetensors"), assign=True)
    return model.eval()


LOADERS = {
    "ours": load_ours,
    "timm": load_timm,
    "native": load_native,
    "TimmWrapper": load_wrapper,
    "floor": load_floor,
}


def logits_of(output: Any) -> Any:
    """timm answers with the logits themselves, transformers with an output that holds them."""
    return output.logits if hasattr(output, "logits") else output


def main(place: str, name: str) -> dict[str, str]:
    """The class that each loader gives."""
    return {peer: type(load(Path(place), name)).__name__ for peer, load in LOADERS.items()}
