"""One port, from a name of timm to a folder that was proved."""

import re
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from timm.data import create_transform

from scripts.hub_ready.export import export
from scripts.hub_ready.finish import Exported, Options, Original, finish, size_of
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.labels import read_labels
from scripts.hub_ready.manifest import Manifest
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.proof import Reference
from scripts.hub_ready.samples import sample_image
from scripts.hub_ready.staging import staged

from .describe import AUTO_CLASS, TASK, card_data, card_facts
from .labels import class_names
from .source import Source, load_source

_PREFIX = "model."


def repository_name(model: str) -> str:
    """A timm name as a repository's: no dots, which some versions take for a module's, and no namespace.

    >>> repository_name("hf-hub:timm/resnet50d.ra2_in1k")
    'resnet50d_ra2_in1k'
    """
    scheme, _, rest = model.rpartition(":")
    stem = rest.rstrip("/").split("/")[-1] if scheme else rest
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_-]", "_", stem)).strip("-_") or "model"


def build_model(source: Source, manifest: Manifest, id2label: dict[int, str]) -> torch.nn.Module:
    """This repository's model around timm's own tensors, without a copy of them.

    Raises:
        Problem: timm built another network than the configuration describes.
    """
    source.config.id2label = id2label
    source.config.label2id = {label: i for i, label in id2label.items()}
    with torch.device("meta"):
        model = manifest.load_class(AUTO_CLASS)(source.config)
    if repr(dict(model.model.named_children())) != repr(dict(source.model.named_children())):
        described = type(source.config).__name__
        raise Problem(f"{source.name}: {described} does not describe every layer that timm built")
    state = {_PREFIX + name: tensor for name, tensor in source.model.state_dict().items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


def reference_of(source: Source) -> Reference:
    """timm's own pixels, pre-logits and logits for one image.

    Raises:
        Problem: timm's logits are not finite, so that nothing can equal them.
    """
    image = Image.fromarray(sample_image()).convert("L" if source.model.in_chans == 1 else "RGB")
    pixels = create_transform(**source.data, is_training=False)(image)[None]
    with torch.no_grad():
        features = source.model.forward_features(pixels)
        pooled = source.model.forward_head(features, pre_logits=True)
        logits = source.model.forward_head(features)
    if not logits.isfinite().all():
        raise Problem(f"{source.name}: timm's own logits are not finite with these weights")
    raw = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    raw = raw.reshape(image.height, image.width, *([3] if image.mode == "RGB" else []))
    tensors = {"image": raw, "pixel_values": pixels, "pooled": pooled, "logits": logits}
    outputs = {"AutoModel": {"pooler_output": "pooled"}, AUTO_CLASS: {"logits": "logits"}}
    return Reference(tensors, outputs, TASK)


def _write(source: Source, manifest: Manifest, options: Options, folder: Path) -> None:
    names = class_names(source.model)
    if options.labels:
        names = read_labels(options.labels, source.config.num_labels)
    processor = manifest.load_class("AutoImageProcessor")(**source.data)
    export(build_model(source, manifest, names), [processor], manifest, folder)


def port(model: str, options: Options, manifest: Manifest, interpreter: FreshInterpreter) -> Exported:
    """Write `options.output/<repository name>`, proved before it appears.

    Raises:
        Misuse: the name, the file or the target cannot be.
        Problem: weights that cannot be had or do not fit, a disk that is full, or a proof that failed.
    """
    target = options.output / repository_name(model)
    with staged(target, options.overwrite) as folder:
        interpreter.start()
        source = load_source(model, options.weights, options.seed)
        _write(source, manifest, options, folder)
        state = {_PREFIX + name: tensor for name, tensor in source.model.state_dict().items()}
        facts = partial(card_facts, source, target.name, manifest.root / "requirements.txt")
        original = Original(state, reference_of(source), card_data(source, options.license), facts)
        proved = finish(folder, original, interpreter)
        size = size_of(folder)
    parameters = sum(parameter.numel() for parameter in source.model.parameters())
    return Exported(model, target, AUTO_CLASS, parameters, size, *proved)
