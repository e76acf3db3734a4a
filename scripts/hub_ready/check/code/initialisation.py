"""Initialisation: what keeps loaded weights, and gives the others sensible values."""

import ast
import re
from collections.abc import Iterator

from .. import kinds
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import ClassInfo, Function, Source, calls

_WRITES = {"normal_", "uniform_", "zero_", "fill_", "xavier_uniform_", "xavier_normal_", "kaiming_normal_"}
_WRITES |= {"kaiming_uniform_", "trunc_normal_", "constant_", "ones_", "zeros_", "exponential_", "log_normal_", "eye_"}
_WRITES |= {"copy_", "mul_", "div_", "add_", "sub_", "clamp_", "erfinv_"}
# What libraries of networks call them.
_NETWORKS = re.compile(r"^(?!torch\.|transformers\.)\w+\.((\w+\.)*models\.\w|(\w+\.)*create_model$)")


def init_functions(repository: Repository) -> Iterator[tuple[ClassInfo, Function]]:
    """Each `_init_weights`, and the methods and functions beside it that it calls."""
    for info, function in kinds.init_weights_code(repository):
        for helper in kinds.with_helpers(info, function):
            yield info, helper


@rule(
    summary="_init_weights writes into weights without going through torch.nn.init.",
    why="""5.x guards torch.nn.init.xxx_ called by attribute, and nothing else: weights that were just loaded are
        overwritten, always on 5.0 to 5.2, for unregistered classes up to 5.12, and on 5.23 where the module also owns
        a missing tensor.""",
    repair="Call nn.init.normal_(module.weight) and its kin, by attribute.",
    bad="module.weight.data.normal_(std=0.02)",
    good="nn.init.normal_(module.weight, std=0.02)",
)
def init_in_place(repository: Repository) -> Iterator[Finding]:
    seen = set()
    for info, function in init_functions(repository):
        for node, what in _in_place(info.source, function):
            if (info.path, node.lineno) not in seen:
                seen.add((info.path, node.lineno))
                yield Finding(f"{what} overwrites loaded weights", info.path, node.lineno)


def _in_place(source: Source, function: Function) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            dotted = source.dotted(node.func) or ""
            if name not in _WRITES:
                continue
            if dotted.startswith(("torch.nn.init.", "transformers.initialization.")):
                # A name taken out of the module is bound before 5.x puts its guard there.
                if isinstance(node.func, ast.Name):
                    yield node, f"{name}, imported by name,"
            elif _is_foreign(source, dotted):
                yield node, f"{dotted.split('.')[0]}'s {name}"
            elif isinstance(node.func, ast.Attribute) and _is_weight(node.func.value):
                yield node, f".{name}()"
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(_is_data(target) for target in targets):
                yield node, "assigning .data"


def _is_foreign(source: Source, dotted: str) -> bool:
    """Whether a name comes from a library that 5.x puts no guard into."""
    top = dotted.split(".")[0]
    imported = {value.split(".")[0] for value in source.names.values()}
    return top in imported - {"", "torch", "transformers"}


def _is_data(node: ast.AST) -> bool:
    node = node.value if isinstance(node, ast.Subscript) else node
    return isinstance(node, ast.Attribute) and node.attr == "data"


def _is_weight(node: ast.expr) -> bool:
    """`x.weight`, `x.bias`, a slice of one, or the data of anything."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return isinstance(node, ast.Attribute) and node.attr in ("weight", "bias", "data")


@rule(
    summary="_init_weights does nothing.",
    why="""A new or mismatched head is then uninitialised memory on 5.x: NaN or 1e28, without a word in the loading
        report.""",
    repair="Initialise every kind of module that owns weights, with nn.init; or drop the method.",
    bad="def _init_weights(self, module):\n    pass",
    good="def _init_weights(self, module):\n    if isinstance(module, nn.Linear):\n        module.reset_parameters()",
)
def init_empty(repository: Repository) -> Iterator[Finding]:
    for info, function in kinds.init_weights_code(repository):
        if kinds.is_model(repository, info) and all(_does_nothing(node) for node in function.body):
            yield Finding(f"{info.name}._init_weights does nothing", info.path, function.lineno)


def _does_nothing(node: ast.stmt) -> bool:
    returns = isinstance(node, ast.Return) and not isinstance(node.value, ast.Call)
    return (
        returns or isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )


@rule(
    summary="_init_weights has a rule for a module that owns no weights.",
    why="""A module without parameters or buffers of its own is skipped (>= 5.3 for registered classes, >= 5.13 for
        all): the rule silently never runs.""",
    repair="Mark the leaf that owns the weight (block.norm.zero_init = True) and ask for the mark there.",
    bad="if isinstance(module, XBlock):\n    nn.init.zeros_(module.norm.weight)",
    good='if isinstance(module, nn.LayerNorm) and getattr(module, "zero_init", False):',
)
def init_container(repository: Repository) -> Iterator[Finding]:
    for info, function in init_functions(repository):
        for call in calls(function):
            if info.source.dotted(call.func) != "isinstance" or len(call.args) != 2:
                continue
            kinds_asked = call.args[1].elts if isinstance(call.args[1], ast.Tuple) else [call.args[1]]
            for node in kinds_asked:
                name = info.source.dotted(node) or ""
                if _is_container(repository, info, name):
                    yield Finding(f"{name.rsplit('.', 1)[-1]} owns no weights: it is skipped", info.path, call.lineno)


def _is_container(repository: Repository, info: ClassInfo, name: str) -> bool:
    if name in ("torch.nn.Sequential", "torch.nn.ModuleList", "torch.nn.ModuleDict"):
        return True
    found = kinds.resolve(repository, info, name)
    if found is None or not kinds.is_module(repository, found) or kinds.is_model(repository, found):
        return False
    if any(base != "torch.nn.Module" for base in kinds.foreign_bases(repository, found)):
        return False
    return not any(_owns_tensors(here) for here in kinds.ancestry(repository, found))


def _owns_tensors(info: ClassInfo) -> bool:
    names = {"Parameter", "Buffer", "register_buffer", "register_parameter", "UninitializedParameter"}
    return any(getattr(call.func, "attr", getattr(call.func, "id", "")) in names for call in calls(info.node))


@rule(
    severity="warning",
    summary="A library's network of images is initialised as transformers initialises text models.",
    why="""Since 4.54 the inherited _init_weights sets every Conv and Linear to N(0, 0.02) after construction: a model
        that is trained from scratch, or a new head, does not start as its authors meant it to.""",
    repair="Define _init_weights with that network's own initialisation, by nn.init.",
    bad="self.model = torchvision.models.vgg11()  # and no _init_weights",
    good="def _init_weights(self, module):\n    if isinstance(module, nn.Conv2d):\n"
    '        nn.init.kaiming_normal_(module.weight, mode="fan_out")',
)
def init_inherited(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        if kinds.find_method(repository, info, "_init_weights") or kinds.has_native_body(repository, info):
            continue
        for here in kinds.ancestry(repository, info):
            for name, node in kinds.instance_attributes(here).items():
                value = getattr(node, "value", None)
                called = here.source.dotted(value.func) or "" if isinstance(value, ast.Call) else ""
                if _NETWORKS.match(called):
                    yield Finding(
                        f"{info.name}.{name} is initialised by the inherited _init_weights", here.path, node.lineno
                    )
