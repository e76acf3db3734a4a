"""A port in this process, proved in the shared stranger."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.finish import Exported, Options
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import read_manifest
from scripts.timm_port.batch import quiet
from scripts.timm_port.port import port

from .networks import awake, save_checkpoint

PortFile = Callable[..., Exported]


@pytest.fixture
def port_awake(tmp_path: Path, interpreter: FreshInterpreter) -> PortFile:
    """Port a checkpoint in which every layer matters."""
    quiet()

    def run(name: str, **network: Any) -> Exported:
        checkpoint = save_checkpoint(awake(name, **network), tmp_path / "checkpoint.safetensors")
        options = Options(tmp_path / "exports", weights=str(checkpoint))
        try:
            return port(name, options, read_manifest(), interpreter)
        finally:
            checkpoint.unlink()  # the family's checkpoints together take 18 GB

    return run
