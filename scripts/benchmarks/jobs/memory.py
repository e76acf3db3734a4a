"""Peaks of memory in a process that has imported the libraries. Imports nothing of this project."""

import resource
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

PEERS = runpy.run_path(str(Path(__file__).parents[1] / "peers.py"))
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident(field: str) -> int:
    """Bytes that Linux states as VmRSS (now) or VmHWM (the peak)."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def process_peak() -> int:
    """Bytes at the peak of this process, libraries included."""
    # Not ru_maxrss on Linux: it begins with the peak of the process that started this one.
    return resident("VmHWM") if _STATUS.exists() else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def peak_of(call: Callable[[], Any], device: str) -> int | None:
    """Bytes at the peak of a call beyond those before it, of the GPU or resident; None where nothing tells."""
    import torch

    if device == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    if not _RESET.exists():
        return None
    before = resident("VmRSS")
    _RESET.write_text("5")  # the peak begins anew
    call()
    return resident("VmHWM") - before


def main(peer: str, place: str, name: str, device: str, batch: int) -> int | None:
    """The peak of a load, and of an answer to `batch` images where that is not 0."""
    import torch

    load = PEERS["LOADERS"][peer]
    load(Path(place), name)  # copies the code and imports what is imported late

    def answer() -> None:
        model = load(Path(place), name).to(device)
        if batch:
            with torch.inference_mode():
                model(torch.zeros(batch, 3, 224, 224, device=device))

    return peak_of(answer, device)
