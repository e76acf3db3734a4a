"""Measure what this repository's models cost, against bare timm, transformers' native ResNet and its TimmWrapper.

\b
    python -m scripts.benchmark
    python -m scripts.benchmark --models resnet50 --groups load --groups memory --rounds 11
    python -m scripts.benchmark --device cuda --output results/cuda

One run measures all of them, in interleaved rounds, with random weights of the same depths; nothing is downloaded.
It writes OUTPUT/benchmark.json, .md, .svg and .png. Groups: forward, train, memory, load, preprocess and commands;
load and memory use processes of their own, and the commands work on the smallest and the largest of the family.
Let nothing else run meanwhile.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from .hub_ready.console import messages, results, run
from .hub_ready.interrupts import scratch_folder
from .hub_ready.staging import prepare_output

_MODELS = ["resnet18", "resnet50"]
_GROUPS = ["forward", "train", "memory", "load", "preprocess", "commands"]


def main(
    models: Annotated[list[str], typer.Option(help="Names of timm; repeat it for several.")] = _MODELS,
    groups: Annotated[list[str], typer.Option(help="What to measure; repeat it for several.")] = _GROUPS,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    rounds: Annotated[int, typer.Option(min=2, help="Rounds; fewer, but 3, where one takes long.")] = 5,
    output: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    # README quotes results/, which a part of the groups must not replace.
    output = output or Path("results" if set(groups) == set(_GROUPS) else "benchmark")
    prepare_output(output)
    with scratch_folder("benchmark-") as scratch, messages.status("preparing") as status:
        # Before transformers is imported: no cache of the user's is read or written, and nothing is asked of the Hub.
        os.environ |= {"HF_HOME": f"{scratch}/hf", "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
        os.environ |= {"TORCHINDUCTOR_CACHE_DIR": f"{scratch}/compiled", "TORCH_LOGS": "-all"}
        from .benchmarks.run import Plan, benchmark

        plan = Plan(models, groups, device, rounds)
        found = benchmark(plan, scratch, lambda text: status.update(text))
    from .benchmarks.run import write

    written = write(found, output)
    if as_json:
        results.print_json((output / "benchmark.json").read_text())
    else:
        results.print((output / "benchmark.md").read_text(), markup=False)
        messages.print(f"written: {', '.join(map(str, written))}")


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
