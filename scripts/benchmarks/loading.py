"""Groups whose every value comes from a process of its own: loads, cold starts, peaks of memory, the commands."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Problem

from .context import Context
from .measure import Measured, Measurement, in_rounds

JOBS = Path(__file__).parent / "jobs"
_PEERS = ("ours", "timm", "native", "TimmWrapper", "floor")
_WARM_LOADS = 5
_ALIKE = 5  # rounds at most of what takes long and varies little


def _run(command: list[str]) -> str:
    """Standard output of a command; a Problem with the end of its standard error when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise Problem(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def _by_field(field: str, found: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[float]]:
    return {peer: [one[field] for one in values] for peer, values in found.items()}


def _warm(context: Context, name: str) -> dict[str, list[float]]:
    def load(peer: str) -> Measured:
        arguments = {"peer": peer, "place": str(context.place), "name": name, "loads": _WARM_LOADS}
        return lambda: context.interpreter.run(JOBS / "load.py", arguments)

    return in_rounds({peer: load(peer) for peer in _PEERS}, context.rounds)


def _cold(context: Context, name: str) -> dict[str, list[dict[str, Any]]]:
    def start(peer: str) -> Callable[[], Any]:
        def measure() -> dict[str, Any]:
            begin = time.monotonic()
            answer = json.loads(_run([sys.executable, "-I", str(JOBS / "cold.py"), peer, str(context.place), name]))
            return {"seconds": answer["end"] - begin, "peak": answer["peak"]}

        return measure

    calls = {peer: start(peer) for peer in _PEERS}
    for call in calls.values():
        call()  # the first copies the code and brings the files into the system's cache
    return in_rounds(calls, context.rounds)


def load(context: Context, name: str) -> Iterator[Measurement]:
    """Warm loads, and whole processes from their start to the first logits, with the memory of the latter."""
    yield Measurement("load", name, "warm from_pretrained", "s", _warm(context, name))
    cold = _cold(context, name)
    yield Measurement("load", name, "process to first logits", "s", _by_field("seconds", cold))
    yield Measurement("load", name, "peak memory of that process", "bytes", _by_field("peak", cold))


def memory(context: Context, name: str) -> Iterator[Measurement]:
    """What a load and a forward pass take beyond the imported libraries; the floor is the size of the weights."""
    rounds = min(context.rounds, _ALIKE)
    size = float((context.place / "timm" / name / "model.safetensors").stat().st_size)

    def peak(peer: str, batch: int) -> Measured:
        arguments = {"peer": peer, "place": str(context.place), "name": name, "device": context.device}
        return lambda: context.interpreter.run(JOBS / "memory.py", {**arguments, "batch": batch})

    for case, batch in (("load", 0), ("load and batch 1", 1), ("load and batch 32", 32)):
        values = in_rounds({peer: peak(peer, batch) for peer in _PEERS if peer != "floor"}, rounds)
        if None not in values["ours"]:
            yield Measurement("memory", name, case, "bytes", {**values, "floor": [size] * rounds})


def commands(context: Context, name: str) -> Iterator[Measurement]:
    """Seconds of the commands of an author on one model; once each, for what they do takes seconds and more."""
    exports, copy = context.place / "exports", f"{name}-copy"
    folder = exports / name
    # In this order: each works on what the first has written.
    lines = {
        "port": ["port_timm_weights", name, "--weights", "random", "--output", str(exports), "--overwrite"],
        "export": ["export_model", copy, "--weights", str(folder), "--output", str(exports), "--overwrite"],
        "check --static": ["check_repo", str(folder), "--static"],
        "check": ["check_repo", str(folder)],
        "rehearse": ["push_to_hub", str(folder), "--rehearse", "--static"],
    }
    for case, (command, *options) in lines.items():
        start = time.perf_counter()
        _run([sys.executable, "-m", f"scripts.{command}", *options])
        values = {"ours": [time.perf_counter() - start]}
        size = (folder / "model.safetensors").stat().st_size
        yield Measurement("commands", name, case, "s", values, size=size)
    for written in (folder, exports / copy):
        shutil.rmtree(written)
