"""timm's names for the classes of a head."""

from collections import Counter
from typing import Any

from timm.data import ImageNetInfo, infer_imagenet_subset
from timm.models.resnet import ResNet

from scripts.hub_ready.labels import numbered


def _imagenet(subset: str) -> dict[int, str]:
    """timm's description of each class; where two classes share it (two kinds of crane), with the synset."""
    info = ImageNetInfo(subset)
    names = list(zip(info.label_names(), info.label_descriptions(), strict=True))
    count = Counter(description for _, description in names)
    return {i: f"{text} ({synset})" if count[text] > 1 else text for i, (synset, text) in enumerate(names)}


def class_names(model: ResNet) -> dict[int, str]:
    """Class index to name: the checkpoint's own, ImageNet's by the size of the head, or LABEL_n."""
    cfg: dict[str, Any] = model.pretrained_cfg
    own, count = cfg.get("label_names"), model.num_classes
    if own and len(own) == count:
        texts = cfg.get("label_descriptions") or {}
        return numbered([texts.get(name, name) for name in own])
    subset = infer_imagenet_subset(model)
    return _imagenet(subset) if subset else {i: f"LABEL_{i}" for i in range(count)}
