"""From a model in memory to the flat folder that the Hub and every transformers version can load."""

import shutil
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from .manifest import PROCESSOR_FILES, Manifest
from .problems import Problem

# 5.x would write up to 50 GB into one file; 5 GB is what every version reads and what resumes well.
_SHARD = "5GB"
_COPIED = ("requirements.txt", ".gitattributes")
# Settings that need no code, of a tokenizer or a generation: a source tree that has them has them beside its manifest.
_SETTINGS = ("tokenizer_config.json", "tokenizer.json", "tokenizer.model", "special_tokens_map.json", "vocab.txt")
_SETTINGS += ("vocab.json", "merges.txt", "spiece.model", "chat_template.jinja", "generation_config.json")


def _settings(manifest: Manifest) -> list[str]:
    return [name for name in _SETTINGS if (manifest.root / name).is_file()]


def contract(manifest: Manifest) -> set[str]:
    """Names of the files that an exported folder holds besides the weights."""
    processors = {PROCESSOR_FILES[key] for key in manifest.processor_keys}
    code = {path.name for path in manifest.code_files}
    return {"config.json", "README.md", *code, *processors, *_COPIED, *_settings(manifest)}


def missing_files(folder: Path, manifest: Manifest) -> list[str]:
    """What a folder lacks of the contract, the weights among it; empty for a whole one."""
    missing = sorted(name for name in contract(manifest) if not (folder / name).is_file())
    weights = sorted(folder.glob("*.safetensors"))
    return missing + ([] if weights and all(map(_is_whole, weights)) else ["model.safetensors"])


def _is_whole(weights: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    try:
        with safe_open(weights, "pt"):
            return True
    except (OSError, SafetensorError):
        return False


def _register(manifest: Manifest) -> None:
    """A save copies the code of registered classes, and of those alone."""
    for key in manifest.auto_map:
        cls = manifest.load_class(key)
        if key == "AutoConfig":
            cls.register_for_auto_class()
        else:
            cls.register_for_auto_class(key)


def export(model: PreTrainedModel, processors: list[Any], manifest: Manifest, folder: Path) -> None:
    """Write a model and its processors into `folder`, with the code that loads them; all but the README.

    Args:
        model: an instance of a class of the manifest; only its state dict is read.
        processors: instances of the manifest's processor classes.
        manifest: says which classes there are.
        folder: an empty folder.

    Raises:
        Problem: code imports a file that is not there, or the folder does not hold exactly what the contract names.
    """
    _register(manifest)
    code = manifest.code_files
    # A save would write AutoConfig and the saved class alone; keys that are there already are kept by every version.
    model.config.auto_map = manifest.flat_auto_map
    model.save_pretrained(folder, max_shard_size=_SHARD)
    for processor in processors:
        processor.save_pretrained(folder)
    # A save copies the code of the classes that it saves; another model's may lie in a file of its own.
    for path in (*code, *(manifest.root / name for name in (*_COPIED, *_settings(manifest)))):
        shutil.copyfile(path, folder / path.name)
    for path in folder.iterdir():
        # safetensors writes files that only their owner can read.
        path.chmod((folder / "config.json").stat().st_mode)
    _check_contract(folder, manifest)


def _check_contract(folder: Path, manifest: Manifest) -> None:
    found = {path.name for path in folder.iterdir()}
    extra = {name for name in found - contract(manifest) if not name.startswith("model")}
    missing = [name for name in missing_files(folder, manifest) if name != "README.md"]
    if extra or missing:
        raise Problem(
            f"the export lacks {missing or 'nothing'} and holds {sorted(extra) or 'nothing'} beyond its contract"
        )
