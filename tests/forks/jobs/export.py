"""Export a source tree's own model with fresh weights, or those of a folder. Runs in a fresh interpreter."""

import sys
from pathlib import Path


def main(root: str, target: str, fields: dict, weights: str = "random") -> dict:
    """Write the folder `target`, and beside it, in `target`.safetensors, an image, its pixels and the outputs.

    `fields` take the places of config.json's, to make a network small.
    """
    sys.path.insert(0, root)
    from safetensors.torch import save_file

    from scripts.hub_ready.export import export
    from scripts.hub_ready.manifest import read_manifest
    from scripts.hub_ready.source_model import load_source, reference_of

    manifest = read_manifest()
    manifest.config.update(fields)
    source = load_source(manifest, weights, seed=0)
    Path(target).mkdir()
    export(source.model, [source.processor] if source.processor else [], manifest, Path(target))
    reference = reference_of(source, manifest)
    save_file(
        {name: tensor.contiguous().clone() for name, tensor in reference.tensors.items()}, f"{target}.safetensors"
    )
    return {
        "inputs": reference.inputs,
        "outputs": reference.outputs,
        "buffers": reference.buffers,
        "task": reference.task,
        "class": type(source.model).__name__,
    }
