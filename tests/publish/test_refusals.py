"""What must not be published is refused or left out, and who may not publish is told so, before any bytes leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.check import Report
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.publish import Client, NotReady, prepare, publish, scrub

from .conftest import Push
from .witness import clone, contents, head

PLANTED = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZabcdefgh"


def refused(folder: Path, client: Client, stranger: FreshInterpreter) -> Report:
    """The report of a check that stops a push."""
    reports: list[Report] = []
    prepared = prepare(folder, "ada/refused", client=client)
    with pytest.raises(NotReady, match="nothing was sent"):
        publish(prepared, lambda _: None, reports.append, static=True, interpreter=stranger)
    return reports[0]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("notes.md", f"my token is {PLANTED}", "no-secret"),
        ("extra.pkl", "\x80\x04N.", "no-pickle"),
    ],
)
def test_a_folder_with_an_error_is_refused_and_nothing_is_sent(
    name: str, content: str, rule: str, hub: LocalHub, folder: Path, client: Callable[..., Client],
    stranger: FreshInterpreter,
) -> None:  # fmt: skip
    (folder / name).write_text(content, encoding="latin-1")
    report = refused(folder, client(), stranger)
    assert rule in {finding.rule for finding in report.findings}
    assert head(hub, "ada/refused") is None


def test_a_card_without_a_license_is_refused(
    hub: LocalHub, folder: Path, client: Callable[..., Client], stranger: FreshInterpreter
) -> None:
    card = folder / "README.md"
    card.write_text(card.read_text().replace("license: apache-2.0\n", ""))
    prepared = prepare(folder, "ada/unlicensed", client=client())
    with pytest.raises(Problem, match=r"names no license.*nothing was sent"):
        publish(prepared, lambda _: None, lambda _: None, static=True, interpreter=stranger)
    assert head(hub, "ada/unlicensed") is None


def test_a_link_out_of_the_folder_is_refused(
    hub: LocalHub, folder: Path, client: Callable[..., Client], tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("not mine to give")
    (folder / "notes.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(Problem, match=r"no links, found .*notes\.txt"):
        prepare(folder, "ada/linked", client=client())
    assert head(hub, "ada/linked") is None


def test_what_was_not_meant_to_be_published_is_left_out(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, tmp_path: Path
) -> None:
    expected = {path.name for path in folder.iterdir()}
    strays = (".env", ".DS_Store", "modeling.py~", ".ipynb_checkpoints/a.ipynb", "__pycache__/m.pyc", ".vscode/s.json")
    for name in (*strays, ".venv/bin/python"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"TOKEN={PLANTED}")
    outcome = commit(folder, "ada/strays")
    assert set(outcome.plan["never_sent"]) == {*strays, ".venv"}
    assert set(contents(hub, "ada/strays", clone(hub, "ada/strays", tmp_path / "clone"))) == expected


def test_a_large_file_without_a_rule_is_planned_and_kept_as_a_large_one(
    lfs: None, hub: LocalHub, folder: Path, commit: Push
) -> None:
    (folder / "extra.dat").write_bytes(bytes(11 << 20))
    outcome = commit(folder, "ada/large")
    assert {file["path"] for file in outcome.plan["files"] if file["lfs"]} == {"extra.dat", "model.safetensors"}
    entries = hub.store.get("ada/large").git.snapshot(outcome.commit)
    assert entries["extra.dat"].sha256 and not entries["config.json"].sha256


def test_no_token_an_expired_one_one_that_reads_and_a_foreign_namespace_each_have_their_message(
    hub: LocalHub, folder: Path, client: Callable[..., Client]
) -> None:
    refusals = {
        "": lambda: prepare(folder, "ada/x"),
        "expired": lambda: prepare(folder, "ada/x", client=client(expired=True)),
        "invalid": lambda: prepare(folder, "ada/x", client=Client("hf_" + "x" * 34, hub.endpoint)),
        "reads": lambda: prepare(folder, "ada/x", client=client(role="read")),
        "foreign": lambda: prepare(folder, "grace/x", client=client()),
    }
    seen, messages = len(hub.requests), {}
    for name, refusal in refusals.items():
        with pytest.raises(Problem) as problem:
            refusal()
        messages[name] = str(problem.value)
    assert "no token" in messages[""] and "hf auth login" in messages[""]
    assert "has expired" in messages["expired"] and "hf auth login" in messages["expired"]
    assert "not valid" in messages["invalid"]
    assert "role `read`" in messages["reads"]
    assert "grace is not a namespace of ada" in messages["foreign"]
    assert len(set(messages.values())) == len(messages)
    assert {one.path for one in hub.requests[seen:]} == {"/api/whoami-v2"}


def test_a_name_that_is_none_is_misuse(hub: LocalHub, folder: Path, client: Callable[..., Client]) -> None:
    for name in ("no-namespace", "ada/a b", "a/b/c"):
        with pytest.raises(Misuse, match="--repo-id"):
            prepare(folder, name, client=client())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"create_pr": True, "branch": "dev"}, "--create-pr or --branch, not both"),
        ({"create_pr": True, "tag": "v1"}, "merge it, then push with --tag"),
    ],
)
def test_options_that_exclude_each_other_are_misuse(
    options: dict[str, Any], said: str, folder: Path, client: Callable[..., Client]
) -> None:
    with pytest.raises(Misuse, match=said):
        prepare(folder, "ada/both", client=client(), **options)


def test_nothing_is_proposed_to_a_repository_that_does_not_exist(hub: LocalHub, folder: Path, commit: Push) -> None:
    with pytest.raises(Misuse, match=r"ada/absent does not exist.*drop --create-pr"):
        commit(folder, "ada/absent", create_pr=True)
    assert head(hub, "ada/absent") is None


def test_a_file_that_shows_how_a_secret_is_written_is_sent(
    lfs: None, hub: LocalHub, folder: Path, commit: Push
) -> None:
    (folder / ".env.example").write_text("TOKEN=yours\n")
    outcome = commit(folder, "ada/example")
    assert outcome.plan["never_sent"] == [] and ".env.example" in {file["path"] for file in outcome.plan["files"]}


def test_no_message_holds_the_token() -> None:
    assert scrub(f"refused: {PLANTED} at /x?token=secret", "secret") == "refused: hf_*** at /x?token=hf_***"
