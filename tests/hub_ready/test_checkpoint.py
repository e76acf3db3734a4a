"""A checkpoint of the author's is read as it was saved, or a message says why not."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from scripts.hub_ready.checkpoint import read_weights
from scripts.hub_ready.problems import Misuse, Problem


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


def saved_in_shards(folder: Path, end: str) -> Path:
    """What save_pretrained writes for a model that is too large for one file."""
    folder.mkdir()
    files = {}
    for number, (name, tensor) in enumerate(state().items(), 1):
        file = f"{end.split('.')[0]}-{number:05d}-of-00002.{end.split('.')[1]}"
        (save_file if end.endswith("safetensors") else torch.save)({name: tensor}, folder / file)
        files[name] = file
    (folder / f"{end}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return folder


@pytest.mark.parametrize("end", ["model.safetensors", "pytorch_model.bin"])
def test_a_saved_folder_is_read_whole_or_in_shards(end: str, tmp_path: Path) -> None:
    (save_file if end.endswith("safetensors") else torch.save)(state(), tmp_path / end)
    for folder in (tmp_path, saved_in_shards(tmp_path / "shards", end)):
        found = read_weights(folder)
        assert found.keys() == state().keys() and all(torch.equal(found[name], state()[name]) for name in found)


def test_a_shard_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = saved_in_shards(tmp_path / "saved", "model.safetensors")
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(Problem, match=r"names model-00002-of-00002\.safetensors, which is not beside it"):
        read_weights(folder)
    for text in ("{", "[]", "{}", '{"weight_map": 1}'):
        (folder / "model.safetensors.index.json").write_text(text)
        with pytest.raises(Problem, match="is no index of shards"):
            read_weights(folder)


def test_a_folder_without_weights_is_misuse_that_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="is empty"):
        read_weights(tmp_path)
    (tmp_path / "adapter_config.json").touch()
    with pytest.raises(Misuse, match="holds an adapter: merge it"):
        read_weights(tmp_path)
    for step in (9, 10):
        saved_in_shards(tmp_path / f"checkpoint-{step}", "model.safetensors")
    (tmp_path / "runs").mkdir()
    with pytest.raises(Misuse, match=r"holds checkpoint-10, checkpoint-9: give .* --weights \S*/checkpoint-10$"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"dear diary, today\n" * 30, "is text, and no checkpoint; it begins with 'dear diary, today"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "run: git lfs pull"),
    ],
)
@pytest.mark.parametrize("name", ["best.pt", "best.safetensors"])
def test_what_is_no_checkpoint_is_called_what_it_looks_like(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem, match=said):
        read_weights(tmp_path / name)


def test_a_pickled_model_is_refused_with_what_to_save_instead(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 2), tmp_path / "model.pt")
    with pytest.raises(Problem, match=r"than tensors in it \(torch\.nn\S*Linear\), .*model\.state_dict") as refusal:
        read_weights(tmp_path / "model.pt")
    assert "weights_only" not in str(refusal.value)
