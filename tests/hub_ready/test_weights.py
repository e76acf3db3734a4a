"""Weights come out of a file as they went in, or a message says why not."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.weights import check_written, checksums, load_weights, read_weights

GARBAGE = [b"", b"not weights", b"e" * 50, b"{}", bytes(range(256))]
GARBAGE += [pickle.dumps(value) for value in ({"a": 1}, Path("x"), [])]


def state() -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda tensors: tensors,
        lambda tensors: {"state_dict": tensors, "epoch": 3},
        lambda tensors: {"model": {f"module.{name}": tensor for name, tensor in tensors.items()}},
        lambda tensors: {"model_state_dict": tensors},
        lambda tensors: {
            "state_dict": {name: tensor + 1 for name, tensor in tensors.items()},
            "state_dict_ema": tensors,
        },
        lambda tensors: {f"_orig_mod.{name}": tensor for name, tensor in tensors.items()},
        lambda tensors: {f"_orig_mod.module.{name}": tensor for name, tensor in tensors.items()},
    ],
    ids=["plain", "state_dict", "parallel", "model_state_dict", "averaged", "compiled", "compiled, parallel"],
)
def test_a_checkpoint_is_freed_of_what_surrounds_it(wrap, tmp_path: Path) -> None:
    torch.save(wrap(state()), tmp_path / "weights.pt")
    found = read_weights(tmp_path / "weights.pt")
    assert found.keys() == state().keys() and torch.equal(found["weight"], state()["weight"])


def test_a_prefix_that_is_named_is_taken_off_and_no_other(tmp_path: Path) -> None:
    save_file({f"model.{name}": tensor for name, tensor in state().items()}, tmp_path / "weights.safetensors")
    assert read_weights(tmp_path / "weights.safetensors", ["model."]).keys() == state().keys()
    assert read_weights(tmp_path / "weights.safetensors").keys() == {"model.weight", "model.bias"}


def test_a_safetensors_file_is_read(tmp_path: Path) -> None:
    save_file(state(), tmp_path / "weights.safetensors")
    assert torch.equal(read_weights(tmp_path / "weights.safetensors")["bias"], torch.ones(2))


def test_a_file_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"found .*nothing\.pt"):
        read_weights(tmp_path / "nothing.pt")


@pytest.mark.parametrize("name", ["notes.pt", "notes.safetensors"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not weights",
        b"e" * 50,
        b"{}",
        bytes(range(256)),
        pickle.dumps({"a": 1}),
        pickle.dumps(Path("x")),
        pickle.dumps([]),
    ],
)
def test_a_file_that_is_no_checkpoint_is_a_problem(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem, match=name):
        read_weights(tmp_path / name)


def test_weights_of_another_model_list_what_does_not_fit() -> None:
    other = {"weight": torch.zeros(5, 3), "scale": torch.ones(1)}
    with pytest.raises(Problem, match=r"1 missing: bias; 1 unexpected: scale; 1 of another shape: weight \(expected"):
        load_weights(nn.Linear(3, 2), other, "other.pt")


def test_what_was_written_is_compared_bit_by_bit(tmp_path: Path) -> None:
    save_file(state(), tmp_path / "model.safetensors")
    check_written(state(), tmp_path)
    assert len(checksums(tmp_path)["model.safetensors"]) == 64
    changed = {**state(), "bias": torch.tensor([1.0, 1.0000001])}
    for wrong in (changed, {**state(), "more": torch.ones(1)}, {"bias": torch.ones(2)}):
        with pytest.raises(Problem, match="written"):
            check_written(wrong, tmp_path)
