"""The manifest: config.json at the top of the source tree, the one place that says which classes there are."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problems import Problem

ROOT = Path(__file__).resolve().parents[2]

# transformers looks for the auto_map of these in a file of their own, and for all others in config.json.
PROCESSOR_FILES = {
    "AutoImageProcessor": "preprocessor_config.json",
    "AutoFeatureExtractor": "preprocessor_config.json",
    "AutoVideoProcessor": "video_preprocessor_config.json",
    "AutoTokenizer": "tokenizer_config.json",
    "AutoProcessor": "processor_config.json",
}


@dataclass(frozen=True)
class Manifest:
    """What a source tree declares.

    Attributes:
        root: folder of the source tree.
        config: the whole of config.json.
        auto_map: Auto class to "package/module.Class".
    """

    root: Path
    config: dict[str, Any]
    auto_map: dict[str, str]

    @property
    def model_keys(self) -> list[str]:
        """The Auto classes of models: all but AutoConfig and those of processors."""
        return [key for key in self.auto_map if key != "AutoConfig" and key not in PROCESSOR_FILES]

    @property
    def processor_keys(self) -> list[str]:
        """The Auto classes of processors, tokenizers and feature extractors."""
        return [key for key in self.auto_map if key in PROCESSOR_FILES]

    @property
    def flat_auto_map(self) -> dict[str, str]:
        """The auto_map of a published config.json: no folder (only >= 4.52.4 knows them), no processors."""
        return {key: value.split("/")[-1] for key, value in self.auto_map.items() if key not in PROCESSOR_FILES}

    @property
    def code_files(self) -> list[Path]:
        """The Python files that a published folder holds: the auto_map's, and what these import relatively, and so on.

        Raises:
            Problem: a file imports one that is not there.
        """
        left = [self.root / f"{value.rpartition('.')[0]}.py" for value in self.auto_map.values()]
        found = set(left)
        while left:
            imported = _imported(left.pop())
            left += imported - found
            found |= imported
        return sorted(found)

    def load_class(self, key: str) -> type:
        """The class behind an Auto class, imported from the source tree; a Problem when there is none."""
        target = self.auto_map.get(key, "")
        module, _, name = target.replace("/", ".").rpartition(".")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise Problem(
                f"config.json: auto_map[{key!r}] is {target!r}, which cannot be imported: {error}"
            ) from error


def _imported(file: Path) -> set[Path]:
    """The files that transformers copies with a Python file because it imports them relatively."""
    # Where nothing is exported, nothing waits for transformers.
    from transformers.dynamic_module_utils import get_relative_imports

    found = {file.with_name(f"{module}.py") for module in get_relative_imports(file)}
    if missing := sorted(path.name for path in found if not path.is_file()):
        raise Problem(
            f"{file} imports {', '.join(missing)}, which is not beside it; the loader follows `from .module import "
            "name` alone, one level deep, and takes such a line in a docstring for an import too"
        )
    return found


def read_manifest(root: Path = ROOT) -> Manifest:
    """Read config.json of a source tree; a Problem when it is missing, not JSON or without auto_map."""
    path = root / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(root, config, dict(config["auto_map"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(f"{path} must be a JSON object with an auto_map, found: {error!r}") from error


def requirement_lines(path: Path) -> list[str]:
    """The requirements of a requirements.txt, without its comments."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]
