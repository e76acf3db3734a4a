"""A publication is one commit that a stranger can load; the next one sends what changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from scripts.hub_ready.fresh import JOBS, FreshInterpreter
from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.publish import Client, Prepared, prepare, publish

from .conftest import NoInterpreter, Push, with_other_weights
from .witness import clone, contents, git, head, titles


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "README.md"}


def test_a_clone_of_the_repository_holds_the_bytes_of_the_folder(
    transfer: str, hub: LocalHub, folder: Path, push: Push, tmp_path: Path
) -> None:
    repo_id = f"ada/clone-{transfer}"
    outcome = push(folder, repo_id)
    found = contents(hub, repo_id, clone(hub, repo_id, tmp_path / "clone"))
    card = found.pop("README.md").decode()
    assert found == files_of(folder)
    assert titles(hub, repo_id) == ["Pin the card's snippet", f"Publish clone-{transfer}", "initial commit"]
    assert outcome.snippet in card and f'"{outcome.commit}"' in outcome.snippet
    assert "your-namespace" not in card
    assert set(outcome.loaded) == {"AutoModel", "AutoModelForImageClassification"} and outcome.pipeline
    by_xet = [one.path for one in hub.requests if "xorbs" in one.path and one.method == "POST"]
    assert bool(by_xet) or transfer == "lfs"


def test_the_commit_of_the_card_changes_nothing_else(lfs: None, hub: LocalHub, folder: Path, commit: Push) -> None:
    outcome = commit(folder, "ada/two-commits")
    changed = git(hub.git_dir("ada/two-commits"), "diff", "--name-only", outcome.commit, outcome.card_commit)
    assert changed.split() == ["README.md"]


@pytest.mark.parametrize("transfer", [pytest.param("lfs", marks=pytest.mark.faults), "xet"], indirect=True)
def test_a_second_publication_sends_what_changed_and_both_revisions_keep_their_numbers(
    transfer: str, hub: LocalHub, folder: Path, push: Push, stranger: FreshInterpreter, tmp_path: Path
) -> None:
    repo_id = f"ada/twice-{transfer}"
    first = push(folder, repo_id)
    before = len(hub.requests)
    with_other_weights(folder)
    second = push(folder, repo_id, update=True)
    sent = [one for one in hub.requests[before:] if "/commit/" in one.path]
    size = (folder / "config.json").stat().st_size
    assert len(sent) == 2 and max(one.bytes_in for one in sent) < size
    changed = git(hub.git_dir(repo_id), "diff", "--name-only", first.card_commit, second.commit).split()
    assert changed == ["README.md", "model.safetensors"]
    assert first.loaded != second.loaded
    names = {"folder": str(folder), "expected": None, "snippet": None, "results": str(tmp_path / "tensors")}
    for outcome in (first, second):
        found = stranger.run(JOBS / "load_published.py", {**names, "name": repo_id, "revision": outcome.commit})
        assert found["words"] == outcome.loaded


@pytest.mark.parametrize("tag", [None, "v1"])
def test_nothing_to_change_is_no_commit(tag: str | None, lfs: None, hub: LocalHub, folder: Path, commit: Push) -> None:
    repo_id = f"ada/same-{tag}"
    first = commit(folder, repo_id, tag=tag)
    before = head(hub, repo_id)
    again = commit(folder, repo_id, tag=tag)
    assert not again.committed and again.card_commit is None
    assert (again.commit, again.revision) == (first.commit, first.revision)
    assert head(hub, repo_id) == before


def test_an_existing_repository_is_changed_only_with_update(
    lfs: None, hub: LocalHub, folder: Path, commit: Push
) -> None:
    first = commit(folder, "ada/guarded")
    (folder / "notes.md").write_text("new")
    with pytest.raises(Misuse, match="--update"):
        commit(folder, "ada/guarded")
    assert head(hub, "ada/guarded") == first.card_commit


def test_files_of_ours_that_are_gone_are_deleted_and_those_of_others_stay(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi, tmp_path: Path
) -> None:
    (folder / "notes.md").write_text("to go")
    commit(folder, "ada/gone")
    api.upload_file(path_or_fileobj=b"theirs", path_in_repo="theirs.md", repo_id="ada/gone")
    (folder / "notes.md").unlink()
    outcome = commit(folder, "ada/gone", update=True)
    assert outcome.plan["deleted"] == ["notes.md"] and outcome.plan["kept"] == ["theirs.md"]
    found = contents(hub, "ada/gone", clone(hub, "ada/gone", tmp_path / "clone"))
    assert "notes.md" not in found and found["theirs.md"] == b"theirs"


def edit_card(hub: LocalHub, api: HfApi, repo_id: str) -> bytes:
    edited = git(hub.git_dir(repo_id), "show", "main:README.md").encode() + b"\nWritten on the Hub.\n"
    api.upload_file(path_or_fileobj=edited, path_in_repo="README.md", repo_id=repo_id)
    return edited


def test_a_card_that_was_edited_on_the_hub_is_kept_unless_told(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi, tmp_path: Path
) -> None:
    (folder / "notes.md").write_text("to go")
    commit(folder, "ada/edited")
    edited = edit_card(hub, api, "ada/edited")
    (folder / "notes.md").unlink()
    with_other_weights(folder)
    kept = commit(folder, "ada/edited", update=True)
    found = contents(hub, "ada/edited", clone(hub, "ada/edited", tmp_path / "kept"))
    assert found["README.md"] == edited and "notes.md" not in found
    assert kept.card_commit is None and "edited on the Hub" in kept.notes[0]
    replaced = commit(folder, "ada/edited", update=True, overwrite_card=True)
    card = contents(hub, "ada/edited", clone(hub, "ada/edited", tmp_path / "replaced"))["README.md"].decode()
    assert "Written on the Hub" not in card and replaced.snippet in card


@pytest.mark.parametrize("status", [None, 400])
@pytest.mark.parametrize("change", ["changes", "deletes"])
def test_a_commit_that_came_between_is_never_overwritten(
    change: str, status: int | None, lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi,
    client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    repo_id = f"ada/{change}-between-{status}"
    (folder / "notes.md").write_text("to go")
    commit(folder, repo_id)
    with_other_weights(folder) if change == "changes" else (folder / "notes.md").unlink()
    theirs: list[str] = []

    def just_before(self: HfApi, _: str, **kwargs: object) -> object:
        monkeypatch.undo()
        theirs.append(api.upload_file(path_or_fileobj=b"now", path_in_repo="theirs", repo_id=repo_id).oid)
        if status:  # the Hub may say something else than that the parent is an old one
            hub.fail("commit", status=status)
        return self.create_commit(repo_id, **kwargs)

    by = client()
    monkeypatch.setattr(by.api, "create_commit", just_before.__get__(HfApi(endpoint=hub.endpoint, token=by.token)))
    with pytest.raises(Problem, match=r"a commit came between.*Nothing of yours was committed"):
        commit(folder, repo_id, by=by, update=True)
    assert head(hub, repo_id) == theirs[0]


def test_a_tag_that_somebody_set_meanwhile_stays(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi, client: Callable[..., Client]
) -> None:
    first = commit(folder, "ada/tagging")
    with_other_weights(folder)
    prepared = prepare(folder, "ada/tagging", client=client(), tag="v1", update=True)
    api.create_tag("ada/tagging", tag="v1", revision=first.commit)
    with pytest.raises(Problem, match=f"the tag v1 names {first.commit[:12]}, not the verified .*holds the whole new"):
        publish_late(prepared)
    assert head(hub, "ada/tagging", "refs/tags/v1") == first.commit


def test_a_card_that_pins_another_folder_is_pinned_anew(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi
) -> None:
    commit(folder, "ada/caught-up")
    theirs = api.upload_file(path_or_fileobj=b"same", path_in_repo="notes.md", repo_id="ada/caught-up").oid
    (folder / "notes.md").write_text("same")
    outcome = commit(folder, "ada/caught-up")
    assert not outcome.committed and outcome.commit == outcome.revision == theirs
    assert theirs in git(hub.git_dir("ada/caught-up"), "show", f"{outcome.card_commit}:README.md")


def publish_late(prepared: Prepared) -> None:
    """A publication whose plan was made a while ago."""
    publish(prepared, lambda _: None, lambda _: None, static=True, interpreter=NoInterpreter())


def test_a_repository_that_somebody_made_meanwhile_is_left_alone(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi, client: Callable[..., Client]
) -> None:
    prepared = prepare(folder, "ada/meanwhile", client=client())
    api.create_repo("ada/meanwhile")
    theirs = api.upload_file(path_or_fileobj=b"now", path_in_repo="theirs", repo_id="ada/meanwhile").oid
    with pytest.raises(Problem, match="ada/meanwhile was made by somebody else just now"):
        publish_late(prepared)
    assert head(hub, "ada/meanwhile") == theirs


def test_a_branch_that_somebody_made_meanwhile_is_left_alone(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi, client: Callable[..., Client]
) -> None:
    commit(folder, "ada/branching")
    with_other_weights(folder)
    prepared = prepare(folder, "ada/branching", client=client(), branch="dev", update=True)
    api.create_branch("ada/branching", branch="dev")
    options = {"path_in_repo": "theirs", "repo_id": "ada/branching", "revision": "dev"}
    theirs = api.upload_file(path_or_fileobj=b"now", **options).oid
    with pytest.raises(Problem, match="a commit came between: dev of ada/branching"):
        publish_late(prepared)
    assert head(hub, "ada/branching", "dev") == theirs


def test_a_pull_request_is_verified_and_the_branch_stays(lfs: None, hub: LocalHub, folder: Path, commit: Push) -> None:
    first = commit(folder, "ada/proposed")
    with_other_weights(folder)
    outcome = commit(folder, "ada/proposed", create_pr=True)
    assert outcome.pull_request == 1 and head(hub, "ada/proposed") == first.card_commit
    assert titles(hub, "ada/proposed", "refs/pr/1")[:2] == [
        "Pin the card's snippet",
        "Update README.md, model.safetensors",
    ]
    again = commit(folder, "ada/proposed", create_pr=True)
    assert again.pull_request == 1
    with_other_weights(folder)
    assert commit(folder, "ada/proposed", create_pr=True).pull_request == 2


def test_a_merged_pull_request_is_known_as_ours(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi
) -> None:
    commit(folder, "ada/merged")
    (folder / "notes.md").write_text("to go")
    commit(folder, "ada/merged", create_pr=True)
    api.merge_pull_request("ada/merged", 1)
    (folder / "notes.md").unlink()
    assert commit(folder, "ada/merged", update=True).plan["deleted"] == ["notes.md"]


def test_a_tag_names_the_verified_commit_and_the_card_names_the_tag(
    lfs: None, hub: LocalHub, folder: Path, push: Push, tmp_path: Path
) -> None:
    outcome = push(folder, "ada/tagged", tag="v1", message="The first")
    assert titles(hub, "ada/tagged") == ["The first", "initial commit"]
    assert head(hub, "ada/tagged", "refs/tags/v1") == outcome.commit == head(hub, "ada/tagged")
    assert '"ada/tagged", "v1"' in outcome.snippet and outcome.card_commit is None
    assert outcome.snippet in (clone(hub, "ada/tagged", tmp_path / "clone") / "README.md").read_text()
    with_other_weights(folder)
    with pytest.raises(Misuse, match="v1 exists already"):
        push(folder, "ada/tagged", update=True, tag="v1")


def test_a_branch_that_is_missing_is_made(lfs: None, hub: LocalHub, folder: Path, commit: Push) -> None:
    commit(folder, "ada/branched", branch="dev")
    assert titles(hub, "ada/branched") == ["initial commit"]
    assert titles(hub, "ada/branched", "dev")[1] == "Publish branched"


def test_a_private_repository_looks_absent_to_others(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, api: HfApi
) -> None:
    outcome = commit(folder, "ada/hidden", private=True)
    assert api.model_info("ada/hidden").sha == outcome.card_commit
    with pytest.raises(RepositoryNotFoundError):
        HfApi(endpoint=hub.endpoint, token=False).model_info("ada/hidden")


def test_more_files_than_the_client_sends_at_once_are_one_commit(
    lfs: None, hub: LocalHub, folder: Path, commit: Push, tmp_path: Path
) -> None:
    for number in range(300):
        (folder / f"notes-{number}.txt").write_text(f"{number}")
    first = commit(folder, "ada/many")
    assert titles(hub, "ada/many") == ["Pin the card's snippet", "Publish many", "initial commit"]
    for number in range(280):
        (folder / f"notes-{number}.txt").unlink()
    (folder / "notes-299.txt").write_text("changed")
    second = commit(folder, "ada/many", update=True)
    assert titles(hub, "ada/many")[0:2] == ["Pin the card's snippet", second.plan["message"]]
    changed = git(hub.git_dir("ada/many"), "diff", "--name-status", first.card_commit, second.commit).splitlines()
    assert sorted(line[0] for line in changed) == ["D"] * 280 + ["M"] * 2
    found = contents(hub, "ada/many", clone(hub, "ada/many", tmp_path / "clone"))
    found.pop("README.md")
    assert found == files_of(folder)


def test_a_plan_names_every_file_and_changes_nothing(
    hub: LocalHub, folder: Path, client: Callable[..., Client]
) -> None:
    prepared = prepare(folder, "ada/planned", client=client())
    plan = json.loads(json.dumps(prepared.plan.to_json(prepared.contents)))
    assert {file["path"] for file in plan["files"]} == {path.name for path in folder.iterdir()}
    assert {file["path"] for file in plan["files"] if file["lfs"]} == {"model.safetensors"}
    assert all(file["change"] == "added" for file in plan["files"]) and plan["message"] == "Publish planned"
    assert head(hub, "ada/planned") is None
