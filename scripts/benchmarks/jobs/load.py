"""Warm loads in a process that has imported the libraries. Imports nothing of this project."""

import runpy
import time
from pathlib import Path

PEERS = runpy.run_path(str(Path(__file__).parents[1] / "peers.py"))


def main(peer: str, place: str, name: str, loads: int) -> float:
    """Seconds of the fastest of `loads` loads after a first one, which copies the code and fills the caches."""
    load, seconds = PEERS["LOADERS"][peer], []
    load(Path(place), name)
    for _ in range(loads):
        start = time.perf_counter()
        model = load(Path(place), name)
        seconds.append(time.perf_counter() - start)
        del model
    return min(seconds)
