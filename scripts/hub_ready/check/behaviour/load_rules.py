"""Rules about loading: every Auto class, every key, every bit; and what no file holds."""

from collections.abc import Iterator
from typing import Any

from ..model import Finding
from ..registry import rule
from .facts import Facts, listed


def _main(facts: Facts) -> dict[str, Any]:
    loaded = facts.of("load")
    return loaded["classes"][loaded["main"]]


def _loaded(facts: Facts) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Auto class, what was seen of it, and whether it is the checkpoint's own; those that failed are left out."""
    loaded = facts.of("load")
    for key, seen in loaded["classes"].items():
        if "error" not in seen:
            yield key, seen, key == loaded["main"]


def _names(names: list[str]) -> str:
    return listed({"names": names[:5], "count": len(names)})


@rule(
    summary="An Auto class of auto_map does not load the model.",
    why="It is the call of the model card; it fails for every consumer on the versions that it fails on.",
    repair="Run the Auto class with trust_remote_code=True on the folder and repair what it says.",
    bad="def __init__(self, config, width):",
    good="def __init__(self, config):",
)
def model_loads(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("load")
    for key, seen in facts.of("load")["classes"].items():
        if "error" in seen:
            yield facts.finding(key, seen["error"])


@rule(
    summary="The model has weights that are in no file.",
    why="They are new and random after every load, on every version, with only a warning that most people miss.",
    repair="Save the model from the class that auto_map and `architectures` name; name modules as the file does.",
    bad="self.classifier = nn.Linear(...)  # the file says fc.weight",
    good="self.fc = nn.Linear(...)",
)
def weights_complete(facts: Facts) -> Iterator[Finding]:
    for key, seen, main in _loaded(facts):
        # For the model with another head that head is what one comes to train.
        if main:
            for kind, words in (
                ("missing_keys", "no file holds"),
                ("mismatched_keys", "the file has another shape of"),
            ):
                if seen[kind]:
                    yield Finding(f"{key}: {words} {_names(seen[kind])}")
            if seen["absent"]["count"] and not seen["missing_keys"]:
                yield Finding(f"{key}: no file holds {listed(seen['absent'])}, and no report says so")
        for text in seen["error_msgs"]:
            yield Finding(f"{key}: {text[:200]}")


@rule(
    severity="warning",
    summary="Another Auto class than the checkpoint's own gives weights that are in no file.",
    why="AutoX.from_pretrained looks like a finished model and is a random one; only the loading report says so.",
    repair="Take the key out of auto_map, build the class so that the checkpoint fills it, or say so on the card.",
    bad='"AutoModelForMaskedLM": "modeling_x.XForMaskedLM"  # the checkpoint is a classifier',
    good="only the keys that the checkpoint can fill",
)
def other_classes_complete(facts: Facts) -> Iterator[Finding]:
    for key, seen, main in _loaded(facts):
        if not main and seen["missing_keys"]:
            yield Finding(f"{key}: no file holds {_names(seen['missing_keys'])}")


@rule(
    summary="The weight files hold tensors that the checkpoint's own class does not use.",
    why="They are dropped in silence, and by the first save for good: a renamed module, or a half that is not built.",
    repair="""Name modules as the file does, or save the model again. What a class leaves out on purpose belongs into
        _keys_to_ignore_on_load_unexpected.""",
    bad="the file holds head.weight, the class has no head",
    good="every tensor of the file has its module",
)
def weights_used(facts: Facts) -> Iterator[Finding]:
    seen = _main(facts)
    if seen["unexpected_keys"]:
        yield Finding(f"{seen['class']} does not use {_names(seen['unexpected_keys'])}")


@rule(
    summary="A loaded tensor is not the one in the file.",
    why="""Initialisation that writes in place overwrites weights that were just loaded (5.0 to 5.2 always, 5.3 to 5.12
        for unregistered classes, later where the module also owns a missing tensor); 4.x renames gamma and beta.
        The model answers, and its numbers are wrong.""",
    repair="Initialise through nn.init.xxx_(...) by attribute, in _init_weights only; rename gamma and beta.",
    bad="module.weight.data.normal_()",
    good="nn.init.normal_(module.weight)",
)
def weights_equal_file(facts: Facts) -> Iterator[Finding]:
    for key, seen, _ in _loaded(facts):
        if seen["different"]["count"]:
            yield Finding(f"{key}: {listed(seen['different'])}")


@rule(
    summary="A model is in training mode after it was loaded.",
    why="Dropout and batch statistics make every answer another one; from_pretrained promises eval mode.",
    repair="Do not call train() in __init__ or post_init, and do not override train() or eval() without effect.",
    bad="def train(self, mode=True):\n    return super().train(True)",
    good="leave train and eval alone",
)
def loads_in_eval_mode(facts: Facts) -> Iterator[Finding]:
    for key, seen, _ in _loaded(facts):
        if seen["training"]:
            yield Finding(f"{key}.from_pretrained gives a model in training mode")


def _unsaved(facts: Facts, kind: str, words: str) -> Iterator[Finding]:
    yield from facts.failure("buffers") if kind == "buffers" else ()
    seen = facts.of("buffers")
    random, different = seen[f"{kind}_random"], seen[kind]
    if random["count"]:
        yield Finding(f"{words} {listed(random)} differs from one construction to the next, and no file holds it")
    elif different["count"]:
        yield Finding(f"{words} {listed(different)} is not what the constructor makes")


@rule(
    summary="A buffer that is not saved is not what the constructor makes.",
    why="""Since 5.0 a load constructs on the meta device and leaves non-persistent buffers as uninitialised memory:
        NaN or nonsense in the outputs, with a clean loading report.""",
    repair="Make the buffer persistent, or fill it in _init_weights of the module that owns it.",
    bad='self.register_buffer("scale", torch.ones(3), persistent=False)',
    good="if isinstance(module, Scaled):\n    module.scale.copy_(torch.ones(3))  # in _init_weights",
)
def buffers_rebuilt(facts: Facts) -> Iterator[Finding]:
    yield from _unsaved(facts, "buffers", "buffer")


@rule(
    summary="A tensor that is a plain attribute is not what the constructor makes.",
    why="Since 5.0 a load constructs on the meta device, where it stays; it also never moves with model.to(device).",
    repair="Register it as a buffer, or compute it in forward.",
    bad="self.scale = torch.ones(3)",
    good='self.register_buffer("scale", torch.ones(3))',
)
def tensor_attributes_rebuilt(facts: Facts) -> Iterator[Finding]:
    yield from _unsaved(facts, "attributes", "tensor")


@rule(
    summary="Fresh weights hold uninitialised memory, NaN or infinity.",
    why="""Who trains from scratch, or adds a head, starts from garbage: NaN at the first step, or at random on some
        machines only. An _init_weights that does nothing does this on every version.""",
    repair="Initialise every parameter and buffer that a module owns in _init_weights.",
    bad="self.scale = nn.Parameter(torch.empty(3))  # and nothing in _init_weights",
    good="nn.init.ones_(module.scale)  # in _init_weights",
)
def fresh_weights_finite(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("fresh")
    unclean = facts.of("fresh")["not_finite"]
    if unclean["count"]:
        yield Finding(f"from_config leaves {listed(unclean)} uninitialised or not finite")


@rule(
    summary="from_config gives other weights for the same seed.",
    why="No experiment can be repeated, and ranks of a distributed run start from different models.",
    repair="Take every random number from torch's own generator, none from random, numpy or an own generator.",
    bad="nn.init.constant_(module.weight, random.random())",
    good="nn.init.normal_(module.weight)",
)
def fresh_weights_repeatable(facts: Facts) -> Iterator[Finding]:
    different = facts.of("fresh")["different"]
    if different["count"]:
        yield Finding(f"two from_config with one seed differ in {listed(different)}")


@rule(
    summary="The model cannot be constructed on the meta device.",
    why="""Since 5.0 every load begins there, on 4.x every load with device_map or low_cpu_mem_usage; .item(),
        .tolist() and `if tensor:` fail, and parameters that are put on a device stay real.""",
    repair="Use Python numbers in __init__ where values are needed, and name no device.",
    bad="rates = [x.item() for x in torch.linspace(0, rate, depth)]",
    good="rates = [rate * i / (depth - 1) for i in range(depth)]",
)
def meta_construction(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("meta")
    elsewhere = facts.of("meta")["elsewhere"]
    if elsewhere["count"]:
        yield Finding(f"under torch.device('meta') these parameters are on another device: {listed(elsewhere)}")


@rule(
    summary="A changed number of labels does not give a new, finite head and leave the rest as it is.",
    why="""from_pretrained(..., num_labels=n, ignore_mismatched_sizes=True) is how every fine-tuning begins. An
        _init_weights that passes over the head leaves it as uninitialised memory, NaN or 1e28, on every version.""",
    repair="Size the head by config.num_labels, and initialise it in _init_weights through nn.init.",
    bad="def _init_weights(self, module):\n    pass",
    good="""
        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=0.02)
    """,
)
def head_replaceable(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("labels")
    seen = facts.of("labels")
    if not seen["head"]["count"]:
        yield Finding(f"with num_labels={seen['count']} no tensor has another shape")
    for kind, words in (
        ("not_finite", "leaves garbage in"),
        ("constant", "leaves garbage in"),
        ("changed", "changes"),
    ):
        if seen[kind]["count"]:
            yield Finding(f"a load with num_labels={seen['count']} {words} {listed(seen[kind])}")
