"""An environment that cannot run the model is told so once, with the command that repairs it."""

import importlib.metadata
import runpy
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import resnet_model
from resnet_model import configuration_resnet

CODE = Path(configuration_resnet.__file__)


def run_with(found: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the configuration's file where the packages in `found` have other versions, None for none."""
    actual = importlib.metadata.version

    def version(name: str) -> str:
        if name not in found:
            return actual(name)
        if found[name] is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    runpy.run_path(str(CODE))


@pytest.mark.parametrize("name", ["torch", "transformers", "timm"])
@pytest.mark.parametrize("version", [None, "0.1"])
def test_a_missing_or_old_library_is_one_error_with_the_command(
    name: str, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImportError) as caught:
        run_with({name: version}, monkeypatch)
    bound = next(line for line in requirements() if line.startswith(f"{name}>="))
    assert f"Run: pip install -U '{bound}'" in str(caught.value)
    assert version is None or f"found {name}=={version}" in str(caught.value)


def requirements() -> list[str]:
    lines = (Path(resnet_model.__file__).parents[1] / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_oldest_versions_that_requirements_name_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = {Requirement(line).name: next(iter(Requirement(line).specifier)).version for line in requirements()}
    run_with({name: oldest[name] for name in ("torch", "transformers", "timm")}, monkeypatch)
