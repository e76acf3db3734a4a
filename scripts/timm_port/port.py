"""One port, from a name of timm to a folder that was proved."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from timm.data import create_transform

from scripts.hub_ready.card import render_card
from scripts.hub_ready.check.gate import demand_no_findings
from scripts.hub_ready.export import export
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.labels import read_labels
from scripts.hub_ready.manifest import Manifest
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.proof import Reference, prove
from scripts.hub_ready.samples import sample_image
from scripts.hub_ready.staging import staged
from scripts.hub_ready.weights import check_written, checksums

from .describe import AUTO_CLASS, TASK, card_data, card_facts
from .labels import class_names
from .source import Source, load_source

_PREFIX = "model."


@dataclass(frozen=True)
class Options:
    """How to port.

    Attributes:
        output: folder for the repositories.
        weights: "pretrained", "random" or a path.
        seed: of random weights.
        overwrite: replace a repository that exists.
        labels: file that names the classes, or None.
        license: identifier for the card; None takes it from timm.
    """

    output: Path
    weights: str = "pretrained"
    seed: int = 0
    overwrite: bool = False
    labels: Path | None = None
    license: str | None = None


@dataclass(frozen=True)
class Ported:
    """What a port came to: `model` as asked for, its folder, its size and the versions that proved it."""

    model: str
    folder: Path
    parameters: int
    bytes: int
    sha256: dict[str, str]
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """JSON values; `parity` is "equal", since nothing else becomes a folder."""
        return {**asdict(self), "folder": str(self.folder), "parity": "equal"}


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
    if repr(model.model) != repr(source.model):
        raise Problem(f"{source.name}: ResnetConfig does not describe every layer that timm built")
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


def port(model: str, options: Options, manifest: Manifest, interpreter: FreshInterpreter) -> Ported:
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
        reference = reference_of(source)
        parameters = sum(parameter.numel() for parameter in source.model.parameters())
        sha256 = checksums(folder)
        facts = card_facts(source, target.name, manifest.root / "requirements.txt", sha256)
        card = render_card(card_data(source, options.license), facts)
        (folder / "README.md").write_text(card, encoding="utf-8")
        with ThreadPoolExecutor(1) as meanwhile:
            # The stranger loads in another process, so reading rules and files costs no time of its own.
            read = meanwhile.submit(demand_no_findings, folder)
            written = meanwhile.submit(
                check_written, {_PREFIX + name: tensor for name, tensor in source.model.state_dict().items()}, folder
            )
            versions = prove(folder, reference, interpreter)
            read.result(), written.result()
        size = sum(path.stat().st_size for path in folder.iterdir())
    return Ported(model, target, parameters, size, sha256, versions)
