"""The model of this repository, small and fresh."""

from collections.abc import Callable

import pytest
import torch

from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.source_model import Source, load_source

Build = Callable[..., torch.nn.Module]


@pytest.fixture(scope="package")
def source() -> Source:
    """The default architecture with fresh weights, and its image processor."""
    return load_source(read_manifest(), "random", seed=0)


@pytest.fixture
def build(source: Source) -> Build:
    """Fresh models of the same class, with other fields of the configuration where they are given."""
    config = type(source.model.config)

    def fresh(**fields) -> torch.nn.Module:
        torch.manual_seed(0)
        return type(source.model)(config(**fields)).eval()

    return fresh


@pytest.fixture
def pixels(source: Source) -> torch.Tensor:
    """Two images as the processor would give them."""
    config = source.model.config
    shape = (2, config.num_channels, config.image_size, config.image_size)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))
