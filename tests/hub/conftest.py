"""A fresh embedded Hub for each test, and the real client in this process, with nothing of the author's in reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import HfApi, constants

from scripts.hub_ready.local_hub import LocalHub


@pytest.fixture
def hub() -> Iterator[LocalHub]:
    with LocalHub() as hub:
        yield hub
    assert hub.crashes == []


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client was imported with the author's HF_HOME: its folders and tokens are set aside."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setenv("HF_XET_CACHE", str(tmp_path / "xet"))
    huggingface_hub.utils.disable_progress_bars()


@pytest.fixture(params=["lfs", "xet"])
def transfer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of the client to send large files."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", request.param == "lfs")
    if request.param == "xet":
        new_xet_session()
    return request.param


def new_xet_session() -> None:
    """As a new process would have it: no memory of what was sent before."""
    from huggingface_hub.utils import _xet

    _xet.abort_xet_session()
    _xet.XET_CONNECTION_INFO_CACHE.clear()


@pytest.fixture
def client(hub: LocalHub) -> Callable[..., HfApi]:
    """`client("me", role="read")`: the real client with a token of that user."""
    return lambda user="me", **token: HfApi(endpoint=hub.endpoint, token=hub.token(user, **token))


@pytest.fixture
def api(client: Callable[..., HfApi]) -> HfApi:
    api = client("me", orgs=("lab",))
    api.create_repo("me/model")
    return api


def write_folder(folder: Path, weights: bytes) -> Path:
    """A model's folder: two small files and one that goes to LFS by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [vision]\n---\n# A model\n")
    (folder / "config.json").write_text('{"model_type": "mine"}')
    (folder / "model.safetensors").write_bytes(weights)
    return folder
