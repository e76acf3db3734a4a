"""An embedded Hub: the protocol of huggingface.co for models, on 127.0.0.1, over real git.

    with LocalHub() as hub:                       # a throw-away store; LocalHub(folder) keeps it
        api = HfApi(endpoint=hub.endpoint, token=hub.token("me"))
        hub.fail("commit", status=503)            # the next commit is refused
        ...
        print(hub.requests[-1])                   # method, path, status, bytes in and out

The client stays as it is: HF_ENDPOINT=hub.endpoint in the environment of a fresh process is enough. Needs the `git`
program, 2.38 or later to merge pull requests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any, Literal

# The modules below register their routes when they are imported.
from . import cas, discussions, pages, reading, transfer, writing  # noqa: F401
from .accounts import Token, Tokens
from .faults import STEPS, Fault, Faults, Logged
from .store import Repo, Store
from .wire import Server

__all__ = ["STEPS", "Fault", "LocalHub", "Logged"]


class LocalHub:
    """A Hub on loopback.

    `store`: the folder that keeps the repositories; None for one that is deleted at the end. `port`: 0 takes a free
    one. `xet`: whether Xet's tokens are given out. Use it as a context manager, or call `start` and `stop`.

    `requests` holds every request so far (method, path, status, bytes_in, bytes_out); `crashes` the tracebacks of what
    went wrong in the server itself, which is empty unless the server has a bug.
    """

    def __init__(self, store: Path | str | None = None, *, port: int = 0, xet: bool = True) -> None:
        self.requests: list[Logged] = []
        self.crashes: list[str] = []
        self.tokens, self.faults, self.xet = Tokens(), Faults(), xet
        self.stopping = threading.Event()
        if shutil.which("git") is None:
            raise FileNotFoundError("git is not installed, or not on PATH")
        self._throw_away = store is None
        self._root = Path(tempfile.mkdtemp(prefix="local-hub-") if store is None else store)
        self._secret = secrets.token_bytes(32)
        try:
            self.store = Store(self._root)
            # Large files come from another origin, as they do from the Hub: no token may be needed there.
            self._servers = [Server(self, port), Server(self)]
        except BaseException:
            self._forget()
            raise
        self.endpoint, self.content_endpoint = (f"http://127.0.0.1:{one.server_port}" for one in self._servers)

    def start(self) -> LocalHub:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends every connection and waits for its thread; then a throw-away store is deleted."""
        self.stopping.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._forget()

    def _forget(self) -> None:
        if self._throw_away:
            shutil.rmtree(self._root, ignore_errors=True)

    def __enter__(self) -> LocalHub:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def token(
        self,
        user: str = "me",
        *,
        role: Literal["read", "write"] = "write",
        orgs: tuple[str, ...] = (),
        expired: bool = False,
    ) -> str:
        """A new access token of `user`, who may also write to the namespaces `orgs`."""
        return self.tokens.issue(Token(user, role, orgs, expired))

    def fail(self, step: str | None = None, **fault: Any) -> None:
        """Orders a fault: `fail("commit", status=503)`, `fail(path="/lfs/", cut="request", times=2)`.

        `step` is one of `STEPS`; without it, `method` and `path` say which requests. What may go wrong: see `Fault`.
        """
        where = dict(zip(("method", "path"), STEPS[step], strict=True)) if step else {}
        self.faults.add(Fault(**where, **fault))

    def heal(self) -> None:
        """Forgets all faults."""
        self.faults.clear()

    def git_dir(self, repo_id: str) -> Path:
        """The bare repository, as a second witness of what was pushed. KeyError when there is none."""
        if repo := self.store.get(repo_id):
            return repo.path
        raise KeyError(repo_id)

    def grant(self, repo: Repo, kind: str, name: str) -> str:
        """A proof that this Hub lets its holder do `kind` to `name` of `repo`."""
        message = base64.urlsafe_b64encode(repo.id.encode()).decode().rstrip("=")
        seal = hmac.new(self._secret, f"{kind}/{name}/{message}".encode(), hashlib.sha256).hexdigest()
        return f"{message}.{seal}"

    def content_url(self, repo: Repo, kind: str, name: str) -> str:
        return f"{self.content_endpoint}/{kind}/{name}/{self.grant(repo, kind, name)}"

    def granted_repo(self, grant: str, kind: str, name: str) -> Repo | None:
        """The repository that a proof was made for; None for a forged one."""
        message = grant.partition(".")[0]
        try:
            repo = self.store.get(base64.urlsafe_b64decode(message + "=" * (-len(message) % 4)).decode())
        except (binascii.Error, ValueError):
            return None
        return repo if repo and hmac.compare_digest(self.grant(repo, kind, name).encode(), grant.encode()) else None
