"""What a rehearsal costs beside what nobody can save: copying the weights once and hashing them once.

The client and the Hub are two processes, as they are in a rehearsal. Both the unit and the parts are measured in the
same run, on the same file, after every interpreter has started.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.local_hub.store import Repo
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.publish.rehearse import environment
from scripts.timm_port.batch import quiet
from scripts.timm_port.port import Options, port

pytestmark = pytest.mark.cost
ROUNDS = 5


@pytest.fixture(scope="module")
def resnet50d(tmp_path_factory: pytest.TempPathFactory, interpreter: FreshInterpreter) -> Path:
    quiet()
    output = tmp_path_factory.mktemp("large")
    return port("resnet50d", Options(output, weights="random"), read_manifest(), interpreter).folder


def copy_and_hash(folder: Path, place: Path) -> float:
    """Seconds to copy the weights and to hash the copy; 102 MB of resnet50d."""
    began = time.perf_counter()
    copy = Path(shutil.copyfile(folder / "model.safetensors", place / "copy"))
    digest = hashlib.sha256()
    with copy.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return time.perf_counter() - began


def publish(folder: Path, transfer: str, place: Path, *options: str) -> dict[str, float]:
    """Seconds of a publication's parts, see cost_job.py."""
    place.mkdir(parents=True)
    with LocalHub() as hub:
        variables = environment(hub.endpoint, hub.token("me"), place) | {"PYTHONPATH": str(ROOT)}
        variables |= {"HF_HUB_DISABLE_XET": "1"} if transfer == "lfs" else {}
        command = [sys.executable, str(Path(__file__).with_name("cost_job.py")), str(folder), "me/resnet50d", *options]
        done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert not hub.crashes
    return json.loads(done.stdout.splitlines()[-1])


def swallow(weights: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Hub that reads large files off the socket and no more, so that what is left is the client's own work."""
    receive = Repo.receive

    def read_only(self: Repo, blocks: Iterable[bytes], target: Path, sha256: str | None = None) -> int:
        if target.parent.name != "staged" and "objects" not in target.parts:
            return receive(self, blocks, target, sha256)
        for _ in blocks:
            pass
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            os.truncate(file.fileno(), weights)
        return weights

    monkeypatch.setattr(Repo, "receive", read_only)
    monkeypatch.setattr("scripts.hub_ready.local_hub.cas.chunks", lambda _: ())
    monkeypatch.setattr("scripts.hub_ready.local_hub.cas._content", lambda *_: ())


def sending(folder: Path, transfer: str, place: Path) -> tuple[float, float]:
    """Seconds that sending takes, and the unit, measured in turn: the best of each, since other work only adds."""
    units, spent = [], []
    for number in range(ROUNDS):
        units.append(copy_and_hash(folder, place))
        spent.append(publish(folder, transfer, place / f"{number}", "--send-only")["sending"])
    return min(spent), min(units)


@pytest.mark.parametrize("transfer", ["lfs", "xet"])
def test_the_bytes_of_a_rehearsal_cost_little_more_than_a_copy_with_its_hash(
    transfer: str, resnet50d: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = publish(resnet50d, transfer, tmp_path / "whole")
    spent, unit = sending(resnet50d, transfer, tmp_path)
    swallow((resnet50d / "model.safetensors").stat().st_size, monkeypatch)
    (tmp_path / "alone").mkdir()
    alone, unit_then = sending(resnet50d, transfer, tmp_path / "alone")
    ours = spent / unit - alone / unit_then
    print(
        f"\n{transfer}: a copy with its hash takes {unit:.2f} s. Sending takes {spent / unit:.1f} times that, "
        f"of which the client alone {alone / unit_then:.1f}; the whole rehearsal {parts['whole'] / unit:.0f} times, "
        f"of which the model's own loads and runs {parts['jobs'] / unit:.0f}"
    )
    # By Xet the client alone needs more: it cuts, hashes and packs each chunk before it sends one.
    assert ours <= 3
    assert transfer == "xet" or spent / unit <= 3
