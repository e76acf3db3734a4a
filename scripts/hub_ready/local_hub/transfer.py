"""Large files by git-lfs's batch protocol, and `git clone` by git's own."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

from .accounts import readable, writable
from .body import BLOCK, MAX_BODY
from .gitrepo import SHA
from .reading import linked, ranged
from .store import SHA256, HashMismatch, Repo
from .wire import HubError, Request, Response, route

_LFS_JSON = "application/vnd.git-lfs+json"


def _object(value: Any) -> tuple[str, int]:
    oid, size = (value.get("oid"), value.get("size")) if isinstance(value, dict) else (None, None)
    if not isinstance(oid, str) or not SHA256.fullmatch(oid) or type(size) is not int or size < 0:
        raise HubError(422, "expected objects with a sha256 `oid` and a `size`")
    return oid, size


@route("POST", "/{repo}.git/info/lfs/objects/batch")
def batch(request: Request, repo: str) -> dict[str, Any]:
    """Where each object is to be sent, or is to be had. One that is here already gets no upload action."""
    asked = request.json()
    upload, objects = asked.get("operation") == "upload", asked.get("objects")
    found = writable(request, repo, pull_request=True) if upload else readable(request, repo)
    if not isinstance(objects, list):
        raise HubError(422, "expected a list of objects")
    # Clients before huggingface_hub 1.0 leave the choice to the server; later ones never offer xet here.
    offered = asked.get("transfers") if isinstance(asked.get("transfers"), list) else []
    transfer = "xet" if upload and request.hub.xet and "xet" in offered else "basic"
    answers = [_action(request, found, upload, *_object(value)) for value in objects]
    return {"transfer": transfer, "objects": answers, "hash_algo": "sha256"}


def _action(request: Request, repo: Repo, upload: bool, oid: str, size: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"oid": oid, "size": size}
    here, href = repo.large_file(oid).is_file(), request.hub.content_url(repo, "lfs", oid)
    if upload and not here:
        verify = {"href": f"{request.hub.endpoint}/{repo.id}.git/info/lfs/verify"}
        answer["actions"] = {"upload": {"href": href}, "verify": verify}
    elif not upload and here:
        answer["actions"] = {"download": {"href": href}}
    elif not upload:
        answer["error"] = {"code": 404, "message": "Object does not exist"}
    return answer


@route("POST", "/{repo}.git/info/lfs/verify")
def verify(request: Request, repo: str) -> dict[str, Any]:
    oid, size = _object(request.json())
    file = writable(request, repo, pull_request=True).large_file(oid)
    if not file.is_file() or file.stat().st_size != size:
        raise HubError(404, f"{oid} of {size} bytes is not here")
    return {}


def _signed(request: Request, grant: str, oid: str) -> Repo:
    """The repository of a content URL that this Hub signed; such a URL needs no token."""
    repo = request.hub.granted_repo(grant, "lfs", oid)
    if repo is None:
        raise HubError(403, "this address was not given out by this Hub, or its repository is gone")
    return repo


@route("PUT", "/lfs/{oid}/{grant}")
def put_object(request: Request, oid: str, grant: str) -> Response:
    repo = _signed(request, grant, oid)
    try:
        repo.receive(request.body.blocks(), repo.large_file(oid), oid)
    except HashMismatch as error:
        raise HubError(400, str(error)) from None
    return Response(200)


@route("GET", "/lfs/{oid}/{grant}")
def get_object(request: Request, oid: str, grant: str) -> Response:
    repo = _signed(request, grant, oid)
    if not (file := repo.large_file(oid)).is_file():
        raise HubError(404, "no such object")
    headers = {"Content-Type": "application/octet-stream"}
    # Clients of 1.x take another port for the same host and follow the redirect already when they ask for metadata.
    if SHA.fullmatch(commit := request.query.get("commit", "")):
        headers |= linked(request, repo, commit, oid)
    return ranged(request, Response(200, file, headers), file.stat().st_size)


@route("GET", "/{repo}/info/refs")
def advertise(request: Request, repo: str) -> Response:
    """The first half of a clone. Pushing is not for git here: the client commits over the API."""
    found = readable(request, repo.removesuffix(".git"))
    if request.query.get("service") != "git-upload-pack":
        raise HubError(403, "the embedded Hub takes commits over the API only; `git clone` and `git fetch` work")
    process = found.git.start("upload-pack", "--stateless-rpc", "--advertise-refs", **_version(request))
    with process:
        out = process.communicate()[0]
    prefix = b"" if _version(request).get("GIT_PROTOCOL") == "version=2" else b"001e# service=git-upload-pack\n0000"
    headers = {"Content-Type": "application/x-git-upload-pack-advertisement", "Cache-Control": "no-cache"}
    return Response(200, prefix + out, headers)


@route("POST", "/{repo}/git-upload-pack")
def upload_pack(request: Request, repo: str) -> Response:
    found, body = readable(request, repo.removesuffix(".git")), request.body.read()
    if request.headers.get("Content-Encoding") == "gzip":
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(MAX_BODY)
        except (OSError, EOFError, zlib.error):
            raise HubError(400, "the body is not gzip") from None
    process = found.git.start("upload-pack", "--stateless-rpc", **_version(request))
    return Response(200, _piped(process, body), {"Content-Type": "application/x-git-upload-pack-result"})


def _piped(process: Any, body: bytes) -> Iterator[bytes]:
    with process:
        try:
            process.stdin.write(body)
            process.stdin.close()
        except BrokenPipeError:
            return
        while block := process.stdout.read(BLOCK):
            yield block


def _version(request: Request) -> dict[str, str]:
    wanted = request.headers.get("Git-Protocol", "")
    return {"GIT_PROTOCOL": wanted} if re.fullmatch(r"version=[0-2]", wanted) else {}
