"""Names: of the model type and of the classes, which must not be those of transformers' own models."""

from collections.abc import Iterator

from .. import kinds, native
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import constant
from .auto_map import main_config


@rule(
    summary="The model_type is one of transformers' own.",
    why="""Without trust_remote_code=True every version then silently builds the native model, with random weights
        where the names differ; a unique type raises and asks for trust.""",
    repair="Give the configuration a model_type of your own, and save the model again.",
    bad='model_type = "bert"',
    good='model_type = "my_bert"',
)
def model_type_unique(repository: Repository) -> Iterator[Finding]:
    found = repository.config.get("model_type")
    places = {}
    if repository.auto_map and isinstance(found, str):
        places[found] = ("config.json", repository.line_of("config.json", '"model_type"'))
    main = main_config(repository)
    if main is not None and isinstance(constant(main.attribute("model_type")), str):
        places[constant(main.attribute("model_type"))] = (main.path, main.attribute("model_type").lineno)
    for model_type, (path, line) in places.items():
        if model_type in native.model_types():
            yield Finding(f"model_type {model_type!r} is a native type of transformers", path, line)


@rule(
    summary="config.json and the configuration class do not agree on the model_type.",
    why="""A save writes the class's own model_type: a class without one writes an empty text, and what was loaded is
        saved as another type.""",
    repair="Set model_type on the class, and save the configuration again.",
    bad="class XConfig(PretrainedConfig): ...",
    good='class XConfig(PretrainedConfig):\n    model_type = "x"',
)
def model_type_agrees(repository: Repository) -> Iterator[Finding]:
    main = main_config(repository)
    if main is None or not repository.config:
        return
    value = kinds.find_attribute(repository, main, "model_type")
    written = repository.config.get("model_type")
    if value is None and not _inherits_native_type(repository, main):
        yield Finding(f"{main.name} sets no model_type", main.path, main.line)
    elif isinstance(constant(value), str) and constant(value) != written:
        message = f"model_type is {written!r} here and {constant(value)!r} in {main.name}"
        yield Finding(message, "config.json", repository.line_of("config.json", '"model_type"'))


def _inherits_native_type(repository: Repository, main) -> bool:
    bases = (base.rsplit(".", 1)[-1] for base in kinds.foreign_bases(repository, main))
    return any(base.endswith("Config") and base not in ("PretrainedConfig", "PreTrainedConfig") for base in bases)


@rule(
    severity="warning",
    summary="A class has the name of one of transformers' own.",
    why="""`architectures` and processor types are looked up by name: pipelines, servers and AutoImageProcessor take
        the native class of that name.""",
    repair="Rename the class, in the code, in the auto_map and in architectures.",
    bad="class BertModel(PreTrainedModel):",
    good="class MyBertModel(PreTrainedModel):",
)
def class_name_unique(repository: Repository) -> Iterator[Finding]:
    for target in dict.fromkeys(ref.target for ref in repository.auto_references):
        source = repository.sources.get(target[0]) if target else None
        info = source.classes.get(target[1]) if source else None
        if info is not None and info.name in native.class_names():
            yield Finding(f"{info.name} is also a class of transformers", info.path, info.line)


@rule(
    summary="architectures names a class that the auto_map does not load.",
    why="Pipelines choose the Auto class by architectures: on a miss they guess, or refuse the model.",
    repair="Save the model itself, whose class name is then written, or correct the list.",
    bad='"architectures": ["XModelOld"]',
    good='"architectures": ["XModel"]  # "AutoModel": "modeling_x.XModel"',
)
def architectures_known(repository: Repository) -> Iterator[Finding]:
    if not repository.auto_map:
        return
    line = repository.line_of("config.json", '"architectures"')
    found = repository.config.get("architectures")
    names = {ref.value.rsplit(".", 1)[-1] for ref in repository.auto_references}
    if not isinstance(found, list) or not found:
        yield Finding(
            "architectures is missing: expected a list with the class of the saved weights", "config.json", line
        )
        return
    for name in found:
        if not isinstance(name, str) or name not in names:
            yield Finding(f"architectures names {name!s:.80}, which is in no auto_map value", "config.json", line)
