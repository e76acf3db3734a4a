"""Small networks of this repository, in which every layer matters."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from resnet_model import ResnetConfig, ResnetModelForImageClassification


def tiny_config(**fields: Any) -> ResnetConfig:
    """One basic block a stage, 3 classes: some milliseconds a forward."""
    tiny = {"block_type": "basic", "layers": [1, 1, 1, 1], "channels": [32, 32, 64, 64], "num_classes": 3}
    return ResnetConfig(**{**tiny, **fields})


def awaken(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give each norm weights and statistics of its own.

    Fresh ResNets end each residual branch with a norm whose weight is zero: whatever the branch computes is lost, and
    equal outputs would say nothing about it.
    """
    torch.manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.uniform_(module.weight, 0.3, 0.7)
            nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model.eval()


def tiny_model(cls: type = ResnetModelForImageClassification, **fields: Any) -> PreTrainedModel:
    """A tiny network with awake norms, the same at every call."""
    torch.manual_seed(0)
    return awaken(cls(tiny_config(**fields)))


def pixels(batch: int = 2, size: int = 64, channels: int = 3) -> torch.Tensor:
    """(batch, channels, size, size), the same at every call."""
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(1))
