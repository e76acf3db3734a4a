"""The phase about saving: a save keeps everything, and a second one changes nothing."""

import re
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from .compare import differing, few, same
from .subject import Subject

_CODE_FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json")


def save_into(subject: Subject, model: nn.Module, processors: dict[str, Any], name: str) -> Path:
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


def lost_keys(subject: Subject, saved: Path) -> list[str]:
    before, after = _auto_maps(subject, subject.folder), _auto_maps(subject, saved)
    return [f"{key}: {value} became {after.get(key)}" for key, value in before.items() if after.get(key) != value]


def lost_code(subject: Subject, saved: Path) -> list[str]:
    files = sorted(subject.folder.glob("*.py"))
    return [p.name for p in files if not (saved / p.name).is_file() or (saved / p.name).read_bytes() != p.read_bytes()]


def changed_weights(subject: Subject, state: dict[str, Tensor], saved: Path) -> list[str]:
    """Tensors of the saved files that are not those of the model; 5.0 saves some under names of its own."""
    return [name for name, tensor in subject.tensors(saved) if name in state and not same(state[name], tensor)]


def _content(path: Path) -> bytes | None:
    """A file's bytes; None when there is none. Versions before 5 write into JSON which folder they loaded from."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    return re.sub(rb'\n *"_?name_or_path": "[^"\n]*",?', b"", content) if path.suffix == ".json" else content


def _changed_files(one: Path, other: Path) -> list[str]:
    names = {p.relative_to(place).as_posix() for place in (one, other) for p in place.rglob("*") if p.is_file()}
    return [name for name in sorted(names) if _content(one / name) != _content(other / name)]


def save(subject: Subject) -> dict[str, Any]:
    """Save what was loaded, load that, and save it again."""
    model, processors = subject.model, subject.processors
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first = save_into(subject, model, processors, "first")
    facts: dict[str, Any] = {
        "lost_keys": few(lost_keys(subject, first)),
        "lost_code": few(lost_code(subject, first)),
        "weights": few(changed_weights(subject, state, first)),
    }
    try:
        again, info = subject.load(subject.main_key, first)
        loaded = {key: subject.load_processor(key, first) for key in processors}
        second = save_into(subject, again, loaded, "second")
    except Exception as error:
        return {**facts, "reload": subject.places.describe(error)}
    facts["reloaded"] = few(differing(state, again.state_dict()))
    facts["missing"] = few(str(name) for name in info.get("missing_keys") or [])
    return {**facts, "changed": few(_changed_files(first, second))}
