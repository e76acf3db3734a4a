"""A stranger's load of what was just published, at that very commit, compared with the folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..fresh import JOBS, LIBRARIES, FreshInterpreter, JobFailed
from ..interrupts import scratch_folder
from ..problems import Problem, first_few
from .client import Client, HubFailed, scrub
from .contents import CARD, Contents
from .remote import read_files
from .upload import differing

_JOB = JOBS / "load_published.py"
_TRIES = 2  # a download may break once
# What a way out to the Hub may need; everything else of the author's environment stays out.
_NETWORK = ("HF_ENDPOINT", "HF_HUB_DISABLE_XET", "HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")
_NETWORK += ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
_NETWORK += ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class NotVerified(Problem):
    """What the Hub gives is not what was published."""


def stranger(token: str | None, contents: Contents) -> FreshInterpreter:
    """An interpreter with an empty cache that may ask the Hub; `token` for a private repository, else as nobody.

    It imports what the folder requires once, not in each of its jobs again.
    """
    environment = {name: os.environ[name] for name in _NETWORK if os.environ.get(name)}
    environment |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_TELEMETRY": "1"} | ({"HF_TOKEN": token} if token else {})
    return FreshInterpreter((*LIBRARIES, *contents.packages), environment=environment)


@dataclass(frozen=True)
class Reference:
    """What the folder itself gave: the file of its tensors, its words, its pipeline's answer."""

    tensors: Path
    words: dict[str, str]
    pipeline: str | None


@contextmanager
def reference_of(contents: Contents, interpreter: FreshInterpreter) -> Iterator[Reference]:
    """Load the folder through everything it has.

    Raises:
        Problem: it does not load.
    """
    with scratch_folder("publication-") as scratch:
        folder, results = str(contents.folder.resolve()), scratch / "expected.safetensors"
        arguments = {"name": folder, "folder": folder, "results": str(results)}
        try:
            found = interpreter.run(_JOB, {**arguments, "revision": None, "expected": None, "snippet": None})
        except JobFailed as failure:
            raise Problem(
                f"{contents.folder} does not load in a fresh interpreter: {failure}; nothing was sent. "
                f"See why: python -m scripts.check_repo {contents.folder}"
            ) from failure
        yield Reference(results, found["words"], found["pipeline"])


def verify(
    client: Client,
    interpreter: FreshInterpreter,
    contents: Contents,
    reference: Reference,
    repo_id: str,
    oid: str,
    card: bytes | None,
    snippet: str,
) -> dict[str, Any]:
    """Compare a commit on the Hub with the folder: hashes, every Auto class, the pipeline, the printed code.

    Args:
        card: the README.md that was sent; None where the Hub's own stays.
        snippet: pinned to `oid`.

    Returns:
        What was found, see `load_published.main`.

    Raises:
        NotVerified: with the first differences.
        HubFailed: the Hub does not answer.
    """
    wrong = differing(read_files(client, repo_id, oid)[2], contents, card)
    if wrong:
        raise NotVerified(f"files are not what was sent: {first_few(wrong)}")
    with scratch_folder("publication-") as scratch:
        arguments = {"name": repo_id, "revision": oid, "folder": str(contents.folder.resolve()), "snippet": snippet}
        arguments |= {"results": f"{scratch}/found.safetensors", "expected": str(reference.tensors)}
        found = _run(interpreter, arguments, client.token)
    wrong = _disagreements(found, contents, reference)
    if wrong:
        raise NotVerified(f"a fresh interpreter does not get what was published: {first_few(wrong, 3)}")
    return found


def _run(interpreter: FreshInterpreter, arguments: dict[str, Any], token: str | None) -> dict[str, Any]:
    for attempt in range(1, _TRIES + 1):
        try:
            return interpreter.run(_JOB, arguments)
        except JobFailed as failure:
            if attempt == _TRIES:
                said = scrub(f"it does not load from the Hub: {failure}", token)
                raise NotVerified(said.splitlines()[0]) from failure
    raise AssertionError("unreachable")


def _disagreements(found: dict[str, Any], contents: Contents, reference: Reference) -> list[str]:
    """In words, for everything that a consumer gets otherwise than from the folder."""
    files = {path: file for path, file in contents.sent.items() if path != CARD}
    wrong = [f"{path} arrives with other bytes" for path in files if found["hashes"].get(path) != files[path].sha256]
    wrong += found["differences"]
    for key in sorted(reference.words.keys() | found["words"].keys()):
        here, there = reference.words.get(key), found["words"].get(key)
        wrong += [f"{key}: the folder gives {here}, the Hub {there}"] if here != there else []
    if found["pipeline"] != reference.pipeline:
        wrong.append(f"the pipeline: expected {reference.pipeline}, found {found['pipeline']}")
    return wrong + [f"code is not pinned: {text}" for text in found["unpinned"]]


def scan_status(client: Client, repo_id: str, oid: str) -> str | None:
    """What the Hub's scanners say, in words; None where it does not answer."""
    try:
        info = client.once("", client.api.model_info, repo_id, revision=oid, securityStatus=True)
    except HubFailed:
        return None
    status = getattr(info, "security_repo_status", None) or {}
    issues = status.get("filesWithIssues") or []
    if issues:
        return f"issues: {first_few([str(issue.get('path', issue)) for issue in issues])}"
    return None if not status else ("nothing found" if status.get("scansDone") else "not done yet")
