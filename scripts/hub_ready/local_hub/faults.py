"""Faults on order: what goes wrong, at which request, how often. And the log of what was asked."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Literal

# The steps of a publication and of a load, as (method, pattern of the path).
STEPS = {
    "whoami": ("GET", r"^/api/whoami-v2"),
    "create": ("POST", r"^/api/repos/create"),
    "validate": ("POST", r"^/api/validate-yaml"),
    "preupload": ("POST", r"/preupload/"),
    "batch": ("POST", r"/info/lfs/objects/batch"),
    "token": ("GET", r"/xet-(read|write)-token/"),
    "upload": ("(PUT|POST)", r"^/lfs/|/v1/xorbs/"),
    "shard": ("POST", r"/v[12]/shards"),
    "verify": ("POST", r"/info/lfs/verify"),
    "commit": ("POST", r"/commit/"),
    "tag": ("POST", r"/tag/"),
    "branch": ("POST", r"/branch/"),
    "discussion": ("POST", r"/discussions"),
    "info": ("GET", r"^/api/models/[^/]+/[^/]+(/revision/[^/]+)?(\?|$)"),
    "tree": ("GET", r"/tree/"),
    "resolve": ("(GET|HEAD)", r"/resolve/"),
    "download": ("GET", r"^/lfs/|^/xorbs/|/reconstructions/"),
}


@dataclass(kw_only=True)
class Fault:
    """What goes wrong with the next `times` matching requests (0: with all), once `skip` of them have passed.

    method, path: regular expressions, of the whole method and of any part of the path with its query.
    hang: seconds of silence before anything else. status: the answer, with Retry-After when `retry_after` is given.
    cut: the connection ends amid the body of the request (nothing was done), or of the response (all was done).
    corrupt: one bit flips in the request's body, or in the response's where the request has none.
    disk_full: the disk fills up half way through the request's body.
    """

    method: str = ".*"
    path: str = ""
    times: int = 1
    skip: int = 0
    status: int | None = None
    retry_after: float | None = None
    hang: float = 0
    cut: Literal["request", "response"] | None = None
    corrupt: bool = False
    disk_full: bool = False

    def matches(self, method: str, path: str) -> bool:
        return bool(re.fullmatch(self.method, method) and re.search(self.path, path))


@dataclass
class Logged:
    """One request as it was seen. `status` 0: the connection ended without an answer. Headers are not kept."""

    method: str
    path: str
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class Faults:
    """The orders that are still open, in the order they were given."""

    def __init__(self) -> None:
        self._open: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._open.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._open.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, counted down; None when all shall be well."""
        with self._lock:
            for fault in self._open:
                if not fault.matches(method, path):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    return None
                fault.times -= 1
                if fault.times == 0:
                    self._open.remove(fault)
                return fault
        return None
