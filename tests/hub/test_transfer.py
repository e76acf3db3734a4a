"""Large files by LFS and by Xet, `git clone`, and clients of other versions."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import HfApi, snapshot_download

from scripts.hub_ready.local_hub import LocalHub, Logged
from scripts.hub_ready.local_hub.xorbs import Term, unpacked

from .conftest import new_xet_session, write_folder

SCENARIO = Path(__file__).with_name("scenario.py")


def weights(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name[0] != "."}


def sent(hub: LocalHub) -> int:
    """Bytes of large files that clients sent."""
    return sum(one.bytes_in for one in hub.requests if one.path.startswith("/lfs/") or "/v1/xorbs/" in one.path)


# Random bytes, floats that Xet groups by fours, text that LZ4 packs, the same chunk again and again, next to nothing.
CONTENTS = {
    "random": weights(3_000_001),
    "floats": b"".join(b"\0\0" + weights(1, n) + b"\x3f" for n in range(200_003)) + b"xyz",
    "text": b"the same words over and over\n" * 50_000,
    "repeated": weights(300_000) * 5,
    "one byte": b"x",
}


@pytest.mark.parametrize("content", CONTENTS)
def test_a_folder_arrives_with_the_same_bytes(content, transfer, api, hub, tmp_path):
    folder = write_folder(tmp_path / "mine", CONTENTS[content])
    done = api.upload_folder(repo_id="me/model", folder_path=folder)
    if transfer == "xet":
        new_xet_session()
    loaded = snapshot_download("me/model", revision=done.oid, endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
    assert files_of(Path(loaded)) == files_of(folder)
    asked = {request.path.split("/")[1] for request in hub.requests if request.method in ("PUT", "POST")}
    assert ("lfs" in asked) == (transfer == "lfs") and ("xet" in asked) == (transfer == "xet")
    kept = hub.store.get("me/model").large_file(hashlib.sha256(CONTENTS[content]).hexdigest())
    assert kept.read_bytes() == CONTENTS[content]


def test_what_came_by_xet_is_also_served_over_plain_http(api, hub, tmp_path, monkeypatch):
    new_xet_session()
    api.upload_folder(repo_id="me/model", folder_path=write_folder(tmp_path / "mine", CONTENTS["floats"]))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    loaded = snapshot_download("me/model", endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
    assert files_of(Path(loaded)) == files_of(tmp_path / "mine")


def test_a_second_publication_sends_only_what_changed(transfer, api, hub, tmp_path, monkeypatch):
    folder, first = tmp_path / "mine", weights(4_000_000)
    api.upload_folder(repo_id="me/model", folder_path=write_folder(folder, first))
    hub.requests.clear()
    (folder / "other.safetensors").write_bytes(weights(100_000, seed=1))
    if transfer == "xet":  # a new process, and a cache that knows nothing: what is there must be asked of the Hub
        monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "empty"))
        new_xet_session()
    api.upload_folder(repo_id="me/model", folder_path=folder)
    assert 100_000 <= sent(hub) < 110_000
    hub.requests.clear()
    (folder / "model.safetensors").write_bytes(first[:3_900_000] + weights(100_000, seed=2))
    if transfer == "xet":
        monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "empty too"))
        new_xet_session()
    api.upload_folder(repo_id="me/model", folder_path=folder)
    assert sent(hub) < (500_000 if transfer == "xet" else 4_000_001)


def test_what_one_repository_has_another_gets_as_well(transfer, api, hub, tmp_path):
    folder = write_folder(tmp_path / "mine", weights(100_000))
    for name in ("me/model", "me/second"):
        api.create_repo(name, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder)
    api.delete_repo("me/model")
    api.create_repo("me/model")
    api.upload_folder(repo_id="me/model", folder_path=folder)
    for name in ("me/model", "me/second"):
        loaded = snapshot_download(name, endpoint=hub.endpoint, cache_dir=tmp_path / "cache")
        assert files_of(Path(loaded)) == files_of(folder)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1_000_000, 1_000_099), (0, 2_999_999), (2_999_999, 9_999_999)])
def test_a_part_of_a_file_is_had_by_its_chunks_alone(first, last, api, hub):
    content = weights(3_000_000)
    api.upload_file(path_or_fileobj=content, path_in_repo="w.bin", repo_id="me/model")
    entry = api.get_paths_info("me/model", "w.bin")[0]
    xet = urllib.request.urlopen(f"{hub.endpoint}/api/models/me/model/xet-read-token/main").headers
    headers = {"Authorization": f"Bearer {xet['X-Xet-Access-Token']}", "Range": f"bytes={first}-{last}"}
    url = f"{xet['X-Xet-Cas-Url']}/v1/reconstructions/{entry.xet_hash}"
    answer = json.load(urllib.request.urlopen(urllib.request.Request(url, headers=headers)))
    folder, data = hub.git_dir("me/model") / "xet" / "xorbs", b""
    for term in answer["terms"]:
        part = Term(term["hash"], term["range"]["start"], term["range"]["end"])
        piece = b"".join(unpacked(folder / part.xorb, part))
        assert len(piece) == term["unpacked_length"]
        data += piece
    asked = content[first : last + 1]
    assert data[answer["offset_into_first_range"] :].startswith(asked)
    assert len(data) < len(asked) + 2 * 131_072


def test_git_clone_gives_the_same_bytes_and_pointers_for_large_files(api, hub, tmp_path):
    folder = write_folder(tmp_path / "mine", weights(100_000))
    api.upload_folder(repo_id="me/model", folder_path=folder)
    for name in ("me/model", "me/model.git"):
        target = tmp_path / name.replace("/", "-")
        git(tmp_path, "clone", "--quiet", f"{hub.endpoint}/{name}", str(target))
        cloned, mine = files_of(target), files_of(folder)
        pointer = cloned.pop("model.safetensors").decode()
        assert hashlib.sha256(mine.pop("model.safetensors")).hexdigest() in pointer and "size 100000" in pointer
        assert cloned == mine


def test_a_private_repository_is_cloned_with_its_token_only(api, hub, tmp_path):
    api.create_repo("me/secret", private=True)
    host = hub.endpoint.removeprefix("http://")
    assert git(tmp_path, "clone", f"{hub.endpoint}/me/secret", "no", check=False).returncode == 128
    assert git(tmp_path, "clone", f"http://me:wrong@{host}/me/secret", "no", check=False).returncode == 128
    git(tmp_path, "clone", f"http://me:{api.token}@{host}/me/secret", "yes")


def test_git_push_is_refused(api, hub, tmp_path):
    git(tmp_path, "clone", f"http://me:{api.token}@{hub.endpoint[7:]}/me/model", "clone")
    refused = git(tmp_path / "clone", "push", "origin", "HEAD:refs/heads/other", check=False)
    assert refused.returncode != 0 and "403" in refused.stderr


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, text=True, capture_output=True, check=check
    )


def test_a_large_file_that_did_not_arrive_is_never_committed(api, hub):
    header = {"key": "header", "value": {"summary": "a lie"}}
    file = {"key": "lfsFile", "value": {"path": "w.bin", "algo": "sha256", "oid": "0" * 64, "size": 3}}
    body = "\n".join(map(json.dumps, (header, file)))
    from huggingface_hub.utils import get_session

    headers = {"Authorization": f"Bearer {api.token}"}
    answer = get_session().post(f"{hub.endpoint}/api/models/me/model/commit/main", content=body, headers=headers)
    assert answer.status_code == 400 and "was not uploaded" in answer.json()["error"]
    assert len(api.list_repo_commits("me/model")) == 1


def scenario(hub: LocalHub, folder: Path, python: list[str], **environment: str) -> dict:
    environment |= {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    environment |= {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token("me"), "HF_HOME": str(folder / "home")}
    mine = write_folder(folder / "mine", weights(1_000_000))
    done = subprocess.run([*python, str(SCENARIO), str(mine)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    expected = {name: hashlib.sha256(content).hexdigest() for name, content in files_of(mine).items()}
    assert answer == {
        "files": expected,
        "stale": 412,
        "pull": "proposed",
        "commits": ["publish", "initial commit"],
        "refs": ["dev", "main", "v1"],
        "anonymous": 401,
    }
    return answer


@pytest.mark.parametrize("disable_xet", ["", "1"])
def test_a_fresh_process_needs_nothing_but_the_endpoint(hub, tmp_path, disable_xet):
    scenario(hub, tmp_path, [sys.executable], HF_HUB_DISABLE_XET=disable_xet)
    assert {kind(request) for request in hub.requests} == {None, "lfs" if disable_xet else "xet"}


def kind(request: Logged) -> str | None:
    """How large files were sent or had by this request."""
    return {"lfs": "lfs", "xorbs": "xet", "xet": "xet"}.get(request.path.split("/")[1])


@pytest.mark.versions
@pytest.mark.parametrize("disable_xet", ["", "1"])
@pytest.mark.parametrize("version", ["0.24.7", "0.36.2", "1.0.1", "1.33.0"])
def test_other_clients_publish_and_load_as_well(hub, tmp_path, version, disable_xet):
    python = ["uv", "run", "--quiet", "--isolated", "--no-project", "--with", f"huggingface_hub=={version}", "python"]
    scenario(hub, tmp_path, python, HF_HUB_DISABLE_XET=disable_xet)
    by_xet = not disable_xet and version != "0.24.7"  # older than Xet
    assert {kind(request) for request in hub.requests} == {None, "xet" if by_xet else "lfs"}


def test_a_hub_without_xet_refuses_its_tokens(tmp_path):
    with LocalHub(xet=False) as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me"))
        api.create_repo("me/model")
        with pytest.raises(Exception, match=r"404|Xet|not found"):
            new_xet_session()
            api.upload_folder(repo_id="me/model", folder_path=write_folder(tmp_path / "mine", b"abc"))
        assert len(api.list_repo_commits("me/model")) == 1
