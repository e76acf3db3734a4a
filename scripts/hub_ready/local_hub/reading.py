"""What a consumer asks: info, tree, commits, refs, and the files themselves."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from .accounts import front_matter, readable
from .gitrepo import Entry
from .store import Repo
from .wire import HubError, Request, Response, route

TREE_PAGE, EXPANDED_PAGE, COMMITS_PAGE = 1000, 50, 50


def commit_of(repo: Repo, revision: str) -> str:
    commit = repo.git.resolve(revision)
    if commit is None:
        raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit


def described(repo: Repo, entry: Entry) -> dict[str, Any]:
    """One entry as tree and paths-info give it."""
    item = {"type": "file" if entry.is_file else "directory", "oid": entry.oid, "path": entry.path}
    item["size"] = entry.content_size
    if entry.sha256:
        item["lfs"] = {"oid": entry.sha256, "size": entry.lfs_size, "pointerSize": entry.size}
        if xet_hash := repo.xet_hash(entry.sha256):
            item["xetHash"] = xet_hash
    return item


def _with_last_commit(repo: Repo, commit: str, item: dict[str, Any]) -> dict[str, Any]:
    last = repo.git.commits(commit, count=1, path=item["path"])[0]
    return {**item, "lastCommit": {"id": last.oid, "title": last.title, "date": last.date}}


def _page(request: Request, items: list[Any], size: int) -> tuple[list[Any], dict[str, str]]:
    """One page of `items` and the header that leads to the next."""
    start = _number(request.query.get("cursor", "0"))
    if start + size >= len(items):
        return items[start : start + size], {}
    query = urlencode({**request.query, "cursor": start + size})
    return items[start : start + size], {"Link": f'<{request.hub.endpoint}{request.path}?{query}>; rel="next"'}


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise HubError(400, f"not a page: {text[:40]!r}")
    return int(text)


def _json(value: Any, headers: dict[str, str]) -> Response:
    return Response(200, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


@route("GET", "/api/models/{repo}")
@route("GET", "/api/models/{repo}/revision/{revision}")
def info(request: Request, repo: str, revision: str = "main") -> dict[str, Any]:
    found = readable(request, repo)
    commit = commit_of(found, revision)
    files = [entry for entry in found.git.snapshot(commit).values() if entry.is_file]
    card = card_data(found, commit)
    answer = {
        "_id": found.settings["id"],
        "id": repo,
        "modelId": repo,
        "author": found.namespace,
        "sha": commit,
        "private": found.settings["private"],
        "gated": False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "createdAt": found.settings["created"],
        "lastModified": found.git.commits(commit, count=1)[0].date,
        "tags": card["tags"],
        "pipeline_tag": card.get("pipeline_tag"),
        "library_name": card.get("library_name"),
        "cardData": card,
        "siblings": [_sibling(entry, "blobs" in request.query) for entry in files],
    }
    if "securityStatus" in request.query:
        answer["securityRepoStatus"] = {"scansDone": False, "filesWithIssues": []}
    return answer


def _sibling(entry: Entry, with_blobs: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": entry.path}
    if with_blobs:
        sibling |= {"size": entry.content_size, "blobId": entry.oid}
        if entry.sha256:
            sibling["lfs"] = {"sha256": entry.sha256, "size": entry.lfs_size, "pointerSize": entry.size}
    return sibling


def card_data(repo: Repo, commit: str) -> dict[str, Any]:
    """The card's metadata as JSON has it, with a list of tags; none when it cannot be read."""
    card = repo.git.snapshot(commit).get("README.md")
    try:
        metadata = front_matter(repo.git.blob(card.oid).decode(errors="replace")) if card and card.is_file else None
        metadata = json.loads(json.dumps(metadata or {}, default=str))
    except (TypeError, ValueError, RecursionError):
        metadata = {}
    return metadata | {"tags": metadata["tags"] if isinstance(metadata.get("tags"), list) else []}


@route("GET", "/api/models/{repo}/auth-check")
def auth_check(request: Request, repo: str) -> dict[str, Any]:
    readable(request, repo)
    return {}


@route("GET", "/api/models/{repo}/tree/{revision}")
@route("GET", "/api/models/{repo}/tree/{revision}/{path...}")
def tree(request: Request, repo: str, revision: str, path: str = "") -> Response:
    found = readable(request, repo)
    commit = commit_of(found, revision)
    entries, folder = found.git.snapshot(commit), path.strip("/")
    if folder and (folder not in entries or entries[folder].is_file):
        raise HubError(404, f"{folder} does not exist on {revision}", "EntryNotFound")
    inside = f"{folder}/" if folder else ""
    deep = request.query.get("recursive", "").lower() in ("true", "1")
    expand = request.query.get("expand", "").lower() in ("true", "1")
    names = [name for name in entries if name.startswith(inside) and (deep or "/" not in name[len(inside) :])]
    page, link = _page(request, names, EXPANDED_PAGE if expand else TREE_PAGE)
    items = [described(found, entries[name]) for name in page]
    return _json([_with_last_commit(found, commit, item) for item in items] if expand else items, link)


@route("POST", "/api/models/{repo}/paths-info/{revision}")
def paths_info(request: Request, repo: str, revision: str) -> list[Any]:
    found, body = readable(request, repo), request.body.read()
    commit = commit_of(found, revision)
    asked = _paths_asked(request, body)
    entries = found.git.snapshot(commit)
    items = [described(found, entries[path]) for path in dict.fromkeys(asked["paths"]) if path in entries]
    return [_with_last_commit(found, commit, item) for item in items] if asked["expand"] else items


def _paths_asked(request: Request, body: bytes) -> dict[str, Any]:
    """The paths of a form (the client) or of JSON (the documented alternative)."""
    try:
        if "json" in request.headers.get("Content-Type", ""):
            form = json.loads(body)
            paths, expand = form.get("paths", []), form.get("expand") is True
        else:
            form = parse_qs(body.decode(), max_num_fields=10_000)
            paths, expand = form.get("paths", []), form.get("expand", ["false"])[0].lower() == "true"
    except (ValueError, AttributeError, RecursionError):
        raise HubError(400, "expected a form or a JSON object with `paths`") from None
    if not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise HubError(400, "`paths` must be a list of strings")
    return {"paths": [path.rstrip("/") for path in paths], "expand": expand}


@route("GET", "/api/models/{repo}/commits/{revision}")
def commits(request: Request, repo: str, revision: str) -> Response:
    found = readable(request, repo)
    commit, page = commit_of(found, revision), _number(request.query.get("p", "0"))
    listed = found.git.commits(commit, skip=page * COMMITS_PAGE, count=COMMITS_PAGE + 1)
    items = [
        {
            "id": one.oid,
            "title": one.title,
            "message": one.message,
            "date": one.date,
            "authors": [{"user": one.author}],
        }
        for one in listed[:COMMITS_PAGE]
    ]
    query = urlencode({**request.query, "p": page + 1})
    more = len(listed) > COMMITS_PAGE
    return _json(items, {"Link": f'<{request.hub.endpoint}{request.path}?{query}>; rel="next"'} if more else {})


@route("GET", "/api/models/{repo}/refs")
def refs(request: Request, repo: str) -> dict[str, Any]:
    kinds = {"branches": "refs/heads/", "tags": "refs/tags/", "converts": "refs/convert/", "pullRequests": "refs/pr/"}
    known = readable(request, repo).git.refs()
    return {
        kind: [
            {"name": ref.removeprefix(prefix), "ref": ref, "targetCommit": commit}
            for ref, commit in known.items()
            if ref.startswith(prefix)
        ]
        for kind, prefix in kinds.items()
        if kind != "pullRequests" or request.query.get("include_prs")
    }


@route("GET", "/{repo}/resolve/{revision}/{path...}")
@route("GET", "/{repo}/raw/{revision}/{path...}")
def resolve(request: Request, repo: str, revision: str, path: str = "") -> Response:
    """A file: from git as it is; a large one by a redirect to the content server, where no token is asked for."""
    found = readable(request, repo)
    commit = commit_of(found, revision)
    entry = found.git.snapshot(commit).get(path)
    if entry is None or not entry.is_file:
        raise HubError(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit})
    name = quote(path.rsplit("/", 1)[-1])
    headers = {"X-Repo-Commit": commit, "Content-Disposition": f"inline; filename*=UTF-8''{name}"}
    if entry.sha256 and "/raw/" not in request.path:
        headers |= linked(request, found, commit, entry.sha256)
        url = request.hub.content_url(found, "lfs", entry.sha256)
        return Response(302, b"", {**headers, "Location": f"{url}?commit={commit}"})
    headers |= {"ETag": f'"{entry.oid}"', "Content-Type": "text/plain; charset=utf-8"}
    headers["X-Content-Type-Options"] = "nosniff"
    return ranged(request, Response(200, found.git.blob(entry.oid), headers), entry.size)


def linked(request: Request, repo: Repo, commit: str, sha256: str) -> dict[str, str]:
    """The headers that tell of a large file: what it is, how big, and where Xet has it."""
    if not (file := repo.large_file(sha256)).is_file():
        raise HubError(404, "the large file of this pointer was never uploaded", "EntryNotFound")
    headers = {"X-Repo-Commit": commit, "ETag": f'"{sha256}"', "X-Linked-Etag": f'"{sha256}"'}
    headers["X-Linked-Size"] = str(file.stat().st_size)
    if request.hub.xet and (xet_hash := repo.xet_hash(sha256)):
        headers["X-Xet-Hash"] = xet_hash
        headers["Link"] = f'<{request.hub.endpoint}/api/models/{repo.id}/xet-read-token/{commit}>; rel="xet-auth"'
    return headers


def ranged(request: Request, whole: Response, size: int) -> Response:
    """`whole`, or the part of it that a Range header asks for: 206, or 416 when there is no such part."""
    whole.headers["Accept-Ranges"] = "bytes"
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("Range", "").strip())
    if not match or match[0] == "bytes=-":
        return whole
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    if start >= stop:
        raise HubError(416, "there is no such range", **{"Content-Range": f"bytes */{size}"})
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    if isinstance(whole.body, bytes):
        return Response(206, whole.body[start:stop], headers)
    return Response(206, whole.body, headers, start, stop)
