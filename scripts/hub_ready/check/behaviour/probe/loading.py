"""Phases about loading: keys, bits, buffers, fresh weights, the meta device, other labels."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from .compare import differing, few, is_finite, not_finite, plain_tensors, same, unsaved_buffers
from .errors import NotApplicable
from .subject import Subject, garbage_shown

# Auto classes whose models have as many outputs as there are labels.
_LABELLED = ("Classification", "QuestionAnswering")


def _report(info: Mapping[str, Any]) -> dict[str, list[str]]:
    """transformers' own report; a mismatched key comes with its shapes."""
    found = {}
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        names = info.get(kind) or []
        found[kind] = sorted(str(name[0] if isinstance(name, (tuple, list)) else name) for name in names)
    return found


def named(name: str, state: Mapping[str, Tensor], prefix: str) -> str | None:
    """The name that a tensor of the file has in a model: a body lacks the prefix of the head's model, or has it."""
    for candidate in (name, name.removeprefix(f"{prefix}."), f"{prefix}.{name}"):
        if candidate in state:
            return candidate
    return None


def _compare_with_files(subject: Subject, model: nn.Module) -> dict[str, Any]:
    """Tensors that differ from the file, and those of the model that no file holds."""
    state, prefix = model.state_dict(), getattr(model, "base_model_prefix", "") or "-"
    different, used = [], set()
    for name, tensor in subject.tensors():
        mine = named(name, state, prefix)
        if mine is not None:
            used.add(mine)
            # 4.x loads in float32 whatever the file holds; the conversion is exact.
            expected = tensor.to(state[mine].dtype) if tensor.is_floating_point() else tensor
            if not same(state[mine], expected):
                different.append(f"{mine}: {_how(state[mine], expected)}")
    return {"different": few(different), "absent": few(_unsaved(model, state.keys() - used, used))}


def _how(found: Tensor, expected: Tensor) -> str:
    if found.shape != expected.shape:
        return f"shape {tuple(found.shape)}, in the file {tuple(expected.shape)}"
    if found.is_meta:
        return "it is on the meta device"
    gap = (found.double() - expected.double()).abs().max().item() if found.numel() else 0.0
    return f"differs by up to {gap:.3g}"


def _unsaved(model: nn.Module, names: Iterable[str], used: set[str]) -> list[str]:
    """Names that share no memory with a tensor that was loaded: tied weights are saved once."""
    state = model.state_dict()
    loaded = {(state[name].data_ptr(), state[name].shape) for name in used}
    return [name for name in names if (state[name].data_ptr(), state[name].shape) not in loaded]


def load(subject: Subject) -> dict[str, Any]:
    """Load through every Auto class of a model, the checkpoint's own first; its failure fails the phase."""
    if not list(subject.folder.glob("model*.safetensors")):
        raise NotApplicable("there is no model*.safetensors")
    classes: dict[str, Any] = {}
    for key in subject.model_keys:
        try:
            model, info = subject.loaded if key == subject.main_key else subject.load(key)
            classes[key] = {
                "class": type(model).__name__,
                "training": any(module.training for module in model.modules()),
                **_report(info),
                **_compare_with_files(subject, model),
            }
        except Exception as error:
            if key == subject.main_key:
                raise
            classes[key] = {"error": subject.places.describe(error)}
    return {"main": subject.main_key, "classes": classes}


def buffers(subject: Subject) -> dict[str, Any]:
    """Buffers and tensors that no file holds, after a load and after a direct construction."""
    model, built = subject.model, subject.build()
    facts = {}
    for name, find in {"buffers": unsaved_buffers, "attributes": plain_tensors}.items():
        wanted, found = find(built), find(model)
        facts[name] = few(differing(found, wanted))
        facts[f"{name}_random"] = few(differing(find(subject.build()), wanted) if facts[name]["count"] else [])
    return facts


def _fresh(subject: Subject) -> nn.Module:
    torch.manual_seed(0)
    with garbage_shown():
        return getattr(transformers, subject.main_key).from_config(subject.config, trust_remote_code=True)


def fresh(subject: Subject) -> dict[str, Any]:
    """Two models of one configuration and one seed."""
    one, other = _fresh(subject), _fresh(subject)
    first, second = ({**m.state_dict(), **unsaved_buffers(m)} for m in (one, other))
    unclean = not_finite(first)
    return {
        "not_finite": few(unclean),
        "different": few(name for name in differing(first, second) if name not in unclean),
    }


def meta(subject: Subject) -> dict[str, Any]:
    """The model without memory."""
    cls, config = type(subject.model), subject.config
    with torch.device("meta"):
        model = cls(config)
    return {"elsewhere": few(name for name, parameter in model.named_parameters() if not parameter.is_meta)}


def labels(subject: Subject) -> dict[str, Any]:
    """The checkpoint with another number of labels: what changed its shape must be new and finite, the rest equal."""
    if (
        not subject.main_key.endswith(_LABELLED[:1])
        and "labels" not in inspect.signature(subject.model.forward).parameters
    ):
        raise NotApplicable("the model has no labels")
    if not subject.main_key.endswith(_LABELLED[:1]):
        raise NotApplicable(f"{subject.main_key} has no labels to count")
    count = subject.model.config.num_labels + 3
    model, _ = subject.load(subject.main_key, num_labels=count, ignore_mismatched_sizes=True)
    before, after = subject.model.state_dict(), model.state_dict()
    head = [name for name in after if name not in before or before[name].shape != after[name].shape]
    return {
        "count": count,
        "head": few(head),
        "not_finite": few(not_finite(after)),
        "constant": few(
            n for n in head if after[n].ndim > 1 and is_finite(after[n]) and float(after[n].abs().max()) > 1e3
        ),
        "changed": few(n for n in after if n in before and n not in head and not same(before[n], after[n])),
    }
