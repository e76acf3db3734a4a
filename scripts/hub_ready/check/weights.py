"""What the weight files say about themselves: safetensors headers, read without a framework."""

import json
import math
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .repository import Repository

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
MAX_HEADER = 100_000_000  # the format's own limit
_BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8}
_BITS |= {"I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64}
_BITS |= {"F64": 64, "I64": 64, "U64": 64}


@dataclass(frozen=True)
class Tensor:
    """One entry of a header; `end` is the offset behind its last byte."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    end: int


class Weights:
    """Tensors of a repository's weight files, and what is wrong with those files."""

    def __init__(self, repository: "Repository"):
        self._repository = repository

    @cached_property
    def files(self) -> list[str]:
        """Safetensors files at the root that belong to the model itself, not to an adapter."""
        paths = [entry.path for entry in self._repository.files if entry.is_root and entry.suffix == ".safetensors"]
        return sorted(path for path in paths if re.fullmatch(r"model(-\d+-of-\d+)?\.safetensors", path))

    @cached_property
    def index(self) -> dict[str, str] | None:
        """Tensor name to file of the index, None when there is no readable index."""
        found = self._repository.settings(INDEX).get("weight_map")
        if not isinstance(found, dict):
            return None
        return {str(name): file for name, file in found.items() if isinstance(file, str)}

    @cached_property
    def _headers(self) -> dict[str, dict[str, Tensor] | str]:
        return {path: self._header(path) for path in self.files}

    @property
    def problems(self) -> dict[str, str]:
        """File to what is wrong with it."""
        return {path: header for path, header in self._headers.items() if isinstance(header, str)}

    @property
    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """File to its tensors by name, for the files that can be read."""
        return {path: header for path, header in self._headers.items() if isinstance(header, dict)}

    def _header(self, path: str) -> dict[str, Tensor] | str:
        start = self._repository.head(path, 8)
        if len(start) < 8:
            return "it is shorter than a header"
        (length,) = struct.unpack("<Q", start)
        size = self._repository.entries[path].size
        if length > min(MAX_HEADER, size - 8):
            return "its header is longer than the file: it was cut off, or it is no safetensors file"
        try:
            header = json.loads(self._repository.head(path, 8 + length)[8:])
        except (ValueError, RecursionError):
            return "its header is not JSON"
        if not isinstance(header, dict):
            return "its header is not an object"
        return self._entries(path, header, size - 8 - length)

    def _entries(self, path: str, header: dict, room: int) -> dict[str, Tensor] | str:
        found = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            tensor = _tensor(path, name, entry)
            if isinstance(tensor, str):
                return tensor
            if tensor.end > room:
                return f"tensor {name} ends behind the end of the file: it was cut off"
            found[name] = tensor
        return found


def _tensor(path: str, name: str, entry: object) -> Tensor | str:
    if not isinstance(entry, dict):
        return f"the entry of tensor {name} is not an object"
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [None]
    if not all(type(number) is int and 0 <= number < 2**63 for number in numbers) or len(offsets) != 2:
        return f"tensor {name} has no readable shape and offsets"
    bits = _BITS.get(dtype) if isinstance(dtype, str) else None
    if bits is not None and math.prod(shape) * bits != 8 * (offsets[1] - offsets[0]):
        return f"tensor {name} of shape {shape} and type {dtype} does not fill its {offsets[1] - offsets[0]} bytes"
    return Tensor(name, str(dtype), tuple(shape), path, offsets[1])
