"""What a publisher asks: preupload, commit, branches, tags."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .accounts import require_token, writable
from .discussions import open_discussion
from .gitrepo import GitError, RefMoved, is_ref_name, is_safe_path, lfs_pointer
from .reading import commit_of
from .store import SHA256, Repo
from .wire import HubError, Request, route

LARGE = 10 << 20  # from here on a file goes to LFS whatever its name


def _texts(value: Any, *keys: str) -> list[str]:
    if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in keys):
        raise HubError(400, f"expected an object with the strings {', '.join(keys)}")
    return [value[key] for key in keys]


@route("POST", "/api/models/{repo}/preupload/{revision}")
def preupload(request: Request, repo: str, revision: str) -> dict[str, Any]:
    """For each file: to LFS or into git, ignored or not, and the hash of what is there already."""
    found = writable(request, repo, pull_request=_is_proposal(request, revision))
    entries, asked = found.git.snapshot(commit_of(found, revision)), request.json()
    files = asked.get("files")
    paths = [_texts(file, "path")[0] for file in files] if isinstance(files, list) else []
    if not all(map(is_safe_path, paths)):
        raise HubError(400, "a path must be relative and clean, without `..`")
    attributes, ignore = (_content(found, entries.get(name)) for name in (".gitattributes", ".gitignore"))
    large = found.git.lfs_paths(paths, attributes)
    large |= {file["path"] for file in files or [] if isinstance(file.get("size"), int) and file["size"] >= LARGE}
    ignore = asked["gitIgnore"].encode("utf-8", "replace") if isinstance(asked.get("gitIgnore"), str) else ignore
    ignored = found.git.ignored_paths(paths, ignore) if ignore else set()
    answers = [
        {"path": path, "uploadMode": "lfs" if path in large else "regular", "shouldIgnore": path in ignored}
        for path in paths
    ]
    for answer in answers:
        if (entry := entries.get(answer["path"])) and entry.is_file:
            answer["oid"] = entry.sha256 or entry.oid
    return {"files": answers}


def _content(repo: Repo, entry: Any) -> bytes:
    return repo.git.blob(entry.oid) if entry and entry.is_file else b""


def _is_proposal(request: Request, revision: str) -> bool:
    return bool(request.query.get("create_pr")) or revision.startswith("refs/pr/")


@route("POST", "/api/models/{repo}/commit/{revision}")
def commit(request: Request, repo: str, revision: str) -> dict[str, Any]:
    """One commit, whole or not at all. 412 when the branch no longer holds `parentCommit`."""
    found = writable(request, repo, pull_request=_is_proposal(request, revision))
    header, operations = _parsed(request.body.read())
    author, pull_request = require_token(request).user, None
    with found.lock:
        base = commit_of(found, revision)
        if header.get("parentCommit") not in (None, base):
            raise HubError(
                412, f"A commit has happened since. {revision} is now at {base}. Please refresh and try again."
            )
        changes = _changes(found, base, operations)
        message = f"{header['summary']}\n\n{header.get('description') or ''}".strip()
        ref = _ref(found, revision)
        if request.query.get("create_pr"):
            pull_request = open_discussion(
                found, header["summary"], str(header.get("description") or ""), author, base
            )
            ref = f"refs/pr/{pull_request['num']}"
        try:
            oid = found.git.commit(ref, base, changes, message, author)
        except RefMoved:
            raise HubError(412, "A commit has happened since. Please refresh and try again.") from None
        except GitError as error:
            raise HubError(400, f"git refused the commit: {error}") from None
    url = f"{request.hub.endpoint}/{repo}"
    answer = {"success": True, "commitOid": oid, "commitUrl": f"{url}/commit/{oid}", "hookOutput": ""}
    return answer | ({"pullRequestUrl": f"{url}/discussions/{pull_request['num']}"} if pull_request else {})


def _ref(repo: Repo, revision: str) -> str:
    known = repo.git.refs()
    for ref in (revision, f"refs/heads/{revision}"):
        if ref in known and not ref.startswith("refs/tags/"):
            return ref
    raise HubError(400, f"{revision} is not a branch: a commit needs one", "RevisionNotFound")


def _parsed(body: bytes) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """The header and the operations of an ndjson body; HubError(400) names the line that is broken."""
    header, operations = None, []
    for number, line in enumerate(body.splitlines(), 1):
        try:
            item = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            raise HubError(400, f"line {number} is not JSON") from None
        if item is None:
            continue
        key, value = (item.get("key"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, dict):
            raise HubError(400, f"line {number}: expected an object with `key` and `value`")
        if key == "header":
            header = value
        else:
            operations.append((key, value))
    if not header or not isinstance(header.get("summary"), str) or not header["summary"].strip():
        raise HubError(400, "a commit needs a header with a summary")
    return header, operations


def _changes(repo: Repo, base: str, operations: list[tuple[str, dict[str, Any]]]) -> dict[str, bytes | None]:
    entries, changes = repo.git.snapshot(base), {}
    for key, value in operations:
        path = _texts(value, "path")[0].rstrip("/")
        if not is_safe_path(path):
            raise HubError(400, f"not a path for a file: {path[:200]!r}")
        if key == "file":
            changes[path] = _decoded(value)
        elif key == "lfsFile":
            changes[path] = _pointer_to(repo, value)
        elif key in ("deletedFile", "deletedFolder"):
            if path not in entries or entries[path].is_file != (key == "deletedFile"):
                message = f"A file with this name doesn't exist: {path}"
                raise HubError(404, message, "EntryNotFound")
            changes.setdefault(path, None)
        else:
            raise HubError(400, f"unknown operation {key[:40]!r}")
    return changes


def _decoded(value: dict[str, Any]) -> bytes:
    content = _texts(value, "content")[0]
    if value.get("encoding", "base64") != "base64":
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise HubError(400, "the content is not base64") from None


def _pointer_to(repo: Repo, value: dict[str, Any]) -> bytes:
    """The pointer to a large file, once the file itself is here: a commit never names what did not arrive."""
    oid = _texts(value, "oid")[0]
    if value.get("algo", "sha256") != "sha256" or not SHA256.fullmatch(oid):
        raise HubError(400, "expected a sha256")
    if not (file := repo.large_file(oid)).is_file():
        raise HubError(400, f"the large file {oid} of {value['path']} was not uploaded")
    if value.get("size", file.stat().st_size) != file.stat().st_size:
        raise HubError(400, f"{value['path']}: the uploaded file has {file.stat().st_size} bytes, not {value['size']}")
    return lfs_pointer(oid, file.stat().st_size)


@route("POST", "/api/models/{repo}/branch/{name}")
def create_branch(request: Request, repo: str, name: str) -> dict[str, Any]:
    found, asked = writable(request, repo), request.json()
    start = asked.get("startingPoint") or "main"
    commit = commit_of(found, start if isinstance(start, str) else "")
    with found.lock:
        _claim(found, f"refs/heads/{name}")
        found.git.move(f"refs/heads/{name}", commit, "0" * 40)
    return {"ref": f"refs/heads/{name}", "targetCommit": commit}


@route("POST", "/api/models/{repo}/tag/{revision}")
def create_tag(request: Request, repo: str, revision: str) -> dict[str, Any]:
    found, asked = writable(request, repo), request.json()
    name, message = _texts(asked, "tag")[0], asked.get("message")
    commit = commit_of(found, revision)
    with found.lock:
        _claim(found, f"refs/tags/{name}")
        found.git.tag(name, commit, message if isinstance(message, str) else None, require_token(request).user)
    return {"ref": f"refs/tags/{name}", "targetCommit": commit}


def _claim(repo: Repo, ref: str) -> None:
    """Raises HubError unless `ref` may be created."""
    for other in repo.git.refs():
        if other == ref or other.startswith(f"{ref}/") or ref.startswith(f"{other}/"):
            raise HubError(409, f"Reference already exists: {other}")
    if not is_ref_name(ref.split("/", 2)[2]):
        raise HubError(400, f"git does not allow the name {ref[:200]!r}")


@route("DELETE", "/api/models/{repo}/branch/{name}")
def delete_branch(request: Request, repo: str, name: str) -> dict[str, Any]:
    if name == "main":
        raise HubError(403, "the default branch cannot be deleted")
    return _delete_ref(writable(request, repo), f"refs/heads/{name}")


@route("DELETE", "/api/models/{repo}/tag/{name}")
def delete_tag(request: Request, repo: str, name: str) -> dict[str, Any]:
    return _delete_ref(writable(request, repo), f"refs/tags/{name}")


def _delete_ref(repo: Repo, ref: str) -> dict[str, Any]:
    with repo.lock:
        if ref not in repo.git.refs():
            raise HubError(404, f"{ref} does not exist", "RevisionNotFound")
        repo.git.run("update-ref", "-d", ref)
    return {}
