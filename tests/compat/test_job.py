"""The job's judgement of this source tree's model, and of the same model with one thing broken."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from scripts.hub_ready.compat.command import find_subject
from scripts.hub_ready.compat.properties import PROPERTIES
from scripts.hub_ready.fresh import JOBS, FreshInterpreter, JobFailed

TASKS = list(dict.fromkeys(task for one in PROPERTIES for task, _, saved in one.tasks if not saved))
Judge = Callable[[str, Path], dict]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find_subject(None, False, tmp_path_factory.mktemp("subject"))


@pytest.fixture(scope="module")
def judge(folder: Path, interpreter: FreshInterpreter, tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """`judge(task, folder)`: the job's answer, against the reference of the unbroken folder."""
    place = tmp_path_factory.mktemp("work")
    calls = iter(range(1000))

    def run(task: str, repository: Path) -> dict:
        work = place if task == "refer" else place / str(next(calls))
        arguments = {"folder": str(repository), "workspace": str(work), "reference": str(place / "reference")}
        return interpreter.run(JOBS / "compat.py", {"task": task, **arguments}) | {"work": work}

    assert run("refer", folder)["wrong"] == []
    return run


@pytest.mark.parametrize("task", TASKS)
def test_every_property_of_the_model_holds_here(task: str, judge: Judge, folder: Path) -> None:
    answer = judge(task, folder)
    assert answer.get("wrong", answer) == []
    if task == "save":
        saved = answer["work"] / "saves" / "saved" / folder.name
        assert judge("same", saved)["wrong"] == []
        shift(saved)
        assert judge("same", saved)["wrong"] != []


def shift(folder: Path) -> None:
    """Change one weight by a little."""
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 4)
    tensors[name] = tensors[name] * (1 + torch.finfo(torch.float32).eps)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def drop(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(sorted(tensors)[-1])
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))

    return change


BREAKS = {
    "outputs": shift,
    "load": drop,
    "labels": edit("config.json", '"cat"', '"cot"'),
    "processors": edit("preprocessor_config.json", "0.229", "0.228"),
    "pipeline": edit("config.json", '"cat"', '"cot"'),
}


@pytest.mark.parametrize("task", BREAKS)
def test_what_differs_from_the_reference_is_wrong(task: str, judge: Judge, folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / folder.name)
    BREAKS[task](broken)
    assert judge(task, broken)["wrong"] != []


def test_a_model_that_cannot_be_loaded_fails_with_its_cause(judge: Judge, folder: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(folder, tmp_path / folder.name)
    (broken / "model.safetensors").unlink()
    with pytest.raises(JobFailed, match=r"model\.safetensors"):
        judge("outputs", broken)
    assert judge("processors", broken)["wrong"] == []
