"""Model classes: what loading, training and the tools around them expect of the class itself."""

import ast
from collections.abc import Iterator

from .. import kinds
from ..files.auto_map import deserved
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import ClassInfo, Function, calls, constant, self_name


def _last_call(info: ClassInfo, function: Function, name: str) -> int | None:
    """Line of a method in which it last calls `self.name()`, itself or through another method of its class."""
    lines = []
    for call in calls(function):
        if not kinds.is_attribute_of(call.func, self_name(function)):
            continue
        helper = info.method(call.func.attr)
        if call.func.attr == name or (helper is not None and helper is not function and _calls(helper, name)):
            lines.append(call.lineno)
    return max(lines, default=None)


def _calls(function: Function, name: str) -> bool:
    me = self_name(function)
    return any(kinds.is_attribute_of(call.func, me) and call.func.attr == name for call in calls(function))


def _inits(repository: Repository, info: ClassInfo) -> list[tuple[ClassInfo, Function]]:
    """The chain of `__init__` methods that run, most derived first."""
    found = [(here, here.method("__init__")) for here in kinds.ancestry(repository, info)]
    return [(here, method) for here, method in found if method is not None]


def _finishes(repository: Repository, info: ClassInfo) -> bool:
    """Whether something calls post_init: an `__init__` of the repository, or the model of transformers below it."""
    called = any(_last_call(here, method, "post_init") for here, method in _inits(repository, info))
    return called or kinds.has_native_body(repository, info)


@rule(
    summary="A model's __init__ never calls self.post_init().",
    why="Every load on 5.x fails with AttributeError: no attribute all_tied_weights_keys.",
    repair="Make self.post_init() the last line of __init__.",
    bad="super().__init__(config)\nself.head = nn.Linear(8, 2)",
    good="super().__init__(config)\nself.head = nn.Linear(8, 2)\nself.post_init()",
)
def post_init_missing(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        if not _finishes(repository, info):
            yield Finding(f"{info.name} never calls self.post_init()", info.path, _init_line(info))


def _init_line(info: ClassInfo) -> int:
    function = info.method("__init__")
    return function.lineno if function else info.line


@post_init_missing.fixer
def _append_post_init(repository: Repository, edits) -> None:
    for info in kinds.concrete_models(repository):
        function = info.method("__init__")
        if function is None or _finishes(repository, info):
            continue
        last = function.body[-1]
        if not isinstance(last, ast.Return) and last.end_lineno is not None and last.lineno != function.lineno:
            edits.insert(info.path, last.end_lineno, f"{' ' * last.col_offset}{self_name(function)}.post_init()")


@rule(
    summary="Something is added to a model after self.post_init().",
    why="""post_init initialises and ties what is there: later modules keep torch's values and are left out of 5.x's
        lists.""",
    repair="Make self.post_init() the last line of the most derived __init__ that adds modules.",
    bad="self.post_init()\nself.head = nn.Linear(8, 2)",
    good="self.head = nn.Linear(8, 2)\nself.post_init()",
)
def post_init_last(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        function = info.method("__init__")
        if function is None or not _finishes(repository, info):
            continue
        # Without a call of its own, the one in super().__init__() has already been made.
        after = _last_call(info, function, "post_init") or 0
        for name, node in kinds.assigned(function):
            if node.lineno > after and _makes_module(repository, info, node):
                yield Finding(f"{info.name}.{name} is added after post_init() has run", info.path, node.lineno)


def _makes_module(repository: Repository, info: ClassInfo, node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    if not isinstance(value, ast.Call):
        return False
    dotted = info.source.dotted(value.func) or ""
    own = kinds.resolve(repository, info, dotted)
    return kinds.is_library_module(dotted) or (own is not None and kinds.is_module(repository, own))


@rule(
    summary="A model class does not say which configuration it takes.",
    why="from_pretrained of the class itself, and registering it with an Auto class, fail on every 4.x.",
    repair="Set config_class on the model or on its base class.",
    bad="class XModel(PreTrainedModel):",
    good="class XModel(PreTrainedModel):\n    config_class = XConfig",
)
def config_class(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("4.44.2") and not repository.runs_on("4.57.6"):
        return
    for info in kinds.concrete_models(repository):
        if not kinds.has_native_body(repository, info) and not kinds.inherits(repository, info, "config_class"):
            yield Finding(f"{info.name} sets no config_class", info.path, info.line)


def _unnamed(repository: Repository) -> Iterator[tuple[ClassInfo, list[str]]]:
    """Model classes that do not name one of the Auto classes that load them, or should, with these."""
    missing = deserved(repository)
    for info in kinds.models(repository):
        loaded = [key for key, value in repository.auto_map.items() if value == f"{info.source.stem}.{info.name}"]
        keys = loaded or [key for key, infos in missing.items() if infos == [info]]
        named = constant(kinds.find_attribute(repository, info, "_auto_class"))
        if keys and named not in keys and not _registers_itself(info):
            yield info, keys


def _registers_itself(info: ClassInfo) -> bool:
    """Whether its file calls register_for_auto_class of it."""
    found = (call.func for call in calls(info.source.tree) if isinstance(call.func, ast.Attribute))
    return any(f.attr == "register_for_auto_class" and info.source.dotted(f.value) == info.name for f in found)


@rule(
    severity="warning",
    summary="A model class does not name its Auto class.",
    why="""transformers 4.45 to 4.52 register no model class that they load from a folder: what a consumer saves lacks
        its modeling file, and does not load. register_for_auto_class sets this attribute in the author's process
        alone.""",
    repair="Set _auto_class on each model class of the auto_map, or require transformers>=4.53 in requirements.txt.",
    bad="class XModel(PreTrainedModel):",
    good='class XModel(PreTrainedModel):\n    _auto_class = "AutoModel"',
)
def auto_class_named(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("4.45.2") and not repository.runs_on("4.52.4"):
        return
    for info, keys in _unnamed(repository):
        yield Finding(f"{info.name} sets no _auto_class = {' or '.join(map(repr, keys))}", info.path, info.line)


@auto_class_named.fixer
def _name_auto_class(repository: Repository, edits) -> None:
    for info, keys in _unnamed(repository):
        first = info.node.body[0]
        if info.has("_auto_class") or first.lineno == info.line:
            continue
        top = min([first.lineno, *(decorator.lineno for decorator in getattr(first, "decorator_list", []))]) - 1
        after = first.end_lineno if isinstance(constant(getattr(first, "value", None)), str) else top
        if isinstance(first, Function):
            edits.insert(info.path, after, "")
        edits.insert(info.path, after, f'{" " * first.col_offset}_auto_class = "{keys[0]}"')


def _main_input(repository: Repository, info: ClassInfo) -> str | None:
    """First parameter of forward after self."""
    found = kinds.find_method(repository, info, "forward")
    names = [arg.arg for arg in (*found[1].args.posonlyargs, *found[1].args.args)] if found else []
    return names[1] if len(names) > 1 else None


def is_loaded(repository: Repository, info: ClassInfo) -> bool:
    return (info.path, info.name) in repository.targets


@rule(
    severity="warning",
    summary="A model that is not fed with input_ids does not name its main input.",
    why="""The default main_input_name is input_ids: counting tokens and operations, gradient checkpointing and
        generation look for it in the inputs.""",
    repair='Set main_input_name = "pixel_values" (or what forward takes) on the class.',
    bad="def forward(self, pixel_values):",
    good='main_input_name = "pixel_values"',
)
def main_input_name(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        first = _main_input(repository, info)
        native = kinds.has_native_body(repository, info) or first in ("input_ids", "inputs_embeds", None)
        if is_loaded(repository, info) and not native and not kinds.inherits(repository, info, "main_input_name"):
            yield Finding(f"{info.name} is fed with {first} and sets no main_input_name", info.path, info.line)


@rule(
    severity="warning",
    summary="A model does not say which of its modules must stay on one device.",
    why='from_pretrained(device_map="auto") raises without _no_split_modules on 4.x.',
    repair="List the class names of the blocks with a residual sum; an empty list if there are none.",
    bad="class XModel(PreTrainedModel):",
    good='_no_split_modules = ["XBlock"]',
)
def no_split_modules(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("4.44.2"):
        return
    for info in kinds.concrete_models(repository):
        native = kinds.has_native_body(repository, info)
        if is_loaded(repository, info) and not native and not kinds.inherits(repository, info, "_no_split_modules"):
            yield Finding(f"{info.name} sets no _no_split_modules", info.path, info.line)


@rule(
    severity="warning",
    summary="A model without a table of embeddings does not answer get_input_embeddings.",
    why="The inherited method raises NotImplementedError; quantisers such as torchao call it.",
    repair="Define get_input_embeddings to return None, or the module that embeds.",
    bad="class XModel(PreTrainedModel):  # fed with pixel_values",
    good="def get_input_embeddings(self):\n    return None",
)
def input_embeddings(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        first = _main_input(repository, info)
        # Where text goes in, 5.x finds the table by its usual names.
        fed = first not in ("input_ids", "inputs_embeds", None) and not kinds.has_native_body(repository, info)
        if is_loaded(repository, info) and fed and not kinds.inherits(repository, info, "get_input_embeddings"):
            yield Finding(f"{info.name} has no get_input_embeddings", info.path, info.line)


@rule(
    summary="Tied weights are given as a list.",
    why="5.x reads _tied_weights_keys as a mapping from the tied tensor to its source: loading raises on a list.",
    repair="Write {tied: source}; 4.x reads the keys of it.",
    bad='_tied_weights_keys = ["lm_head.weight"]',
    good='_tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}',
)
def tied_keys_list(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("5.23.0") and not repository.runs_on("5.0.0"):
        return
    for info in kinds.models(repository):
        value = info.attribute("_tied_weights_keys")
        if isinstance(value, (ast.List, ast.Tuple, ast.Set)) and value.elts:
            yield Finding(f"{info.name}._tied_weights_keys is not a mapping", info.path, value.lineno)
