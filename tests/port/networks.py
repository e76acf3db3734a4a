"""timm networks to port."""

from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import save_file
from torch import nn


def awake(name: str, seed: int = 0, **kwargs: Any) -> nn.Module:
    """A timm network in which every layer matters.

    Fresh ResNets end each residual branch with a norm whose weight is zero: whatever the branch computes is lost, and
    equal logits would say nothing about it.
    """
    torch.manual_seed(seed)
    model = timm.create_model(name, pretrained=False, **kwargs)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm)):
            nn.init.uniform_(module.weight, 0.3, 0.7)
            nn.init.normal_(module.bias, std=0.1)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return model.eval()


def save_checkpoint(model: nn.Module, path: Path) -> Path:
    """The state dict as timm itself writes it."""
    save_file(model.state_dict(), path)
    return path
