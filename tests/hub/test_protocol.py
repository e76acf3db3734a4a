"""What the Hub's protocol promises, asked for by the real client."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, hf_hub_download
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from scripts.hub_ready.local_hub import LocalHub, reading, wire
from scripts.hub_ready.local_hub.gitrepo import GitRepo, RefMoved


def add(path: str, content: bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, content)


def commit(api: HfApi, *operations: object, message: str = "change", **options: object):
    return api.create_commit("me/model", operations, commit_message=message, **options)


def status_of(call: Callable[[], object]) -> int:
    with pytest.raises(HfHubHTTPError) as caught:
        call()
    return caught.value.response.status_code


# -- who may do what


def test_whoami_tells_the_user_the_role_and_the_organizations(client):
    me = client("me", role="read", orgs=("lab",)).whoami()
    assert (me["name"], me["orgs"][0]["name"]) == ("me", "lab")
    assert me["auth"]["accessToken"]["role"] == "read"


def test_a_wrong_and_an_expired_token_are_refused_and_told_apart(hub, client):
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        HfApi(endpoint=hub.endpoint, token="hf_wrong").whoami()
    assert status_of(lambda: client("me", expired=True).create_repo("me/model")) == 401
    with pytest.raises(HfHubHTTPError, match="expired"):
        client("me", expired=True).create_repo("me/model")


def test_a_repository_is_created_in_ones_own_namespace_or_organization_only(api, client):
    assert api.create_repo("lab/model").repo_id == "lab/model"
    assert api.create_repo("named-without-namespace").repo_id == "me/named-without-namespace"
    assert status_of(lambda: api.create_repo("other/model")) == 403
    assert status_of(lambda: client("me", role="read").create_repo("me/new")) == 403
    assert status_of(lambda: HfApi(endpoint=api.endpoint, token=False).create_repo("me/new")) == 401


def test_an_existing_repository_is_a_conflict_unless_exist_ok(api):
    assert status_of(lambda: api.create_repo("me/model")) == 409
    assert api.create_repo("me/model", exist_ok=True).repo_id == "me/model"


@pytest.mark.parametrize(
    "name", ["me/..", "me/a..b", "me/a--b", "me/.git", "me/a.git", "me/" + "x" * 97, "me/é", "me/-a"]
)
def test_names_that_the_hub_refuses_are_refused(hub, client, name):
    body = json.dumps({"name": name.split("/")[1], "organization": "me"}).encode()
    headers = {"Authorization": f"Bearer {client('me').token}"}
    request = urllib.request.Request(f"{hub.endpoint}/api/repos/create", body, headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400


def test_a_new_repository_holds_the_hubs_lfs_patterns(api, tmp_path):
    path = hf_hub_download("me/model", ".gitattributes", endpoint=api.endpoint, cache_dir=tmp_path, token=False)
    assert "*.safetensors filter=lfs diff=lfs merge=lfs -text" in Path(path).read_text().splitlines()
    assert len(Path(path).read_text().splitlines()) == 35


def test_deleting_a_repository_leaves_nothing_and_needs_its_owner(hub, api, client):
    folder = hub.git_dir("me/model")
    assert status_of(lambda: client("other").delete_repo("me/model")) == 403
    api.delete_repo("me/model")
    assert not folder.exists() and not api.repo_exists("me/model")
    api.delete_repo("me/model", missing_ok=True)


def test_a_private_repository_looks_absent_to_all_but_its_owners(api, client, hub):
    api.create_repo("lab/secret", private=True)
    assert api.model_info("lab/secret").private
    for stranger in (client("other"), HfApi(endpoint=hub.endpoint, token=False)):
        for name in ("lab/secret", "lab/absent"):
            with pytest.raises(RepositoryNotFoundError):
                stranger.model_info(name)
    assert "lab/secret" not in urllib.request.urlopen(hub.endpoint).read().decode()
    api.update_repo_settings("lab/secret", private=False)
    assert not client("other").model_info("lab/secret").private


def test_a_token_to_read_and_a_stranger_cannot_commit(api, client):
    for other in (client("me", role="read"), client("other")):
        assert status_of(lambda other=other: commit(other, add("a", b"1"))) == 403


# -- commits


def test_a_commit_adds_changes_copies_and_deletes_at_once(api, hub):
    commit(api, add("a", b"1"), add("d/b", b"2"), add("d/c", b"3"), add("é '\"x", b"4"))
    done = commit(
        api,
        add("a", b"changed"),
        CommitOperationDelete("d/"),
        CommitOperationCopy("d/b", "copied"),
        message="one\ntwo",
        commit_description="why",
    )
    assert set(api.list_repo_files("me/model")) == {".gitattributes", "a", "copied", "é '\"x"}
    git = ["git", f"--git-dir={hub.git_dir('me/model')}"]
    assert subprocess.check_output([*git, "show", f"{done.oid}:a"]) == b"changed"
    assert subprocess.check_output([*git, "show", "main:copied"]) == b"2"
    assert subprocess.run([*git, "fsck", "--strict"], capture_output=True).returncode == 0


def test_a_stale_parent_is_refused_with_412_and_changes_nothing(api):
    seen = api.model_info("me/model").sha
    head = commit(api, add("a", b"1")).oid
    assert status_of(lambda: commit(api, add("a", b"2"), parent_commit=seen)) == 412
    assert api.model_info("me/model").sha == head


def test_of_two_publishers_at_once_one_wins_and_the_other_is_told(api, client):
    seen, publishers = api.model_info("me/model").sha, [client("me") for _ in range(6)]

    def publish(number: int) -> str:
        try:
            return commit(publishers[number], add("a", b"%d" % number), parent_commit=seen).oid
        except HfHubHTTPError as error:
            return str(error.response.status_code)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(publish, range(6)))
    assert answers.count("412") == 5
    assert api.model_info("me/model").sha in answers
    assert len(api.list_repo_commits("me/model")) == 2


def test_commits_without_a_parent_queue_up_and_none_is_lost(api, client):
    publishers = [client("me") for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: commit(publishers[number], add(f"file{number}", b"x")), range(6)))
    assert {f"file{number}" for number in range(6)} < set(api.list_repo_files("me/model"))
    assert len(api.list_repo_commits("me/model")) == 7


def test_deleting_what_is_not_there_is_refused_by_name(api):
    with pytest.raises(EntryNotFoundError, match="exist"):
        commit(api, CommitOperationDelete("absent"))


def test_unchanged_files_are_recognized_and_make_no_commit(api):
    first = commit(api, add("a", b"1"), add("w.bin", b"2")).oid
    assert commit(api, add("a", b"1"), add("w.bin", b"2")).oid == first


def test_ignored_files_are_left_out(api):
    commit(api, add(".gitignore", b"*.log\nsub/\n!keep.log\n"))
    commit(api, add("x.log", b"1"), add("keep.log", b"1"), add("sub/y", b"1"), add("z", b"1"))
    assert set(api.list_repo_files("me/model")) == {".gitattributes", ".gitignore", "keep.log", "z"}


def test_a_card_with_broken_front_matter_is_refused_before_anything_is_sent(api, hub):
    with pytest.raises(ValueError, match="YAML"):
        commit(api, add("README.md", b"---\nlicense: [mit\n---\n"))
    assert not any("preupload" in request.path for request in hub.requests)


# -- branches, tags, pull requests


def test_branches_hold_commits_of_their_own(api):
    api.create_branch("me/model", branch="dev/one")
    assert status_of(lambda: api.create_branch("me/model", branch="dev/one")) == 409
    commit(api, add("a", b"1"), revision="dev/one")
    assert "a" in api.list_repo_files("me/model", revision="dev/one")
    assert "a" not in api.list_repo_files("me/model")
    api.delete_branch("me/model", branch="dev/one")
    with pytest.raises(RevisionNotFoundError):
        api.model_info("me/model", revision="dev/one")
    assert status_of(lambda: api.delete_branch("me/model", branch="main")) == 403


@pytest.mark.parametrize("message", [None, "the first"])
def test_a_tag_keeps_its_commit(api, message):
    tagged = commit(api, add("a", b"1")).oid
    api.create_tag("me/model", tag="v1.0", tag_message=message)
    commit(api, add("a", b"2"))
    assert api.model_info("me/model", revision="v1.0").sha == tagged
    assert [(tag.name, tag.target_commit) for tag in api.list_repo_refs("me/model").tags] == [("v1.0", tagged)]
    assert status_of(lambda: api.create_tag("me/model", tag="v1.0")) == 409
    assert status_of(lambda: commit(api, add("a", b"3"), revision="v1.0")) == 400
    api.delete_tag("me/model", tag="v1.0")
    assert api.list_repo_refs("me/model").tags == []


@pytest.mark.parametrize("name", ["a..b", "a b", "a~1", "x.lock", "@{1}"])
def test_ref_names_that_git_forbids_are_refused(api, name):
    assert status_of(lambda: api.create_tag("me/model", tag=name)) in (400, 404)
    assert api.list_repo_refs("me/model").tags == []


def test_a_pull_request_is_a_ref_until_it_is_merged(api, client):
    other = client("other")
    done = commit(other, add("a", b"1"), create_pr=True, commit_description="please")
    assert (done.pr_num, done.pr_revision) == (1, "refs/pr/1")
    assert "a" in api.list_repo_files("me/model", revision="refs/pr/1")
    assert "a" not in api.list_repo_files("me/model")
    assert status_of(lambda: other.merge_pull_request("me/model", 1)) == 403
    commit(other, add("b", b"2"), revision="refs/pr/1")
    commit(api, add("c", b"3"))
    api.merge_pull_request("me/model", 1, comment="thanks")
    assert {"a", "b", "c"} < set(api.list_repo_files("me/model"))
    details = api.get_discussion_details("me/model", 1)
    assert (details.status, details.merge_commit_oid) == ("merged", api.model_info("me/model").sha)
    refs = api.list_repo_refs("me/model", include_pull_requests=True)
    assert [ref.ref for ref in refs.pull_requests] == ["refs/pr/1"]


def test_a_pull_request_that_conflicts_is_not_merged(api):
    commit(api, add("a", b"1"), create_pr=True)
    head = commit(api, add("a", b"2")).oid
    assert status_of(lambda: api.merge_pull_request("me/model", 1)) == 409
    assert api.model_info("me/model").sha == head


def test_discussions_are_listed_commented_and_closed(api):
    pull = api.create_pull_request("me/model", title="a proposal")
    talk = api.create_discussion("me/model", title="a question", description="why?")
    api.comment_discussion("me/model", talk.num, comment="because")
    api.change_discussion_status("me/model", talk.num, new_status="closed")
    assert pull.git_reference == "refs/pr/1"
    details = api.get_discussion_details("me/model", talk.num)
    assert [event.content for event in details.events[:2]] == ["why?", "because"]
    assert [one.num for one in api.get_repo_discussions("me/model", discussion_status="open")] == [1]


# -- reading


def test_info_names_every_file_with_size_and_hash(api):
    commit(api, add("README.md", b"---\nlicense: mit\ntags: [vision]\n---\n"), add("w.safetensors", b"abc"))
    info = api.model_info("me/model", files_metadata=True)
    weights = {file.rfilename: file for file in info.siblings}["w.safetensors"]
    assert (weights.size, weights.lfs.sha256[:8]) == (3, "ba7816bf")
    assert (info.tags, info.card_data.license, info.gated) == (["vision"], "mit", False)
    assert api.model_info("me/model", securityStatus=True).security_repo_status["scansDone"] is False


def test_paths_info_leaves_out_what_is_missing(api):
    commit(api, add("d/a", b"1"), add("w.bin", b"22"))
    found = api.get_paths_info("me/model", ["d", "d/a", "w.bin", "absent"], expand=True)
    assert {item.path: getattr(item, "size", None) for item in found} == {"d": None, "d/a": 1, "w.bin": 2}
    assert all(item.last_commit.title == "change" for item in found)


def test_a_tree_of_500_files_is_listed_over_pages(api, monkeypatch, hub):
    monkeypatch.setattr(reading, "TREE_PAGE", 200)
    commit(api, *(add(f"d{number % 7}/f{number}", b"%d" % number) for number in range(500)))
    items = list(api.list_repo_tree("me/model", recursive=True))
    assert len(items) == len({item.path for item in items}) == 500 + 7 + 1
    assert sum("/tree/" in request.path for request in hub.requests) == 3
    assert [item.path for item in api.list_repo_tree("me/model", "d3")][:2] == ["d3/f10", "d3/f101"]
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree("me/model", "absent"))


def test_a_thousand_commits_are_listed_newest_first(api, hub):
    start = b"reset refs/heads/main\nfrom refs/heads/main^0\n"
    one = b"commit refs/heads/main\ncommitter a <a> %d +0000\ndata 4\n%04d\n"
    stream = start + b"".join(one % (number, number) for number in range(1000))
    git = ["git", f"--git-dir={hub.git_dir('me/model')}", "fast-import", "--quiet"]
    subprocess.run(git, input=stream, check=True)
    titles = [one.title for one in api.list_repo_commits("me/model")]
    assert titles == [f"{number:04d}" for number in reversed(range(1000))] + ["initial commit"]


def test_a_file_is_served_whole_in_part_and_with_its_commit(hub, api):
    head = commit(api, add("a.txt", b"0123456789"), add("w.bin", b"abcdefghij")).oid
    for name, whole in (("a.txt", b"0123456789"), ("w.bin", b"abcdefghij")):
        url = f"{hub.endpoint}/me/model/resolve/main/{name}"
        for asked, first, last in (
            ("bytes=2-4", 2, 5),
            ("bytes=7-", 7, 10),
            ("bytes=-3", 7, 10),
            ("bytes=0-99", 0, 10),
        ):
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": asked})) as answer:
                assert (answer.status, answer.read()) == (206, whole[first:last])
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, headers={"Range": "bytes=10-"}))
        assert (caught.value.code, caught.value.headers["Content-Range"]) == (416, "bytes */10")
    assert urllib.request.urlopen(f"{hub.endpoint}/me/model/resolve/main/a.txt").headers["X-Repo-Commit"] == head


def test_what_is_missing_is_named_by_its_own_error(api, tmp_path):
    options = {"endpoint": api.endpoint, "cache_dir": tmp_path, "token": api.token}
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("me/model", "absent.txt", **options)
    with pytest.raises(RevisionNotFoundError):
        hf_hub_download("me/model", "a.txt", revision="absent", **options)
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("me/absent", "a.txt", **options)


def test_a_kept_store_is_there_again_after_a_restart(tmp_path):
    with LocalHub(tmp_path / "store") as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me"))
        api.create_repo("me/model", private=True)
        head = commit(api, add("a", b"1")).oid
    with LocalHub(tmp_path / "store") as hub:
        info = HfApi(endpoint=hub.endpoint, token=hub.token("me")).model_info("me/model")
        assert (info.sha, info.private) == (head, True)


def test_a_throw_away_store_is_gone_at_the_end():
    with LocalHub() as hub:
        hub.store.create("me/model", False, "me")
        folder = hub.git_dir("me/model")
    assert not folder.parents[1].exists()


def test_the_end_comes_to_clients_that_keep_their_connection(monkeypatch):
    monkeypatch.setattr(wire.Handler, "timeout", None)
    hub = LocalHub().start()
    host, port = hub.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        ending = threading.Thread(target=hub.stop, daemon=True)
        ending.start()
        ending.join(30)
        assert not ending.is_alive()


def test_a_pull_request_needs_a_title(api):
    with pytest.raises(BadRequestError):
        api.create_discussion("me/model", title="x")


def test_a_branch_that_another_process_moved_is_never_overwritten(tmp_path):
    repo = GitRepo.init(tmp_path / "x.git")
    first = repo.commit("refs/heads/main", None, {"a": b"1"}, "first", "me")
    second = repo.commit("refs/heads/main", first, {"a": b"2"}, "second", "me")
    for parent in (first, None):
        with pytest.raises(RefMoved):
            repo.commit("refs/heads/main", parent, {"a": b"3"}, "third", "me")
    assert (repo.resolve("main"), set(repo.refs())) == (second, {"refs/heads/main"})
    assert b"scratch" not in repo.run("for-each-ref")
