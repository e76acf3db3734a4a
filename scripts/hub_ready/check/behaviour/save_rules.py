"""Rules about saving: what a consumer's save_pretrained keeps, and what another process can read."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from .facts import Facts, listed


@rule(
    summary="A save after a load loses auto_map keys or changes them.",
    why="""A fine-tuned copy then lacks the Auto classes of the original. Code in a subfolder (slash form) is damaged
        this way on every version, since a save always writes flat.""",
    repair="Publish flat, with every key in the auto_map of config.json, and do not override to_dict to drop it.",
    bad='"AutoModel": "x_model/modeling_x.XModel"',
    good='"AutoModel": "modeling_x.XModel"',
)
def save_keeps_auto_map(facts: Facts) -> Iterator[Finding]:
    lost = facts.of("save")["lost_keys"]
    if lost["count"]:
        yield Finding(f"save_pretrained: {listed(lost)}")


@rule(
    summary="A save after a load loses code files or changes them.",
    why="""A fine-tuned copy cannot be loaded, or only with a part of its classes. Only the files of the saved classes
        and what these import relatively are copied, one level deep for local folders before 5.10.""",
    repair="Import every helper file from the modeling file itself; remove code files that nothing imports.",
    bad="helpers.py, which only another helper imports",
    good="from .helpers import f  # in modeling_x.py",
)
def save_keeps_code(facts: Facts) -> Iterator[Finding]:
    lost = facts.of("save")["lost_code"]
    if lost["count"]:
        yield Finding(f"save_pretrained does not write {listed(lost)} as it was", lost["names"][0])


@rule(
    summary="A save fails, or what it writes cannot be loaded.",
    why="Nobody can fine-tune the model and keep the result, on the versions that it fails on.",
    repair="Run load, save_pretrained, load, and repair what it says; declare shared weights in _tied_weights_keys.",
    bad="self.decoder.weight = self.embed.weight  # not declared",
    good='_tied_weights_keys = {"decoder.weight": "embed.weight"}',
)
def save_loads_again(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("save")
    seen = facts.of("save")
    if "reload" in seen:
        yield facts.finding("a load of what was saved failed", seen["reload"])
    elif seen["missing"]["count"]:
        yield Finding(f"what was saved lacks {listed(seen['missing'])}")


@rule(
    summary="A save writes other weights than the model has.",
    why="Fine-tuning is lost or falsified at the moment it is kept.",
    repair="Do not change tensors in save_pretrained or in state dict hooks.",
    bad="def save_pretrained(self, *args, **kwargs):\n    self.half()",
    good="leave save_pretrained alone",
)
def save_keeps_weights(facts: Facts) -> Iterator[Finding]:
    seen = facts.of("save")
    if seen["weights"]["count"]:
        yield Finding(f"save_pretrained writes other values of {listed(seen['weights'])}")
    elif seen.get("reloaded", {}).get("count"):
        yield Finding(f"after a save and a load these have other values: {listed(seen['reloaded'])}")


@rule(
    summary="Save, load, save is not a fixed point: the second save writes other bytes than the first.",
    why="Something drifts with every generation of fine-tuning: a field that grows, a default that wins, a time.",
    repair="Make the configuration and the processors write what they were given, and nothing of the moment.",
    bad="self.created = time.time()",
    good="no field that another save would change",
)
def save_fixed_point(facts: Facts) -> Iterator[Finding]:
    seen = facts.of("save")
    if seen.get("changed", {}).get("count"):
        yield Finding(f"the second save differs from the first in {listed(seen['changed'])}")


@rule(
    summary="The model cannot be pickled and read in another process, or is another one there.",
    why="""DataLoader workers, multiprocessing with spawn, Ray and Spark send models that way; lambdas, local classes
        and open files cannot go. On every version the other process must call
        transformers.dynamic_module_utils.init_hf_modules() first.""",
    repair="Use functools.partial or a method instead of a lambda, and classes at the top level of the file.",
    bad="self.act = lambda x: x.relu()",
    good="self.act = nn.ReLU()",
)
def pickles(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("pickle")
    seen = facts.of("pickle")
    if seen.get("failure"):
        yield Finding(f"another process could not read the pickled model: {seen['failure']}")
    elif seen.get("found") != seen["digest"]:
        yield Finding("the weights that another process reads from the pickled model are not the same")
