"""What the classes of a repository are: models, configurations, processors, plain modules; and what they inherit."""

import ast
import re
from collections.abc import Iterator

from . import native
from .repository import Repository
from .source import ClassInfo, Function, calls, constant, self_name

_CONFIG_BASES = ("PretrainedConfig", "PreTrainedConfig")
# torch's own modules, and the classes that libraries of layers and networks keep under such names.
_MODULES = re.compile(
    r"^torch\.nn(\.modules(\.\w+)?)?\.\w+$|^(?!torch\.|transformers\.)\w+\.(\w+\.)*(layers|models|modules|nn)\.(\w+\.)*[A-Z]\w*$"
)
_PROCESSORS = {
    "AutoImageProcessor": r"(Base)?\w*ImageProcessor(Fast)?",
    "AutoFeatureExtractor": r"(Sequence)?\w*FeatureExtract(or|ionMixin)",
    "AutoTokenizer": r"(PreTrained)?\w*Tokenizer(Fast|Base)?",
    "AutoProcessor": r"(ProcessorMixin|\w+(?<!Image)(?<!Logits)(?<!Video)Processor)",
    "AutoVideoProcessor": r"(Base)?\w*VideoProcessor",
}


_MAX_ANCESTORS = 50  # no model has as many; a file that is written to exhaust the check has more


def ancestry(repository: Repository, info: ClassInfo) -> list[ClassInfo]:
    """The class and those of its ancestors that the repository defines, nearest first."""
    key = ("ancestry", info.path, info.name)
    if key not in repository.notes:
        found, pending = {}, [info]
        while pending and len(found) < _MAX_ANCESTORS:
            here = pending.pop(0)
            if (here.path, here.name) not in found:
                found[here.path, here.name] = here
                pending += filter(None, (resolve(repository, here, base) for base in here.bases))
        repository.notes[key] = list(found.values())
    return repository.notes[key]


def resolve(repository: Repository, info: ClassInfo, dotted: str) -> ClassInfo | None:
    """The class of the repository that a dotted name in the file of `info` stands for."""
    name = dotted.rsplit(".", 1)[-1]
    if "." not in dotted:
        return info.source.classes.get(name)
    match = re.fullmatch(r"\.?(\w+)\.(\w+)", dotted)
    sibling = repository.sources.get(f"{match[1]}.py") if match else None
    return sibling.classes.get(name) if sibling else None


def foreign_bases(repository: Repository, info: ClassInfo) -> list[str]:
    """Dotted names of all ancestors that come from a library."""
    return [
        base for here in ancestry(repository, info) for base in here.bases if resolve(repository, here, base) is None
    ]


def is_config(repository: Repository, info: ClassInfo) -> bool:
    names = [_from_transformers(base) for base in foreign_bases(repository, info)]
    return any(name in _CONFIG_BASES or (name.endswith("Config") and name != "GenerationConfig") for name in names)


def is_model(repository: Repository, info: ClassInfo) -> bool:
    return any(_is_model_name(_from_transformers(base)) for base in foreign_bases(repository, info))


def _is_model_name(name: str) -> bool:
    return name.endswith(("PreTrainedModel", "PretrainedModel")) or is_native_model(name)


def is_native_model(name: str) -> bool:
    """Whether it is the name of a concrete model of transformers."""
    return name in native.class_names() and (name.endswith("Model") or "For" in name) and "Auto" not in name


def _from_transformers(dotted: str) -> str:
    return dotted.rsplit(".", 1)[-1] if dotted.startswith("transformers.") else ""


def is_module(repository: Repository, info: ClassInfo) -> bool:
    """A module of any kind, models among them."""
    bases = foreign_bases(repository, info)
    return is_model(repository, info) or any(_MODULES.match(base) for base in bases)


def is_library_module(dotted: str) -> bool:
    """Whether it is the name of a module class in torch or in a library of layers."""
    return _MODULES.match(dotted) is not None and dotted.rsplit(".", 1)[-1][:1].isupper()


def processor_kind(repository: Repository, info: ClassInfo) -> str | None:
    """The Auto class that would load this class of the repository, if it is a processor of some kind."""
    for base in foreign_bases(repository, info):
        for auto, pattern in _PROCESSORS.items():
            if re.fullmatch(pattern, _from_transformers(base)):
                return auto
    return None


def configs(repository: Repository) -> list[ClassInfo]:
    return [info for info in repository.classes.values() if is_config(repository, info)]


def models(repository: Repository) -> list[ClassInfo]:
    """Model classes, the abstract ones (without a forward) too."""
    return [info for info in repository.classes.values() if is_model(repository, info)]


def modules(repository: Repository) -> list[ClassInfo]:
    return [info for info in repository.classes.values() if is_module(repository, info)]


def concrete_models(repository: Repository) -> list[ClassInfo]:
    """Model classes that a consumer may load: with a forward, and in an auto_map or called as models are."""
    return [
        info
        for info in models(repository)
        if (
            info.name.endswith("Model")
            or re.search(r"For[A-Z]", info.name)
            or (info.path, info.name) in repository.targets
        )
        and (find_method(repository, info, "forward") or _runs(repository, info))
    ]


def _runs(repository: Repository, info: ClassInfo) -> bool:
    return any(is_native_model(_from_transformers(base)) for base in foreign_bases(repository, info))


def has_native_body(repository: Repository, info: ClassInfo) -> bool:
    """Whether it inherits from a concrete model of transformers."""
    return _runs(repository, info)


def find_method(repository: Repository, info: ClassInfo, name: str) -> tuple[ClassInfo, Function] | None:
    """The method that an object of the class would run, as far as the repository defines it."""
    for here in ancestry(repository, info):
        method = here.method(name)
        if method is not None:
            return here, method
    return None


def inherits(repository: Repository, info: ClassInfo, name: str) -> bool:
    """Whether the class or an ancestor in the repository defines an attribute, or sets it in `__init__`."""
    return any(here.has(name) or name in instance_attributes(here) for here in ancestry(repository, info))


def find_attribute(repository: Repository, info: ClassInfo, name: str) -> ast.expr | None:
    """The value of a class attribute, of the class or the nearest ancestor in the repository that has one."""
    for here in ancestry(repository, info):
        value = here.attribute(name)
        if value is not None:
            return value
    return None


def instance_attributes(info: ClassInfo) -> dict[str, ast.AST]:
    """Names that `__init__` assigns to the object, and where."""
    function = info.method("__init__")
    return {} if function is None else dict(assigned(function))


def assigned(function: Function) -> Iterator[tuple[str, ast.stmt]]:
    """Attributes that a method assigns to its object."""
    me = self_name(function)
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            for target in targets:
                for item in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                    if is_attribute_of(item, me):
                        yield item.attr, node


def is_attribute_of(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name


def config_of(repository: Repository, info: ClassInfo) -> ClassInfo | None:
    """The configuration class of a model, from `config_class` or the annotation of `config`."""
    for here in ancestry(repository, info):
        value = here.attribute("config_class")
        if value is None:
            value = next((n.annotation for n in here.node.body if _annotates_config(n)), None)
        if value is None and (function := here.method("__init__")):
            value = next((arg.annotation for arg in function.args.args if arg.arg == "config"), None)
        dotted = constant(value) if isinstance(constant(value), str) else here.source.dotted(value)
        found = resolve(repository, here, str(dotted)) if dotted else None
        if found is not None:
            return found
    return None


def _annotates_config(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "config"


def init_weights_code(repository: Repository) -> list[tuple[ClassInfo, Function]]:
    """Every `_init_weights` of the repository."""
    found = ((info, info.method("_init_weights")) for info in repository.classes.values())
    return [(info, method) for info, method in found if method is not None]


def with_helpers(info: ClassInfo, function: Function) -> list[Function]:
    """A method, and the methods of its class and the functions of its file that it calls, one level deep."""
    me, found = self_name(function), [function]
    for call in calls(function):
        helper = None
        if isinstance(call.func, ast.Name):
            helper = info.source.functions.get(call.func.id)
        elif is_attribute_of(call.func, me):
            helper = info.method(call.func.attr)
        if helper is not None and helper not in found:
            found.append(helper)
    return found
