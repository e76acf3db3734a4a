"""Phases that run the model: one answer, alone and in a batch, in bfloat16, exported, pickled, in a pipeline."""

import copy
import os
import pickle
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
import transformers.dynamic_module_utils as dynamic
from packaging.version import Version
from torch import Tensor, nn

from . import inputs as feeding
from .compare import TOLERANCE, differing, digest, distance, few, floats, not_finite, outputs, unsaved_buffers
from .errors import NotApplicable
from .inputs import Inputs
from .subject import VERSION, Subject, dtype_argument, garbage_shown
from .tasks import SCORED, sample_of, task_of


def inputs(subject: Subject) -> dict[str, Any]:
    """Make inputs, once for all phases."""
    made = inputs_of(subject)
    return {"source": made.source, "shapes": made.describe()}


def inputs_of(subject: Subject) -> Inputs:
    made = getattr(subject, "inputs", None)
    if made is None:
        made = subject.inputs = feeding.make_inputs(subject)
    return made


def run(model: nn.Module, given: Mapping[str, Any]) -> dict[str, Tensor]:
    """The model's answer to inputs of its own, without gradients."""
    with torch.no_grad(), garbage_shown():
        return outputs(model(**copy.deepcopy(dict(given))))


def forward(subject: Subject) -> dict[str, Any]:
    """One input twice, through the checkpoint's own class, and once through every other one that takes it."""
    model, given = subject.model, inputs_of(subject).batch
    before = {name: tensor.clone() for name, tensor in {**model.state_dict(), **unsaved_buffers(model)}.items()}
    kept = copy.deepcopy(dict(given))
    with torch.no_grad(), garbage_shown():
        answer = model(**given)
    first, second = outputs(answer), run(model, kept)
    touched = [
        name for name, value in given.items() if isinstance(value, Tensor) and differing({"": value}, {"": kept[name]})
    ]
    for name in touched:
        given[name] = kept[name]
    return {
        "tensors": sorted(first),
        "mapping": isinstance(answer, Mapping),
        "not_finite": few(not_finite(first)),
        "different": few(name for name in differing(first, second) if name not in not_finite(first)),
        "state": few(differing(before, {**model.state_dict(), **unsaved_buffers(model)})),
        "inputs": few(touched),
        "logits": list(first["logits"].shape) if "logits" in first else None,
        "num_labels": getattr(model.config, "num_labels", None),
    }


def _row(tensor: Tensor, index: int, single: Tensor, padded_left: bool) -> Tensor | None:
    """The sample's share of a batched output, cut to the sample's own length; None where there is no such share."""
    if tensor.ndim != single.ndim or len(tensor) != feeding.BATCH or len(single) != 1 or single.ndim == 0:
        return None
    share = tensor[index : index + 1]
    if share.shape == single.shape:
        return share
    # A padded sequence: (1, length, ...) with the same size behind.
    if single.ndim == 3 and share.shape[2:] == single.shape[2:] and share.shape[1] > single.shape[1]:
        length = single.shape[1]
        return share[:, -length:] if padded_left else share[:, :length]
    return None


def _padded_left(batch: dict[str, Any], index: int) -> bool:
    """Whether a sample's padding comes first, as causal language models want it."""
    mask = batch.get("attention_mask")
    return isinstance(mask, Tensor) and mask.ndim == 2 and not mask[index, 0]


def batch(subject: Subject) -> dict[str, Any]:
    """Each sample alone, against its share of the batch."""
    made = inputs_of(subject)
    if not made.singles:
        raise NotApplicable("dummy_inputs hold one sample, or samples that cannot be told apart")
    together, worst, compared = floats(run(subject.model, made.batch)), {}, set()
    for index, single in enumerate(made.singles):
        for name, alone in floats(run(subject.model, single)).items():
            left = _padded_left(made.batch, index)
            share = _row(together[name], index, alone, left) if name in together else None
            if share is not None:
                compared.add(name)
                worst[name] = max(worst.get(name, 0.0), distance(alone, share))
    # Where the answer proper can be compared, what is inside of it need not be: padding may hold anything.
    answer = {"logits", "pooler_output", "loss"} & compared or compared
    if not compared:
        raise NotApplicable("no output has one row for each sample")
    return {
        "worst": {name: gap for name, gap in worst.items() if name in answer and not gap <= TOLERANCE},
        "tolerance": TOLERANCE,
    }


def bfloat16(subject: Subject) -> dict[str, Any]:
    """The model as a consumer loads it for a GPU."""
    model, _ = subject.load(subject.main_key, **dtype_argument(torch.bfloat16))
    given = {
        name: value.to(torch.bfloat16) if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in inputs_of(subject).batch.items()
    }
    found = floats(run(model.eval(), given))
    answer = {
        name: t for name, t in found.items() if name in ("logits", "last_hidden_state", "pooler_output", "output")
    }
    others = {name: str(t.dtype) for name, t in answer.items() if t.dtype != torch.bfloat16}
    return {"not_finite": few(not_finite(found)), "dtypes": others}


def pickled(subject: Subject) -> dict[str, Any]:
    """The model and the code that it needs, left for another process to read."""
    place = Path(subject.workspace) / "pickle"
    os.makedirs(place)
    # 4.x imports the code anew for every load, and only objects of the last import can be pickled.
    model, _ = subject.load(subject.main_key)
    (place / "model.pkl").write_bytes(pickle.dumps(model))
    shutil.copytree(dynamic.HF_MODULES_CACHE, place / "modules")
    return {
        "pickled": str(place / "model.pkl"),
        "modules": str(place / "modules"),
        "digest": digest(model.state_dict()),
    }


def export(subject: Subject) -> dict[str, Any]:
    """torch.export, for a class that says of itself that it can be captured in one graph."""
    model = subject.model
    if not getattr(model, "_can_compile_fullgraph", False):
        raise NotApplicable("the class does not claim it (_can_compile_fullgraph)")
    given = inputs_of(subject).batch
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(model, (), kwargs=copy.deepcopy(dict(given)), strict=False)
    eager, exported = floats(run(model, given)), floats(run(program.module(), given))
    gaps = {name: distance(eager[name], exported[name]) for name in eager if name in exported}
    return {"worst": {name: gap for name, gap in gaps.items() if not gap <= TOLERANCE}, "tolerance": TOLERANCE}


def parts_of(subject: Subject) -> dict[str, Any]:
    """The processors, by the names under which a pipeline takes them."""
    names = {
        "AutoImageProcessor": "image_processor",
        "AutoFeatureExtractor": "feature_extractor",
        "AutoTokenizer": "tokenizer",
    }
    return {names[key]: processor for key, processor in subject.processors.items() if key in names}


def pipeline(subject: Subject) -> dict[str, Any]:
    """The whole way from a sample to labelled scores, as the pipeline of the Auto class goes it."""
    task = task_of(subject)
    if task not in SCORED:
        raise NotApplicable(f"no pipeline that can be tried takes {subject.main_key}")
    # A custom processor is not found by itself before 4.54.
    parts = {} if Version("4.54") <= VERSION else parts_of(subject)
    pipe = transformers.pipeline(task, model=str(subject.folder), trust_remote_code=True, device="cpu", **parts)
    answer = pipe(sample_of(task, subject))
    entries = answer if isinstance(answer, list) else [answer]
    names = set((subject.config.id2label or {}).values())
    return {
        "task": task,
        "labels": few({_label(entry) for entry in entries} - {str(name) for name in names}),
        "not_finite": not all(torch.isfinite(torch.tensor(float(entry["score"]))) for entry in entries),
    }


def _label(entry: Mapping[str, Any]) -> str:
    """The label of one answer; token classification strips its B- and I- only when it groups."""
    return str(entry.get("label", entry.get("entity")))
