"""What cannot be ported ends with one clear message, the target untouched and nothing left behind."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from scripts import port_timm_weights
from scripts.hub_ready.console import run
from scripts.hub_ready.manifest import ROOT

from .networks import awake, save_checkpoint

COMMAND = [sys.executable, "-m", "scripts.port_timm_weights"]


def ends_with(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> tuple[int, str]:
    """Run the command in this process: its exit code, and what it said on standard error."""
    monkeypatch.setattr(sys, "argv", ["port_timm_weights", *arguments])
    with pytest.raises(SystemExit) as stop:
        run(port_timm_weights.main)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return stop.value.code, said


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    """Check that a port with the given arguments is refused with a code and words, and leaves no output folder."""

    def check(code: int, words: list[str], *arguments: str) -> None:
        output = tmp_path / "exports"
        found, said = ends_with([*arguments, "--output", str(output)], monkeypatch, capsys)
        assert found == code, said
        assert all(word in said for word in words), said
        assert not output.exists()

    return check


def test_an_unknown_model_is_refused_with_the_nearest_names(refused) -> None:
    refused(2, ["resnet50x", "nearest", "resnet50"], "resnet50x")


def test_a_model_of_another_family_is_refused_as_such(refused) -> None:
    refused(2, ["vit_base_patch16_224", "not of timm's ResNet family"], "vit_base_patch16_224")


def test_an_unknown_tag_is_refused_with_the_known_ones(refused) -> None:
    refused(2, ["nope", "ra2_in1k"], "resnet50d.nope", "--weights", "random")


def test_weights_that_cannot_be_downloaded_name_the_other_two_ways(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(1, ["resnet50d", "--weights FILE", "--weights random"], "resnet50d")


@pytest.mark.parametrize("weights", ["pretrained", "random"])
def test_a_repository_that_cannot_be_reached_is_a_message(weights: str, refused, monkeypatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    refused(1, ["timm could not load", "hf-hub:timm/nothing"], "hf-hub:timm/nothing", "--weights", weights)


def test_a_folder_that_timm_did_not_write_is_a_message(refused, tmp_path: Path) -> None:
    refused(1, ["timm could not load", "local-dir:"], f"local-dir:{tmp_path}/nothing", "--weights", "random")


def test_a_file_that_does_not_exist_is_refused(refused) -> None:
    refused(2, ["nowhere.pth", "expected a file"], "test_resnet", "--weights", "nowhere.pth")


def test_neither_names_nor_all_is_refused_with_an_example(refused) -> None:
    refused(2, ["--all", "resnet50d --weights random"])


def test_a_truncated_safetensors_is_called_damaged(refused, tmp_path: Path) -> None:
    path = save_checkpoint(awake("test_resnet"), tmp_path / "cut.safetensors")
    path.write_bytes(path.read_bytes()[:-1000])
    refused(1, ["cut.safetensors", "damaged"], "test_resnet", "--weights", str(path))


def test_a_truncated_torch_checkpoint_is_called_damaged(refused, tmp_path: Path) -> None:
    path = tmp_path / "cut.pth"
    torch.save(awake("test_resnet").state_dict(), path)
    path.write_bytes(path.read_bytes()[:-1000])
    refused(1, ["cut.pth", "damaged"], "test_resnet", "--weights", str(path))


class Canary:
    """A pickle of this touches a file when it is unpickled."""

    def __init__(self, path: str):
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (Path(self.path),)


@pytest.mark.parametrize("save", [torch.save, lambda canary, path: path.write_bytes(pickle.dumps(canary))])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(save, refused, tmp_path: Path) -> None:
    path, sung = tmp_path / "evil.pth", tmp_path / "sung"
    save({"state_dict": Canary(str(sung))}, path)
    refused(1, ["evil.pth"], "test_resnet", "--weights", str(path))
    assert not sung.exists()


def test_a_checkpoint_of_another_architecture_lists_what_does_not_fit(refused, tmp_path: Path) -> None:
    state = awake("test_resnet").state_dict()
    state["extra.weight"] = state.pop("layer1.0.conv1.weight")
    state["layer2.0.bn1.weight"] = torch.ones(5)
    save_file(state, tmp_path / "other.safetensors")
    words = [
        "1 missing: layer1.0.conv1.weight",
        "1 unexpected: extra.weight",
        "layer2.0.bn1.weight (expected (48,), found (5,))",
    ]
    refused(1, words, "test_resnet", "--weights", str(tmp_path / "other.safetensors"))


def test_a_text_file_as_weights_is_no_checkpoint(refused, tmp_path: Path) -> None:
    (tmp_path / "notes.pth").write_text("not weights")
    refused(1, ["notes.pth"], "test_resnet", "--weights", str(tmp_path / "notes.pth"))


def test_labels_of_another_count_are_refused(refused, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    refused(
        2, ["1000 classes", "names 2"], "test_resnet", "--weights", "random", "--labels", str(tmp_path / "names.txt")
    )


def test_an_output_that_cannot_be_written_is_a_message(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "file").write_text("mine")
    arguments = ["test_resnet", "--weights", "random", "--output", str(tmp_path / "file" / "exports")]
    code, said = ends_with(arguments, monkeypatch, capsys)
    assert code in (1, 2) and "could not be written" in said
    assert (tmp_path / "file").read_text() == "mine"


def test_an_existing_folder_is_not_touched_without_overwrite(tmp_path: Path, monkeypatch, capsys) -> None:
    target = tmp_path / "exports" / "test_resnet"
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("mine")
    code, said = ends_with(["test_resnet", "--weights", "random", "--output", str(target.parent)], monkeypatch, capsys)
    assert code == 2 and "--overwrite" in said
    assert [path.name for path in target.parent.rglob("*")] == ["test_resnet", "mine.txt"]


def test_a_failed_overwrite_leaves_the_old_folder(tmp_path: Path, monkeypatch, capsys) -> None:
    target = tmp_path / "exports" / "test_resnet"
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("mine")
    (tmp_path / "notes.pth").write_text("not weights")
    arguments = [
        "test_resnet",
        "--weights",
        str(tmp_path / "notes.pth"),
        "--overwrite",
        "--output",
        str(target.parent),
    ]
    code, _ = ends_with(arguments, monkeypatch, capsys)
    assert code == 1
    assert [path.name for path in target.parent.rglob("*")] == ["test_resnet", "mine.txt"]


def stand_in_for_a_small_disk(limit: int) -> list[str]:
    """A prefix that lets no file grow beyond `limit` KiB: writing fails in the middle, as on a disk that is full."""
    return ["bash", "-c", f'trap "" XFSZ; ulimit -f {limit}; exec "$@"', "limited"]


def test_a_full_disk_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    disk, size = tmp_path / "disk", 1_000
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], capture_output=True)
    prefix = stand_in_for_a_small_disk(size) if mounted.returncode else []
    try:
        arguments = ["test_resnet", "--weights", "random", "--output", str(disk / "exports")]
        end = subprocess.run([*prefix, *COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert end.returncode == 1, end.stderr
        assert "could not be written" in end.stderr and "Traceback" not in end.stderr
        assert list(disk.iterdir()) == []
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_port_leaves_nothing(sent: signal.Signals, tmp_path: Path) -> None:
    output = tmp_path / "exports"
    arguments = ["resnet50d", "--weights", "random", "--output", str(output)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(output.glob(".staging-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(sent)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1, said
    assert "interrupted" in said and "Traceback" not in said
    # Python and torch keep folders of their own, which other processes of theirs use again.
    left = [path for path in tmp_path.iterdir() if not path.name.startswith(("pymp-", "torchinductor"))]
    assert left == []
