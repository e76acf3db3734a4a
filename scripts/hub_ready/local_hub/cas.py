"""Xet's content store, which the client's default uploads and downloads use: tokens, xorbs, shards, reconstructions.

What arrives is staged until a shard names it; then each file is put together, its sha256 checked, and it is kept as a
large file as well, so that LFS and plain HTTP give the same bytes. Only then do its xorbs count.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .accounts import readable, writable
from .reading import ranged
from .store import SHA256, HashMismatch, Repo
from .wire import HubError, Request, Response, route
from .xorbs import Malformed, Shard, Term, chunks, hash_bytes, parse_shard, shard_of, unpacked

_VALID_S = 3600


# -- tokens


@route("GET", "/api/models/{repo}/xet-read-token/{revision}")
def read_token(request: Request, repo: str, revision: str) -> Response:
    return _token(request, readable(request, repo), "read")


@route("GET", "/api/models/{repo}/xet-write-token/{revision}")
def write_token(request: Request, repo: str, revision: str) -> Response:
    return _token(request, writable(request, repo, pull_request=True), "write")


def _token(request: Request, repo: Repo, scope: str) -> Response:
    if not request.hub.xet:
        raise HubError(404, "this embedded Hub was started without Xet")
    until = int(time.time()) + _VALID_S
    token = f"xet.{scope}.{until}.{request.hub.grant(repo, scope, str(until))}"
    # The client remembers for each address what it sent there: one repository's chunks are not another's.
    url = f"{request.hub.content_endpoint}/xet/{repo.settings['id']}"
    answer = {"casUrl": url, "accessToken": token, "exp": until}
    names = {"casUrl": "X-Xet-Cas-Url", "accessToken": "X-Xet-Access-Token", "exp": "X-Xet-Token-Expiration"}
    headers = {names[key]: str(value) for key, value in answer.items()}
    return Response(200, json.dumps(answer).encode(), {"Content-Type": "application/json", **headers})


def _granted(request: Request, place: str, scope: str) -> Repo:
    """The repository whose content is at `place`, if the request's Xet token is for it; one to write may read."""
    text = request.headers.get("Authorization", "").partition(" ")[2]
    match = re.fullmatch(r"xet\.(read|write)\.(\d{1,12})\.([\w.-]+)", text, re.ASCII)
    repo = request.hub.granted_repo(match[3], match[1], match[2]) if match else None
    if repo is None or int(match[2]) < time.time() or repo.settings["id"] != place:
        raise HubError(401, "not a valid Xet token")
    if scope == "write" and match[1] != "write":
        raise HubError(403, "this Xet token is to read only")
    return repo


def _hash(text: str) -> str:
    if not SHA256.fullmatch(text):
        raise HubError(400, "expected a hash of 64 hexadecimal digits")
    return text


# -- uploads


def _xorb(repo: Repo, name: str, kind: str = "xorbs") -> Path:
    return repo.path / "xet" / kind / name


@route("POST", "/xet/{place}/v1/xorbs/default/{name}")
def put_xorb(request: Request, place: str, name: str) -> dict[str, Any]:
    repo = _granted(request, place, "write")
    if _xorb(repo, _hash(name)).is_file():
        return {"was_inserted": False}
    staged = _xorb(repo, name, "staged")
    repo.receive(request.body.blocks(), staged)
    try:
        chunks(staged)
    except Malformed as error:
        staged.unlink(missing_ok=True)
        raise HubError(400, str(error)) from None
    return {"was_inserted": True}


@route("POST", "/xet/{place}/v1/shards")
def put_shard(request: Request, place: str) -> dict[str, Any]:
    """Registers files, once they are put together and found right; else nothing is kept of them or their xorbs."""
    repo, body = _granted(request, place, "write"), request.body.read(64 << 20)
    with repo.lock:
        places: dict[str, Path] = {}
        try:
            shard = parse_shard(body)
            places = _places(repo, shard)
            for sha256, terms in shard.files.values():
                repo.receive(_content(places, terms), repo.large_file(sha256), sha256)
        except (Malformed, HashMismatch) as error:
            for path in places.values():
                if path.parent.name == "staged":
                    path.unlink(missing_ok=True)
            raise HubError(400, f"the shard was refused: {error}") from None
        _register(repo, shard, places)
    return {"result": 1}


def _places(repo: Repo, shard: Shard) -> dict[str, Path]:
    """Where each xorb that the shard speaks of is now."""
    needed = {term.xorb for _, terms in shard.files.values() for term in terms} | set(shard.xorbs)
    places = {name: _xorb(repo, name) for name in needed}
    places |= {name: _xorb(repo, name, "staged") for name, path in places.items() if not path.is_file()}
    if missing := [name for name, path in places.items() if not path.is_file()]:
        raise Malformed(f"xorb {missing[0]} was not uploaded")
    return places


def _content(places: dict[str, Path], terms: list[Term]) -> Iterator[bytes]:
    for term in terms:
        yield from unpacked(places[term.xorb], term)


def _register(repo: Repo, shard: Shard, places: dict[str, Path]) -> None:
    for name, path in places.items():
        if path.parent.name == "staged":
            _xorb(repo, name).parent.mkdir(exist_ok=True)
            os.replace(path, _xorb(repo, name))
    for name, record in shard.xorbs.items():
        repo.write(_xorb(repo, name, "records"), record)
    for name, (sha256, terms) in shard.files.items():
        rows = [[term.xorb, term.first, term.last] for term in terms]
        repo.write(_xorb(repo, name, "files"), json.dumps(rows).encode())
        repo.write(_xorb(repo, sha256, "names"), name.encode())


@route("GET", "/xet/{place}/v1/chunks/{prefix}/{name}")
def find_chunk(request: Request, place: str, prefix: str, name: str) -> Response:
    """The xorbs that hold a chunk, so that the client need not send it again."""
    repo, wanted = _granted(request, place, "read"), hash_bytes(_hash(name))
    records = [path.read_bytes() for path in (repo.path / "xet" / "records").glob("*")]
    holders = [
        record for record in records if any(record[at : at + 32] == wanted for at in range(48, len(record), 48))
    ]
    if not holders:
        raise HubError(404, "no such chunk")
    return Response(200, shard_of(b"".join(holders)), {"Content-Type": "application/octet-stream"})


@route("POST", "/v1/telemetry")
def telemetry(request: Request) -> dict[str, Any]:
    request.body.read(1 << 20)
    return {}


# -- downloads


@route("GET", "/xet/{place}/v1/reconstructions/{name}")
def reconstruction(request: Request, place: str, name: str) -> dict[str, Any]:
    """Which chunks make up a file, or the part that Range asks for, and where they are to be had."""
    repo = _granted(request, place, "read")
    if not (file := _xorb(repo, _hash(name), "files")).is_file():
        raise HubError(404, "no such file")
    terms = [Term(*row) for row in json.loads(file.read_text())]
    match = re.fullmatch(r"bytes=(\d{1,15})-(\d{0,15})", request.headers.get("Range", "bytes=0-"))
    if not match:
        raise HubError(416, "expected a range bytes=FIRST-LAST")
    first, last = int(match[1]), int(match[2]) if match[2] else 1 << 62
    offset, terms = _part(repo, terms, first, last + 1)
    if not terms:
        raise HubError(416, "there is no such range")
    return {
        "offset_into_first_range": offset,
        "terms": [
            {
                "hash": term.xorb,
                "unpacked_length": sum(chunk.size for chunk in chunks(_xorb(repo, term.xorb))[term.first : term.last]),
                "range": {"start": term.first, "end": term.last},
            }
            for term in terms
        ],
        "fetch_info": _fetch_info(request, repo, terms),
    }


def _part(repo: Repo, terms: list[Term], start: int, stop: int) -> tuple[int, list[Term]]:
    """The terms cut down to the chunks that touch [start, stop), and where `start` is in the first of them."""
    kept, at, offset = [], 0, 0
    for term in terms:
        touched = []
        for index, chunk in enumerate(chunks(_xorb(repo, term.xorb))[term.first : term.last], term.first):
            if at < stop and at + chunk.size > start:
                offset = offset if kept or touched else start - at
                touched.append(index)
            at += chunk.size
        kept += [Term(term.xorb, touched[0], touched[-1] + 1)] if touched else []
    return offset, kept


def _fetch_info(request: Request, repo: Repo, terms: list[Term]) -> dict[str, Any]:
    """For each xorb the ranges to fetch; ranges that touch are one."""
    info: dict[str, Any] = {}
    for xorb in {term.xorb for term in terms}:
        ranges: list[list[int]] = []
        for first, last in sorted((term.first, term.last) for term in terms if term.xorb == xorb):
            if ranges and first <= ranges[-1][1]:
                ranges[-1][1] = max(last, ranges[-1][1])
            else:
                ranges.append([first, last])
        found, url = chunks(_xorb(repo, xorb)), request.hub.content_url(repo, "xorbs", xorb)
        info[xorb] = [
            {
                "range": {"start": first, "end": last},
                "url": url,
                "url_range": {"start": found[first].start, "end": found[last - 1].stop - 1},
            }
            for first, last in ranges
        ]
    return info


@route("GET", "/xorbs/{name}/{grant}")
def get_xorb(request: Request, name: str, grant: str) -> Response:
    repo = request.hub.granted_repo(grant, "xorbs", name)
    if repo is None or not (file := _xorb(repo, _hash(name))).is_file():
        raise HubError(403, "this address was not given out by this Hub, or its repository is gone")
    return ranged(request, Response(200, file, {"Content-Type": "application/octet-stream"}), file.stat().st_size)
