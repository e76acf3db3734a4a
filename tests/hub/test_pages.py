"""What a browser shows of a repository."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd

CARD = b"""---
license: mit
tags: [vision]
---
# A model

| a | b |
|---|---|
| 1 | 2 |

[code](modeling.py) ![photo](./photo.png) <script>alert(1)</script> [bad](javascript:alert(1))
"""


def page(url: str) -> str:
    return urllib.request.urlopen(url).read().decode()


@pytest.fixture
def published(api):
    files = {"README.md": CARD, "modeling.py": b"x = 1\n", "w.safetensors": b"0" * 1234567}
    return api.create_commit(
        "me/model", [CommitOperationAdd(*file) for file in files.items()], commit_message="publish"
    )


def test_the_page_shows_the_card_the_files_with_sizes_and_the_commits(hub, published):
    html = page(f"{hub.endpoint}/me/model")
    for part in (
        "<h1>A model</h1>",
        "<td>1</td>",
        "modeling.py",
        "6 B",
        "1.23 MB",
        "publish",
        published.oid[:7],
        "vision",
    ):
        assert part in html
    assert "license: mit" in html and "---" not in html
    assert "me/model" in page(hub.endpoint)


def test_links_of_the_card_lead_into_the_repository_and_scripts_do_not_run(hub, published):
    html = page(f"{hub.endpoint}/me/model")
    assert 'href="/me/model/resolve/main/modeling.py"' in html and 'src="/me/model/resolve/main/photo.png"' in html
    assert "<script>" not in html and "&lt;script&gt;" in html and 'href="javascript' not in html
    policy = urllib.request.urlopen(f"{hub.endpoint}/me/model").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy


def test_the_addresses_that_the_client_prints_can_be_opened(hub, api, published):
    pull = api.create_commit("me/model", [CommitOperationAdd("new.py", b"")], commit_message="propose", create_pr=True)
    assert "w.safetensors" in page(published.commit_url)
    assert "new.py" in page(pull.pr_url) and "new.py" not in page(f"{hub.endpoint}/me/model")


def test_a_private_page_asks_for_the_token(hub, api):
    api.create_repo("me/secret", private=True)
    with pytest.raises(urllib.error.HTTPError) as caught:
        page(f"{hub.endpoint}/me/secret")
    assert (caught.value.code, caught.value.headers["WWW-Authenticate"]) == (401, 'Basic realm="Hub"')


def test_the_command_serves_until_it_is_interrupted(tmp_path):
    root, command = (
        Path(__file__).parents[2],
        [sys.executable, "-m", "scripts.local_hub", "--store", str(tmp_path / "store")],
    )
    child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "99"})
    with child:
        address, token = (child.stdout.readline().strip().partition("=")[2] for _ in range(2))
        assert "Repositories" in page(address) and token.startswith("hf_")
        taken = subprocess.run(
            [*command, "--port", address.rsplit(":", 1)[1]], cwd=root, capture_output=True, text=True
        )
        child.send_signal(signal.SIGINT)
    assert child.returncode == 0
    wrong = subprocess.run([*command[:3], "--user", "../x"], cwd=root, capture_output=True, text=True)
    assert wrong.returncode == 2 and "--user" in wrong.stderr
    assert taken.returncode == 2 and "--port" in taken.stderr and "Traceback" not in taken.stderr
