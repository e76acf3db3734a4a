"""The model of this source tree: as the manifest says, fresh or with weights of the author's."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from .check.tasks import TASKS
from .checkpoint import read_weights
from .console import messages
from .manifest import Manifest
from .problems import Problem
from .source_reference import reference_of
from .weights import conversion, load_weights

# Whoever tests a source tree's model takes all of it from here.
__all__ = ["Source", "build_config", "build_processor", "load_source", "main_auto_class", "reference_of"]


@dataclass(frozen=True)
class Source:
    """What is to be exported.

    Attributes:
        auto_class: the Auto class of `model`: the one behind the first of the manifest's `architectures`.
        model: in evaluation mode.
        processor: the manifest's image processor; None where it names none.
        origin: where the weights came from, in words.
    """

    auto_class: str
    model: PreTrainedModel
    processor: Any | None
    origin: str

    @property
    def task(self) -> str | None:
        """The pipeline's task, None when no pipeline serves the Auto class."""
        return TASKS[self.auto_class].tag if self.auto_class in TASKS else None


def main_auto_class(manifest: Manifest) -> str:
    """The Auto class that loads the manifest's first architecture; a Problem when none does."""
    name = (manifest.config.get("architectures") or [None])[0]
    for key in manifest.model_keys:
        if manifest.auto_map[key].rpartition(".")[2] == name:
            return key
    raise Problem(f"config.json: architectures begins with {name!r}, which no key of auto_map loads")


def build_config(manifest: Manifest, fields: Mapping[str, Any], id2label: dict[int, str] | None) -> Any:
    """The configuration of the manifest, with other `fields` in their places; a Problem when they do not fit."""
    given = {**manifest.config, **fields}
    for key in ("auto_map", "architectures", "model_type"):
        given.pop(key, None)
    if id2label:
        for key in ("num_classes", "num_labels"):
            given.pop(key, None)
        # Both: 5.x leaves a label2id that was not given empty.
        given |= {"id2label": id2label, "label2id": {label: i for i, label in id2label.items()}}
    try:
        return manifest.load_class("AutoConfig")(**given)
    except (TypeError, ValueError) as error:
        raise Problem(f"config.json does not describe a model: {error}") from error


def build_processor(manifest: Manifest, config: Any) -> Any | None:
    """The manifest's image processor; what it takes and the configuration also has (a size) is handed to it."""
    if "AutoImageProcessor" not in manifest.auto_map:
        return None
    cls = manifest.load_class("AutoImageProcessor")
    shared = [name for name in inspect.signature(cls.__init__).parameters if hasattr(config, name)]
    return cls(**{name: getattr(config, name) for name in shared})


def _fields(weights: str) -> dict[str, Any]:
    """What a folder of a saved model says about itself."""
    folder = Path(weights)
    if weights == "random" or not (folder / "config.json").is_file():
        return {}
    from transformers import PretrainedConfig

    return PretrainedConfig.get_config_dict(str(folder))[0]


def load_source(manifest: Manifest, weights: str, seed: int, id2label: dict[int, str] | None = None) -> Source:
    """Build the model of this source tree.

    Args:
        manifest: says which classes there are.
        weights: "random", a safetensors or torch file, or a folder that save_pretrained or Trainer wrote.
        seed: of random weights.
        id2label: names of the classes; None leaves them to the configuration.

    Raises:
        Misuse: there is no such file.
        Problem: the configuration or the weights do not fit.
    """
    auto_class = main_auto_class(manifest)
    state = None if weights == "random" else read_weights(Path(weights))
    config = build_config(manifest, _fields(weights), id2label)
    torch.manual_seed(seed)
    model = manifest.load_class(auto_class)(config).eval()
    origin = f"random initialisation, seed {seed}"
    if state is not None:
        load_weights(model, state, weights)
        origin = f"the author's {Path(weights).name}"
        if converted := conversion(model, state):
            origin += f", converted from {converted}"
            # transformers 4 loads float32 whatever is saved, 5 what is saved: one folder, the same numbers on both.
            messages.print(f"{weights}: exported in another type, converted from {converted}", markup=False)
    return Source(auto_class, model, build_processor(manifest, config), origin)
