"""Inputs for any model: from its own `dummy_inputs`, from its processors, or from its configuration and signature."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from .errors import CannotFeed
from .subject import Subject

BATCH = 3
_TEXTS = ("a small test", "another test, of a longer sentence with some more words in it", "one more small test")
# Of different lengths, so that a batch has to be padded as it is in real life.
_SECONDS = (1.0, 1.3, 0.8)


@dataclass(frozen=True)
class Inputs:
    """Keyword arguments for `forward`: the samples together, and each alone where that can be had."""

    batch: dict[str, Any]
    singles: list[dict[str, Any]]
    source: str

    def describe(self) -> str:
        shapes = (f"{name} {list(t.shape)}" for name, t in self.batch.items() if isinstance(t, Tensor))
        return ", ".join(shapes)


def parameters(model: nn.Module) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(model.forward).parameters)


def make_inputs(subject: Subject) -> Inputs:
    """Inputs for the checkpoint's own model.

    Raises:
        CannotFeed: an argument that `forward` needs is one that nobody here knows how to make.
    """
    model = subject.model
    if type(model).dummy_inputs is not PreTrainedModel.dummy_inputs:
        return _sliced(dict(model.dummy_inputs), "dummy_inputs")
    return from_processors(subject) or _from_configuration(model)


def from_processors(subject: Subject) -> Inputs | None:
    """What the processors make of samples; None where there are none, or where forward needs more."""
    made = _made_by_processors(subject, subject.model)
    return made if made and not missing(subject.model, made.batch) else None


def missing(model: nn.Module, given: Iterable[str]) -> list[str]:
    """The arguments that forward needs and that are not among the given ones."""
    needed = [
        name
        for name, parameter in parameters(model).items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    main = getattr(model, "main_input_name", None)
    if not needed and main in parameters(model):
        needed = [main]
    return [name for name in needed if name not in set(given)]


def _sliced(batch: dict[str, Any], source: str) -> Inputs:
    """Singles cut from a batch, where every tensor has the samples in front."""
    sizes = {len(value) if isinstance(value, Tensor) and value.ndim else 0 for value in batch.values()}
    if len(sizes) != 1 or min(sizes) < 2:
        return Inputs(batch, [], source)
    singles = [{name: value[i : i + 1] for name, value in batch.items()} for i in range(sizes.pop())]
    return Inputs(batch, singles, source)


def accepted(model: nn.Module, made: dict[str, Any]) -> dict[str, Any]:
    """Those arguments that forward takes."""
    known = parameters(model)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return dict(made)
    return {name: value for name, value in made.items() if name in known}


def channels(config: Any) -> int:
    """Channels of an image, under the names that configurations have for them."""
    for holder in (config, getattr(config, "vision_config", None)):
        for name in ("num_channels", "input_channels", "in_channels", "in_chans", "n_channels"):
            value = getattr(holder, name, None)
            if isinstance(value, int):
                return value
    return 3


def image(config: Any, index: int = 0) -> Any:
    """A picture of noise over a gradient, as PIL image where there are 1 or 3 channels: uint8 (height, width, ...)."""
    count, random = channels(config), np.random.default_rng(index)
    shape = (48, 64) if count == 1 else (48, 64, count)
    ramp = np.linspace(0, 150, 64).reshape(1, 64, *([1] * (len(shape) - 2)))
    pixels = np.clip(ramp + random.integers(0, 105, shape), 0, 255).astype(np.uint8)
    if count not in (1, 3):
        return pixels
    from PIL import Image

    return Image.fromarray(pixels)


def sound(rate: int, index: int = 0) -> np.ndarray:
    """A tone with noise, float32 (samples,)."""
    time = np.arange(int(rate * _SECONDS[index % BATCH])) / rate
    noise = np.random.default_rng(index).normal(0, 0.1, time.shape)
    return (0.5 * np.sin(2 * np.pi * (200 + 150 * index) * time) + noise).astype(np.float32)


def text(index: int = 0) -> str:
    return _TEXTS[index % BATCH]


def _made_by_processors(subject: Subject, model: nn.Module) -> Inputs | None:
    processors = subject.processors
    makers = [maker_of(key, processor, model.config) for key, processor in processors.items()]
    if not makers:
        return None

    def make(indices: list[int]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for maker in makers:
            made = {**accepted(model, dict(maker(indices))), **made}
        return made

    singles = [make([index]) for index in range(BATCH)]
    return Inputs(make(list(range(BATCH))), singles, ", ".join(processors))


def maker_of(key: str, processor: Any, config: Any) -> Callable[[list[int]], Any]:
    if key == "AutoTokenizer":
        # A tokenizer without a padding token can still feed samples of one length.
        pad = processor.pad_token is not None

        def tokens(indices: list[int]) -> Any:
            chosen = [text(i if pad else 0) for i in indices]
            return processor(chosen, return_tensors="pt", padding=pad, truncation=pad, **_longest(processor, config))

        return tokens
    if key == "AutoImageProcessor":
        return lambda indices: processor([image(config, i) for i in indices], return_tensors="pt")
    if key == "AutoFeatureExtractor":
        rate = getattr(processor, "sampling_rate", 16000)
        return lambda indices: processor(
            [sound(rate, i) for i in indices], sampling_rate=rate, return_tensors="pt", padding=True
        )
    return lambda indices: _process(processor, config, indices)


def _longest(processor: Any, config: Any) -> dict[str, int]:
    limits = [processor.model_max_length, getattr(config, "max_position_embeddings", None)]
    # A tokenizer that knows no limit says 10 ** 30.
    known = [limit for limit in limits if isinstance(limit, int) and limit < 2**31]
    return {"max_length": min(known)} if known else {}


def _process(processor: Any, config: Any, indices: list[int]) -> Any:
    """Feed a processor of several kinds what its parts take."""
    given: dict[str, Any] = {}
    if hasattr(processor, "tokenizer"):
        given["text"] = [text(i) for i in indices]
    if hasattr(processor, "image_processor"):
        given["images"] = [image(config, i) for i in indices]
    extractor = getattr(processor, "feature_extractor", None)
    if extractor is not None and not hasattr(processor, "image_processor"):
        given["audio"] = [sound(extractor.sampling_rate, i) for i in indices]
        given["sampling_rate"] = extractor.sampling_rate
    return processor(**given, return_tensors="pt", padding=True)


def _from_configuration(model: nn.Module) -> Inputs:
    random, config = torch.Generator().manual_seed(0), model.config
    made = {}
    for name in parameters(model):
        maker = _RAW.get(name)
        if maker is not None:
            made[name] = maker(config, random)
    if "input_ids" not in made:
        made.pop("attention_mask", None)
    lacking = missing(model, made)
    if lacking or not made:
        wanted = ", ".join(lacking) or "no argument that could be recognised"
        raise CannotFeed(f"{type(model).__name__}.forward needs {wanted}")
    return _sliced(made, "the configuration")


def _size(config: Any) -> tuple[int, int]:
    for holder in (config, getattr(config, "vision_config", None)):
        value = getattr(holder, "image_size", None) or getattr(holder, "img_size", None)
        if isinstance(value, int):
            return value, value
        if isinstance(value, (list, tuple)) and len(value) == 2:
            return tuple(value)
    return 64, 64


def _pixels(config: Any, random: torch.Generator) -> Tensor:
    return torch.randn(BATCH, channels(config), *_size(config), generator=random)


def _tokens(config: Any, random: torch.Generator) -> Tensor:
    config = getattr(config, "text_config", None) or config
    return torch.randint(0, getattr(config, "vocab_size", 2), (BATCH, 12), generator=random)


def _mel(config: Any, random: torch.Generator) -> Tensor:
    bins = getattr(config, "num_mel_bins", None) or getattr(config, "feature_size", None) or 80
    return torch.randn(BATCH, bins, 128, generator=random)


_RAW: dict[str, Callable[[Any, torch.Generator], Tensor]] = {
    "pixel_values": _pixels,
    "images": _pixels,
    "input_ids": _tokens,
    "attention_mask": lambda config, random: torch.ones(BATCH, 12, dtype=torch.long),
    "input_values": lambda config, random: 0.1 * torch.randn(BATCH, 16000, generator=random),
    "input_features": _mel,
}
