"""Fresh weights are drawn as timm draws them, architecture by architecture."""

from typing import Any

import pytest
import timm
import torch
from timm.models.resnet import ResNet
from torch import Tensor, nn

from resnet_model import ResnetConfig, ResnetModelForImageClassification
from scripts.timm_port.architecture import config_from, recorded_arguments

FAMILY = timm.list_models(module="resnet")
PRUNED = [name for name in FAMILY if name.endswith("_pruned")]
# One block a stage and a fraction of the width: the rules of initialisation stay the same, and 81 take seconds.
SMALL: dict[str, Any] = {"layers": (1, 1, 1, 1), "channels": (32, 32, 64, 64), "num_classes": 10}


def spread_differs(found: Tensor, expected: Tensor) -> str | None:
    """How the distributions of two random tensors differ; None if they agree."""
    if expected.numel() == 1 or expected.std() == 0:
        return None if torch.equal(found, expected) else "is not the constant that timm sets"
    ratio = (found.std() / expected.std()).item()
    # Five numbers (ECA's kernel) scatter wildly.
    if abs(ratio - 1) > (8 if found.numel() > 30 else 16) / found.numel() ** 0.5:
        return f"has {ratio:.3f} times timm's standard deviation"
    # The mean over the root mean square, of what is around zero: 0.80 if normal, 0.87 if uniform, never above 1.
    shapes = [(tensor.abs().mean() / tensor.square().mean().sqrt()).item() for tensor in (found, expected)]
    return "has another distribution" if abs(shapes[0] - shapes[1]) > max(0.02, 8 / found.numel() ** 0.5) else None


def assert_fresh_as_timm(config: ResnetConfig, network: nn.Module) -> None:
    model = ResnetModelForImageClassification(config)
    expected, found = network.state_dict(), model.model.state_dict()
    assert found.keys() == expected.keys()
    wrong = {name: spread_differs(found[name].float(), tensor.float()) for name, tensor in expected.items()}
    assert {name: text for name, text in wrong.items() if text} == {}
    assert {n: torch.equal(b, dict(network.named_buffers())[n]) for n, b in model.model.named_buffers()} == {
        name: True for name, _ in network.named_buffers()
    }


def small_arguments() -> list[dict[str, Any]]:
    """What timm gives its ResNet for each architecture, made small, each combination once."""
    with torch.device("meta"), recorded_arguments() as calls, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResNet, "init_weights", lambda *args, **kwargs: None)
        for layer in (nn.Conv2d, nn.BatchNorm2d, nn.Linear):
            patch.setattr(layer, "reset_parameters", lambda self: None)
        # In an order that is the same in every run, since each network draws on from where the last one stopped.
        for name in sorted(set(FAMILY) - set(PRUNED)):
            timm.create_model(name)
    return list({repr({**call, **SMALL}): {**call, **SMALL} for call in calls}.values())


def test_each_architecture_starts_as_in_timm() -> None:
    small = small_arguments()
    assert len(small) > 25
    torch.manual_seed(0)
    for arguments in small:
        assert_fresh_as_timm(config_from(arguments, "small", num_classes=10), ResNet(**arguments))


@pytest.mark.parametrize("name", PRUNED)
def test_a_pruned_architecture_starts_as_in_timm(name: str) -> None:
    torch.manual_seed(0)
    with recorded_arguments() as calls:
        network = timm.create_model(name)
    assert_fresh_as_timm(config_from(calls[0], name, num_classes=1000), network)
