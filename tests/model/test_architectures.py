"""The configuration expresses every architecture that timm.models.resnet registers."""

import inspect
from collections.abc import Iterator

import pytest
import timm
import torch
from timm.models.resnet import ResNet
from torch import nn

from resnet_model import ResnetConfig, ResnetModelForImageClassification
from resnet_model.modeling_resnet import ResnetPreTrainedModel
from scripts.timm_port.architecture import config_from, recorded_arguments

_INITIALISERS = [
    *((layer, "reset_parameters") for layer in (nn.Conv1d, nn.Conv2d, nn.BatchNorm2d, nn.GroupNorm, nn.Linear)),
    (ResNet, "init_weights"),
    (ResnetPreTrainedModel, "_init_weights"),
]
FAMILY = timm.list_models(module="resnet")


@pytest.fixture
def shapes_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Networks without memory and without initialisation, which takes nine tenths of the time on the meta device."""
    for owner, name in _INITIALISERS:
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: None)
    with torch.device("meta"):
        yield


def timm_network(name: str) -> tuple[nn.Module, ResnetConfig]:
    """timm's network, and our configuration of it."""
    with recorded_arguments() as calls:
        network = timm.create_model(name)
    return network, config_from(calls[0], name, num_classes=network.num_classes)


def test_the_family_has_the_81_members_that_were_counted() -> None:
    assert len(FAMILY) == 81


@pytest.mark.parametrize("name", FAMILY)
def test_an_architecture_is_expressed_exactly(name: str, shapes_alone: None) -> None:
    network, config = timm_network(name)
    # What travels is JSON, so it must say everything.
    config = ResnetConfig.from_dict(config.to_dict())
    model = ResnetModelForImageClassification(config)
    shapes = {f"model.{key}": tensor.shape for key, tensor in network.state_dict().items()}
    assert repr(dict(model.model.named_children())) == repr(dict(network.named_children()))
    assert {key: tensor.shape for key, tensor in model.state_dict().items()} == shapes


def test_our_defaults_are_those_of_timm() -> None:
    theirs = {name: parameter.default for name, parameter in inspect.signature(ResNet.__init__).parameters.items()}
    ours = ResnetConfig().to_dict()
    shared = theirs.keys() & ours.keys() - {"norm_layer"}
    shared -= {"layers"}  # timm has no default for it
    assert len(shared) == 14
    assert {name: ours[name] for name in shared} == {
        name: list(theirs[name]) if isinstance(theirs[name], tuple) else theirs[name] for name in shared
    }
