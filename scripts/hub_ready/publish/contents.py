"""What of a folder is published, and what is never sent."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath

from huggingface_hub.utils.sha import git_hash, sha_fileobj

from ..check.files.folder import is_stray
from ..check.repository import Entry, Repository
from ..problems import Misuse, Problem, first_few

CARD = "README.md"
# On top of what tools leave behind: secrets, settings of editors, and the working tree's own .gitignore, which the Hub
# would follow.
_NEVER = (".env", ".env.*", ".netrc", ".pypirc", "id_rsa*", "id_ed25519*", "*.pem", "credentials.json", ".gitignore")
_NEVER += (".*.sw[a-z]", "#*#", ".#*", "*.bak", ".directory", "._*", "*.sublime-*", ".editorconfig")
_NEVER_FOLDERS = {".git", ".cache", ".github", ".ipynb_checkpoints", ".eggs", ".tox", ".nox"}
_LARGE = 10 << 20  # bytes from which on the Hub makes an LFS object of a file, whatever its name


@dataclass(frozen=True)
class LocalFile:
    """A file of the folder; `path` relative to it, with forward slashes."""

    path: str
    place: Path
    size: int

    @cached_property
    def sha256(self) -> str:
        with self.place.open("rb") as file:
            return sha_fileobj(file).hex()

    @cached_property
    def blob(self) -> str:
        """git's own name of the content."""
        return git_hash(self.place.read_bytes())


@dataclass(frozen=True)
class Contents:
    """A folder, divided into what is `sent` and the paths that are `left_out`."""

    folder: Path
    sent: dict[str, LocalFile]
    left_out: list[str]

    @property
    def weights(self) -> dict[str, str]:
        """sha256 of each safetensors file."""
        return {path: file.sha256 for path, file in self.sent.items() if path.endswith(".safetensors")}

    @property
    def packages(self) -> list[str]:
        """What requirements.txt names, as far as it can be read; an import may be called otherwise."""
        return [one.name for one in Repository(self.folder).requirements]

    @cached_property
    def lfs_patterns(self) -> list[str]:
        attributes = self.sent.get(".gitattributes")
        text = attributes.place.read_text(encoding="utf-8", errors="replace") if attributes else ""
        lines = [line.split() for line in text.splitlines()]
        return [parts[0] for parts in lines if "filter=lfs" in parts[1:] and not parts[0].startswith("#")]

    def goes_as_lfs(self, path: str) -> bool:
        """Whether the Hub will keep a file as an LFS object; its own list for a new repository agrees with ours."""
        name = PurePosixPath(path).name
        matched = any(fnmatchcase(name, pattern) or fnmatchcase(path, pattern) for pattern in self.lfs_patterns)
        return matched or self.sent[path].size >= _LARGE


def is_never_sent(entry: Entry) -> bool:
    """Whether a file is not meant to be published: left behind by a tool, private, or of the working tree alone."""
    folders = set(PurePosixPath(entry.path).parts[:-1])
    if folders & _NEVER_FOLDERS or is_stray(entry):
        return True
    template = entry.name.endswith((".example", ".sample", ".template"))
    return not template and any(fnmatchcase(entry.name, pattern) for pattern in _NEVER)


def read_contents(folder: Path) -> Contents:
    """List a folder.

    Raises:
        Misuse: it is no exported folder.
        Problem: a link is in it, whose target would be sent in its place.
    """
    if not (folder / "config.json").is_file():
        raise Misuse(f"{folder} holds no config.json; expected an exported folder, and README.md says how to make one")
    entries = Repository(folder).entries.values()
    links = [entry.path for entry in entries if entry.is_link and not is_never_sent(entry)]
    if links:
        raise Problem(
            f"the Hub keeps no links, found in {folder}: {first_few(links)}; "
            "replace each by the file that it points at, if that is meant to be public"
        )
    files = [entry for entry in entries if entry.is_file or entry.is_unread]
    sent = {e.path: LocalFile(e.path, folder / e.path, e.size) for e in files if not is_never_sent(e)}
    return Contents(folder, dict(sorted(sent.items())), sorted(e.path for e in files if is_never_sent(e)))
