"""Configuration classes: the one style that round-trips on every supported version."""

import ast
from collections.abc import Iterator

from .. import kinds
from ..files.auto_map import main_config
from ..generation import PARAMETERS
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import ClassInfo, Function, calls, constant
from ..tasks import mapped_tasks

_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


@rule(
    summary="Modeling code asks isinstance of the repository's own configuration.",
    why="""For a local folder on >= 5.8 each file is imported from a folder of its own, the configuration twice: the
        answer is False, for the configuration that was just loaded.""",
    repair="Ask config.model_type, or nothing: the Auto classes choose by type already.",
    bad="if not isinstance(config, XConfig): raise ValueError",
    good='if config.model_type != "x": raise ValueError',
)
def isinstance_own_config(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for call in calls(source.tree):
            if source.dotted(call.func) != "isinstance" or len(call.args) != 2:
                continue
            asked = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
            for node in asked:
                module, _, name = (source.dotted(node) or "").rpartition(".")
                info = repository.classes.get(name) if module.startswith(".") else None
                if info is not None and kinds.is_config(repository, info):
                    yield Finding(f"isinstance(..., {name}) is False for local folders", source.path, call.lineno)


@rule(
    summary="A configuration class has an annotated class attribute with a mutable default.",
    why="From 5.4 on every configuration is made a dataclass, which refuses it: ValueError at import.",
    repair="Set the default in __init__.",
    bad="layers: list = [3, 4, 6, 3]",
    good="def __init__(self, layers=(3, 4, 6, 3), **kwargs):\n    self.layers = list(layers)",
)
def config_mutable_default(repository: Repository) -> Iterator[Finding]:
    for info in kinds.configs(repository):
        for node in info.node.body:
            value = node.value if isinstance(node, ast.AnnAssign) else None
            made = isinstance(value, ast.Call) and info.source.dotted(value.func) in ("list", "dict", "set")
            class_variable = isinstance(node, ast.AnnAssign) and "ClassVar" in ast.dump(node.annotation)
            if (isinstance(value, _MUTABLE) or made) and not class_variable:
                yield Finding(f"{info.name} has a mutable default", info.path, node.lineno)


@rule(
    summary="A configuration's fields are annotated class attributes.",
    why="Only 5.4 and later make fields of them: on 4.x to 5.3 the defaults are lost in a round trip.",
    repair="Write __init__(self, field=default, **kwargs), ending in super().__init__(**kwargs); or require "
    "transformers>=5.4.",
    bad="class XConfig(PretrainedConfig):\n    hidden_size: int = 64",
    good="def __init__(self, hidden_size=64, **kwargs):\n    self.hidden_size = hidden_size\n"
    "    super().__init__(**kwargs)",
)
def config_style(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("5.0.0") and not repository.runs_on("4.57.6"):
        return
    for info in kinds.configs(repository):
        if info.method("__init__") is not None:
            continue
        for node in info.node.body:
            known = isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") in _CLASS_LEVEL
            if isinstance(node, ast.AnnAssign) and node.value is not None and not known:
                yield Finding(f"{info.name} declares fields on the class", info.path, node.lineno)
                break


_CLASS_LEVEL = {"model_type", "attribute_map", "sub_configs", "is_composition", "keys_to_ignore_at_inference"}
_CLASS_LEVEL |= {"base_config_key", "base_model_tp_plan", "base_model_pp_plan", "has_no_defaults_at_init"}


@rule(
    summary="A configuration's __init__ does not hand unknown keywords on to transformers.",
    why="""from_pretrained passes every entry of config.json and every override: without **kwargs it is a TypeError,
        and without super().__init__(**kwargs) auto_map, labels and architectures are lost.""",
    repair="End the parameters with **kwargs, and __init__ with super().__init__(**kwargs).",
    bad="def __init__(self, hidden_size=64):",
    good="def __init__(self, hidden_size=64, **kwargs):\n    ...\n    super().__init__(**kwargs)",
)
def config_kwargs(repository: Repository) -> Iterator[Finding]:
    for info, function in _inits(repository):
        if function.args.kwarg is None:
            yield Finding(f"{info.name}.__init__ takes no **kwargs", info.path, function.lineno)
        elif not _hands_on(info, function):
            yield Finding(f"{info.name}.__init__ does not call super().__init__(**kwargs)", info.path, function.lineno)


def _inits(repository: Repository) -> Iterator[tuple[ClassInfo, Function]]:
    for info in kinds.configs(repository):
        function = info.method("__init__")
        if function is not None:
            yield info, function


def _super_call(function: Function) -> ast.Call | None:
    """The call of the base class's __init__, in either spelling."""
    for call in calls(function):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "__init__":
            return call
    return None


def _hands_on(info: ClassInfo, function: Function) -> bool:
    call = _super_call(function)
    return call is not None and any(keyword.arg is None for keyword in call.keywords)


@rule(
    summary="A configuration cannot be made without arguments.",
    why="Saving compares with the defaults of a fresh configuration, and fails when there is none, on every version.",
    repair="Give every parameter a default.",
    bad="def __init__(self, hidden_size, **kwargs):",
    good="def __init__(self, hidden_size=64, **kwargs):",
)
def config_defaults(repository: Repository) -> Iterator[Finding]:
    for info, function in _inits(repository):
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args][1:]
        required = positional[: len(positional) - len(arguments.defaults)]
        required += [arg for arg, default in _keyword_only(function) if default is None]
        composed = constant(info.attribute("is_composition")) or constant(info.attribute("has_no_defaults_at_init"))
        if required and not composed:
            names = ", ".join(arg.arg for arg in required)
            yield Finding(f"{info.name}.__init__ has no default for {names}", info.path, function.lineno)


@rule(
    severity="warning",
    summary="A configuration inherits an == that ignores its fields.",
    why="From 5.4 on the inherited == compares transformers' own fields only: two different models count as equal.",
    repair="Add __eq__ = PretrainedConfig.__eq__ to the class.",
    bad="class XConfig(PretrainedConfig):\n    def __init__(self, hidden_size=64, **kwargs):",
    good="    __eq__ = PretrainedConfig.__eq__",
)
def config_equality(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("5.23.0"):
        return
    for info in kinds.configs(repository):
        direct = any(base.rsplit(".", 1)[-1] in ("PretrainedConfig", "PreTrainedConfig") for base in info.bases)
        if direct and info.method("__init__") and not kinds.inherits(repository, info, "__eq__"):
            yield Finding(f"{info.name} inherits ==, which ignores its fields from 5.4 on", info.path, info.line)


@config_equality.fixer
def _add_eq(repository: Repository, edits) -> None:
    for info in kinds.configs(repository):
        base = next((n for n in info.node.bases if isinstance(n, ast.Name) and n.id in _BASES), None)
        value = info.attribute("model_type")
        if base is None or value is None or kinds.inherits(repository, info, "__eq__"):
            continue
        if value.lineno == value.end_lineno:
            reason = "from 5.4 on the inherited one ignores our fields"
            edits.insert(info.path, value.lineno, f"    __eq__ = {base.id}.__eq__  # {reason}")


_BASES = ("PretrainedConfig", "PreTrainedConfig")


@rule(
    summary="The number of classes is an attribute that transformers does not know.",
    why="""A plain num_classes leaves id2label at 2 classes: the pipeline dies with a KeyError, and num_labels=... of a
        consumer changes nothing.""",
    repair='Set attribute_map = {"num_classes": "num_labels"} on the class, and write num_classes in to_dict.',
    bad="self.num_classes = num_classes",
    good='attribute_map = {"num_classes": "num_labels"}',
)
def config_num_classes(repository: Repository) -> Iterator[Finding]:
    main = main_config(repository)
    if main is None or not any(task.labels for task in mapped_tasks(repository).values()):
        return
    attribute_map = kinds.find_attribute(repository, main, "attribute_map")
    keys = attribute_map.keys if isinstance(attribute_map, ast.Dict) else []
    if "num_classes" in {constant(key) for key in keys}:
        return
    for here in kinds.ancestry(repository, main):
        node = kinds.instance_attributes(here).get("num_classes")
        if node is not None and not here.has("num_labels"):
            yield Finding(f"{here.name}.num_classes is not num_labels", here.path, node.lineno)


@rule(
    summary="A default number of labels is handed to transformers.",
    why="""num_labels wins over id2label from 5.4 on and is not written when id2label is: a fine-tuned model of 2
        labels is loaded again with the default, and its names are wiped.""",
    repair="Set num_labels only when the caller gave neither num_labels nor id2label.",
    bad="def __init__(self, num_labels=1000, **kwargs):\n    super().__init__(num_labels=num_labels, **kwargs)",
    good="def __init__(self, num_labels=None, **kwargs): ...",
)
def config_num_labels(repository: Repository) -> Iterator[Finding]:
    for info, function in _inits(repository):
        call = _super_call(function)
        given = next((k.value for k in call.keywords if k.arg == "num_labels"), None) if call else None
        value = _default(function, given.id) if isinstance(given, ast.Name) else given
        if type(constant(value)) is int and not _rebinds(function, given):
            yield Finding(f"{info.name} hands num_labels={constant(value)} to transformers", info.path, given.lineno)


def _keyword_only(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    return list(zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True))


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip([arg.arg for arg in reversed(positional)], reversed(arguments.defaults), strict=False))
    defaults |= {arg.arg: default for arg, default in _keyword_only(function)}
    return defaults.get(name)


def _rebinds(function: Function, node: ast.AST) -> bool:
    """Whether the parameter gets another value before it is handed on."""
    name = getattr(node, "id", None)
    stores = (n for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return name is not None and any(store.id == name for store in stores)


@rule(
    summary="A configuration's field has the name of a parameter of text generation.",
    why="5.x takes such entries out of a configuration, or refuses to save it: they belong to generation_config.json.",
    repair="Rename the field, for instance to logit_temperature.",
    bad="self.temperature = temperature",
    good="self.logit_temperature = logit_temperature",
)
def config_generation_names(repository: Repository) -> Iterator[Finding]:
    for info, function in _inits(repository):
        for name, node in kinds.assigned(function):
            if name in PARAMETERS:
                yield Finding(f"{info.name}.{name} is a parameter of generation", info.path, node.lineno)


@rule(
    summary="A configuration holds something that JSON cannot.",
    why="Saving the configuration fails, or loads it back as something else, on every version.",
    repair="Keep numbers, texts, lists and objects; build modules and tensors in the model.",
    bad="self.activation = nn.GELU()",
    good='self.activation = "gelu"',
)
def config_json(repository: Repository) -> Iterator[Finding]:
    for info, function in _inits(repository):
        for name, node in kinds.assigned(function):
            value = getattr(node, "value", None)
            called = info.source.dotted(value.func) or "" if isinstance(value, ast.Call) else ""
            made = called.startswith(("torch.", "numpy.array", "numpy.asarray")) or called in ("set", "frozenset")
            if made or isinstance(value, (ast.Set, ast.SetComp, ast.Lambda)):
                yield Finding(f"{info.name}.{name} cannot be written as JSON", info.path, node.lineno)
