"""The phase about saving: a save keeps everything, and a second one changes nothing."""

from pathlib import Path
from typing import Any

from torch import nn

from .compare import few, same
from .subject import Subject

_CODE_FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json")


def _save(subject: Subject, model: nn.Module, processors: dict[str, Any], name: str) -> Path:
    place = subject.place_for(name)
    model.save_pretrained(place)
    for processor in processors.values():
        processor.save_pretrained(place)
    return place


def _auto_maps(subject: Subject, folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _CODE_FILES:
        mapped = subject.settings(str(folder / name)).get("auto_map")
        found.update(mapped if isinstance(mapped, dict) else {})
    return found


def _lost_keys(subject: Subject, saved: Path) -> list[str]:
    before, after = _auto_maps(subject, subject.folder), _auto_maps(subject, saved)
    return [f"{key}: {value} became {after.get(key)}" for key, value in before.items() if after.get(key) != value]


def _lost_code(subject: Subject, saved: Path) -> list[str]:
    files = sorted(subject.folder.glob("*.py"))
    return [p.name for p in files if not (saved / p.name).is_file() or (saved / p.name).read_bytes() != p.read_bytes()]


def _changed_weights(subject: Subject, model: nn.Module, saved: Path) -> list[str]:
    """Tensors of the saved files that are not those of the model they were saved from."""
    state = model.state_dict()
    return [name for name, tensor in subject.tensors(saved) if name not in state or not same(state[name], tensor)]


def _changed_files(one: Path, other: Path) -> list[str]:
    names = {p.relative_to(place).as_posix() for place in (one, other) for p in place.rglob("*") if p.is_file()}
    pairs = ((name, one / name, other / name) for name in sorted(names))
    return [n for n, a, b in pairs if not (a.is_file() and b.is_file()) or a.read_bytes() != b.read_bytes()]


def save(subject: Subject) -> dict[str, Any]:
    """Save what was loaded, load that, and save it again."""
    model, processors = subject.model, subject.processors
    first = _save(subject, model, processors, "first")
    facts: dict[str, Any] = {
        "lost_keys": few(_lost_keys(subject, first)),
        "lost_code": few(_lost_code(subject, first)),
        "weights": few(_changed_weights(subject, model, first)),
    }
    try:
        again, info = subject.load(subject.main_key, first)
        loaded = {key: subject.load_processor(key, first) for key in processors}
        second = _save(subject, again, loaded, "second")
    except Exception as error:
        return {**facts, "reload": subject.places.describe(error)}
    facts["missing"] = few(str(name) for name in info.get("missing_keys") or [])
    return {**facts, "changed": few(_changed_files(first, second))}
