"""Phases about the configuration and the processors."""

import copy
import inspect
from pathlib import Path
from typing import Any

import transformers
from transformers import PretrainedConfig

from .subject import Subject

# What a load or a save adds, whatever the configuration.
_PROVENANCE = {
    "_name_or_path",
    "_commit_hash",
    "transformers_version",
    "attn_implementation",
    "experts_implementation",
}


def _content(config: PretrainedConfig) -> dict[str, Any]:
    """The attributes themselves: to_dict turns tuples into lists on some versions."""
    kept = {name: value for name, value in vars(config).items() if name not in _PROVENANCE and name[:1] != "_"}
    return {name: _content(value) if isinstance(value, PretrainedConfig) else value for name, value in kept.items()}


def _differences(one: PretrainedConfig, other: PretrainedConfig) -> list[str]:
    """Fields that differ, with both values."""
    first, second = _content(one), _content(other)
    names = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
    return [f"{name}: {first.get(name)!r} became {second.get(name)!r}"[:200] for name in names]


def _own_fields(config: PretrainedConfig) -> list[str]:
    """Fields that the repository's class adds to transformers' own."""
    base = set(vars(PretrainedConfig()))
    return sorted(name for name in vars(config) if name not in base and not name.startswith("_"))


def _saved_and_loaded(subject: Subject, config: PretrainedConfig, name: str) -> PretrainedConfig:
    """A configuration after a save and a load of the file alone; its class is at hand, as after an Auto class."""
    place = subject.place_for(name)
    config.save_pretrained(place)
    return type(config).from_pretrained(place)


def _unequal(config: PretrainedConfig) -> dict[str, Any]:
    """Whether == sees a changed field, and whether it holds for a copy."""
    changed, names = copy.deepcopy(config), _own_fields(config)
    blind = None
    for name in names:
        value = getattr(config, name, None)
        if isinstance(value, (bool, int, float, str)):
            vars(changed)[name] = (
                not value
                if isinstance(value, bool)
                else value + type(value)(1)
                if not isinstance(value, str)
                else f"{value}_"
            )
            blind = name if config == changed else None
            break
    return {"copy_differs": not config == copy.deepcopy(config), "blind_to": blind}  # noqa: SIM201, == is under test


def _labelled(subject: Subject, place: Path | None, **labels: Any) -> PretrainedConfig:
    return transformers.AutoConfig.from_pretrained(place or subject.folder, trust_remote_code=True, **labels)


def _label_problems(subject: Subject) -> list[str]:
    """What goes wrong with other labels, given by number or by name, now or after a save."""
    names = {0: "first", 1: "second", 2: "third"}
    found = []
    for given, wanted in (
        ({"num_labels": 7}, None),
        ({"id2label": names, "label2id": {v: k for k, v in names.items()}}, names),
    ):
        config = _labelled(subject, None, **given)
        for when, seen in (("", config), (" after a save", _saved_and_loaded(subject, config, f"labels{len(given)}"))):
            count = 3 if wanted else given["num_labels"]
            id2label = {int(index): label for index, label in (seen.id2label or {}).items()}
            if seen.num_labels != count or len(id2label) != count:
                found.append(
                    f"{next(iter(given))} for {count} labels gives num_labels {seen.num_labels} "
                    f"and {len(id2label)} names{when}"
                )
            elif wanted and id2label != wanted:
                found.append(f"id2label {wanted} becomes {id2label}{when}")
    return found


def config(subject: Subject) -> dict[str, Any]:
    """Load the configuration; round trip, equality, labels, defaults."""
    loaded = subject.config
    facts: dict[str, Any] = {"class": type(loaded).__name__}
    for name, step in {
        "round_trip": lambda: _differences(loaded, _saved_and_loaded(subject, loaded, "config")),
        "dictionary": lambda: _differences(loaded, type(loaded).from_dict(loaded.to_dict())),
        "equality": lambda: _unequal(loaded),
        "labels": lambda: _label_problems(subject),
        "defaults": lambda: _default(type(loaded)),
    }.items():
        try:
            facts[name] = step()
        except Exception as error:
            facts.setdefault("errors", {})[name] = subject.places.describe(error)
    return facts


def _default(cls: type[PretrainedConfig]) -> list[str]:
    """Arguments without a default, which every save would lack."""
    known = list(inspect.signature(cls.__init__).parameters.values())[1:]
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    needed = [item.name for item in known if item.default is inspect.Parameter.empty and item.kind in kinds]
    if not needed:
        cls()
    return needed


def processors(subject: Subject) -> dict[str, Any]:
    """Load every processor, and load again what it saves."""
    facts: dict[str, Any] = {"keys": subject.processor_keys, "failed": {}, "changed": {}}
    for key in subject.processor_keys:
        try:
            first = subject.load_processor(key)
            place = subject.place_for(f"processor-{key}")
            first.save_pretrained(place)
        except Exception as error:
            facts["failed"][key] = subject.places.describe(error)
    return facts
