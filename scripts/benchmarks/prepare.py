"""One model in the form that each peer loads, with random weights; nothing is downloaded."""

from pathlib import Path

from safetensors.torch import save_file
from timm.models.resnet import BasicBlock, ResNet
from torch import nn
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    TimmWrapperConfig,
    TimmWrapperForImageClassification,
)

from scripts.hub_ready.export import export
from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.problems import Misuse
from scripts.timm_port.labels import class_names
from scripts.timm_port.port import build_model
from scripts.timm_port.source import load_source

# The depths at which the native network computes the same as timm's: the same layers, strides and widths.
COMPARABLE = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
# The smallest and the largest of timm's ResNet family: what the commands cost grows between them.
COMMAND_MODELS = ("resnet18", "resnext101_32x32d")


def check_names(names: list[str]) -> None:
    """Refuse a model that the native ResNet cannot be compared with."""
    wrong = [name for name in names if name not in COMPARABLE]
    if wrong:
        raise Misuse(
            f"--models: expected {', '.join(COMPARABLE)}, which transformers' native ResNet computes too, "
            f"found {', '.join(wrong)}"
        )


def native_config(network: ResNet) -> ResNetConfig:
    """The native configuration of the same depth and widths."""
    stages = [network.layer1, network.layer2, network.layer3, network.layer4]
    widths = [[layer for layer in stage[0].modules() if isinstance(layer, nn.Conv2d)] for stage in stages]
    basic = isinstance(network.layer1[0], BasicBlock)
    return ResNetConfig(
        layer_type="basic" if basic else "bottleneck",
        embedding_size=network.conv1.out_channels,
        hidden_sizes=[convs[1 if basic else 2].out_channels for convs in widths],
        depths=[len(stage) for stage in stages],
        num_labels=network.num_classes,
    )


def prepare(name: str, place: Path) -> None:
    """Fill `place/PEER/name` for every peer, with the same weights where the names of the tensors are timm's."""
    source, manifest = load_source(name, "random", 0), read_manifest()
    folders = {peer: place / peer / name for peer in ("ours", "timm", "native", "TimmWrapper")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    processor = manifest.load_class("AutoImageProcessor")(**source.data)
    export(build_model(source, manifest, class_names(source.model)), [processor], manifest, folders["ours"])
    state = source.model.state_dict()
    save_file(state, folders["timm"] / "model.safetensors")
    ResNetForImageClassification(native_config(source.model)).save_pretrained(folders["native"])
    # timm's own Hub exports carry an argument that this class passes twice; what it saves itself, it loads.
    wrapper = TimmWrapperForImageClassification(
        TimmWrapperConfig(architecture=name, num_labels=source.model.num_classes)
    )
    wrapper.timm_model.load_state_dict(state)
    wrapper.save_pretrained(folders["TimmWrapper"])
