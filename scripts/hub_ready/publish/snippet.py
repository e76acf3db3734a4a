"""The code that loads a publication, pinned; the very text that is printed is run by the verification."""

import json
from pathlib import Path
from typing import Any

from ..manifest import PROCESSOR_FILES

# Class, what the snippet calls it, and the field of a native class's settings.
_PROCESSORS = (
    ("AutoProcessor", "processor", "processor_class"),
    ("AutoTokenizer", "tokenizer", "tokenizer_class"),
    ("AutoImageProcessor", "processor", "image_processor_type"),
    ("AutoFeatureExtractor", "extractor", "feature_extractor_type"),
    ("AutoVideoProcessor", "processor", "video_processor_type"),
)


def _settings(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def auto_classes(folder: Path) -> list[str]:
    """The Auto classes of models that a folder maps, that of its own checkpoint first."""
    config = _settings(folder / "config.json")
    mapped = {key: str(value) for key, value in (config.get("auto_map") or {}).items() if key.startswith("AutoModel")}
    names = config.get("architectures") or []
    mine = [key for key, value in mapped.items() if value.rpartition(".")[2] in names]
    return sorted(mapped, key=lambda key: (key not in mine, key == "AutoModel"))


def _processor(folder: Path) -> tuple[str, str] | None:
    for key, name, field in _PROCESSORS:
        settings = _settings(folder / PROCESSOR_FILES[key])
        if field in settings or key in (settings.get("auto_map") or {}):
            return key, name
    return None


def load_snippet(folder: Path, repo_id: str, revision: str) -> str:
    """Python that loads the model, and its processor if it has one, at a revision."""
    main, processor = auto_classes(folder)[0], _processor(folder)
    classes = sorted([main, *([processor[0]] if processor else [])])
    lines = [f"from transformers import {', '.join(classes)}", ""]
    lines += [f'name, revision = "{repo_id}", "{revision}"']
    if processor:
        call = f"{processor[0]}.from_pretrained(name, revision=revision, trust_remote_code=True)"
        lines.append(f"{processor[1]} = {call}")
    lines.append(f"model = {main}.from_pretrained(name, revision=revision, trust_remote_code=True)")
    return "\n".join(lines)
