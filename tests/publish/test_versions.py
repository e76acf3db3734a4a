"""What was published loads from the Hub on every version, each with the huggingface_hub that belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.local_hub import LocalHub
from tests.versions.environments import python_of

from .conftest import Push, with_other_weights

pytestmark = pytest.mark.versions
JOB = Path(__file__).with_name("load_job.py")


@pytest.mark.parametrize("name", ["4.44.2", "4.57.6", "installed"])
def test_both_revisions_load_with_their_own_numbers(
    name: str, transfer: str, hub: LocalHub, folder: Path, commit: Push
) -> None:
    repo_id = f"ada/old-{transfer}-{name.replace('.', '_')}"
    settings = {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0"}
    with FreshInterpreter(LIBRARIES, python_of(name), settings) as interpreter:
        answers = []
        for update in (False, True):
            folder = with_other_weights(folder) if update else folder
            outcome = commit(folder, repo_id, update=update)
            here = interpreter.run(JOB, {"name": str(folder), "revision": None})
            there = interpreter.run(JOB, {"name": repo_id, "revision": outcome.commit})
            assert there == here
            answers.append((outcome.commit, there))
        assert answers[0][1]["logits"] != answers[1][1]["logits"]
        for revision, answer in answers:
            assert interpreter.run(JOB, {"name": repo_id, "revision": revision}) == answer
        assert name == "installed" or answers[0][1]["versions"][0] == name
