"""What the Hub keeps on disk: one folder a repository, with its git repository, its large files and its settings.

    STORE/NAMESPACE/NAME.git/            the bare repository: `git clone` of this folder works
                            lfs/objects/ large files by sha256, where git-lfs would keep them
                            xet/         xorbs and shards (see cas.py)
                            hub.json     private or not, discussions
    STORE/.incoming/                     what is being received; nothing in it counts

Large files live with their repository, so knowing the hash of a private file opens nothing elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .gitrepo import GitRepo

SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9_]([\w.-]{0,94}[\w])?", re.ASCII)
# The Hub starts a repository with these patterns in .gitattributes.
_LFS_PATTERNS = (
    "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz *.onnx"
    " *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz"
    " *.wasm *.xz *.zip *.zst *tfevents*"
)
GITATTRIBUTES = "".join(
    f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LFS_PATTERNS.split()
).encode()


class HashMismatch(ValueError):
    """What arrived is not what its name says."""


def now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def is_name(text: str) -> bool:
    """Whether `text` may name a namespace or a repository, by the Hub's rules."""
    return bool(_NAME.fullmatch(text)) and not text.endswith((".git", ".ipynb")) and text != "api"


class Repo:
    """One repository. Hold `lock` from reading a ref to moving it, and around changes of `settings`."""

    def __init__(self, repo_id: str, path: Path, incoming: Path) -> None:
        self.id, self.path, self.incoming = repo_id, path, incoming
        self.git = GitRepo(path)
        self.lock = threading.RLock()
        self.settings: dict[str, Any] = {"id": uuid.uuid4().hex, "private": False, "created": now(), "discussions": []}
        if (path / "hub.json").exists():
            self.settings = json.loads((path / "hub.json").read_text())

    @property
    def namespace(self) -> str:
        return self.id.split("/")[0]

    def save(self) -> None:
        self.write(self.path / "hub.json", json.dumps(self.settings, indent=2).encode())

    def large_file(self, sha256: str) -> Path:
        """Where the large file of this hash is, or would be."""
        return self.path / "lfs" / "objects" / sha256[:2] / sha256[2:4] / sha256

    def xet_hash(self, sha256: str) -> str | None:
        """Xet's own hash of a large file that came by Xet; None for one that came by LFS."""
        name = self.path / "xet" / "names" / sha256
        return name.read_text() if name.is_file() else None

    def receive(self, blocks: Iterable[bytes], target: Path, sha256: str | None = None) -> int:
        """Writes `blocks` to `target`, whole or not at all; returns the number of bytes.

        Raises HashMismatch when `sha256` is given and differs.
        """
        part, digest, size = self.incoming / uuid.uuid4().hex, hashlib.sha256(), 0
        try:
            with part.open("wb") as file:
                for block in blocks:
                    if sha256:
                        digest.update(block)
                    size += file.write(block)
            if sha256 and digest.hexdigest() != sha256:
                raise HashMismatch(f"expected sha256 {sha256}, received {digest.hexdigest()} ({size} bytes)")
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, target)
        finally:
            part.unlink(missing_ok=True)
        return size

    def write(self, target: Path, content: bytes) -> None:
        self.receive([content], target)


class Store:
    """All repositories under `root`. One `Repo` object for each, so that its lock means something."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.incoming = self.root / ".incoming"
        shutil.rmtree(self.incoming, ignore_errors=True)
        self.incoming.mkdir(parents=True)
        self._lock = threading.Lock()
        self._repos: dict[str, Repo] = {}
        for path in sorted(self.root.glob("*/*.git")):
            repo_id = f"{path.parent.name}/{path.name[:-4]}"
            self._repos[repo_id] = Repo(repo_id, path, self.incoming)

    def get(self, repo_id: str) -> Repo | None:
        return self._repos.get(repo_id)

    def all(self) -> list[Repo]:
        return sorted(self._repos.values(), key=lambda repo: repo.id)

    def create(self, repo_id: str, private: bool, author: str) -> Repo:
        """A repository with the Hub's first commit. Raises FileExistsError, and ValueError for a refused name."""
        namespace, _, name = repo_id.partition("/")
        if not (is_name(namespace) and is_name(name)):
            raise ValueError(f"{repo_id!r} is no repository name: letters, digits, '-', '_' and '.', at most 96")
        with self._lock:
            if repo_id in self._repos:
                raise FileExistsError(repo_id)
            beside, target = self.incoming / uuid.uuid4().hex, self.root / namespace / f"{name}.git"
            repo = Repo(repo_id, beside, self.incoming)
            git = GitRepo.init(beside)
            git.commit("refs/heads/main", None, {".gitattributes": GITATTRIBUTES}, "initial commit", author)
            repo.settings["private"] = private
            repo.save()
            target.parent.mkdir(exist_ok=True)
            os.rename(beside, target)
            self._repos[repo_id] = Repo(repo_id, target, self.incoming)
            return self._repos[repo_id]

    def delete(self, repo: Repo) -> None:
        with self._lock, suppress(FileNotFoundError):
            del self._repos[repo.id]
            gone = self.incoming / uuid.uuid4().hex
            os.rename(repo.path, gone)
            shutil.rmtree(gone, ignore_errors=True)
