"""The two binary formats of Xet: xorbs (blocks of compressed chunks) and shards (which chunks make up which file).

A chunk is 8 bytes of header (version, packed size, scheme, size) and its packed bytes. A shard is a header and two
lists of 48-byte records, each list closed by a record that begins with 32 bytes of 0xff.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import lz4.frame

_TAG = b"HFRepoMetaData\0" + bytes([85, 105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169])
_HEADER, _FOOTER_SIZE, _RECORD = struct.Struct("<32sQQ"), 200, struct.Struct("<32s4I")
_BOOKEND = b"\xff" * 32 + bytes(16)
_WITH_VERIFICATION, _WITH_SHA256 = 1 << 31, 1 << 30
_NO_EXPIRY = (1 << 64) - 1


class Malformed(ValueError):
    """Bytes that are no xorb, or no shard."""


@dataclass(frozen=True)
class Chunk:
    """A chunk's place in its xorb: [start, stop) with its header, and its unpacked size."""

    start: int
    stop: int
    scheme: int
    size: int


@dataclass(frozen=True)
class Term:
    """Chunks [first, last) of a xorb, a piece of a file."""

    xorb: str
    first: int
    last: int


@dataclass(frozen=True)
class Shard:
    """Files by their Xet hash: sha256 and terms. Xorbs by their hash: the records as they came."""

    files: dict[str, tuple[str, list[Term]]]
    xorbs: dict[str, bytes]


def hash_text(raw: bytes) -> str:
    """Xet writes a hash as four little-endian numbers in hexadecimal, sha256 in shards included."""
    return "".join(f"{number:016x}" for number in struct.unpack("<4Q", raw))


def hash_bytes(text: str) -> bytes:
    return struct.pack("<4Q", *(int(text[at : at + 16], 16) for at in range(0, 64, 16)))


def chunks(xorb: Path) -> tuple[Chunk, ...]:
    """The chunks of a stored xorb. Raises Malformed."""
    state = xorb.stat()
    return _chunks(xorb, state.st_size, state.st_ino, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _chunks(xorb: Path, end: int, *_: int) -> tuple[Chunk, ...]:
    found, at = [], 0
    with xorb.open("rb") as file:
        while (
            len(header := file.read(8)) == 8 and header[0] == 0
        ):  # a footer, where there is one, begins with "XETBLOB"
            packed, size = (int.from_bytes(part, "little") for part in (header[1:4], header[5:8]))
            found.append(Chunk(at, at + 8 + packed, header[4], size))
            at = file.seek(packed, 1)
    if not found or found[-1].stop > end:
        raise Malformed("not a xorb: a chunk goes beyond its end")
    return tuple(found)


def unpacked(xorb: Path, term: Term) -> Iterator[bytes]:
    """The bytes of a term, chunk by chunk. Raises Malformed."""
    wanted = chunks(xorb)[term.first : term.last]
    if len(wanted) != term.last - term.first:
        raise Malformed("a file needs more chunks than its xorb has")
    with xorb.open("rb") as file:
        for chunk in wanted:
            file.seek(chunk.start + 8)
            data = _unpack(file.read(chunk.stop - chunk.start - 8), chunk.scheme)
            if len(data) != chunk.size:
                raise Malformed("a chunk has not the size that its header says")
            yield data


def _unpack(data: bytes, scheme: int) -> bytes:
    """0: as it is; 1: an LZ4 frame; 2: the same over bytes grouped by their place in each four."""
    if scheme == 0:
        return data
    if scheme not in (1, 2):
        raise Malformed(f"unknown compression {scheme}")
    try:
        data = lz4.frame.decompress(data)
    except RuntimeError as error:
        raise Malformed(f"not an LZ4 frame: {error}") from None
    if scheme == 1:
        return data
    whole, at = bytearray(len(data)), 0
    for place in range(4):
        size = (len(data) - place + 3) // 4
        whole[place::4] = data[at : at + size]
        at += size
    return bytes(whole)


def parse_shard(data: bytes) -> Shard:
    """What an uploaded shard says. Raises Malformed."""
    try:
        tag, version, _ = _HEADER.unpack_from(data)
        if tag != _TAG or version != 2:
            raise Malformed("not a shard of version 2")
        files, at = _files(data, _HEADER.size)
        return Shard(files, _xorbs(data, at))
    except struct.error:
        raise Malformed("the shard ends too early") from None


def _files(data: bytes, at: int) -> tuple[dict[str, tuple[str, list[Term]]], int]:
    files = {}
    while (record := data[at : at + _RECORD.size]) != _BOOKEND:
        name, flags, count, *_ = _RECORD.unpack(record)
        at += _RECORD.size
        rows = [_RECORD.unpack_from(data, at + row * _RECORD.size) for row in range(count)]
        terms = [Term(hash_text(xorb), first, last) for xorb, _, _, first, last in rows]
        at += count * _RECORD.size * (2 if flags & _WITH_VERIFICATION else 1)
        if not flags & _WITH_SHA256:
            raise Malformed("a file without its sha256 cannot become a large file of a repository")
        files[hash_text(name)] = (hash_text(_RECORD.unpack_from(data, at)[0]), terms)
        at += _RECORD.size
    return files, at + _RECORD.size


def _xorbs(data: bytes, at: int) -> dict[str, bytes]:
    xorbs = {}
    while (record := data[at : at + _RECORD.size]) != _BOOKEND:
        name, _, count, *_ = _RECORD.unpack(record)
        end = at + _RECORD.size * (count + 1)
        if end > len(data):
            raise Malformed("the shard ends too early")
        xorbs[hash_text(name)] = data[at:end]
        at = end
    return xorbs


def shard_of(records: bytes) -> bytes:
    """A shard that tells of these xorbs and of no file, for a client that asks what is here already."""
    files_at = _HEADER.size
    xorbs_at = files_at + len(_BOOKEND)
    end = xorbs_at + len(records) + len(_BOOKEND)
    footer = struct.pack("<9Q", 1, files_at, xorbs_at, end, 0, end, 0, end, 0) + bytes(32)
    footer += struct.pack("<2Q", 0, _NO_EXPIRY) + bytes(72) + struct.pack("<Q", end)
    return _HEADER.pack(_TAG, 2, _FOOTER_SIZE) + _BOOKEND + records + _BOOKEND + footer
