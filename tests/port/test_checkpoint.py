"""A checkpoint is freed of whatever training scripts wrap around it."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from scripts.hub_ready.problems import Problem
from scripts.timm_port.checkpoint import mismatches, read_checkpoint

STATE = {"conv1.weight": torch.arange(3.0), "fc.bias": torch.ones(2)}
OTHER = {name: tensor + 1 for name, tensor in STATE.items()}


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: tensor for name, tensor in STATE.items()}


@pytest.mark.parametrize(
    "wrapped",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"model": STATE},
        {"state_dict": OTHER, "state_dict_ema": STATE},
        prefixed("module."),
        {"state_dict": prefixed("module.")},
        prefixed("_orig_mod."),
        prefixed("model."),
        prefixed("_orig_mod.model."),
    ],
    ids=lambda wrapped: "+".join(wrapped)[:40],
)
def test_wrappers_are_taken_off(wrapped: dict, tmp_path: Path) -> None:
    torch.save(wrapped, tmp_path / "checkpoint.pth")
    found = read_checkpoint(tmp_path / "checkpoint.pth")
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_safetensors_are_read(tmp_path: Path) -> None:
    save_file(prefixed("model."), tmp_path / "checkpoint.safetensors")
    assert read_checkpoint(tmp_path / "checkpoint.safetensors").keys() == STATE.keys()


@pytest.mark.parametrize("content", [[1, 2], {}, {"state_dict": {"a": 1}}])
def test_what_holds_no_state_dict_is_a_problem(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(Problem, match=r"other\.pth"):
        read_checkpoint(tmp_path / "other.pth")


def test_what_fits_has_no_mismatches_even_without_counters_of_batches() -> None:
    expected = {**STATE, "bn1.num_batches_tracked": torch.tensor(0)}
    assert mismatches(expected, STATE) == []


def test_mismatches_name_the_first_few_of_each_kind_and_count_the_rest() -> None:
    expected = {f"layer{i}.weight": torch.ones(1) for i in range(9)}
    found = {"layer0.weight": torch.ones(2), "extra": torch.ones(1)}
    missing, unexpected, shapes = mismatches(expected, found)
    assert missing.startswith("8 missing: layer1.weight") and missing.endswith("and 3 more")
    assert unexpected == "1 unexpected: extra"
    assert shapes == "1 of another shape: layer0.weight (expected (1,), found (2,))"


@pytest.mark.parametrize("content", [b"hello", b"\x80\x02", b"e" * 50, b"{}", bytes(range(256))])
def test_any_bytes_are_a_problem_and_no_traceback(content: bytes, tmp_path: Path) -> None:
    for name in ("any.pth", "any.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Problem, match="any"):
            read_checkpoint(tmp_path / name)
