"""The repository under the probe: its configuration, its models and its processors, each loaded once."""

import copy
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from packaging.version import Version
from safetensors import safe_open
from torch import Tensor, nn

from .errors import NotApplicable, Places

VERSION = Version(transformers.__version__)
_PROCESSORS = ("AutoProcessor", "AutoTokenizer", "AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor")
_SETTINGS = {
    "AutoProcessor": ("processor_config.json", "processor_class"),
    "AutoTokenizer": ("tokenizer_config.json", "tokenizer_class"),
    "AutoImageProcessor": ("preprocessor_config.json", "image_processor_type"),
    "AutoFeatureExtractor": ("preprocessor_config.json", "feature_extractor_type"),
    "AutoVideoProcessor": ("video_preprocessor_config.json", "video_processor_type"),
}


@contextmanager
def garbage_shown() -> Iterator[None]:
    """Fills memory that nobody initialised with NaN (floats) or the largest value (integers).

    Without it such memory often holds, by chance, what it held before: the right numbers.
    """
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def dtype_argument(dtype: torch.dtype) -> dict[str, torch.dtype]:
    """The keyword of from_pretrained, which 4.56 renamed."""
    return {"dtype" if Version("4.56") <= VERSION else "torch_dtype": dtype}


class Subject:
    """A folder as transformers loads it.

    Args:
        folder: the repository.
        workspace: an empty folder for whatever has to be written.
        places: knows the repository's code.
        batch: how many samples the inputs are made of.
    """

    def __init__(self, folder: str, workspace: str, places: Places):
        self.folder, self.workspace, self.places = Path(folder), Path(workspace), places

    def settings(self, name: str) -> dict[str, Any]:
        """A JSON file of the repository; empty when there is none."""
        try:
            value = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}

    @cached_property
    def auto_map(self) -> dict[str, Any]:
        found = self.settings("config.json").get("auto_map")
        return found if isinstance(found, dict) else {}

    @cached_property
    def model_keys(self) -> list[str]:
        """Auto classes of models, the checkpoint's own first."""
        keys = [key for key in self.auto_map if key.startswith("AutoModel") and hasattr(transformers, key)]
        if not keys:
            raise NotApplicable("config.json maps no Auto class of a model")
        names = self.settings("config.json").get("architectures") or []
        mine = [key for key in keys if str(self.auto_map[key]).rpartition(".")[2] in names]
        main = mine[0] if mine else next((key for key in keys if key != "AutoModel"), keys[0])
        return [main, *(key for key in keys if key != main)]

    @property
    def main_key(self) -> str:
        return self.model_keys[0]

    @cached_property
    def processor_keys(self) -> list[str]:
        """Auto classes of processors that the repository's files ask for, the one that holds others first."""
        return [key for key in _PROCESSORS if self._has_processor(key)]

    def _has_processor(self, key: str) -> bool:
        file, field = _SETTINGS[key]
        settings = self.settings(file)
        maps = [self.auto_map, *(self.settings(name).get("auto_map") or {} for name, _ in _SETTINGS.values())]
        if any(isinstance(found, dict) and key in found for found in maps):
            return True
        if key == "AutoTokenizer":
            return bool(settings)
        if key == "AutoProcessor":
            return bool(settings) or any(self.settings(name).get(field) for name, _ in _SETTINGS.values())
        return field in settings

    @cached_property
    def config(self) -> transformers.PretrainedConfig:
        if "AutoConfig" not in self.auto_map:
            raise NotApplicable("config.json maps no AutoConfig")
        return transformers.AutoConfig.from_pretrained(self.folder, trust_remote_code=True)

    @cached_property
    def processors(self) -> dict[str, Any]:
        """Those that load; `phase_processors` reports the others."""
        found = {}
        for key in self.processor_keys:
            try:
                found[key] = self.load_processor(key)
            except Exception:
                continue
        return found

    def load_processor(self, key: str, folder: Path | None = None) -> Any:
        return getattr(transformers, key).from_pretrained(folder or self.folder, trust_remote_code=True)

    def load(self, key: str, folder: Path | None = None, **options: Any) -> tuple[nn.Module, dict[str, Any]]:
        """Load through an Auto class: the model, and transformers' report on its weights."""
        with garbage_shown():
            return getattr(transformers, key).from_pretrained(
                folder or self.folder, trust_remote_code=True, output_loading_info=True, **options
            )

    @cached_property
    def loaded(self) -> tuple[nn.Module, dict[str, Any]]:
        return self.load(self.main_key)

    @property
    def model(self) -> nn.Module:
        """The checkpoint's own model, in eval mode, without gradients."""
        model = self.loaded[0].eval()
        model.zero_grad()
        return model

    def build(self) -> nn.Module:
        """The checkpoint's own class, called directly as its author would."""
        torch.manual_seed(0)
        with garbage_shown():
            return type(self.loaded[0])(copy.deepcopy(self.loaded[0].config)).eval()

    @cached_property
    def weights(self) -> dict[str, Path]:
        """Tensor name to the safetensors file that holds it."""
        names: dict[str, Path] = {}
        for path in sorted(self.folder.glob("model*.safetensors")):
            with safe_open(path, "pt") as file:
                names.update(dict.fromkeys(file.keys(), path))
        return names

    def tensors(self, folder: Path | None = None) -> Iterator[tuple[str, Tensor]]:
        """Every tensor of the weight files, one at a time."""
        for path in sorted((folder or self.folder).glob("model*.safetensors")):
            with safe_open(path, "pt") as file:
                for name in file.keys():  # noqa: SIM118, it is no dict
                    yield name, file.get_tensor(name)

    def place_for(self, name: str) -> Path:
        """A new folder to save into, of the repository's own name: transformers makes a module name of it."""
        place = self.workspace / "saves" / name / self.folder.name
        os.makedirs(place)
        return place
