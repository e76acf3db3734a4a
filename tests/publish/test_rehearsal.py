"""A rehearsal is the real command against a Hub of its own: it leaves nothing behind and needs no account."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from scripts.hub_ready.console import results
from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.publish.show import print_rehearsal

from .witness import head

SECRET = "hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZabcdefgh"


def start(folder: Path, *options: str, home: Path, **variables: str) -> subprocess.Popen[str]:
    """The command as an author runs it, whose own token and cache are in `home`."""
    (home / "hf").mkdir(parents=True, exist_ok=True)
    (home / "hf" / "token").write_text(SECRET)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    settings = {"HF_HOME": str(home / "hf"), "TMPDIR": str(home / "tmp"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    (home / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "scripts.push_to_hub", str(folder), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    return subprocess.Popen(command, cwd=ROOT, env={**kept, **settings, **variables}, **pipes)


def run(folder: Path, *options: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *options, home=home, **variables)
    out, messages = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, messages)


def left_behind(home: Path) -> set[str]:
    """Everything that lies in the author's home after a run, but for torch's own cache."""
    found = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    return {path for path in found if "torchinductor" not in path}


@pytest.mark.faults
@pytest.mark.parametrize("transfer", ["lfs", "xet"])
def test_a_rehearsal_publishes_loads_back_and_leaves_nothing(transfer: str, exported: Path, tmp_path: Path) -> None:
    switch = {"HF_HUB_DISABLE_XET": "1"} if transfer == "lfs" else {}
    done = run(exported, "--rehearse", "--static", "--json", home=tmp_path, **switch)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["committed"] and answer["pipeline"] and answer["commit"] in answer["snippet"]
    size = (exported / "model.safetensors").stat().st_size
    assert 0.5 * size < answer["rehearsal"]["bytes_of_large_files"] < 1.5 * size
    assert left_behind(tmp_path) == {"hf/token"}
    assert (tmp_path / "hf" / "token").read_text() == SECRET
    assert SECRET not in done.stdout + done.stderr


def status_of(url: str) -> int:
    try:
        return urllib.request.urlopen(url).status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def signed(page: str) -> urllib.request.Request:
    """A request as a browser makes it of an address with a name and a password."""
    login, _, host = page.removeprefix("http://").partition("@")
    basic = base64.b64encode(login.encode()).decode()
    return urllib.request.Request(f"http://{host}", headers={"Authorization": f"Basic {basic}"})


def test_a_private_rehearsal_is_loaded_with_its_token_and_shown_until_ctrl_c(exported: Path, tmp_path: Path) -> None:
    process = start(exported, "--rehearse", "--static", "--private", "--keep", "--json", home=tmp_path)
    messages = []
    try:
        for line in process.stderr:
            messages.append(line)
            if line.endswith(" until Ctrl-C\n"):
                break
        assert process.poll() is None, "".join(messages)
        page = messages[-1].split()[0]
        assert status_of(f"http://{page.partition('@')[2]}") == 401
        assert b"model.safetensors" in urllib.request.urlopen(signed(page)).read()
        os.kill(process.pid, signal.SIGINT)
        out, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0 and "Traceback" not in rest
    answer = json.loads(out)
    assert answer["committed"] and answer["pipeline"] and answer["commit"] in answer["snippet"]
    size = (exported / "model.safetensors").stat().st_size
    assert 0.5 * size < answer["rehearsal"]["bytes_of_large_files"] < 1.5 * size
    assert left_behind(tmp_path) == {"hf/token"} and (tmp_path / "hf" / "token").read_text() == SECRET
    assert SECRET not in out + rest + "".join(messages)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(signed(page))


def test_a_dry_run_prints_the_plan_once_and_changes_nothing(exported: Path, hub: LocalHub, tmp_path: Path) -> None:
    seen, variables = len(hub.requests), {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": hub.token("ada")}
    done = run(exported, "--repo-id", "ada/dry", "--dry-run", "--static", home=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    for file in exported.iterdir():
        rows = [line.split() for line in (done.stdout + done.stderr).splitlines() if line.startswith(f"{file.name} ")]
        assert len(rows) == 1 and rows[0][3:] == ["LFS" if file.suffix == ".safetensors" else "git", "added"]
    assert "one commit to main of ada/dry, a new repository: Publish dry" in done.stdout
    assert {one.method for one in hub.requests[seen:]} == {"GET"} and head(hub, "ada/dry") is None


@pytest.mark.parametrize("options", [("--keep",), ("--rehearse", "--keep", "--dry-run")])
def test_a_page_without_a_publication_is_misuse(options: tuple[str, ...], exported: Path, tmp_path: Path) -> None:
    done = run(exported, *options, home=tmp_path)
    assert done.returncode == 2 and "--keep" in done.stderr


def test_what_a_rehearsal_prints_last(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = {"repo_id": "me/net", "commit": "c" * 40, "committed": True, "pull_request": None, "tag": None}
    outcome |= {"loaded": {"AutoModel": "Net"}, "pipeline": True, "snippet": "model = load()"}
    outcome |= {"plan": {"files": [{"size": 1500}, {"size": 500}]}}
    outcome |= {"rehearsal": {"requests": 7, "bytes_sent": 2100, "bytes_of_large_files": 1900}}
    print_rehearsal(outcome, "python -m scripts.push_to_hub net", "http://127.0.0.1:1/me/net", results)
    said = capsys.readouterr().out
    assert "published me/net: commit cccccccccccc" in said and "AutoModel, pipeline" in said
    assert "2 files, 2 kB" in said and "model = load()" in said
    assert "sent: 2.1 kB, 1.9 kB of it large files; 7 requests" in said
    assert "the page: http://127.0.0.1:1/me/net" in said
    assert said.endswith("The real thing:\n  python -m scripts.push_to_hub net\n")


def test_a_rehearsal_without_a_folder_is_misuse(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing", "--rehearse", home=tmp_path)
    assert done.returncode == 2 and "holds no config.json" in done.stderr and "Traceback" not in done.stderr
