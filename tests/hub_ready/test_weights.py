"""Weights fit a model, and are written as it has them, or a message says why not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from scripts.hub_ready.problems import Problem
from scripts.hub_ready.weights import check_written, checksums, conversion, load_weights


def state() -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}


def test_weights_of_another_model_list_what_does_not_fit() -> None:
    other = {"weight": torch.zeros(5, 3), "scale": torch.ones(1)}
    with pytest.raises(Problem, match=r"1 missing: bias; 1 unexpected: scale; 1 of another shape: weight \(expected"):
        load_weights(nn.Linear(3, 2), other, "other.pt")


def test_a_change_of_type_is_told_and_integers_have_none() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    assert conversion(model, model.state_dict()) == ""
    halves = {name: tensor.half() for name, tensor in model.state_dict().items()}
    assert conversion(model, halves) == "float16 to float32"


def test_what_was_written_is_compared_bit_by_bit(tmp_path: Path) -> None:
    save_file(state(), tmp_path / "model.safetensors")
    check_written(state(), tmp_path)
    assert len(checksums(tmp_path)["model.safetensors"]) == 64
    changed = {**state(), "bias": torch.tensor([1.0, 1.0000001])}
    for wrong in (changed, {**state(), "more": torch.ones(1)}, {"bias": torch.ones(2)}):
        with pytest.raises(Problem, match="written"):
            check_written(wrong, tmp_path)
