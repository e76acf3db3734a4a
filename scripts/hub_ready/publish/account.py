"""Who publishes, and whether they may: asked before any bytes leave."""

import os
from dataclasses import dataclass

from huggingface_hub import get_token

from ..problems import Misuse, Problem
from .client import Client, HubFailed

_SETTINGS = "https://huggingface.co/settings/tokens"


@dataclass(frozen=True)
class Account:
    """Whose token it is.

    Attributes:
        name: of the user.
        orgs: organizations that the user may write to.
        readers: organizations that the user may only read.
        role: of the token: "read", "write" or "fineGrained".
        scopes: of a fine-grained token, the names of users, organizations and repositories that it may write to.
    """

    name: str
    orgs: frozenset[str]
    readers: frozenset[str]
    role: str
    scopes: frozenset[str]

    def require_write(self, repo_id: str) -> None:
        """Raises Problem, or Misuse for a namespace that is not theirs, each with what repairs it."""
        namespace = repo_id.split("/")[0]
        if namespace in self.readers:
            raise Problem(
                f"{self.name} may read but not write in the organization {namespace}; "
                "ask one of its admins for the role `write` or `contributor`"
            )
        if namespace != self.name and namespace not in self.orgs:
            owned = ", ".join(sorted({self.name, *self.orgs}))
            raise Misuse(f"{namespace} is not a namespace of {self.name}, who owns: {owned}; name one by --repo-id")
        self.require_token_that_writes({namespace, repo_id})

    def require_token_that_writes(self, places: set[str]) -> None:
        """Raises Problem when the token's own role or scopes forbid to write."""
        fenced = self.role == "fineGrained" and self.scopes and not self.scopes & places
        if self.role == "read" or fenced:
            what = "is of role `read`" if self.role == "read" else f"has no scope to write to {' or '.join(places)}"
            raise Problem(
                f"the token of {self.name} {what}: it cannot publish; "
                f"create one that can at {_SETTINGS}, then: {_how_to_replace()}"
            )


def _how_to_replace() -> str:
    if os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN"):
        return "put it in HF_TOKEN, which is set and comes before what `hf auth login` stored"
    return "hf auth login"


def find_token() -> str:
    """The token that huggingface_hub keeps. Raises Problem when there is none."""
    token = get_token()
    if not token:
        raise Problem(
            f"no token of the Hub is stored here: create one of role `write` at {_SETTINGS}, then: hf auth login"
        )
    return token


def read_account(client: Client) -> Account:
    """Ask the Hub whose token it is. Raises Problem when the Hub does not take it."""
    try:
        answer = client.ask(f"{client.endpoint} does not say whose token this is", client.api.whoami)
    except HubFailed as failure:
        if failure.status != 401:
            raise
        found = "has expired" if "expired" in _said(failure) else "is not valid (revoked, or mistyped)"
        raise Problem(
            f"the stored token {found}: create another of role `write` at {_SETTINGS}, then: {_how_to_replace()}"
        ) from failure
    access = (answer.get("auth") or {}).get("accessToken") or {}
    orgs = {org["name"]: org.get("roleInOrg") for org in answer.get("orgs") or []}
    readers = frozenset(name for name, role in orgs.items() if role == "read")
    scopes = frozenset(_writable_scopes(access.get("fineGrained") or {}))
    return Account(answer["name"], frozenset(orgs) - readers, readers, str(access.get("role") or "write"), scopes)


def _said(failure: HubFailed) -> str:
    """Everything that the Hub answered: whoami's own error replaces the Hub's words by others."""
    error, words = failure.__cause__, []
    while error is not None:
        words.append(str(error))
        words.append(getattr(getattr(error, "response", None), "text", "") or "")
        error = error.__cause__ or error.__context__
    return " ".join(words).lower()


def _writable_scopes(fine: dict) -> list[str]:
    if "repo.write" in (fine.get("global") or []):
        return []
    entries = fine.get("scoped") or []
    return [entry["entity"]["name"] for entry in entries if "repo.write" in entry.get("permissions", [])] or ["-"]
