"""A request's body as it comes from the socket, with the faults that were ordered for it."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from .faults import Fault, Logged

BLOCK = 1 << 20
MAX_BODY = 512 << 20  # of a body that is held in memory; uploads are streamed and have no limit


class BadBody(Exception):
    """A body that cannot be read to its end; the connection is of no use after it. `status` is the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CutError(ConnectionError):
    """The connection ends here: the client went away, or a fault says so."""


def flipped(block: bytes) -> bytes:
    return block[:-1] + bytes([block[-1] ^ 1])


class Body:
    """A request's body, read once, block by block; Content-Length or chunked."""

    def __init__(self, raw: BinaryIO, headers: Any, fault: Fault | None, log: Logged) -> None:
        self._raw, self._fault, self._log = raw, fault, log
        self._chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
        length = headers.get("Content-Length") or "0"
        self._broken = not re.fullmatch(r"\d{1,15}", length)
        self._left = 0 if self._broken or self._chunked else int(length)
        self._size = self._left
        self.ended = not (self._left or self._chunked)

    def blocks(self) -> Iterator[bytes]:
        """The body's blocks. Raises BadBody for a length that is none, CutError when the client goes away."""
        if self._broken:
            raise BadBody(400, "Content-Length must be a number")
        while block := self._next():
            self._log.bytes_in += len(block)
            yield self._spoilt(block) if self._fault else block

    def _next(self) -> bytes:
        if self.ended:
            return b""
        if self._chunked and not self._left:
            self._left = self._chunk_size()
            if not self._left:
                self.ended = True
                while self._raw.readline(BLOCK) not in (b"\r\n", b"\n", b""):
                    pass
                return b""
        # In quarters when it is to go wrong, so that there is a middle to fail in.
        most = max(1, self._size // 4) if self._fault else BLOCK
        block = self._raw.read(min(self._left, most, BLOCK))
        if not block:
            raise CutError("the client went away")
        self._left -= len(block)
        if not self._left:
            self.ended = not self._chunked
            if self._chunked:
                self._raw.readline(3)
        return block

    def _chunk_size(self) -> int:
        line = self._raw.readline(200).split(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,12}", line):
            self.ended = True
            raise BadBody(400, "not a chunk size")
        return int(line, 16)

    def _spoilt(self, block: bytes) -> bytes:
        half_way = 2 * self._log.bytes_in >= self._size
        if self._fault.disk_full and half_way:
            raise OSError(errno.ENOSPC, "No space left on device")
        if self._fault.cut == "request" and half_way:
            raise CutError("cut by a fault")
        return flipped(block) if self._fault.corrupt and half_way else block

    def read(self, limit: int = MAX_BODY) -> bytes:
        parts, size = [], 0
        for block in self.blocks():
            size += len(block)
            if size > limit:
                raise BadBody(413, f"the body is longer than {limit} bytes")
            parts.append(block)
        return b"".join(parts)

    def drain(self) -> bool:
        """Reads what is left, so that the client hears the answer; False when that is too much."""
        self._fault = None
        try:
            for _ in self.blocks():
                if self._log.bytes_in > MAX_BODY:
                    return False
        except (BadBody, OSError):
            return False
        return True
