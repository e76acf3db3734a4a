"""Throw-away environments, made with uv: links into its cache, so that each takes seconds and hardly any room."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from packaging.version import Version

from .environments import Environment, with_extra
from .uv import BuildFailed, run_uv


@cache
def room() -> str:
    """Where environments are made: on the file system of uv's cache, whose files they link to."""
    try:
        store, usual = Path(run_uv("cache", "dir").strip()), tempfile.gettempdir()
        same = not store.exists() or store.stat().st_dev == Path(usual).stat().st_dev
        return usual if same else str(store.parent)
    except (BuildFailed, OSError):
        return tempfile.gettempdir()


def _wanted(environment: Environment, extra: bool = True) -> list[str]:
    """Arguments of the installation."""
    # With its extra, transformers brings the accelerate that Trainer needs.
    pinned = [f"{with_extra(name) if extra else name}=={version}" for name, version in environment.pins]
    pinned += [] if extra else ["accelerate"]
    lowest = ["--resolution", "lowest-direct"] if environment.oldest else []
    torch = dict(environment.pins).get("torch", "3")
    # Its wheels say nothing about the numpy that they were compiled for.
    return [*lowest, *pinned, *environment.others, *(["numpy<2"] if Version(torch) < Version("2.3") else [])]


@contextmanager
def built(environment: Environment) -> Iterator[tuple[Path, dict[str, str]]]:
    """The interpreter of an environment, which is there as long as the block runs, and the versions in it.

    Raises:
        BuildFailed: uv could not make it.
    """
    try:
        place = Path(tempfile.mkdtemp(prefix="compat-", dir=room()))
    except OSError as error:
        raise BuildFailed(f"no room for an environment: {error}", "") from error
    try:
        python = place / "env" / "bin" / "python"
        run_uv("venv", "--quiet", "--python", environment.python, str(place / "env"))
        install = ("pip", "install", "--quiet", "--python", str(python))
        try:
            run_uv(*install, *_wanted(environment))
        except BuildFailed as failure:
            # 4.52.4 admits no torch from 2.7 on, but in this extra alone.
            if "No solution" not in failure.log:
                raise
            run_uv(*install, *_wanted(environment, extra=False))
        listed = json.loads(run_uv("pip", "list", "--quiet", "--python", str(python), "--format", "json"))
        yield python, {one["name"]: one["version"].split("+")[0] for one in listed}
    finally:
        shutil.rmtree(place, ignore_errors=True)
