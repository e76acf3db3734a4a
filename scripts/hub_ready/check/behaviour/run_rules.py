"""Rules about running: what the model answers, alone, in a batch, in bfloat16, in a pipeline."""

from collections.abc import Iterator
from typing import Any

from ..model import Finding
from ..registry import rule
from .facts import Facts, NotRun, listed

_EXAMPLE = """
@property
def dummy_inputs(self):
    return {"pixel_values": torch.zeros(3, 3, 64, 64), "boxes": torch.zeros(3, 4)}
"""


@rule(
    severity="warning",
    summary="No inputs could be made for the model, so that it was not run.",
    why="""What is not run is not known to work. Inputs come from the repository's processors, else from the
        configuration and the names of forward's arguments.""",
    repair="""Define `dummy_inputs` on the model class: transformers' own property for this, on every version, which
        travels with the code. It returns keyword arguments of forward; three samples in the first dimension of every
        tensor let batches be checked too.""",
    bad="def forward(self, pixel_values, boxes):  # and no dummy_inputs",
    good=_EXAMPLE,
)
def can_be_fed(facts: Facts) -> Iterator[Finding]:
    outcome = facts.outcomes.get("inputs", {})
    if outcome.get("unfed"):
        yield Finding(f"{outcome['skipped']}, which cannot be made here: define dummy_inputs on the model class")
    elif "error" in outcome:
        yield facts.finding("no inputs could be made", outcome["error"])
    else:
        facts.of("inputs")


@rule(
    summary="The model does not run on inputs from its own processors, configuration or dummy_inputs.",
    why="Nobody can use it, on the versions that it fails on.",
    repair="Make forward take what the processor gives; define dummy_inputs if the inputs here were no good ones.",
    bad="def forward(self, x):",
    good="def forward(self, pixel_values, labels=None):",
)
def forward_runs(facts: Facts) -> Iterator[Finding]:
    outcome = facts.outcomes.get("forward", {})
    if "error" in outcome:
        given = facts.of("inputs")
        yield facts.finding(f"on {given['shapes']} (from {given['source']})", outcome["error"])
    elif not facts.of("forward")["tensors"]:
        yield Finding("forward returns no tensor")


@rule(
    summary="The answer of the loaded model holds NaN or infinity.",
    why="Garbage in a buffer or a head that nothing initialised, or arithmetic that overflows, on these versions.",
    repair="Look at what was loaded first (buffers, heads), then at the operations.",
    bad="return logits / 0",
    good="return logits",
)
def outputs_finite(facts: Facts) -> Iterator[Finding]:
    unclean = facts.of("forward")["not_finite"]
    if unclean["count"]:
        yield Finding(f"not finite: {listed(unclean)}")


@rule(
    summary="The logits have another number of classes than the configuration has labels.",
    why="The pipeline dies with KeyError or names the wrong classes; the loss of a fine-tuning fails.",
    repair="Size the head by config.num_labels.",
    bad="self.head = nn.Linear(width, 10)",
    good="self.head = nn.Linear(width, config.num_labels)",
)
def logits_match_labels(facts: Facts) -> Iterator[Finding]:
    seen, loaded = facts.of("forward"), facts.of("load")
    if not loaded["main"].endswith("Classification") or not seen["logits"]:
        raise NotRun("the model does not classify")
    if seen["logits"][-1] != seen["num_labels"]:
        yield Finding(f"logits have {seen['logits'][-1]} classes, the configuration has {seen['num_labels']} labels")


@rule(
    summary="The same input gives another answer the second time.",
    why="Evaluation cannot be repeated; dropout as a function ignores eval mode unless it is told.",
    repair="Pass training=self.training to functional dropout, and draw nothing at random in eval mode.",
    bad="x = F.dropout(x, 0.1)",
    good="x = F.dropout(x, 0.1, training=self.training)",
)
def eval_deterministic(facts: Facts) -> Iterator[Finding]:
    different = facts.of("forward")["different"]
    if different["count"]:
        yield Finding(f"two runs on one input differ in {listed(different)}")


@rule(
    summary="Running the model in eval mode changes its weights, its buffers or its inputs.",
    why="Answers depend on what was asked before, and a save keeps what no training meant.",
    repair="Update statistics under `if self.training` only, and write into no argument.",
    bad="self.mean.mul_(0.9).add_(x.mean())",
    good="if self.training:\n    self.mean.mul_(0.9).add_(x.mean())",
)
def forward_is_pure(facts: Facts) -> Iterator[Finding]:
    seen = facts.of("forward")
    for kind, words in (("state", "weights or buffers"), ("inputs", "inputs")):
        if seen[kind]["count"]:
            yield Finding(f"forward changes {words}: {listed(seen[kind])}")


def _gaps(seen: dict[str, Any]) -> str:
    return ", ".join(f"{name} by {gap:.2g}" for name, gap in seen["worst"].items())


@rule(
    summary="A sample gets another answer in a batch than alone.",
    why="""Padding that is not masked, or statistics over the batch: the answer depends on the neighbours. A difference
        of up to 1e-4 of the largest value passes, since a kernel for another size may add in another order.""",
    repair="Respect attention_mask, and normalise over each sample alone in eval mode.",
    bad="pooled = hidden.mean(1)",
    good="pooled = (hidden * mask).sum(1) / mask.sum(1)",
)
def batch_independent(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("batch")
    seen = facts.of("batch")
    if seen["worst"]:
        yield Finding(f"alone and in a batch differ relatively: {_gaps(seen)} (tolerance {seen['tolerance']:g})")


@rule(
    summary="The model does not run in bfloat16.",
    why="""Large models are loaded in it, and 5.x loads in the dtype of the checkpoint; tensors that forward makes in
        float32 do not go with weights in bfloat16.""",
    repair="Make tensors in forward with the dtype of the input or of a weight, and cast back what was raised.",
    bad="x = x + torch.zeros(3)",
    good="x = x + torch.zeros(3, dtype=x.dtype)",
)
def runs_in_bfloat16(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("bfloat16")
    seen = facts.of("bfloat16")
    if seen["not_finite"]["count"]:
        yield Finding(f"not finite in bfloat16: {listed(seen['not_finite'])}")
    for name, dtype in seen["dtypes"].items():
        yield Finding(f"a bfloat16 model gives {name} in {dtype}")


@rule(
    summary="The class claims to be captured in one graph, and torch.export fails or gives other numbers.",
    why="_can_compile_fullgraph = True is what exporters and compilers of 4.5x and 5.x go by.",
    repair="Remove data-dependent control flow from forward, or the claim.",
    bad="if x.sum() > 0:",
    good="x = torch.where(x.sum() > 0, x, -x)",
)
def exports(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("export")
    seen = facts.of("export")
    if seen["worst"]:
        yield Finding(f"the exported program differs relatively: {_gaps(seen)} (tolerance {seen['tolerance']:g})")


@rule(
    summary="The pipeline of the Auto class does not answer.",
    why="""It is the first thing on the Hub's page and what most consumers try. It needs the processor's file, a
        forward that takes what the processor gives, an output with logits, and a label for every class.""",
    repair="Run transformers.pipeline(task, model=folder, trust_remote_code=True) and repair what it says.",
    bad="return logits",
    good="return ImageClassifierOutput(logits=logits)",
)
def pipeline_answers(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("pipeline")
    seen = facts.of("pipeline")
    if seen["labels"]["count"]:
        yield Finding(f"the {seen['task']} pipeline gives labels that id2label lacks: {listed(seen['labels'])}")
    if seen["not_finite"]:
        yield Finding(f"the {seen['task']} pipeline gives scores that are not finite")
