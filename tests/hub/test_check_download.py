"""A repository on a Hub is checked as the folder that it came from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.manifest import ROOT

from ..check.repositories import GOOD, write


def check(hub: LocalHub, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, by an author with a token and an empty cache."""
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(home), "HF_TOKEN": hub.token("me")}
    command = [sys.executable, "-m", "scripts.check_repo", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("options", "said"), [((), "add --trust-remote-code"), (("--static", "--fix"), "download it first")]
)
def test_what_must_not_be_done_to_a_repository_is_refused_before_it_is_asked_for(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    with LocalHub() as hub:
        done = check(hub, tmp_path / "hf", "me/tiny", *options)
        assert done.returncode == 2 and said in done.stderr
        assert hub.requests == []


def test_a_folder_that_the_client_downloaded_is_not_run_unasked(tmp_path: Path) -> None:
    folder = write(tmp_path / "tiny", GOOD["vision"]())
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    with LocalHub() as hub:
        done = check(hub, tmp_path / "hf", str(folder))
    assert done.returncode == 2 and "add --trust-remote-code" in done.stderr


def test_a_download_has_the_findings_of_its_folder(tmp_path: Path) -> None:
    bad = GOOD["vision"]() | {
        "modeling_tiny.py": GOOD["vision"]()["modeling_tiny.py"].replace("self.post_init()", "pass")
    }
    folder = write(tmp_path / "tiny", bad)
    with LocalHub() as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me", role="write"))
        api.create_repo("me/tiny")
        api.upload_folder(repo_id="me/tiny", folder_path=folder)
        found = [
            json.loads(check(hub, tmp_path / "hf", name, "--static", "--json").stdout)["findings"]
            for name in (str(folder), "me/tiny")
        ]
    rules = [sorted(finding["rule"] for finding in findings if finding["path"]) for findings in found]
    assert rules[0] and rules[0] == rules[1]
