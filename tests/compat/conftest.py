"""A matrix in which everything but the matrix itself is cheap: a uv and a job that do as they are told."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.hub_ready.compat import build, run
from scripts.hub_ready.compat.environments import Environment
from scripts.hub_ready.compat.run import Row, Run

HERE = Path(__file__).parent
Matrix = Callable[..., dict[str, Row]]


def environments(*versions: str) -> list[Environment]:
    return [Environment("3.11", (("transformers", version), ("torch", "2.0")), ("numpy",)) for version in versions]


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of orders for the fake uv, which is the only one on PATH."""
    orders, programs = tmp_path / "orders", tmp_path / "programs"
    orders.mkdir()
    programs.mkdir()
    (programs / "uv").write_text(f'#!/bin/sh\nexec {sys.executable} -S {HERE / "fake_uv.py"} "$@"\n')
    (programs / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_UV", str(orders))
    monkeypatch.setattr(run, "LIBRARIES", ())
    monkeypatch.setattr(run, "JOB", HERE / "fake_job.py")
    build.room.cache_clear()
    return orders


@pytest.fixture
def matrix(uv: Path, tmp_path: Path) -> Matrix:
    """`matrix(*versions, ends={version: {task: end}})`: the rows by version."""

    def tried(*versions: str, ends: dict[str, dict[str, str]] | None = None, again: bool = False) -> dict[str, Row]:
        folder = tmp_path / "repository"
        folder.mkdir(exist_ok=True)
        (folder / "ends.json").write_text(json.dumps(ends or {}))
        rows = Run(folder, tmp_path / "output", 2, again, lambda line: None).rows(environments(*versions))
        return dict(zip(versions, rows, strict=True))

    return tried
