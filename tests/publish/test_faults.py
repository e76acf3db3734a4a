"""Whatever fails wherever: the branch holds the whole new commit or what it held, the message says which, and the same
command again succeeds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.local_hub import STEPS, LocalHub
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.publish import Client
from scripts.hub_ready.publish.rehearse import environment

from .conftest import USER, NoInterpreter, Push, use_transfer
from .witness import git, head, titles

# Faults for every later request of the step (times=0) end with the first command; the others pass by themselves.
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500, "times": 0},
    "503-then-fine": {"status": 503},
    "429-retry-after": {"status": 429, "retry_after": 0.1},
    "cut-request": {"cut": "request"},
    "lost-answer": {"cut": "response"},
    "hang": {"hang": 8},
    "wrong-hash": {"corrupt": True},
    "disk-full": {"disk_full": True, "times": 0},
}
WRITES = ("wrong-hash", "disk-full")
LFS_STEPS = ("create", "validate", "preupload", "batch", "upload", "verify", "commit", "card", "tag")
XET_STEPS = ("token", "upload", "shard")
READING_STEPS = ("whoami", "info", "resolve", "download")
SAID_BEFORE = (
    "holds what it held before",
    "othing was committed",
    "othing was sent",
    "Nothing of yours was committed",
)


def table() -> Iterator[tuple[str, str, str]]:
    """(transfer, step, fault) of everything that can go wrong."""
    for transfer, steps in (("lfs", LFS_STEPS + READING_STEPS), ("xet", XET_STEPS)):
        for step in steps:
            for fault in FAULTS:
                if fault not in WRITES or step in ("upload", "shard", "commit", "card"):
                    yield transfer, step, fault


# One of each kind is in the default suite.
DEFAULT = {("lfs", "commit", "lost-answer"), ("lfs", "commit", "500"), ("lfs", "upload", "wrong-hash")}
DEFAULT |= {("lfs", "card", "500"), ("lfs", "tag", "503-then-fine"), ("xet", "shard", "500")}


def cases() -> Iterator[Any]:
    for case in table():
        yield pytest.param(*case, id="-".join(case), marks=[] if case in DEFAULT else [pytest.mark.faults])


def order(hub: LocalHub, step: str, fault: str) -> None:
    """The second commit of a publication is the card's; `hub` counts requests, not commits."""
    if step == "card":
        hub.fail("commit", skip=1, **FAULTS[fault])
    else:
        hub.fail(step, **FAULTS[fault])


def check_invariant(hub: LocalHub, repo_id: str, folder: Path, before: str | None, message: str) -> None:
    """The branch, as git says it, is whole or as it was, and the message says which."""
    now = head(hub, repo_id)
    if now is None or now == before or titles(hub, repo_id) == ["initial commit"]:
        assert any(text in message for text in SAID_BEFORE), message
        return
    # Where a request was still under way at the Hub, the message says so.
    if "may still arrive, whole" in message:
        return
    listed = set(git(hub.git_dir(repo_id), "ls-tree", "--name-only", now).split())
    assert listed == {path.name for path in folder.iterdir()}
    assert "whole new commit" in message, message


def attempt(run: Callable[[], Any]) -> str | None:
    """The message of the Problem that a publication ends with; None when it succeeds in spite of the fault."""
    try:
        run()
    except Problem as problem:
        return str(problem)
    return None


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's and our own pauses between tries are cut short."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "2")


def test_the_table_has_sixty_combinations() -> None:
    assert len(set(table())) >= 60
    assert {step for _, step, _ in table()} - {"card"} <= set(STEPS)


@pytest.mark.parametrize(("transfer", "step", "fault"), cases())
def test_a_fault_leaves_all_or_nothing_and_the_same_command_again_succeeds(
    transfer: str, step: str, fault: str, hub: LocalHub, folder: Path, request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch, hasty: None,
) -> None:  # fmt: skip
    use_transfer(transfer, monkeypatch)
    # Only the stranger meets these faults; elsewhere it would but take time.
    run: Push = request.getfixturevalue("push" if step in ("resolve", "download") else "commit")
    repo_id = f"{USER}/{transfer}-{step}-{fault}"
    options = {"tag": "v1"} if step == "tag" else {}
    order(hub, step, fault)
    message = attempt(lambda: run(folder, repo_id, **options))
    hub.heal()
    if message is not None:
        check_invariant(hub, repo_id, folder, None, message)
    outcome = run(folder, repo_id, **options)
    assert head(hub, repo_id) == (outcome.card_commit or head(hub, repo_id))
    count = 2 if options else 3
    assert len(titles(hub, repo_id)) == count, titles(hub, repo_id)


def test_a_fault_in_an_update_leaves_what_was_there(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, hasty: None
) -> None:
    first = commit(folder, f"{USER}/update-fails")
    (folder / "notes.md").write_text("new")
    hub.fail("commit", status=500, times=0)
    message = attempt(lambda: commit(folder, f"{USER}/update-fails", update=True))
    assert f"holds what it held before ({first.card_commit[:12]})" in message
    assert head(hub, f"{USER}/update-fails") == first.card_commit


def test_two_publishers_at_once_one_commit_wins_and_the_other_is_told(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, client: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from scripts.hub_ready.publish import prepare, publish

    commit(folder, f"{USER}/race")
    (folder / "notes.md").write_text("one")
    prepared = [prepare(folder, f"{USER}/race", client=client(), update=True) for _ in range(2)]
    quiet = {"notify": lambda _: None, "show": lambda _: None, "static": True}
    winner = publish(prepared[0], **quiet, interpreter=NoInterpreter())
    with pytest.raises(Problem, match="a commit came between"):
        publish(prepared[1], **quiet, interpreter=NoInterpreter())
    assert head(hub, f"{USER}/race") == winner.card_commit


# -- the real command, ended from outside


def start_command(
    hub: LocalHub, folder: Path, repo_id: str, home: Path, transfer: str, *options: str
) -> subprocess.Popen:
    """The command as an author runs it, with its messages in its standard output."""
    variables = environment(hub.endpoint, hub.token(USER), home)
    variables |= {"HF_HUB_DISABLE_XET": "1"} if transfer == "lfs" else {}
    command = [sys.executable, "-m", "scripts.push_to_hub", str(folder), "--repo-id", repo_id, "--static"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([*command, *options], cwd=ROOT, env=variables, start_new_session=True, **pipes)


def wait_for_step(hub: LocalHub, step: str, seen: int, process: subprocess.Popen) -> None:
    """Until a request of the step has arrived; the fault then holds its answer back."""
    import re

    method, path = STEPS[step]
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if any(re.fullmatch(method, one.method) and re.search(path, one.path) for one in hub.requests[seen:]):
            return
        time.sleep(0.05)
    raise AssertionError(f"the command never came to {step}: {process.communicate()[0]}")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="ctrl-c"),
        pytest.param(signal.SIGKILL, id="kill-9", marks=pytest.mark.faults),
    ],
)
@pytest.mark.parametrize(
    ("transfer", "step"),
    [
        pytest.param("lfs", "commit"),
        *(pytest.param("lfs", step, marks=pytest.mark.faults) for step in ("create", "preupload", "upload", "verify")),
        *(pytest.param("xet", step, marks=pytest.mark.faults) for step in ("token", "upload", "shard")),
        pytest.param("lfs", "resolve", marks=pytest.mark.faults),
    ],
)
def test_a_command_that_is_ended_leaves_all_or_nothing(
    transfer: str, step: str, number: int, hub: LocalHub, folder: Path, commit: Push, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    repo_id, seen = f"{USER}/ended-{transfer}-{step}-{number.name}", len(hub.requests)
    hub.fail(step, hang=3)
    process = start_command(hub, folder, repo_id, tmp_path / "home", transfer)
    try:
        wait_for_step(hub, step, seen, process)
        os.kill(process.pid, number)
        output, _ = process.communicate(timeout=60)
    finally:
        hub.heal()
        process.kill()
    assert "Traceback" not in output and hub.token(USER) not in output
    if number == signal.SIGINT:
        assert process.returncode == 1
        check_invariant(hub, repo_id, folder, None, output)
    time.sleep(3.5)  # what the Hub was holding back arrives, or not
    use_transfer(transfer, monkeypatch)
    commit(folder, repo_id)
    assert titles(hub, repo_id)[0] == "Pin the card's snippet"
