"""`--all`: processes that share the family, and clear up together."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.hub_ready.finish import Options
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.timm_port import batch
from scripts.timm_port.batch import port_family, port_many


@pytest.mark.family
def test_the_models_that_are_not_whole_are_shared_among_the_cores(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "test_resnet").mkdir()
    (tmp_path / "test_resnet" / "mine.txt").write_text("mine")
    monkeypatch.setattr(batch, "family", lambda: ["resnet18", "test_resnet"])
    monkeypatch.setattr(batch, "cores", lambda: 2)
    ported, problems = port_family(Options(tmp_path, weights="random"))
    # A folder of the user's that is in the way is neither whole nor replaced, and stops no other.
    assert [one["model"] for one in ported] == ["resnet18"]
    assert len(problems) == 1 and "--overwrite" in str(problems[0])
    assert (tmp_path / "test_resnet" / "mine.txt").exists()
    assert batch.unfinished(Options(tmp_path, weights="random"), read_manifest()) == ["test_resnet"]


@pytest.mark.family
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_family_leaves_whole_folders_alone(sent: signal.Signals, tmp_path: Path) -> None:
    output, scratch = tmp_path / "family", tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "scripts.port_timm_weights", "--all", "--weights", "random"]
    environment = {"TMPDIR": str(scratch), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [*command, "--output", str(output)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    while not list(output.glob(".staging-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(sent)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and "interrupted" in said and "Traceback" not in said, said
    # torch keeps a cache of its own.
    left = [path for path in scratch.iterdir() if not path.name.startswith("torchinductor")]
    assert not list(output.glob(".*")) and left == []


def test_a_file_of_weights_does_not_fit_a_family(tmp_path: Path) -> None:
    with pytest.raises(batch.Misuse, match="one model"):
        port_many([], Options(tmp_path, weights="x.pth"), True)
