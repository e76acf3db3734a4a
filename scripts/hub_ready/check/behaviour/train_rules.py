"""Rules about training: gradients arrive everywhere, and equally with checkpointing."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from .facts import Facts, listed


@rule(
    summary="A backward pass does not reach every trainable parameter.",
    why="""What it does not reach is never trained; distributed training stops with "parameters that were not used"
        unless it is told to search for them.""",
    repair="Remove detach() and no_grad() from forward, use every module, or freeze what is not to be trained.",
    bad="x = self.body(x).detach()",
    good="x = self.body(x)",
)
def backward_reaches_all(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("backward")
    seen = facts.of("backward")
    if not seen["connected"]:
        yield Finding("the loss does not depend on any trainable parameter")
    elif seen["unreached"]["count"]:
        yield Finding(f"no gradient reaches {listed(seen['unreached'])}")


@rule(
    summary="The loss is not one finite number, or its gradients are not finite.",
    why="Trainer calls backward on it: it raises, or the first step makes every weight NaN.",
    repair="Return the mean over the batch as a scalar, computed in a stable form.",
    bad='loss = F.cross_entropy(logits, labels, reduction="none")',
    good="loss = F.cross_entropy(logits, labels)",
)
def loss_finite(facts: Facts) -> Iterator[Finding]:
    seen = facts.of("backward")
    if not seen["scalar"]:
        yield Finding("forward(labels=...) returns a loss that is no scalar")
    if not seen["loss_finite"]:
        yield Finding("forward(labels=...) returns a loss that is not finite")
    elif seen["not_finite"]["count"]:
        yield Finding(f"the gradients of {listed(seen['not_finite'])} are not finite")


@rule(
    summary="Gradient checkpointing is declared and fails, does nothing, or gives other gradients.",
    why="""Trainer(gradient_checkpointing=True) believes supports_gradient_checkpointing: the memory is not saved, or
        another model is trained.""",
    repair="""Call self._gradient_checkpointing_func(block.__call__, x) for each block when self.gradient_checkpointing
        and self.training; or drop the declaration.""",
    bad="supports_gradient_checkpointing = True  # and forward does not know of it",
    good="""
        if self.gradient_checkpointing and self.training:
            x = self._gradient_checkpointing_func(block.__call__, x)
    """,
)
def checkpointing_recomputes(facts: Facts) -> Iterator[Finding]:
    yield from facts.failure("checkpointing")
    seen = facts.of("checkpointing")
    if not seen["recomputed"]:
        yield Finding("with gradient checkpointing nothing is recomputed")
    if seen["different"]["count"]:
        yield Finding(f"with gradient checkpointing the gradients of {listed(seen['different'])} differ")
