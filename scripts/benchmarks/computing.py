"""Groups that run in this process: forward passes, training steps, preprocessing."""

from collections.abc import Callable, Iterator
from typing import Any

import timm
import torch
import torch.nn.functional as F
from timm.data import create_transform, resolve_data_config
from torch import Tensor, nn
from transformers import AutoImageProcessor

from scripts.hub_ready.samples import photographs

from .context import Context
from .measure import Measurement, time_calls
from .peers import LOADERS, logits_of

_PEERS = ("ours", "timm", "native", "TimmWrapper")
_BATCHES = (1, 32)
_TRAINED = 8  # images of a training step
# Eager in every layout and precision; compiled as one runs it plainly, and as one runs it for speed.
MODES = [
    *((False, dtype, layout) for dtype in ("fp32", "bf16") for layout in (False, True)),
    (True, "fp32", False),
    (True, "bf16", True),
]
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def mode_name(batch: int, compiled: bool, dtype: str, channels_last: bool) -> str:
    """For instance "batch 1, compiled, bf16, channels last"."""
    words = [
        f"batch {batch}",
        "compiled" if compiled else "eager",
        dtype,
        *(["channels last"] if channels_last else []),
    ]
    return ", ".join(words)


def _placed(thing: Any, context: Context, dtype: str = "fp32", channels_last: bool = False) -> Any:
    layout = torch.channels_last if channels_last else torch.preserve_format
    if isinstance(thing, Tensor):
        return thing.to(context.device, _DTYPES[dtype], memory_format=layout)
    return thing.to(device=context.device, dtype=_DTYPES[dtype]).to(memory_format=layout)


def _answers(models: dict[str, nn.Module], pixels: Tensor) -> dict[str, Callable[[], Tensor]]:
    def answer(model: nn.Module) -> Callable[[], Tensor]:
        def call() -> Tensor:
            with torch.inference_mode():
                return logits_of(model(pixels))

        return call

    return {name: answer(model) for name, model in models.items()}


def forward(context: Context, name: str) -> Iterator[Measurement]:
    """Seconds of a forward pass in evaluation mode, in every mode and for one image and a batch."""
    for compiled, dtype, channels_last in MODES:
        models = {peer: _placed(LOADERS[peer](context.place, name), context, dtype, channels_last) for peer in _PEERS}
        if compiled:
            torch._dynamo.reset()
            models = {peer: torch.compile(model, dynamic=False) for peer, model in models.items()}
        for batch in _BATCHES:
            pixels = _placed(torch.randn(batch, 3, 224, 224), context, dtype, channels_last)
            values = time_calls(_answers(models, pixels), context.rounds, context.synchronize)
            yield Measurement("forward", name, mode_name(batch, compiled, dtype, channels_last), "s", values, batch)


def _step(model: nn.Module, pixels: Tensor, labels: Tensor) -> Callable[[], None]:
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

    def step() -> None:
        F.cross_entropy(logits_of(model(pixels)), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def train(context: Context, name: str) -> Iterator[Measurement]:
    """Seconds of one step of SGD: forward, cross entropy, backward, update."""
    pixels = _placed(torch.randn(_TRAINED, 3, 224, 224), context)
    labels = torch.arange(_TRAINED, device=context.device)
    models = {peer: _placed(LOADERS[peer](context.place, name), context).train() for peer in _PEERS}
    steps = {peer: _step(model, pixels, labels) for peer, model in models.items()}
    values = time_calls(steps, context.rounds, context.synchronize)
    yield Measurement("train", name, f"batch {_TRAINED}, fp32", "s", values, _TRAINED)


def preprocess(context: Context, name: str) -> Iterator[Measurement]:
    """Seconds from photographs of 427 x 640 to pixel values, for one image and for batches."""
    ours = AutoImageProcessor.from_pretrained(context.place / "ours" / name, trust_remote_code=True)
    transform = create_transform(**resolve_data_config(model=timm.create_model(name)), is_training=False)
    pictures = list(photographs().values())
    for batch in (1, 8, 32):
        images = [pictures[i % 2] for i in range(batch)]
        calls = {
            "ours": lambda images=images: ours(images, return_tensors="pt")["pixel_values"],
            "timm": lambda images=images: torch.stack([transform(image) for image in images]),
        }
        case = "1 image" if batch == 1 else f"batch of {batch}"
        yield Measurement("preprocess", name, case, "s", time_calls(calls, context.rounds), batch)
