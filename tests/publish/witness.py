"""What a repository holds, as git and the large files on disk say it: a witness besides the client."""

import hashlib
import os
import subprocess
from pathlib import Path

from scripts.hub_ready.local_hub import LocalHub

# From nothing but PATH: no one's git settings may decide a test.
_PLAIN = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


def git(where: Path, *arguments: str) -> str:
    command = ["git", "-C", str(where), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=_PLAIN).stdout


def clone(hub: LocalHub, repo_id: str, target: Path) -> Path:
    """`git clone` of the bare repository."""
    command = ["git", "clone", "-q", str(hub.git_dir(repo_id)), str(target)]
    subprocess.run(command, check=True, capture_output=True, env=_PLAIN)
    return target


def contents(hub: LocalHub, repo_id: str, clone: Path) -> dict[str, bytes]:
    """Every file of a clone, pointers followed."""
    found = {}
    for path in sorted(clone.iterdir()):
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b"version https://git-lfs"):
                oid = data.split(b"sha256:")[1][:64].decode()
                data = hub.store.get(repo_id).large_file(oid).read_bytes()
                assert hashlib.sha256(data).hexdigest() == oid
            found[path.name] = data
    return found


def head(hub: LocalHub, repo_id: str, ref: str = "main") -> str | None:
    """The commit that a branch holds; None where there is no such repository or branch."""
    try:
        return hub.store.get(repo_id).git.resolve(ref)
    except AttributeError:
        return None


def titles(hub: LocalHub, repo_id: str, ref: str = "main") -> list[str]:
    """First lines of the commits, newest first."""
    return git(hub.git_dir(repo_id), "log", "--format=%s", ref).splitlines()
