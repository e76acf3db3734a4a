"""One embedded Hub and one stranger for all tests; each test has a repository of its own name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import HfApi, constants

from scripts.hub_ready.finish import Options
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.local_hub import LocalHub
from scripts.hub_ready.manifest import read_manifest
from scripts.hub_ready.publish import Client, Outcome, prepare, publish
from scripts.timm_port.batch import quiet
from scripts.timm_port.port import port
from tests.hub.conftest import new_xet_session

USER = "ada"


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory, interpreter: FreshInterpreter) -> Path:
    """The smallest architecture, ported with random weights; never written to."""
    quiet()
    output = tmp_path_factory.mktemp("exports")
    return port("test_resnet", Options(output, weights="random"), read_manifest(), interpreter).folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return Path(shutil.copytree(exported, tmp_path / "small"))


@pytest.fixture(scope="session")
def shared_hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub
    assert hub.crashes == []


@pytest.fixture
def hub(shared_hub: LocalHub) -> Iterator[LocalHub]:
    yield shared_hub
    shared_hub.heal()


@pytest.fixture(scope="session")
def stranger(shared_hub: LocalHub) -> Iterator[FreshInterpreter]:
    """An interpreter that may ask the shared Hub, as nobody."""
    settings = {"HF_ENDPOINT": shared_hub.endpoint, "HF_HUB_OFFLINE": "0", "HF_HUB_DOWNLOAD_TIMEOUT": "3"}
    with FreshInterpreter(environment={**settings, "HF_HUB_ETAG_TIMEOUT": "3"}) as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def own_client(shared_hub: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process imported the client with the author's settings: they are set aside, and so is its waiting."""
    for name in [name for name in os.environ if name.startswith(("HF_", "HUGGING"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(constants, "ENDPOINT", shared_hub.endpoint)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "xet"))
    huggingface_hub.utils.disable_progress_bars()


@pytest.fixture(params=["lfs", "xet"])
def transfer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of the client to send large files."""
    use_transfer(request.param, monkeypatch)
    return request.param


@pytest.fixture
def lfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way that asks the Hub the more questions."""
    use_transfer("lfs", monkeypatch)


def use_transfer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", name == "lfs")
    if name == "xet":
        for setting, value in {"MAX_ATTEMPTS": "2", "BASE_DELAY": "20ms", "MAX_DURATION": "1s"}.items():
            monkeypatch.setenv(f"HF_XET_CLIENT_RETRY_{setting}", value)
        monkeypatch.setenv("HF_XET_CLIENT_READ_TIMEOUT", "2s")
        new_xet_session()


@pytest.fixture
def client(hub: LocalHub) -> Callable[..., Client]:
    """`client("ada", role="read")`: with a token of that user."""
    return lambda user=USER, **token: Client(hub.token(user, **token), hub.endpoint)


@pytest.fixture
def api(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=hub.token(USER))


Push = Callable[..., Outcome]


@pytest.fixture
def push(client: Callable[..., Client], stranger: FreshInterpreter) -> Push:
    """`push(folder, "ada/name", update=True)`: the whole publication, but for running the model in the check."""

    def run(folder: Path, repo_id: str, *, by: Client | None = None, **options: Any) -> Outcome:
        prepared = prepare(folder, repo_id, client=by or client(), **options)
        return publish(prepared, _ignore, _ignore, static=True, interpreter=stranger)

    return run


@pytest.fixture
def commit(push: Push, stranger: FreshInterpreter, monkeypatch: pytest.MonkeyPatch) -> Push:
    """`push` without the stranger, which takes seconds: for tests of what is committed, not of how it loads."""
    found = {"words": {"AutoModel": "not loaded"}, "pipeline": None}
    monkeypatch.setattr("scripts.hub_ready.publish.reference_of", lambda *_: nullcontext())
    monkeypatch.setattr("scripts.hub_ready.publish.flow.verify", lambda *_: found)
    monkeypatch.setattr(stranger, "start", lambda: None)
    return push


class NoInterpreter:
    """Where nothing is loaded, see `commit`."""

    def start(self) -> None:
        """Nothing to start."""


def _ignore(_: object) -> None:
    """Progress and reports are for people."""


def with_other_weights(folder: Path) -> Path:
    """The folder after some training, as it were."""
    from safetensors.torch import load_file, save_file

    path = folder / "model.safetensors"
    state = {name: tensor * 1.5 if tensor.is_floating_point() else tensor for name, tensor in load_file(path).items()}
    save_file(state, path, metadata={"format": "pt"})
    return folder
