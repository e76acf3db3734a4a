"""What the Hub holds: one consistent look at a branch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from huggingface_hub import get_session
from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from .card import Record, read_record
from .client import Client, HubFailed
from .contents import CARD, LocalFile

# In a commit's description: finds our last commit where the card's own record was edited away.
FILES_TRAILER = "Published files: "
# What a repository that the Hub has just made holds.
_FIRST_FILES = {".gitattributes"}


@dataclass(frozen=True)
class RemoteFile:
    """git's name of a file as it lies in the repository, and for an LFS object the sha256 of its content."""

    blob: str
    sha256: str | None
    size: int

    def equals(self, file: LocalFile) -> bool:
        return self.sha256 == file.sha256 if self.sha256 else self.blob == file.blob


@dataclass(frozen=True)
class Remote:
    """A branch of a repository.

    Attributes:
        exists: whether the repository does.
        private: None where it does not exist.
        has_branch: False where `head` is main's instead.
        head: its commit.
        files: by path.
        card: the text of its README.md.
        record: what we published before, as far as that is known; None for nothing.
    """

    exists: bool = False
    private: bool | None = None
    has_branch: bool = False
    head: str | None = None
    files: Mapping[str, RemoteFile] = field(default_factory=dict)
    card: str | None = None
    record: Record | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether there is nothing in it that anybody put there."""
        return set(self.files) <= _FIRST_FILES


def read_files(client: Client, repo_id: str, revision: str) -> tuple[str, bool, dict[str, RemoteFile]]:
    """The commit that a revision names, whether the repository is private, the commit's files. Raises HubFailed."""
    ask = {"revision": revision, "files_metadata": True}
    info = client.ask(f"{repo_id} at {revision} cannot be read", client.api.model_info, repo_id, **ask)
    files = {}
    for item in info.siblings or []:
        sha256 = item.lfs.sha256 if item.lfs else None
        files[item.rfilename] = RemoteFile(item.blob_id or "", sha256, item.size or 0)
    return info.sha, bool(info.private), files


def read_text(client: Client, repo_id: str, revision: str, path: str) -> str:
    """A small file of a commit, past every cache. Raises HubFailed."""
    url = f"{client.endpoint}/{repo_id}/resolve/{quote(revision, safe='')}/{quote(path)}"

    def get() -> str:
        answer = get_session().get(url, headers=build_hf_headers(token=client.token or False))
        hf_raise_for_status(answer)
        return answer.content.decode("utf-8", errors="replace")

    return client.ask(f"{path} of {repo_id} cannot be read", get)


def _is_absence(failure: HubFailed, kind: type[Exception]) -> bool:
    return isinstance(failure.__cause__, kind)


def read_remote(client: Client, repo_id: str, branch: str) -> Remote:
    """Look at a branch; where it is missing, at main, from which it would start. Raises HubFailed."""
    has_branch = True
    try:
        head, private, files = read_files(client, repo_id, branch)
    except HubFailed as failure:
        if _is_absence(failure, RepositoryNotFoundError):
            return Remote()
        if branch == "main" or not _is_absence(failure, RevisionNotFoundError):
            raise
        has_branch = False
        head, private, files = read_files(client, repo_id, "main")
    card = read_text(client, repo_id, head, CARD) if CARD in files else None
    record = read_record(card) if card is not None else None
    if (record is None or not record.untouched) and set(files) - _FIRST_FILES:
        known = _last_published(client, repo_id, head)
        record = Record(known, record.pin if record else None, False) if known is not None else record
    return Remote(True, private, has_branch, head, files, card, record)


def _last_published(client: Client, repo_id: str, head: str) -> frozenset[str] | None:
    """The files of our last commit before `head`; None when none is ours."""
    commits = client.ask(
        f"the commits of {repo_id} cannot be read", client.api.list_repo_commits, repo_id, revision=head
    )
    for commit in commits:
        for line in (commit.message or "").splitlines():
            if line.startswith(FILES_TRAILER):
                return frozenset(map(unquote, line.removeprefix(FILES_TRAILER).split()))
    return None
