"""Forks, made once for all tests of them, and what is done inside them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.hub_ready.fresh import FreshInterpreter
from scripts.scaffold.create import Asked, create, judged_names, record_of

JOBS = Path(__file__).with_name("jobs")
Make = Callable[..., Path]
Inside = Callable[..., Any]


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
