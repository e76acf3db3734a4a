"""A repository on a Hub is checked as the folder that it came from."""

import json
import os
import subprocess
import sys
from pathlib import Path

from huggingface_hub import HfApi

from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.manifest import ROOT

from ..check.repositories import GOOD, write


def test_a_download_has_the_findings_of_its_folder(tmp_path: Path) -> None:
    bad = GOOD["vision"]() | {
        "modeling_tiny.py": GOOD["vision"]()["modeling_tiny.py"].replace("self.post_init()", "pass")
    }
    folder = write(tmp_path / "tiny", bad)
    with LocalHub() as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me", role="write"))
        api.create_repo("me/tiny")
        api.upload_folder(repo_id="me/tiny", folder_path=folder)
        environment = {
            **os.environ,
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_TOKEN": api.token,
        }
        found = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-m", "scripts.check_repo", name, "--static", "--json"],
                    cwd=ROOT,
                    env=environment,
                    capture_output=True,
                    text=True,
                ).stdout
            )["findings"]
            for name in (str(folder), "me/tiny")
        ]
    rules = [sorted(finding["rule"] for finding in findings if finding["path"]) for findings in found]
    assert rules[0] and rules[0] == rules[1]
