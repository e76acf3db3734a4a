"""Repositories with weights, made once, and their mutants."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.hub_ready.fresh import FreshInterpreter
from tests.check.repositories import Files, write

from .good import GOOD

FILL = Path(__file__).with_name("fill.py")
Make = Callable[..., Path]


def filled(folder: Path, name: str, interpreter: FreshInterpreter) -> Path:
    """A good repository with its weights, in `folder`."""
    write(folder, GOOD[name]())
    interpreter.run(FILL, {"folder": str(folder)})
    return folder


@pytest.fixture(scope="session")
def make(interpreter: FreshInterpreter, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """`make(name, files)`: a new folder with the good repository of that name, in which `files` are replaced."""
    store = tmp_path_factory.mktemp("good")
    count = iter(range(10_000))

    def build(name: str, files: Files | None = None) -> Path:
        if not (store / name).exists():
            filled(store / name, name, interpreter)
        place = tmp_path_factory.mktemp(f"made-{next(count)}") / "tiny"
        shutil.copytree(store / name, place)
        return write(place, files or {})

    return build
