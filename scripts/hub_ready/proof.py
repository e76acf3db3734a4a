"""The proof that a folder loads, as a stranger would load it, with the numbers that it was made from."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from .fresh import JOBS, FreshInterpreter, JobFailed
from .interrupts import scratch_folder
from .problems import Problem

# The argument that takes an image processor's pixels, and the tensor that holds them.
PIXELS = {"pixel_values": "pixel_values"}


@dataclass(frozen=True)
class Reference:
    """Numbers that a loaded model must reproduce to the last bit.

    Attributes:
        tensors: the inputs, the expected outputs by any name, and, where there is an image processor, the `image`
            (uint8, height x width [x channels]) that it makes `pixel_values` (1, channels, height, width) of.
        outputs: Auto class to {field of its output: name among `tensors`}.
        task: the pipeline to try on the image, or None.
        inputs: argument of forward to the name among `tensors` that it is fed with; a model gets those it takes.
        buffers: Auto class to {buffer that no file holds: name among `tensors`}.
    """

    tensors: dict[str, Tensor]
    outputs: dict[str, dict[str, str]]
    task: str | None = None
    inputs: dict[str, str] = field(default_factory=lambda: PIXELS)
    buffers: dict[str, dict[str, str]] = field(default_factory=dict)


def prove(folder: Path, reference: Reference, interpreter: FreshInterpreter) -> dict[str, Any]:
    """Load `folder` in a fresh process through every Auto class, its processor and its pipeline.

    Returns:
        The versions that ran.

    Raises:
        Problem: a load failed or a number differs; the first difference is named.
    """
    with scratch_folder("proof-") as scratch:
        path = scratch / "reference.safetensors"
        # A model may give one tensor under two names.
        save_file({name: tensor.contiguous().clone() for name, tensor in reference.tensors.items()}, path)
        arguments = {"folder": str(folder.resolve()), "reference": str(path), "task": reference.task}
        arguments |= {"outputs": reference.outputs, "inputs": reference.inputs, "buffers": reference.buffers}
        try:
            answer = interpreter.run(JOBS / "load_and_compare.py", arguments)
        except JobFailed as failure:
            raise Problem(f"the exported folder does not load in a fresh interpreter: {failure}") from failure
    differences = answer["differences"]
    if differences:
        more = f" (and {len(differences) - 1} more differences)" if len(differences) > 1 else ""
        raise Problem(f"the exported folder does not give the same numbers: {differences[0]}{more}")
    return answer["versions"]
