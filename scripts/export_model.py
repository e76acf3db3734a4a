"""Export the model of this source tree to a folder that loads with trust_remote_code=True.

\b
    python -m scripts.export_model my-model --weights random
    python -m scripts.export_model my-model --weights best.safetensors --labels names.txt
    python -m scripts.export_model my-model --weights runs/checkpoint-500

NAME is the repository's name on the Hub, without its namespace. Before OUTPUT/NAME appears it is loaded in a fresh
interpreter through every Auto class and the pipeline: outputs, pixels and weights must equal those of the source tree
to the last bit.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from .hub_ready.console import messages, results, run


def main(
    name: Annotated[str | None, typer.Argument(help="Of the repository; the model_type if left out.")] = None,
    weights: Annotated[str, typer.Option(help="random, a safetensors or torch file, or a saved folder.")] = "random",
    seed: Annotated[int, typer.Option(help="Seed of random weights.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the repositories.")] = Path("exports"),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder that exists.")] = False,
    labels: Annotated[Path | None, typer.Option(help="Names of the classes: one a line, or JSON.")] = None,
    license: Annotated[str | None, typer.Option(help="License of the weights; README.md's if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    from .hub_ready.export_source import export_source
    from .hub_ready.finish import Options
    from .hub_ready.manifest import read_manifest

    manifest = read_manifest()
    name = name or manifest.config["model_type"]
    with messages.status(f"exporting {name}"):
        exported = export_source(name, Options(output, weights, seed, overwrite, labels, license), manifest)
    if as_json:
        results.print_json(json.dumps(exported.to_json()))
        return
    size = f"{exported.parameters:,} parameters, {exported.bytes / 1e6:.1f} MB"
    results.print(f"{exported.folder}: equal to the source tree, {size}", markup=False)
    call = f'{exported.auto_class}.from_pretrained("{exported.folder}", trust_remote_code=True)'
    results.print(f"Load it:\n  from transformers import {exported.auto_class}\n  model = {call}", markup=False)


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
