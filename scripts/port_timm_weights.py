"""Port timm ResNets to repositories that load with trust_remote_code=True.

\b
    python -m scripts.port_timm_weights resnet50d.ra2_in1k
    python -m scripts.port_timm_weights resnet50d --weights random --seed 1
    python -m scripts.port_timm_weights resnet18 --weights checkpoint.pth --labels names.txt
    python -m scripts.port_timm_weights --all --weights random --output family

MODEL is a name of timm's ResNet family, with or without a tag, or hf-hub:NAMESPACE/NAME or local-dir:FOLDER. Each
becomes one flat folder OUTPUT/NAME. Before a folder appears it is loaded in a fresh interpreter through every Auto
class and the pipeline: logits, features, pixels and weights must equal timm's to the last bit.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .hub_ready.console import messages, results, run
from .hub_ready.problems import together


def main(
    models: Annotated[list[str] | None, typer.Argument(metavar="MODEL...", help="Names of timm.")] = None,
    weights: Annotated[str, typer.Option(help="pretrained, random, or a safetensors or torch file.")] = "pretrained",
    seed: Annotated[int, typer.Option(help="Seed of random weights.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the repositories.")] = Path("exports"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace folders that exist.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The whole family; skips what is whole already.")] = False,
    labels: Annotated[Path | None, typer.Option(help="Names of the classes: one a line, or JSON.")] = None,
    license: Annotated[str | None, typer.Option(help="License of the weights, for the card.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    from .hub_ready.finish import Options
    from .timm_port.batch import port_many

    options = Options(output.resolve(), weights, seed, overwrite, labels, license)
    ported, problems = port_many(models or [], options, everything)
    if as_json:
        results.print_json(json.dumps(ported))
    elif ported:
        _print_results(ported)
    elif not problems:
        messages.print("nothing to do: every folder is whole already")
    if problems:
        raise together(problems)


def _print_results(ported: list[dict[str, Any]]) -> None:
    for one in ported:
        size = f"{one['parameters']:,} parameters, {one['bytes'] / 1e6:.1f} MB"
        results.print(f"{one['model']}: {one['parity']} to timm, {size}\n  {one['folder']}", markup=False)
    results.print("Load it:\n  from transformers import AutoModelForImageClassification")
    call = f'AutoModelForImageClassification.from_pretrained("{ported[-1]["folder"]}", trust_remote_code=True)'
    results.print(f"  model = {call}", markup=False)


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
