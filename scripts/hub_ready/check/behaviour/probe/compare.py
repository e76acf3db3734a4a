"""Tensors compared: bit by bit where the arithmetic is the same, with a stated tolerance where a kernel may differ."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

# A batch of another size may run another kernel, which adds in another order: some ulps of float32 over a network.
TOLERANCE = 1e-4
SHOWN = 5


def bits(tensor: Tensor) -> Tensor:
    """The memory of a tensor as bytes, so that NaN equals itself and 0.0 does not equal -0.0."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)


def same(one: Tensor, other: Tensor) -> bool:
    """Equal shape, dtype and bits."""
    alike = one.shape == other.shape and one.dtype == other.dtype
    if alike and one.is_meta != other.is_meta:
        return False
    return alike and (one.is_meta or torch.equal(bits(one), bits(other)))


def is_finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def distance(one: Tensor, other: Tensor) -> float:
    """Largest difference, relative to the largest value; infinite for other shapes or values that are not finite."""
    if one.shape != other.shape:
        return float("inf")
    if one.numel() == 0 or same(one, other):
        return 0.0
    one, other = one.detach().double(), other.detach().double()
    found = ((one - other).abs().max() / one.abs().max().clamp_min(1e-6)).item()
    return found if found == found else float("inf")


def digest(state: Mapping[str, Tensor]) -> str:
    """sha256 over names and bits of a state dict."""
    total = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        total.update(name.encode())
        total.update(bits(tensor).numpy().tobytes())
    return total.hexdigest()


def few(names: Iterable[Any]) -> dict[str, Any]:
    """The first few of a list, and its length."""
    names = sorted(map(str, names))
    return {"names": names[:SHOWN], "count": len(names)}


def differing(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> list[str]:
    """Names whose tensors are not the same, or that only one of the two has."""
    return [
        name for name in {**one, **other} if name not in one or name not in other or not same(one[name], other[name])
    ]


def not_finite(tensors: Mapping[str, Tensor]) -> list[str]:
    return [name for name, tensor in tensors.items() if not is_finite(tensor)]


def outputs(value: Any, prefix: str = "") -> dict[str, Tensor]:
    """Every tensor in what a model returned, by a readable name; caches and other objects are passed over."""
    if isinstance(value, Tensor):
        return {prefix or "output": value}
    found: dict[str, Tensor] = {}
    for name, item in _items(value):
        found.update(outputs(item, f"{prefix}.{name}" if prefix else name))
    return found


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(name), item) for name, item in value.items())
    elif isinstance(value, (tuple, list)):
        yield from ((str(index), item) for index, item in enumerate(value))


def floats(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}


def unsaved_buffers(model: nn.Module) -> dict[str, Tensor]:
    """Buffers that no state dict holds."""
    found = {}
    for prefix, module in model.named_modules():
        for name in module._non_persistent_buffers_set:
            if module._buffers.get(name) is not None:
                found[f"{prefix}.{name}" if prefix else name] = module._buffers[name]
    return found


def plain_tensors(model: nn.Module) -> dict[str, Tensor]:
    """Tensors that are attributes of modules and neither parameters nor buffers, also in lists and dicts."""
    found: dict[str, Tensor] = {}
    for prefix, module in model.named_modules():
        for name, value in vars(module).items():
            if not name.startswith("_") or isinstance(value, Tensor):
                found.update(outputs(value, f"{prefix}.{name}" if prefix else name))
    return found
