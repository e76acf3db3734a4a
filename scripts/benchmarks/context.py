"""Where and how a benchmark runs, and on what."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.problems import Misuse

_PACKAGES = ("torch", "torchvision", "transformers", "timm", "safetensors", "numpy", "pillow")


@dataclass(frozen=True)
class Context:
    """What every group needs: the folder of the prepared peers, the device, the rounds, a stranger's interpreter."""

    place: Path
    device: str
    rounds: int
    interpreter: FreshInterpreter

    def synchronize(self) -> None:
        """Wait until the device has done what it was told."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def check_device(device: str) -> None:
    """Refuse a device that is unknown or not there."""
    if device not in ("cpu", "cuda"):
        raise Misuse(f"--device: expected cpu or cuda, found {device}")
    if device == "cuda" and not torch.cuda.is_available():
        build = torch.version.cuda or "none"
        raise Misuse(f"--device cuda: torch {torch.__version__} (CUDA {build}) finds no GPU; leave it out for the CPU")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.processor())


def machine(device: str) -> dict[str, Any]:
    """What the numbers depend on: the processor, its cores and torch's threads, the GPU, the system, the versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if device == "cuda" else None,
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in _PACKAGES},
    }
