"""Who may publish where, by what the Hub says of a token; the embedded Hub knows no fine-grained ones."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.publish import Client
from scripts.hub_ready.publish.account import Account, read_account


def account(*orgs: dict[str, str], **access: Any) -> Account:
    """The account of ada, whose token is as `access` says."""
    client = Client("hf_" + "x" * 34, "http://127.0.0.1:9")
    client.api.whoami = lambda: {"name": "ada", "orgs": list(orgs), "auth": {"accessToken": access}}
    return read_account(client)


def scoped(*names: str, permission: str = "repo.write") -> dict[str, Any]:
    return {"scoped": [{"entity": {"name": name}, "permissions": [permission]} for name in names]}


def test_an_organization_that_one_may_only_read_is_refused_by_name() -> None:
    found = account({"name": "lab", "roleInOrg": "read"}, {"name": "club", "roleInOrg": "contributor"}, role="write")
    found.require_write("club/net")
    with pytest.raises(Problem, match=r"may read but not write in the organization lab.*admins"):
        found.require_write("lab/net")
    with pytest.raises(Misuse, match=r"other is not a namespace of ada, who owns: ada, club;"):
        found.require_write("other/net")


@pytest.mark.parametrize("names", [("ada",), ("ada/net",)])
def test_a_fine_grained_token_writes_where_its_scopes_say(names: tuple[str, ...]) -> None:
    account(role="fineGrained", fineGrained=scoped(*names)).require_write("ada/net")


@pytest.mark.parametrize(
    "fine", [scoped("ada/other"), scoped("ada", permission="repo.content.read"), {}, {"global": ["inference"]}]
)
def test_a_fine_grained_token_without_the_scope_is_refused(fine: dict[str, Any]) -> None:
    with pytest.raises(Problem, match=r"has no scope to write to ada.*hf auth login"):
        account(role="fineGrained", fineGrained=fine).require_write("ada/net")


def test_a_fine_grained_token_for_everything_writes_everywhere() -> None:
    fine = {"global": ["repo.write"], **scoped("ada/other")}
    account(role="fineGrained", fineGrained=fine).require_write("ada/net")


def test_what_replaces_a_token_depends_on_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, said in ((None, "then: hf auth login"), ("HF_TOKEN", "put it in HF_TOKEN")):
        if variable:
            monkeypatch.setenv(variable, "hf_" + "x" * 34)
        with pytest.raises(Problem, match=said):
            account(role="read").require_write("ada/net")
