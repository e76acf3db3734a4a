"""Who asks and what they may do: tokens, namespaces, private repositories; creating and deleting repositories."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from .store import Repo, is_name
from .wire import HubError, Request, route

_INVALID = "Invalid credentials in Authorization header"


@dataclass(frozen=True)
class Token:
    """A token of `user`, who is also a member of `orgs`."""

    user: str
    role: Literal["read", "write"] = "write"
    orgs: tuple[str, ...] = ()
    expired: bool = False

    def owns(self, namespace: str) -> bool:
        return namespace == self.user or namespace in self.orgs


class Tokens:
    """The tokens that this Hub has given out; they end with it."""

    def __init__(self) -> None:
        self._known: dict[str, Token] = {}

    def issue(self, token: Token) -> str:
        if not all(map(is_name, (token.user, *token.orgs))):
            raise ValueError(f"not a valid name for a user or an organization: {token.user!r}, {token.orgs!r}")
        text = "hf_" + secrets.token_hex(17)
        self._known[text] = token
        return text

    def identify(self, authorization: str | None) -> Token | None:
        """Whose an Authorization header is: Bearer, or Basic with the token as password (git, browsers)."""
        if not authorization:
            return None
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                text = base64.b64decode(text, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                text = ""
        token = self._known.get(text)
        if token is None or token.expired:
            message = f"User Access Token of {token.user} is expired" if token else "Invalid user token"
            raise HubError(401, message, **{"X-Error-Message": _INVALID})
        return token


def require_token(request: Request) -> Token:
    if request.token is None:
        raise HubError(401, "Invalid username or password.")
    return request.token


def readable(request: Request, repo_id: str) -> Repo:
    """The repository, if it exists for whoever asks: what is private and what is not there look the same."""
    repo, token = request.hub.store.get(repo_id), request.token
    if repo and (not repo.settings["private"] or (token and token.owns(repo.namespace))):
        return repo
    if token:
        raise HubError(404, "Repository not found", "RepoNotFound")
    raise HubError(401, "Invalid username or password.", "RepoNotFound", **{"WWW-Authenticate": 'Basic realm="Hub"'})


def writable(request: Request, repo_id: str, *, pull_request: bool = False) -> Repo:
    """The repository, if whoever asks may commit to it, or (`pull_request`) propose a change."""
    repo, token = readable(request, repo_id), require_token(request)
    _may_write(token, None if pull_request else repo.namespace)
    return repo


def _may_write(token: Token, namespace: str | None) -> None:
    if token.role != "write":
        raise HubError(403, "This token has no write permission: use one of role `write`")
    if namespace and not token.owns(namespace):
        raise HubError(403, f"You don't have the rights to write under the namespace {namespace!r}")


@route("GET", "/api/whoami-v2")
def whoami(request: Request) -> dict[str, Any]:
    token = require_token(request)
    orgs = [{"type": "org", "name": name, "fullname": name, "roleInOrg": "write"} for name in token.orgs]
    auth = {"type": "access_token", "accessToken": {"displayName": "embedded", "role": token.role}}
    return {"type": "user", "id": token.user, "name": token.user, "fullname": token.user, "orgs": orgs, "auth": auth}


@route("POST", "/api/repos/create")
def create(request: Request) -> dict[str, Any]:
    token, asked = require_token(request), request.json()
    repo_id = _named(token, asked)
    _may_write(token, repo_id.split("/")[0])
    url = f"{request.hub.endpoint}/{repo_id}"
    try:
        request.hub.store.create(repo_id, _wants_private(asked), token.user)
    except FileExistsError:
        raise HubError(409, "You already created this model repo", more={"url": url}) from None
    except ValueError as error:
        raise HubError(400, str(error)) from None
    return {"url": url, "name": repo_id}


@route("DELETE", "/api/repos/delete")
def delete(request: Request) -> dict[str, Any]:
    token, asked = require_token(request), request.json()
    repo = readable(request, _named(token, asked))
    _may_write(token, repo.namespace)
    request.hub.store.delete(repo)
    return {}


@route("PUT", "/api/models/{repo}/settings")
def settings(request: Request, repo: str) -> dict[str, Any]:
    found, asked = writable(request, repo), request.json()
    with found.lock:
        if "private" in asked or "visibility" in asked:
            found.settings["private"] = _wants_private(asked)
            found.save()
    return {"private": found.settings["private"]}


def _named(token: Token, asked: dict[str, Any]) -> str:
    if asked.get("type") not in (None, "model"):
        raise HubError(400, "The embedded Hub holds models only")
    return f"{asked.get('organization') or token.user}/{asked.get('name')}"


def _wants_private(asked: dict[str, Any]) -> bool:
    return asked.get("visibility") == "private" or asked.get("private") is True


@route("POST", "/api/validate-yaml")
def validate_yaml(request: Request) -> dict[str, Any]:
    """The card's front matter: is it YAML, a mapping, and does it name a license?"""
    content = request.json().get("content")
    errors, warnings, card = [], [], None
    try:
        card = front_matter(content if isinstance(content, str) else "")
    except ValueError as error:
        errors.append({"message": str(error)})
    if card is None and not errors:
        warnings.append({"message": "empty or missing yaml metadata in repo card"})
    elif card is not None and not card.get("license"):
        warnings.append({"message": "the card names no license"})
    answer = {"errors": errors, "warnings": warnings}
    if errors:
        raise HubError(400, errors[0]["message"], more=answer)
    return answer


def front_matter(card: str) -> dict[str, Any] | None:
    """The metadata at the head of a card; None when there is none; ValueError when it cannot be read."""
    if not card.startswith("---\n") or "\n---" not in card[3:]:
        return None
    text = card[4 : card.index("\n---", 3) + 1]
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("aliases are of no use in a card")
        metadata = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ValueError(f"the front matter is not valid YAML: {error}") from None
    if metadata is not None and not isinstance(metadata, dict):
        raise ValueError("the front matter must be a mapping of names to values")
    return metadata
