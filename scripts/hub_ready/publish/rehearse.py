"""The whole publication against a throw-away Hub on this machine, by the same command in a process of its own.

A process of its own, because the client reads HF_ENDPOINT and HF_HOME when it is imported: this way neither the
author's token nor their cache is in reach.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..child import run_child
from ..interrupts import scratch_folder
from ..local_hub import LocalHub
from ..manifest import ROOT
from ..problems import Misuse

# What of the author's settings for the Hub holds in a rehearsal too.
_KEPT = ("HF_HUB_DISABLE_XET", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_HUB_DOWNLOAD_TIMEOUT")


@dataclass(frozen=True)
class Rehearsal:
    """How a rehearsal went.

    Attributes:
        exit_code: of the command.
        outcome: what it printed, see `flow.Outcome`; None where it failed.
        requests: how many the Hub saw.
        sent, weights_sent: bytes that went to it, and those of large files among them.
        page: address of the preview, as long as the Hub is up.
    """

    exit_code: int
    outcome: dict[str, Any] | None
    requests: int
    sent: int
    weights_sent: int
    page: str

    def to_json(self) -> dict[str, Any]:
        log = {"requests": self.requests, "bytes_sent": self.sent, "bytes_of_large_files": self.weights_sent}
        return {**(self.outcome or {}), "rehearsal": log}


def environment(endpoint: str, token: str, home: Path) -> dict[str, str]:
    """The author's environment with another Hub, token and cache in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    kept |= {name: os.environ[name] for name in _KEPT if name in os.environ}
    loopback = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    hub = {"HF_ENDPOINT": endpoint, "HF_TOKEN": token, "HF_HOME": str(home), "HF_XET_CACHE": str(home / "xet")}
    return {**kept, **loopback, **hub, "HF_HUB_DISABLE_TELEMETRY": "1"}


def _run(arguments: Sequence[str], variables: dict[str, str]) -> tuple[int, str]:
    """The command's exit code and standard output; its messages pass through to standard error."""
    command = [sys.executable, "-m", "scripts.push_to_hub", *arguments, "--json"]
    # In a session of its own, an interrupt reaches it once: a second signal would hit its clearing up.
    done = run_child(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout


def _bytes_in(hub: LocalHub, *parts: str) -> int:
    return sum(one.bytes_in for one in hub.requests if any(part in one.path for part in parts) or not parts)


@contextmanager
def rehearsal(folder: Path, repo_id: str | None, options: Sequence[str]) -> Iterator[Rehearsal]:
    """Publish `folder` to a throw-away Hub, which stays up inside the block and leaves nothing behind.

    Args:
        repo_id: None for one of the folder's own name.
        options: of the command, as they were given.

    Raises:
        Misuse: the names are such that no Hub would take them.
    """
    repo_id = repo_id or f"me/{folder.resolve().name}"
    with LocalHub() as hub, scratch_folder("rehearsal-") as home:
        try:
            token = hub.token(repo_id.split("/")[0])
            if "--create-pr" in options:
                hub.store.create(repo_id, "--private" in options, repo_id.split("/")[0])
        except ValueError as error:
            raise Misuse(f"expected --repo-id NAMESPACE/NAME, found {repo_id!r}: {error}") from error
        arguments = [str(folder.resolve()), "--repo-id", repo_id, *options]
        code, out = _run(arguments, environment(hub.endpoint, token, home))
        outcome = json.loads(out) if code == 0 and out.strip() else None
        large = _bytes_in(hub, "/lfs/", "/v1/xorbs", "/shards")
        # A private page asks the browser for the token, which ends with the Hub.
        login = f"{repo_id.split('/')[0]}:{token}@" if "--private" in options else ""
        page = f"http://{login}{hub.endpoint.removeprefix('http://')}/{repo_id}"
        yield Rehearsal(code, outcome, len(hub.requests), _bytes_in(hub), large, page)


def command_options(options: dict[str, Any]) -> list[str]:
    """Options as they are written on the command line; those that were not given are left out."""
    given = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if value is True:
            given.append(flag)
        elif value and not (name == "branch" and value == "main"):
            given += [flag, str(value)]
    return given


def wait_for_interrupt() -> None:
    """Return when the author presses Ctrl-C."""
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
