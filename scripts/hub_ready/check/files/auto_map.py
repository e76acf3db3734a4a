"""The auto_map: which class each Auto class loads, and from which file."""

import re
from collections.abc import Iterator
from typing import Any

from .. import kinds, native
from ..model import CheckError, Finding
from ..registry import rule
from ..repository import AutoReference, Repository
from ..source import ClassInfo

_CONFIG = "config.json"


def _at(repository: Repository, ref: AutoReference, message: str) -> Finding:
    return Finding(message, ref.file, repository.line_of(ref.file, ref.value))


def deserved(repository: Repository) -> dict[str, list[ClassInfo]]:
    """The Auto classes that config.json should map, each with the classes of the code that could be meant."""
    main = main_config(repository)
    found: dict[str, list[ClassInfo]] = {"AutoConfig": [main]} if main else {}
    stem = main.name.removesuffix("Config") if main else ""
    for info in kinds.concrete_models(repository):
        key = _auto_class(info.name, stem)
        # One that is mapped already, perhaps under a key that its name does not tell, has what it deserves.
        if f"{info.source.stem}.{info.name}" in repository.auto_map.values():
            continue
        if key is not None and kinds.config_of(repository, info) in (None, main):
            found.setdefault(key, []).append(info)
    return found


def main_config(repository: Repository) -> ClassInfo | None:
    """The configuration class of the repository: the mapped one, else the only one, else the one of its model_type."""
    configs = kinds.configs(repository)
    mapped = next((r.target for r in repository.auto_references if r.key == "AutoConfig"), None)
    wanted = repository.config.get("model_type")
    for candidates in (
        [info for info in configs if (info.path, info.name) == mapped],
        configs,
        [info for info in configs if wanted and getattr(info.attribute("model_type"), "value", None) == wanted],
    ):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _auto_class(name: str, stem: str) -> str | None:
    """`AutoModelForX` for `AnythingForX`, `AutoModel` for the configuration's own `StemModel`."""
    if name.endswith("Model"):
        return "AutoModel" if stem and name == f"{stem}Model" else None
    match = re.search(r"For[A-Z]\w*$", name)
    key = f"AutoModel{match[0]}" if match else None
    return key if key in native.auto_classes() else None


@rule(
    summary="An Auto class that the code has a class for is missing from the auto_map of config.json.",
    why="""A consumer's AutoX.from_pretrained fails with "Unrecognized configuration class", on every version.
        register_for_auto_class writes AutoConfig and the saved class's own key only, so the body's AutoModel key is
        lost whenever the model with a head is saved.""",
    repair="Write every key into auto_map, and set config.auto_map before you save.",
    bad='"auto_map": {"AutoConfig": "configuration_x.XConfig"}',
    good='"auto_map": {"AutoConfig": "configuration_x.XConfig", "AutoModel": "modeling_x.XModel"}',
)
def auto_map_complete(repository: Repository) -> Iterator[Finding]:
    if not isinstance(repository.json(_CONFIG), dict):
        return
    line = repository.line_of(_CONFIG, '"auto_map"')
    for key, infos in deserved(repository).items():
        if key not in repository.auto_map:
            names = " or ".join(f"{info.source.stem}.{info.name}" for info in infos)
            yield Finding(f"auto_map lacks {key}: expected {names}", _CONFIG, line)


def own_auto_map(settings: dict[str, Any]) -> dict[str, Any]:
    """The auto_map of a JSON file, made when there is none; a CheckError when it is something else."""
    found = settings.get("auto_map")
    if found is not None and not isinstance(found, dict):
        raise CheckError(f"auto_map must be an object, found {type(found).__name__}")
    if found is None:
        settings["auto_map"] = {}
    return settings["auto_map"]


@auto_map_complete.fixer
def _add_keys(repository: Repository, edits) -> None:
    config = edits.json(_CONFIG)
    for key, infos in deserved(repository).items():
        if key not in repository.auto_map and len(infos) == 1:
            own_auto_map(config)[key] = f"{infos[0].source.stem}.{infos[0].name}"
    edits.write_json(_CONFIG, config)


@rule(
    summary="An auto_map value is not of the form file.Class.",
    why="""x_model.modeling_x.XModel (dots) raises ValueError on every version; x_model/modeling_x.XModel
        (slash) loads on transformers >= 4.52.4 only, and a consumer's load, save, load then breaks it, because a save
        always writes the code into the folder itself.""",
    repair="Put the code files beside config.json and name them without a prefix.",
    bad='"AutoModel": "x_model/modeling_x.XModel"',
    good='"AutoModel": "modeling_x.XModel"',
)
def auto_map_flat(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        if ref.target is None and "--" not in ref.value:
            yield _at(repository, ref, f"{ref.key} is {ref.value!r}: expected file.Class, as in modeling_x.XModel")


@auto_map_flat.fixer
def _drop_prefix(repository: Repository, edits) -> None:
    for ref in repository.auto_references:
        match = re.fullmatch(r"(?:.*[./])?(\w+)\.(\w+)", ref.value)
        if ref.target is None and "--" not in ref.value and match and _defines(repository, match[1], match[2]):
            settings = edits.json(ref.file)
            settings["auto_map"] = _replaced(settings["auto_map"], ref.value, f"{match[1]}.{match[2]}")
            edits.write_json(ref.file, settings)


def _defines(repository: Repository, stem: str, name: str) -> bool:
    source = repository.sources.get(f"{stem}.py")
    return source is not None and name in source.classes


def _replaced(auto_map: dict, old: str, new: str) -> dict:
    swap = {old: new}
    return {
        key: [swap.get(item, item) for item in value] if isinstance(value, list) else swap.get(value, value)
        for key, value in auto_map.items()
    }


@rule(
    summary="An auto_map value refers to another repository.",
    why="""`revision` pins code in the same repository only; for other/repo--file.Class the consumer would have to pass
        code_revision as well, and runs whatever that repository's main holds when they do not.""",
    repair="Copy the code into this repository and drop everything up to the two hyphens.",
    bad='"AutoModel": "someone/base--modeling_x.XModel"',
    good='"AutoModel": "modeling_x.XModel"',
)
def auto_map_local(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        if "--" in ref.value:
            yield _at(repository, ref, f"{ref.key} takes its code from another repository: {ref.value}")


@rule(
    summary="An auto_map value names a file that is not there, or a class that is not in it.",
    why="Loading fails on every version, for every consumer.",
    repair="Name a class at the top level of a Python file at the root of the repository.",
    bad='"AutoModel": "modeling_x.XModel"  # and no modeling_x.py',
    good='"AutoModel": "modeling_x.XModel"  # and modeling_x.py holds class XModel',
)
def auto_map_resolves(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        if ref.target is None:
            continue
        path, name = ref.target
        source = repository.sources.get(path)
        if source is None:
            yield _at(repository, ref, f"{ref.key} names {path}, which is not at the root of the repository")
        elif source.error is None and name not in source.classes and name not in source.names:
            yield _at(repository, ref, f"{ref.key} names class {name}, which {path} does not define")


@rule(
    summary="An auto_map key is no Auto class, or its class is of another kind.",
    why="No Auto class reads such an entry, or the one that does fails on every version.",
    repair="AutoConfig names a configuration, AutoModel... a PreTrainedModel, AutoImageProcessor an image processor.",
    bad='"AutoModel": "configuration_x.XConfig"',
    good='"AutoConfig": "configuration_x.XConfig"',
)
def auto_map_kinds(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        if not re.fullmatch(r"Auto[A-Z]\w*", ref.key):
            yield _at(repository, ref, f"{ref.key} is not the name of an Auto class")
            continue
        source = repository.sources.get(ref.target[0]) if ref.target else None
        info = source.classes.get(ref.target[1]) if source else None
        expected = _expected(ref.key)
        found = _kind(repository, info) if info else None
        if found and expected and found != expected:
            yield _at(repository, ref, f"{ref.key} needs {expected}, {info.name} is {found}")


def _expected(key: str) -> str | None:
    if key == "AutoConfig":
        return "a configuration"
    if key.startswith("AutoModel"):
        return "a model"
    return "a processor" if key.endswith(("Processor", "Tokenizer", "Extractor")) else None


def _kind(repository: Repository, info: ClassInfo) -> str | None:
    if kinds.is_config(repository, info):
        return "a configuration"
    if kinds.is_model(repository, info):
        return "a model"
    return "a processor" if kinds.processor_kind(repository, info) else None
