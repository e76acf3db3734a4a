"""Discussions and pull requests. A pull request is a ref, refs/pr/N, and an entry in the repository's settings."""

from __future__ import annotations

import uuid
from typing import Any

from .accounts import readable, require_token, writable
from .gitrepo import NOTHING, GitError, RefMoved
from .store import Repo, now
from .wire import HubError, Request, route

PAGE = 50


def open_discussion(repo: Repo, title: str, text: str, author: str, base: str | None) -> dict[str, Any]:
    """A new discussion; with `base` a pull request, whose ref the caller sets. Numbers are never used twice."""
    known = repo.settings["discussions"]
    discussion = {"num": len(known) + 1, "title": title, "author": {"name": author}, "createdAt": now()}
    discussion |= {"status": "open", "isPullRequest": base is not None, "repo": {"name": repo.id, "type": "model"}}
    discussion |= {
        "events": [_comment(author, text)],
        "changes": {"base": "refs/heads/main"},
        "filesWithConflicts": [],
    }
    if base:
        repo.git.move(f"refs/pr/{discussion['num']}", base, NOTHING)
    known.append(discussion)
    repo.save()
    return discussion


def _event(author: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": uuid.uuid4().hex[:24], "type": kind, "createdAt": now(), "author": {"name": author}, "data": data}


def _comment(author: str, text: str) -> dict[str, Any]:
    latest = {"raw": text, "html": "", "updatedAt": now(), "author": {"name": author}}
    return _event(author, "comment", {"edited": False, "hidden": False, "latest": latest, "history": []})


def _found(repo: Repo, number: str) -> dict[str, Any]:
    known = repo.settings["discussions"]
    if not (number.isdecimal() and number.isascii() and len(number) < 9 and 0 < int(number) <= len(known)):
        raise HubError(404, f"there is no discussion {number[:20]}")
    return known[int(number) - 1]


@route("GET", "/api/models/{repo}/discussions")
def discussions(request: Request, repo: str) -> dict[str, Any]:
    listed = list(reversed(readable(request, repo).settings["discussions"]))
    page = request.query.get("p", "0")
    start = int(page) * PAGE if page.isdecimal() and page.isascii() and len(page) < 9 else 0
    wanted = {"pull_request": True, "discussion": False}.get(request.query.get("type", ""))
    status = request.query.get("status", "all")
    listed = [one for one in listed if wanted in (None, one["isPullRequest"])]
    listed = [one for one in listed if status == "all" or (status == "open") == (one["status"] in ("open", "draft"))]
    return {"discussions": listed[start : start + PAGE], "count": len(listed), "start": start}


@route("POST", "/api/models/{repo}/discussions")
def create_discussion(request: Request, repo: str) -> dict[str, Any]:
    found, asked = writable(request, repo, pull_request=True), request.json()
    title = asked.get("title")
    if not isinstance(title, str) or len(title.strip()) < 3:
        raise HubError(400, "a discussion needs a title of at least 3 letters")
    author = require_token(request).user
    with found.lock:
        base = found.git.resolve("main") if asked.get("pullRequest") is True else None
        return open_discussion(found, title, str(asked.get("description") or ""), author, base)


@route("GET", "/api/models/{repo}/discussions/{number}")
def discussion(request: Request, repo: str, number: str) -> dict[str, Any]:
    return _found(readable(request, repo), number)


@route("POST", "/api/models/{repo}/discussions/{number}/{action}")
def change_discussion(request: Request, repo: str, number: str, action: str) -> dict[str, Any]:
    """comment, status, merge: what the client posts to a discussion."""
    found = writable(request, repo, pull_request=action == "comment")
    asked, author = request.json(), require_token(request).user
    with found.lock:
        discussion = _found(found, number)
        if action == "comment":
            event = _comment(author, str(asked.get("comment") or ""))
        elif action == "status" and asked.get("status") in ("open", "closed"):
            discussion["status"] = asked["status"]
            event = _event(author, "status-change", {"status": asked["status"]})
        elif action == "merge":
            event = _merge(found, discussion, author)
        else:
            raise HubError(400, f"cannot do {action[:40]!r} to a discussion")
        discussion["events"].append(event)
        found.save()
    return {"newMessage": event} if action == "comment" else {"newStatus": event}


def _merge(repo: Repo, discussion: dict[str, Any], author: str) -> dict[str, Any]:
    """The pull request as one commit on main; 409 when they conflict."""
    if not discussion["isPullRequest"] or discussion["status"] not in ("open", "draft"):
        raise HubError(400, "only an open pull request can be merged")
    source, message = repo.git.refs()[f"refs/pr/{discussion['num']}"], f"{discussion['title']} (#{discussion['num']})"
    try:
        oid = repo.git.squash("refs/heads/main", source, message, author)
    except RefMoved:
        raise HubError(412, "A commit has happened since. Please try again.") from None
    except GitError:
        raise HubError(409, "the pull request conflicts with main") from None
    discussion["status"] = "merged"
    discussion["changes"]["mergeCommitId"] = oid
    return _event(author, "status-change", {"status": "merged"})
