"""Ordered faults: each strikes where it was ordered, and leaves the branch with all of a commit or none of it."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from scripts.hub_ready.local_hub import STEPS as FAULT_STEPS
from scripts.hub_ready.local_hub import LocalHub

from .conftest import new_xet_session, write_folder
from .test_transfer import SCENARIO, files_of, weights

KINDS = {
    "500": {"status": 500},
    "503": {"status": 503},
    "429": {"status": 429, "retry_after": 0},
    "cut request": {"cut": "request"},
    "cut response": {"cut": "response"},
    "silence": {"hang": 0.05},
    "wrong bytes": {"corrupt": True},
    "disk full": {"disk_full": True},
}
STEPS = {
    "lfs": ["create", "preupload", "batch", "upload", "verify", "commit", "tag", "info", "resolve", "download"],
    "xet": ["token", "upload", "shard"],
}


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's pauses between tries; the server does not sleep."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    for name, value in {"RETRY_BASE_DELAY": "5ms", "RETRY_MAX_DURATION": "200ms"}.items():
        monkeypatch.setenv(f"HF_XET_CLIENT_{name}", value)


def publish(api: HfApi, folder: Path, cache: Path) -> Path:
    api.create_repo("me/new", exist_ok=True)
    seen = api.model_info("me/new").sha
    done = api.upload_folder(repo_id="me/new", folder_path=folder, commit_message="publish", parent_commit=seen)
    api.create_tag("me/new", tag="v1", exist_ok=True)
    return Path(snapshot_download("me/new", revision=done.oid, endpoint=api.endpoint, cache_dir=cache))


def state(hub: LocalHub) -> tuple[list[str], dict[str, str]]:
    """What git says: the commits' titles, and the files of main with their blobs."""
    if hub.store.get("me/new") is None:
        return [], {}
    git = ["git", f"--git-dir={hub.git_dir('me/new')}"]
    subprocess.run([*git, "fsck", "--strict", "--no-dangling"], check=True, capture_output=True)
    titles = subprocess.check_output([*git, "log", "--format=%s", "main"], text=True).split("\n")[:-1]
    lines = subprocess.check_output([*git, "ls-tree", "-r", "main"], text=True).splitlines()
    return titles, {line.split("\t")[1]: line.split()[2] for line in lines}


def whole_or_nothing(hub: LocalHub) -> None:
    titles, files = state(hub)
    assert titles in ([], ["initial commit"], ["publish", "initial commit"])
    wanted = {".gitattributes"} | ({"README.md", "config.json", "model.safetensors"} if len(titles) == 2 else set())
    assert set(files) == (wanted if titles else set())
    assert list(hub.store.incoming.iterdir()) == []


# Everything where bytes and the branch change; where the client only asks, what differs for it.
ASKING = {"batch", "token", "tag", "info", "resolve", "preupload", "download"}
TABLE = [
    (transfer, step, kind)
    for transfer, steps in STEPS.items()
    for step, kind in itertools.product(steps, KINDS)
    if step not in ASKING or kind in ("503", "cut request", "cut response", "wrong bytes")
]


@pytest.mark.parametrize(("transfer", "step", "kind"), TABLE, indirect=["transfer"])
def test_after_a_fault_all_or_nothing_is_there_and_trying_again_succeeds(
    transfer, step, kind, hub, client, tmp_path, no_waiting
):
    api, folder = client("me"), write_folder(tmp_path / "mine", weights(40_000))
    hub.fail(step, **KINDS[kind])
    try:
        publish(api, folder, tmp_path / "first")
    except Exception as error:  # many kinds: httpx, hf_xet, huggingface_hub
        assert str(error)
    whole_or_nothing(hub)
    assert hub.faults.take("POST", "/") is None and not hub.faults._open, "the fault never struck"
    hub.heal()
    new_xet_session()
    assert files_of(publish(api, folder, tmp_path / "second")) == files_of(folder)
    assert state(hub)[0] == ["publish", "initial commit"]


@pytest.mark.parametrize("kind", ["500", "cut request", "disk full", "wrong bytes"])
def test_an_upload_that_never_gets_through_leaves_the_branch_as_it_was(kind, transfer, hub, api, tmp_path, no_waiting):
    before = api.model_info("me/model").sha
    hub.fail("upload", times=0, **KINDS[kind])
    with pytest.raises(Exception):  # noqa: B017
        api.upload_folder(repo_id="me/model", folder_path=write_folder(tmp_path / "mine", weights(40_000)))
    assert api.model_info("me/model").sha == before
    assert list(hub.store.incoming.iterdir()) == []


@pytest.mark.parametrize("step", ["upload", "commit"])
def test_a_client_that_is_killed_leaves_the_branch_as_it_was(step, tmp_path):
    folder = write_folder(tmp_path / "mine", weights(40_000))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    with LocalHub(tmp_path / "store") as hub:
        environment |= {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token("me"), "HF_HOME": str(tmp_path / "home")}
        hub.fail(step, hang=600)
        child = subprocess.Popen([sys.executable, str(SCENARIO), str(folder)], env=environment)
        method, path = FAULT_STEPS[step]
        while not any(re.fullmatch(method, one.method) and re.search(path, one.path) for one in hub.requests):
            assert child.poll() is None
            time.sleep(0.02)
        child.kill()
        child.wait()
    with LocalHub(tmp_path / "store") as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me"))
        assert [one.title for one in api.list_repo_commits("me/scenario")] == ["initial commit"]
        new_xet_session()
        api.upload_folder(repo_id="me/scenario", folder_path=folder)
        assert set(api.list_repo_files("me/scenario")) == {".gitattributes", *files_of(folder)}


def test_faults_count_skip_and_heal(hub, api):
    hub.fail("info", status=418, times=2, skip=1)
    api.model_info("me/model")
    for _ in range(2):
        with pytest.raises(HfHubHTTPError) as caught:
            api.model_info("me/model")
        assert caught.value.response.status_code == 418
    api.model_info("me/model")
    hub.fail("info", status=418, times=0)
    with pytest.raises(HfHubHTTPError):
        api.model_info("me/model")
    hub.heal()
    api.model_info("me/model")


def test_a_refusal_may_name_the_time_to_come_back(hub, api):
    hub.fail(method="GET", path="^/api/whoami", status=429, retry_after=7)
    with pytest.raises(HfHubHTTPError) as caught:
        api.whoami()
    assert caught.value.response.headers["Retry-After"] == "7"


def test_the_log_tells_what_was_asked_and_how_much_was_sent(hub, api, tmp_path, transfer):
    hub.requests.clear()
    api.upload_file(path_or_fileobj=weights(50_000), path_in_repo="w.bin", repo_id="me/model")
    upload = [one for one in hub.requests if one.path.startswith("/lfs/") or "/v1/xorbs/" in one.path]
    assert [(one.method, one.status) for one in upload] == [("PUT" if transfer == "lfs" else "POST", 200)]
    assert 50_000 <= upload[0].bytes_in < 51_000
    assert not any(api.token in one.path for one in hub.requests)
