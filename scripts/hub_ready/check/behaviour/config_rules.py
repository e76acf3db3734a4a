"""Rules about the configuration and the processors, as they behave."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from .facts import Facts

_FILE = "config.json"


def _step(facts: Facts, name: str) -> Iterator[Finding]:
    """A finding when this step of the phase ended with an exception."""
    error = facts.of("config").get("errors", {}).get(name)
    if error:
        yield facts.finding(f"the configuration: {name.replace('_', ' ')}", error)


@rule(
    summary="AutoConfig does not load the configuration.",
    why="Every other Auto class, the pipeline and the Trainer begin with it, on every version.",
    repair="Run AutoConfig.from_pretrained(folder, trust_remote_code=True) and repair what it says.",
    bad="def __init__(self, width):  # and no super().__init__(**kwargs)",
    good="def __init__(self, width=64, **kwargs):\n    self.width = width\n    super().__init__(**kwargs)",
)
def config_loads(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("config")


@rule(
    summary="The configuration cannot be made without arguments.",
    why="""A save compares with the defaults of the class, on every version: without them it raises, or writes every
        default value of transformers into config.json.""",
    repair="Give every argument of __init__ a default.",
    bad="def __init__(self, width, **kwargs):",
    good="def __init__(self, width=64, **kwargs):",
)
def config_has_defaults(facts: Facts) -> Iterator[Finding]:
    yield from _step(facts, "defaults")
    for name in facts.of("config").get("defaults", []):
        yield Finding(f"argument {name} of the configuration has no default")


@rule(
    summary="The configuration is another one after a save and a load, or after to_dict and from_dict.",
    why="""Fine-tuned copies get other fields than the original: another architecture, or one that fails to load its
        own weights. Tuples become lists, fields that are not attributes are lost, on every version.""",
    repair="Store every argument under its own name, as a JSON value (lists, no tuples), and pass **kwargs to super.",
    bad="self.sizes = tuple(sizes)",
    good="self.sizes = list(sizes)",
)
def config_round_trip(facts: Facts) -> Iterator[Finding]:
    for step in ("round_trip", "dictionary"):
        yield from _step(facts, step)
        for difference in facts.of("config").get(step, []):
            yield Finding(
                f"after {'a save and a load' if step == 'round_trip' else 'to_dict and from_dict'}, {difference}"
            )


@rule(
    severity="warning",
    summary="Two different configurations are equal, or two equal ones differ.",
    why="""From 5.4 on a subclass is made a dataclass, whose == ignores the attributes that __init__ sets; code that
        compares configurations to reuse a model then reuses the wrong one.""",
    repair="Write `__eq__ = PretrainedConfig.__eq__` in the class.",
    bad='class XConfig(PretrainedConfig):\n    model_type = "x"',
    good='class XConfig(PretrainedConfig):\n    model_type = "x"\n    __eq__ = PretrainedConfig.__eq__',
)
def config_compares(facts: Facts) -> Iterator[Finding]:
    yield from _step(facts, "equality")
    equality = facts.of("config").get("equality", {})
    if equality.get("copy_differs"):
        yield Finding("a configuration is not equal to its own copy")
    if equality.get("blind_to"):
        yield Finding(f"two configurations with another {equality['blind_to']} are equal")


@rule(
    summary="Labels that are given to the configuration do not arrive, or are lost by a save.",
    why="""num_labels=7 or id2label={...} is how every fine-tuning script sets the classes. A fixed num_labels or an
        own num_classes makes a head of the wrong size, and a pipeline that dies with KeyError; up to 5.3 id2label
        wins over num_labels, from 5.4 on num_labels wins and wipes the names.""",
    repair="""Use attribute_map = {"num_classes": "num_labels"}, and set num_labels only when the caller gave neither
        num_labels nor id2label.""",
    bad="super().__init__(num_labels=1000, **kwargs)",
    good="""
        if not {"num_labels", "id2label"} & kwargs.keys():
            kwargs["num_labels"] = 1000
        super().__init__(**kwargs)
    """,
)
def config_labels(facts: Facts) -> Iterator[Finding]:
    yield from _step(facts, "labels")
    for problem in facts.of("config").get("labels", []):
        yield Finding(problem)


@rule(
    summary="A processor, tokenizer or feature extractor of the repository does not load, or cannot be saved.",
    why="Nobody can feed the model, and no pipeline can be made, on the versions that it fails on.",
    repair="Run its Auto class with trust_remote_code=True on the folder and repair what it says.",
    bad='{"image_processor_type": "ViTFeatureExtractor"}  # gone on 5.x',
    good='{"image_processor_type": "ViTImageProcessor"}',
)
def processor_loads(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("processors")
    for key, error in facts.of("processors")["failed"].items():
        yield facts.finding(key, error)
