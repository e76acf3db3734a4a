"""A publication that gives a stranger something else fails, says what the Hub holds, and how to put it back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.publish.contents import Contents, read_contents
from scripts.hub_ready.publish.verify import NotVerified, Reference, _disagreements

from .conftest import USER, Push, with_other_weights
from .test_faults import start_command
from .witness import git, head


@pytest.fixture
def failing(commit: Push, monkeypatch: pytest.MonkeyPatch) -> Push:
    """A publication whose verification finds fault; returns what the author is told."""

    def fails(*_: object) -> None:
        raise NotVerified("it gives something else")

    def run(folder: Path, repo_id: str, **options: object) -> str:
        monkeypatch.setattr("scripts.hub_ready.publish.flow.verify", fails)
        with pytest.raises(Problem, match="not verified") as problem:
            commit(folder, repo_id, **options)
        return str(problem.value)

    return run


def disagreements(contents: Contents, **changed: Any) -> list[str]:
    """What is wrong with a stranger's answer that agrees with the folder but for `changed`."""
    reference = Reference(Path("tensors"), {"AutoModel": "Net, weights abc"}, '{"task": "x"}')
    hashes = {path: file.sha256 for path, file in contents.sent.items()}
    found = {"hashes": hashes, "differences": [], "words": reference.words, "pipeline": reference.pipeline}
    return _disagreements({**found, "unpinned": [], **changed}, contents, reference)


def test_everything_that_a_stranger_gets_otherwise_is_named(folder: Path) -> None:
    contents = read_contents(folder)
    assert disagreements(contents) == []
    for changed, said in (
        ({"hashes": {}}, "config.json arrives with other bytes"),
        ({"differences": ["AutoModel.logits: differs"]}, "AutoModel.logits: differs"),
        ({"words": {}}, "AutoModel: the folder gives Net, weights abc, the Hub None"),
        ({"words": {"AutoModel": "Net, weights abc", "More": "x"}}, "More: the folder gives None, the Hub x"),
        ({"pipeline": None}, 'the pipeline: expected {"task": "x"}, found None'),
        ({"unpinned": ["pin a revision"]}, "code is not pinned: pin a revision"),
    ):
        assert said in disagreements(contents, **changed)


def put_back(message: str, hub: LocalHub, place: Path) -> None:
    """Run the command that a message names, as an author with a terminal would."""
    command = message.split("To put back what was there before: ")[1].strip()
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token(USER), "HF_HOME": str(place / "home")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    place.mkdir()
    done = subprocess.run(
        command, shell=True, cwd=place, env={**settings, "PATH": path}, input="y\n", text=True, capture_output=True
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def tree(hub: LocalHub, repo_id: str, ref: str = "main") -> str:
    """git's listing of all that a branch holds."""
    return git(hub.git_dir(repo_id), "ls-tree", "-r", ref)


def test_a_new_repository_is_put_back_by_deleting_it(
    lfs: None, hub: LocalHub, folder: Path, failing: Push, tmp_path: Path
) -> None:
    message = failing(folder, "ada/taken-back")
    assert f"main of ada/taken-back holds the whole new commit {head(hub, 'ada/taken-back')[:12]}" in message
    put_back(message, hub, tmp_path / "place")
    assert head(hub, "ada/taken-back") is None


@pytest.mark.parametrize("branch", ["main", "dev"])
def test_an_update_is_put_back_to_what_the_branch_held(
    branch: str, lfs: None, hub: LocalHub, folder: Path, commit: Push, failing: Push, tmp_path: Path
) -> None:
    repo_id = f"ada/restored-{branch}"
    (folder / "gone.md").write_text("comes back")
    commit(folder, repo_id, branch=branch)
    before, others = tree(hub, repo_id, branch), head(hub, repo_id) if branch != "main" else None
    (folder / "gone.md").unlink()
    (folder / "new.md").write_text("goes again")
    message = failing(with_other_weights(folder), repo_id, branch=branch, update=True)
    assert tree(hub, repo_id, branch) != before
    put_back(message, hub, tmp_path / "place")
    assert tree(hub, repo_id, branch) == before
    assert others is None or head(hub, repo_id) == others


def test_a_repository_that_was_empty_is_emptied_and_not_deleted(
    lfs: None, hub: LocalHub, folder: Path, failing: Push, api: HfApi, tmp_path: Path
) -> None:
    api.create_repo("ada/made-by-hand")
    before = tree(hub, "ada/made-by-hand")
    put_back(failing(folder, "ada/made-by-hand"), hub, tmp_path / "place")
    assert tree(hub, "ada/made-by-hand") == before


def test_a_pull_request_is_put_back_by_closing_it(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, failing: Push, api: HfApi, tmp_path: Path
) -> None:
    first = commit(folder, "ada/withdrawn")
    message = failing(with_other_weights(folder), "ada/withdrawn", create_pr=True)
    put_back(message, hub, tmp_path / "place")
    assert api.get_discussion_details("ada/withdrawn", 1).status == "closed"
    assert head(hub, "ada/withdrawn") == first.card_commit


@pytest.mark.faults
def test_weights_that_arrive_changed_fail_the_command(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, tmp_path: Path
) -> None:
    first = commit(folder, "ada/spoilt")
    before = tree(hub, "ada/spoilt")
    with_other_weights(folder)
    # One bit of the last weight, as a consumer gets it.
    hub.fail("download", corrupt=True, times=0)
    process = start_command(hub, folder, "ada/spoilt", tmp_path / "home", "lfs", "--update")
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in output
    assert "model.safetensors arrives with other bytes" in output and "AutoModel" in output
    assert f"holds the whole new commit {head(hub, 'ada/spoilt')[:12]}, not verified" in output
    hub.heal()
    put_back(output, hub, tmp_path / "place")
    assert tree(hub, "ada/spoilt") == before and head(hub, "ada/spoilt") != first.card_commit
