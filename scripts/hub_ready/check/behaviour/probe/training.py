"""Phases about gradients: that they arrive everywhere, and equally with checkpointing."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from .compare import distance, few, floats, is_finite, outputs
from .errors import NotApplicable
from .inputs import parameters
from .running import inputs_of
from .subject import Subject

# Recomputing does the same arithmetic again; a kernel may still add in another order.
_TOLERANCE = 1e-5


def _loss(model: nn.Module, given: dict[str, Any]) -> tuple[Tensor, bool]:
    """The model's own loss where it makes one from class labels, else a sum over its answer; and which it was."""
    labels = labels_of(model, given)
    if labels is not None:
        loss = outputs(model(**given, labels=labels)).get("loss")
        if loss is not None:
            return loss, True
    found = floats(outputs(model(**given)))
    # Weighted, since the sum over a normalised vector has no gradient.
    terms = [(t.float() * torch.linspace(-1, 2, max(t.numel(), 1)).reshape(t.shape)).sum() for t in found.values()]
    return torch.stack(terms).sum(), False


def labels_of(model: nn.Module, given: dict[str, Any]) -> Tensor | None:
    count = getattr(model.config, "num_labels", 0) or 0
    sequence = type(model).__name__.endswith(("ImageClassification", "SequenceClassification", "AudioClassification"))
    if "labels" not in parameters(model) or not sequence or count < 2:
        return None
    rows = len(next(value for value in given.values() if isinstance(value, Tensor)))
    return torch.arange(rows) % count


def backward(subject: Subject) -> dict[str, Any]:
    """One backward pass in eval mode, where nothing random lies between a parameter and the loss."""
    model, given = subject.model, inputs_of(subject).batch
    loss, own = _loss(model, given)
    facts: dict[str, Any] = {"own_loss": own, "loss_finite": is_finite(loss), "scalar": loss.ndim == 0}
    facts["connected"] = loss.requires_grad
    if loss.requires_grad and loss.ndim == 0:
        loss.backward()
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    facts["unreached"] = few(name for name, p in trainable.items() if p.grad is None)
    facts["not_finite"] = few(n for n, p in trainable.items() if p.grad is not None and not is_finite(p.grad))
    facts["trainable"] = len(trainable)
    model.zero_grad()
    return facts


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Counts the calls of every module."""
    calls = [0]

    def count(*_: Any) -> None:
        calls[0] += 1

    hook = nn.modules.module.register_module_forward_hook(count)
    try:
        yield calls
    finally:
        hook.remove()


def _gradients(model: nn.Module, given: dict[str, Any]) -> tuple[dict[str, Tensor], int]:
    torch.manual_seed(0)
    with _counted() as calls:
        _loss(model, copy.deepcopy(dict(given)))[0].backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found, calls[0]


def checkpointing(subject: Subject) -> dict[str, Any]:
    """Gradients without and with checkpointing, of one model in training mode that sees one seed."""
    model = subject.model
    if not getattr(model, "supports_gradient_checkpointing", False):
        raise NotApplicable("the class does not declare it (supports_gradient_checkpointing)")
    given = inputs_of(subject).batch
    # A model of its own, since nothing takes checkpointing off again on every version.
    other = subject.load(subject.main_key)[0].train()
    plain, calls = _gradients(other, given)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    saving, again = _gradients(other, given)
    gaps = {name: distance(plain[name], saving[name]) if name in saving else float("inf") for name in plain}
    return {"recomputed": again > calls, "different": few(n for n, gap in gaps.items() if not gap <= _TOLERANCE)}
