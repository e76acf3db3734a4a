"""The numbers of this source tree's model: what a stranger who loads its export must get."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import PreTrainedModel

from .check.behaviour.probe.compare import unsaved_buffers
from .check.behaviour.probe.errors import CannotFeed, Places
from .check.behaviour.probe.inputs import accepted, make_inputs, missing
from .manifest import Manifest
from .problems import Problem
from .proof import PIXELS, Reference
from .samples import sample_image
from .weights import load_weights

if TYPE_CHECKING:
    from .source_model import Source


def _sibling(cls: type, source: "Source") -> PreTrainedModel:
    """A model of another class of the manifest with the same weights, as far as it has them."""
    model, state = cls(source.model.config).eval(), source.model.state_dict()
    # A head that holds the whole body in one attribute has the body's names behind that attribute's.
    inner = f"{source.model.base_model_prefix}."
    found = {name: state.get(name, state.get(inner + name)) for name in model.state_dict()}
    load_weights(model, {name: tensor for name, tensor in found.items() if tensor is not None}, source.auto_class)
    return model


def _shown(source: "Source") -> dict[str, Tensor]:
    """The sample image and its pixels; nothing without an image processor."""
    if source.processor is None:
        return {}
    grey = getattr(source.model.config, "num_channels", 3) == 1
    image = Image.fromarray(sample_image()).convert("L" if grey else "RGB")
    pixels = source.processor(image, return_tensors="pt")["pixel_values"].contiguous()
    return {"pixel_values": pixels, "image": torch.from_numpy(np.array(image))}


def _fed(source: "Source") -> dict[str, Tensor]:
    """What forward takes beyond pixels: its own `dummy_inputs`, or what its configuration tells."""
    try:
        made = make_inputs(SimpleNamespace(model=source.model, processors={}))
    except CannotFeed as reason:
        raise Problem(f"{reason}, which cannot be made here: define dummy_inputs on the model class") from reason
    return {name: value for name, value in made.batch.items() if isinstance(value, Tensor)}


def _run(model: PreTrainedModel, given: dict[str, Tensor], root: Path) -> dict[str, Tensor]:
    """The tensors that a model returns for as much of an input as it takes."""
    taken = accepted(model, given)
    try:
        with torch.no_grad():
            output: Any = model(**taken)
    except Exception as error:  # the author's own code
        shapes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in taken.items())
        said = Places([str(root)]).describe(error)
        place = f" ({said['path']}:{said['line']})" if said["path"] else ""
        raise Problem(
            f"{type(model).__name__}.forward fails on {shapes}: {said['type']}: {said['message']}{place}; "
            "if it was not fed with what it needs, define dummy_inputs on the model class"
        ) from error
    return {name: value for name, value in output.items() if isinstance(value, Tensor)}


def reference_of(source: "Source", manifest: Manifest) -> Reference:
    """The outputs of every class of the manifest for one input.

    Raises:
        Problem: forward cannot be fed, or fails, or its outputs are not finite, so that nothing can equal them.
    """
    tensors, inputs, outputs, buffers = _shown(source), PIXELS, {}, {}
    more = missing(source.model, PIXELS) if tensors else []
    if more and source.task:
        raise Problem(
            f"{type(source.model).__name__}.forward needs {', '.join(more)} beside pixel_values, which the "
            f"{source.task} pipeline does not give: give it a default, or publish the model without that task"
        )
    if not tensors or more:
        fed = _fed(source)
        inputs = {name: f"input.{name}" for name in fed}
        tensors |= {f"input.{name}": tensor for name, tensor in fed.items()}
    given, unsaved = {name: tensors[key] for name, key in inputs.items()}, {}
    for key in manifest.model_keys:
        model = source.model if key == source.auto_class else _sibling(manifest.load_class(key), source)
        kept = {name: tensor.clone() for name, tensor in unsaved_buffers(model).items()}
        buffers[key] = {name: f"{key}.buffer.{name}" for name in kept}
        unsaved |= {f"{key}.buffer.{name}": tensor for name, tensor in kept.items()}
        found = _run(model, given, manifest.root)
        outputs[key] = {field: f"{key}.{field}" for field in found}
        tensors |= {f"{key}.{field}": tensor for field, tensor in found.items()}
        if key == source.auto_class and "logits" in found:
            tensors["logits"] = found["logits"].clone()
    if not all(tensor.isfinite().all() for tensor in tensors.values() if tensor.is_floating_point()):
        raise Problem("the model's own outputs are not finite with these weights")
    task = "image-classification" if inputs is PIXELS and source.task == "image-classification" else None
    return Reference(tensors | unsaved, outputs, task, inputs, buffers)
