"""What the model card of a ported checkpoint says, as far as only timm and ResNet know it."""

import re
from pathlib import Path

import timm
from huggingface_hub import ModelCardData

from scripts.hub_ready.card import CardFacts, library_versions
from scripts.hub_ready.manifest import requirement_lines

from .source import Source

# What timm's tags call the images that a checkpoint has seen, in the names that the Hub has for data sets.
_DATASETS = {"in1k": "imagenet-1k", "in12k": "imagenet-12k", "in21k": "imagenet-21k", "in22k": "imagenet-22k"}
_CITATION = """@inproceedings{he2016deep,
  title = {Deep Residual Learning for Image Recognition},
  author = {He, Kaiming and Zhang, Xiangyu and Ren, Shaoqing and Sun, Jian},
  booktitle = {CVPR},
  year = {2016},
  eprint = {1512.03385},
  archivePrefix = {arXiv}
}

@misc{rw2019timm,
  title = {PyTorch Image Models},
  author = {Ross Wightman},
  year = {2019},
  doi = {10.5281/zenodo.4414861},
  howpublished = {\\url{https://github.com/huggingface/pytorch-image-models}}
}"""
# Told once for the card, the command and the proof.
AUTO_CLASS, TASK = "AutoModelForImageClassification", "image-classification"


def _license(source: Source) -> str:
    if source.weights == "random":
        return "apache-2.0"  # nothing was learned from anybody's data: they are as free as the code that drew them
    return (source.weights == "pretrained" and source.pretrained_cfg.get("license")) or "unknown"


def card_data(source: Source, license_id: str | None) -> ModelCardData:
    """The front matter: what timm's own record of the checkpoint gives."""
    cfg, pretrained = source.pretrained_cfg, source.weights == "pretrained"
    tag = (cfg.get("tag") or "") if pretrained else ""
    data = ModelCardData(
        license=license_id or _license(source),
        library_name="transformers",
        pipeline_tag=TASK,
        tags=[TASK, "timm", "resnet", "custom_code"],
    )
    if pretrained and cfg.get("hf_hub_id"):
        data.base_model = cfg["hf_hub_id"]
    datasets = [name for part, name in _DATASETS.items() if part in re.split(r"[_.]", tag)]
    if datasets:
        data.datasets = datasets
    return data


def origin(name: str, weights: str, seed: int) -> str:
    """Where the weights of a port come from, as its card says it."""
    if weights == "random":
        return f"random initialisation as timm does it, seed {seed}"
    if weights == "pretrained":
        return f"timm's pretrained weights for {name}"
    return f"a checkpoint of {name}: {Path(weights).name}"


def _provenance(source: Source, sha256: dict[str, str]) -> list[tuple[str, str]]:
    cfg = source.pretrained_cfg
    where = origin(source.name, source.weights, source.seed)
    rows = [("weights", where), ("architecture", f"`{cfg.get('architecture') or source.name}`")]
    if source.weights == "pretrained":
        rows += [(key, str(cfg[key])) for key in ("tag", "hf_hub_id", "origin_url", "paper_ids") if cfg.get(key)]
    rows.append(("timm", timm.__version__))
    return rows + [(f"sha256 of {name}", f"`{digest}`") for name, digest in sha256.items()]


def _limits(source: Source) -> list[str]:
    limits = ["It runs code from this repository: load it with a pinned `revision` after reading that code."]
    if source.weights == "random":
        limits.append("Its weights are random: its answers mean nothing until it is trained.")
    elif source.weights != "pretrained":
        limits.append("Nothing is known here about the data or the license of its weights; their author knows.")
    else:
        limits.append("It knows the classes and the kind of photographs that it was trained on, and their biases.")
    size = source.pretrained_cfg.get("test_input_size")
    if source.weights == "pretrained" and size and tuple(size) != tuple(source.data["input_size"]):
        limits.append(
            f"timm reports its best accuracy at {size[1]} x {size[2]} pixels; the processor gives its default."
        )
    return limits


def card_facts(source: Source, name: str, requirements: Path, sha256: dict[str, str]) -> CardFacts:
    """The body of the card, for a folder that was proved."""
    size = " x ".join(str(value) for value in source.data["input_size"][1:])
    return CardFacts(
        name=name,
        summary=(
            f"timm's `{source.pretrained_cfg.get('architecture') or source.name}` for image classification into "
            f"{source.config.num_labels} classes at {size} pixels, as a transformers model that gives timm's numbers."
        ),
        auto_class=AUTO_CLASS,
        task=TASK,
        parity=[
            ("logits", "timm's model on the same pixels"),
            ("pooled features", "timm's pre-logits"),
            ("every weight", "timm's state dict"),
            ("pixels of the image processor, one image and a batch", "timm's evaluation transform"),
            ("scores of the pipeline", "the model's logits"),
        ],
        preprocessing=[(key, str(value)) for key, value in source.data.items()],
        provenance=_provenance(source, sha256),
        requirements=requirement_lines(requirements),
        limits=_limits(source),
        citation=_CITATION,
        versions={**library_versions(), "timm": timm.__version__},
    )
