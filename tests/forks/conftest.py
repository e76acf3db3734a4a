"""Forks, made once for all tests of them, and what is done inside them."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.update.git import run_git, tracked
from scripts.scaffold.create import Asked, create, judged_names, record_of

from .places import Place, commit, run

JOBS = Path(__file__).with_name("jobs")
Make = Callable[..., Path]
Inside = Callable[..., Any]
Export = Callable[..., Path]


def make_fork(dest: Path, name: str, git: bool = True, **asked: str) -> Path:
    """What the command does."""
    request = Asked(name, **asked)
    create(dest, record_of(request, judged_names(request)), git)
    return dest


@pytest.fixture(scope="session", autouse=True)
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """git knows its user, and nothing else of this machine's settings."""
    settings = tmp_path_factory.mktemp("git") / "config"
    settings.write_text("[user]\n\tname = Ann Author\n\temail = ann@example.org\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(settings))
        patch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
        yield


@pytest.fixture(scope="session")
def vision_fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fork(tmp_path_factory.mktemp("vision") / "my-net", "My Net")


@pytest.fixture(scope="session")
def long_fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The longest name there may be."""
    name = "Wide Attentive Convolutional Experiment 7"
    return make_fork(tmp_path_factory.mktemp("long") / "fork", name[-40:], license="mit", author="Ann")


@pytest.fixture(scope="session")
def long_resnet_fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The longest names of classes that there may be."""
    return make_fork(tmp_path_factory.mktemp("long-resnet") / "fork", "m" * 40, starter="resnet")


@pytest.fixture(scope="session")
def resnet_fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_fork(tmp_path_factory.mktemp("resnet") / "fork", "NeoBERT", starter="resnet")


@pytest.fixture
def inside(interpreter: FreshInterpreter) -> Inside:
    """Run a job of tests/forks/jobs/ in a stranger's process."""

    def run(job: str, **arguments: Any) -> Any:
        given = {name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()}
        return interpreter.run(JOBS / f"{job}.py", given, timeout=300)

    return run


@pytest.fixture(scope="session")
def first_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The template as it is, and a fork of that."""
    place = tmp_path_factory.mktemp("update")
    template = place / "template"
    # Over a protocol, all objects come as one file, which is quick to copy.
    run_git(place, "clone", "--quiet", f"file://{ROOT}", str(template))
    for path in tracked(ROOT):
        (template / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, template / path)
    commit(template)
    made = run(template, str(place / "fork"), "--name", "My Net")
    assert made.returncode == 0, made.stderr
    return template, place / "fork"


@pytest.fixture
def place(first_place: Place, tmp_path: Path) -> Iterator[Place]:
    """A copy of both, for a test to change."""
    for root in first_place:
        shutil.copytree(root, tmp_path / root.name)
    yield tmp_path / "template", tmp_path / "fork"
    shutil.rmtree(tmp_path)


@pytest.fixture
def export(inside: Inside, tmp_path: Path) -> Export:
    """Export a fork's model, and prove the folder for a stranger; `wrong`: what the first differences say."""

    def run(root: Path, weights: str = "random", name: str = "", wrong: tuple[str, ...] = (), **fields: Any) -> Path:
        target = tmp_path / (name or read_manifest(root).config["model_type"])
        made = inside("export", root=root, target=target, fields=fields, weights=weights)
        job, reference = ROOT / "scripts/hub_ready/jobs/load_and_compare.py", f"{target}.safetensors"
        proof = {"folder": target, "reference": reference, "task": made["task"]}
        proof |= {"inputs": made["inputs"], "outputs": made["outputs"], "buffers": made["buffers"]}
        differences = inside(str(job.with_suffix("")), **proof)["differences"]
        assert len(differences) >= len(wrong) if wrong else differences == [], differences
        assert [found for found, said in zip(differences, wrong, strict=False) if not re.search(said, found)] == []
        return target

    return run
