"""Construction: what `__init__` may do on the meta device, and what it must leave to the checkpoint."""

import ast
from collections.abc import Iterator

from .. import kinds
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import ClassInfo, Function, Source, calls, constant, self_name
from .initialisation import init_functions

_LOADERS = ("torch.load", "torch.hub.load", "torch.hub.load_state_dict_from_url", "safetensors.torch.load_file")
_FACTORIES = {"tensor", "arange", "linspace", "zeros", "ones", "full", "rand", "randn", "empty", "eye", "logspace"}
_FACTORIES |= {"as_tensor", "from_numpy", "meshgrid", "stack", "cat", "hann_window", "hamming_window", "triu", "tril"}
_FACTORIES |= {"outer", "cumsum", "zeros_like", "ones_like", "randperm", "randint", "FloatTensor", "LongTensor"}


def _constructors(repository: Repository) -> Iterator[tuple[ClassInfo, Function]]:
    for info in kinds.modules(repository):
        function = info.method("__init__")
        if function is not None:
            yield info, function


@rule(
    summary="__init__ reads the value of a tensor.",
    why="""5.x constructs on the meta device, where tensors have no values: .item(), .tolist() and `if tensor:` raise
        at load.""",
    repair="Compute it with plain Python or numpy, or make the tensor with device='cpu'.",
    bad="rates = [x.item() for x in torch.linspace(0, rate, depth)]",
    good="rates = [rate * i / max(depth - 1, 1) for i in range(depth)]",
)
def init_reads_tensor(repository: Repository) -> Iterator[Finding]:
    for info, function in _constructors(repository):
        tensors = _tensor_names(info.source, function)
        on_cpu = _lines_on_cpu(info.source, function)
        for node in ast.walk(function):
            if getattr(node, "lineno", 0) in on_cpu:
                continue
            value = _read_value(node)
            if value is not None and _is_tensor(info.source, value, tensors):
                yield Finding(f"{info.name}.__init__ reads the value of a tensor", info.path, node.lineno)


def _read_value(node: ast.AST) -> ast.expr | None:
    """The expression whose value is read: of x.item(), x.tolist(), x.numpy(), float(x), `if x`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
        return node.func.value if node.func.attr in ("item", "tolist", "numpy") else None
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("float", "int", "bool") and len(node.args) == 1:
        return node.args[0]
    return node.test if isinstance(node, (ast.If, ast.While, ast.IfExp)) else None


def _is_factory(source: Source, node: ast.AST) -> bool:
    """A call that makes a tensor on the current device."""
    if not isinstance(node, ast.Call):
        return False
    dotted = source.dotted(node.func) or ""
    elsewhere = any(keyword.arg == "device" for keyword in node.keywords)
    return dotted.startswith("torch.") and dotted.count(".") == 1 and dotted[6:] in _FACTORIES and not elsewhere


def _is_tensor(source: Source, node: ast.AST, tensors: set[str]) -> bool:
    """Whether an expression is a tensor, or a method or an element of one."""
    for _ in range(50):
        if _is_factory(source, node):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("size", "dim", "numel", "cpu", "numpy", "item", "tolist"):
                return False
            node = node.func.value
        elif isinstance(node, ast.Subscript) or getattr(node, "attr", "") in ("T", "data"):
            node = node.value
        else:
            break
    return isinstance(node, ast.Name) and node.id in tensors


def _tensor_names(source: Source, function: Function) -> set[str]:
    """Local names that hold a tensor made here, or an element of one."""
    found: set[str] = set()
    for node in ast.walk(function):
        value, targets = None, []
        if isinstance(node, ast.Assign):
            value, targets = node.value, node.targets
        elif isinstance(node, (ast.For, ast.comprehension)):
            value, targets = node.iter, [node.target]
        if value is not None and _is_tensor(source, value, found):
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def _lines_on_cpu(source: Source, function: Function) -> set[int]:
    """Lines inside `with torch.device("cpu"):`."""
    lines: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, (ast.With, ast.AsyncWith)):
            managers = [item.context_expr for item in node.items]
            if any(isinstance(m, ast.Call) and source.dotted(m.func) == "torch.device" for m in managers):
                lines |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


@rule(
    summary="A model loads another model inside __init__.",
    why="""5.x constructs on the meta device and refuses a nested from_pretrained with a RuntimeError; and what is
        loaded there would be overwritten by the checkpoint anyway.""",
    repair="Build the part from its configuration (AutoModel.from_config), and load its weights before you save.",
    bad='self.body = AutoModel.from_pretrained("someone/body")',
    good="self.body = AutoModel.from_config(config.body_config)",
)
def nested_from_pretrained(repository: Repository) -> Iterator[Finding]:
    for info, function in _constructors(repository):
        for call in calls(function):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "from_pretrained":
                owner = (info.source.dotted(call.func.value) or "").rsplit(".", 1)[-1]
                if not owner.endswith(("Config", "Tokenizer", "TokenizerFast", "Processor", "FeatureExtractor")):
                    yield Finding(
                        f"{info.name}.__init__ calls {owner or '...'}.from_pretrained", info.path, call.lineno
                    )


@rule(
    summary="A model takes weights from elsewhere inside __init__.",
    why="""Since 4.54 the base class re-initialises after construction, so they are wiped; on 5.x they are meta
        tensors; and every consumer downloads them for nothing.""",
    repair="Construct first, then load_state_dict, once, before you save; pretrained=False inside __init__.",
    bad='self.body = create_model("some_network", pretrained=True)',
    good='self.body = create_model("some_network", pretrained=False)',
)
def init_loads_weights(repository: Repository) -> Iterator[Finding]:
    for info, function in _constructors(repository):
        for call in calls(function):
            dotted = info.source.dotted(call.func) or ""
            pretrained = any(k.arg == "pretrained" and constant(k.value) is True for k in call.keywords)
            loads = isinstance(call.func, ast.Attribute) and call.func.attr == "load_state_dict"
            if pretrained or loads or dotted in _LOADERS:
                yield Finding(f"{info.name}.__init__ loads weights", info.path, call.lineno)


@rule(
    summary="__init__ puts a part of the model on a device.",
    why="5.x constructs on the meta device, from which nothing can be moved; and the consumer chooses the device.",
    repair="Leave the device to the caller; make constants as buffers, which move with the model.",
    bad='self.head = nn.Linear(8, 2).to("cuda")',
    good="self.head = nn.Linear(8, 2)",
)
def init_device(repository: Repository) -> Iterator[Finding]:
    for info, function in _constructors(repository):
        for call in calls(function):
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            names = [
                str(constant(arg)) for arg in (*call.args, *(k.value for k in call.keywords if k.arg == "device"))
            ]
            onto = any(name.split(":")[0] in ("cuda", "mps", "xpu", "npu") for name in names)
            if (method == "cuda" and not call.args) or (onto and (method == "to" or _is_call_on(call))):
                yield Finding(f"{info.name}.__init__ chooses a device", info.path, call.lineno)


def _is_call_on(call: ast.Call) -> bool:
    return any(keyword.arg == "device" for keyword in call.keywords)


def _rebuilt(repository: Repository, info: ClassInfo, name: str) -> bool:
    """Whether an _init_weights mentions the attribute, or calls a method of its class that assigns it."""
    if "RotaryEmbedding" in info.name and "original_inv_freq" in dict(_assigned_anywhere(info)):
        return True  # the inherited _init_weights of 5.x knows these by name
    for owner, function in init_functions(repository):
        for node in ast.walk(function):
            if name in (getattr(node, "attr", None), constant(node) if isinstance(node, ast.Constant) else None):
                return True
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            method = kinds.find_method(repository, info, node.func.attr) if called else None
            if method is not None and any(getattr(item, "attr", None) == name for item in ast.walk(method[1])):
                return True
        if owner is info and name in dict(kinds.assigned(function)):
            return True
    return False


def _assigned_anywhere(info: ClassInfo) -> Iterator[tuple[str, ast.stmt]]:
    for node in info.node.body:
        if isinstance(node, Function):
            yield from kinds.assigned(node)


@rule(
    summary="A non-persistent buffer is rebuilt by nothing.",
    why="""It is in no checkpoint, and after a load on any 5.x it is uninitialised memory, even if it was made on the
        CPU: NaN, with a clean loading report.""",
    repair="Rebuild it in _init_weights (module.name.copy_(...)), make it persistent, or compute it in forward.",
    bad='self.register_buffer("scale", torch.ones(3), persistent=False)',
    good="elif isinstance(module, XBlock):\n    module.scale.copy_(torch.ones(3))  # in _init_weights",
)
def buffer_rebuilt(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("5.0.0") and not repository.runs_on("5.23.0"):
        return
    for info, function in _all_methods(repository):
        for call in calls(function):
            name = _transient_buffer(info, function, call)
            if name is not None and not _rebuilt(repository, info, name):
                yield Finding(f"{info.name}.{name} is rebuilt by no _init_weights", info.path, call.lineno)


def _all_methods(repository: Repository) -> Iterator[tuple[ClassInfo, Function]]:
    for info in kinds.modules(repository):
        for node in info.node.body:
            if isinstance(node, Function):
                yield info, node


def _transient_buffer(info: ClassInfo, function: Function, call: ast.Call) -> str | None:
    if not kinds.is_attribute_of(call.func, self_name(function)) or call.func.attr != "register_buffer":
        return None
    transient = any(k.arg == "persistent" and constant(k.value) is False for k in call.keywords)
    transient = transient or (len(call.args) > 2 and constant(call.args[2]) is False)
    empty = len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    name = constant(call.args[0]) if call.args else None
    return name if transient and not empty and isinstance(name, str) else None


@rule(
    summary="A plain tensor attribute is rebuilt by nothing.",
    why="It stays on the meta device when 5.x loads the model, and moves with nothing: forward fails.",
    repair="Make it a buffer (a persistent one, or one that _init_weights rebuilds), or a list of numbers.",
    bad="self.mean = torch.tensor([0.5, 0.5, 0.5])",
    good='self.register_buffer("mean", torch.tensor([0.5, 0.5, 0.5]))',
)
def plain_tensor(repository: Repository) -> Iterator[Finding]:
    for info, function in _constructors(repository):
        buffers = {constant(call.args[0]) for call in calls(function) if call.args}
        # Made a parameter in a second step.
        buffers |= {name for name, node in kinds.assigned(function) if _is_parameter(info.source, node)}
        on_cpu = _lines_on_cpu(info.source, function)
        for name, node in kinds.assigned(function):
            value = getattr(node, "value", None)
            tensor = value is not None and node.lineno not in on_cpu and _is_tensor(info.source, value, set())
            if tensor and name not in buffers and not _rebuilt(repository, info, name):
                yield Finding(f"{info.name}.{name} is a plain tensor", info.path, node.lineno)


def _is_parameter(source: Source, node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, ast.Call) and (source.dotted(value.func) or "").startswith("torch.nn.")


@rule(
    summary="A parameter has a name that early 4.x versions rename while loading.",
    why="""transformers 4.44 to 4.47 replace every "gamma" by "weight" and every "beta" by "bias" in a checkpoint's
        names: the parameter keeps fresh values.""",
    repair="Name it scale and shift, or require transformers>=4.48 in requirements.txt.",
    bad="self.gamma = nn.Parameter(torch.ones(dim))",
    good="self.scale = nn.Parameter(torch.ones(dim))",
)
def parameter_names(repository: Repository) -> Iterator[Finding]:
    if not repository.runs_on("4.44.2"):
        return
    for info, function in _all_methods(repository):
        for name, node in kinds.assigned(function):
            if _is_parameter(info.source, node) and ("gamma" in name or "beta" in name):
                yield Finding(f"{info.name}.{name} would be renamed by transformers 4.44", info.path, node.lineno)
