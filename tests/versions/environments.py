"""Environments of other library versions, made with uv and kept for the next run."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from packaging.requirements import Requirement

from scripts.hub_ready.manifest import ROOT

# Where they are kept; each takes some gigabytes, most of them shared with uv's cache.
HOME = Path(os.environ.get("VERSIONS_HOME", ROOT / ".venv-versions"))


def _bounds() -> dict[str, str]:
    """The oldest version of each library that requirements.txt allows."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {one.name: next(iter(one.specifier)).version for one in requirements}


def _with(transformers: str) -> dict[str, str]:
    """This environment's libraries with another transformers, which brings its own huggingface_hub."""
    return {**{name: version(name).split("+")[0] for name in _bounds()}, "transformers": transformers}


def _oldest() -> dict[str, str]:
    return {**_bounds(), "numpy": "1.26.4"}


ENVIRONMENTS = {
    "oldest": _oldest,
    "4.44.2": lambda: _with("4.44.2"),
    "4.57.6": lambda: _with("4.57.6"),
    "5.0.0": lambda: _with("5.0.0"),
    "installed": dict,
}


def _uv(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *arguments], check=True)


def python_of(name: str) -> Path:
    """The interpreter of an environment, which is made when it is not there yet.

    Args:
        name: a key of `ENVIRONMENTS`. "installed" is the one that runs the tests; another one may be given ready-made
            in the environment variable VERSIONS_<name with underscores>.
    """
    given = os.environ.get(f"VERSIONS_{name.replace('.', '_')}")
    if name == "installed" or given:
        return Path(given or sys.executable)
    wanted = [f"{package}=={number}" for package, number in sorted(ENVIRONMENTS[name]().items())]
    folder = HOME / name
    record = folder / "wanted.txt"
    if not record.exists() or record.read_text() != "\n".join(wanted):
        # The oldest torch has no wheels for Python above 3.12.
        python = "3.12" if name == "oldest" and sys.version_info >= (3, 13) else sys.executable
        shutil.rmtree(folder, ignore_errors=True)
        _uv("venv", "--python", python, str(folder))
        _uv("pip", "install", "--python", str(folder), *wanted)
        record.write_text("\n".join(wanted))
    return folder / "bin" / "python"
