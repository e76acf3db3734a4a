"""One bare git repository, driven by the `git` program: refs, trees, commits. It knows nothing of HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SHA = re.compile(r"[0-9a-f]{40}")
NOTHING = "0" * 40
# What git itself forbids in a ref name, so that nothing like `main^{tree}` or `a..b` reaches its revision parser.
_REVISION = re.compile(
    r"(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^-./\x00-\x20\x7f~^:?*\[\\][^\x00-\x20\x7f~^:?*\[\\]{0,240}"
)
_PUBLIC_REFS = ("refs/heads/", "refs/tags/", "refs/pr/", "refs/convert/")
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")
_DATE = "--date=format:%Y-%m-%dT%H:%M:%S.000Z"
# From nothing but PATH: the author's own git settings, hooks and credentials stay out.
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "TZ": "UTC",
}


class GitError(RuntimeError):
    """git refused; the message is its own."""


class RefMoved(GitError):
    """A ref no longer holds the commit that the caller saw."""


@dataclass(frozen=True)
class Entry:
    """A file or a folder of one commit. `sha256` and `lfs_size`: the content, where the file is a pointer into LFS."""

    path: str
    is_file: bool
    oid: str
    size: int
    sha256: str | None = None
    lfs_size: int = 0

    @property
    def content_size(self) -> int:
        return self.lfs_size if self.sha256 else self.size


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    message: str
    date: str
    author: str


def lfs_pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def is_ref_name(name: str) -> bool:
    """Whether a branch or tag may be called so; git keeps it as a path of files, whose names are limited."""
    if not _REVISION.fullmatch(name) or not name.isprintable():
        return False
    return all(0 < len(part.encode()) <= 200 for part in name.split("/"))


def is_safe_path(path: str) -> bool:
    """Whether `path` may be committed: relative, no `..`, no `.git`, nothing that a shell or a log would trip over."""
    parts = path.split("/")
    if "\\" in path or len(path) > 1000 or not path.isprintable():
        return False
    return all(0 < len(part.encode()) <= 255 and part.lower() not in (".", "..", ".git") for part in parts)


class GitRepo:
    """A bare repository in `path`. Every method may be called from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshot = lru_cache(maxsize=32)(self._snapshot)

    @classmethod
    def init(cls, path: Path) -> GitRepo:
        command = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(path)]
        subprocess.run(command, check=True, env=_ENVIRONMENT, capture_output=True)
        return cls(path)

    def run(self, *arguments: str, stdin: bytes = b"", accept: tuple[int, ...] = (0,), **environment: str) -> bytes:
        """git's standard output; raises GitError with its standard error for an exit status outside `accept`."""
        command = ["git", f"--git-dir={self.path}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, env={**_ENVIRONMENT, **environment})
        if done.returncode not in accept:
            raise GitError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
        return done.stdout

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """A git command with both ends open, for a stream that must not be held in memory."""
        command = ["git", "-c", "transfer.hideRefs=refs/scratch", *arguments, str(self.path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, env={**_ENVIRONMENT, **environment}, **pipes)

    # -- reading ---------------------------------------------------------------------------------------------------

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch, tag, full ref or commit id names; None when there is none."""
        if not is_ref_name(revision):
            return None
        if revision.startswith("refs/"):
            candidates = [revision] if revision.startswith(_PUBLIC_REFS) else []
        else:
            candidates = [f"refs/heads/{revision}", f"refs/tags/{revision}"]
            candidates += [revision] if re.fullmatch("[0-9a-f]{7,40}", revision) else []
        asked = "".join(f"{name}^{{commit}}\n" for name in candidates)
        answers = self.run("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked.encode())
        found = [line[:40] for line in answers.decode(errors="replace").splitlines() if line[40:] == " commit"]
        return found[0] if found else None

    def _snapshot(self, commit: str) -> dict[str, Entry]:
        """Every file and folder of a commit by path, sorted as git sorts; commits never change, so this is cached."""
        entries = {}
        for line in self.run("ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit).decode().split("\0")[:-1]:
            (_, kind, oid, size), path = line.split("\t")[0].split(), line.split("\t", 1)[1]
            entries[path] = Entry(path, kind == "blob", oid, 0 if size == "-" else int(size))
        small = [entry for entry in entries.values() if entry.is_file and 100 < entry.size < 160]
        for entry, blob in zip(small, self._blobs(entry.oid for entry in small), strict=True):
            if pointer := _POINTER.fullmatch(blob):
                sha256, size = pointer[1].decode(), int(pointer[2])
                entries[entry.path] = Entry(entry.path, True, entry.oid, entry.size, sha256, size)
        return entries

    def _blobs(self, oids: Iterable[str]) -> list[bytes]:
        stream, blobs, at = self.run("cat-file", "--batch", stdin="\n".join(oids).encode()), [], 0
        while at < len(stream):
            end = stream.index(b"\n", at)
            size = int(stream[at:end].split()[2])
            blobs.append(stream[end + 1 : end + 1 + size])
            at = end + size + 2
        return blobs

    def blob(self, oid: str) -> bytes:
        return self.run("cat-file", "blob", oid)

    def commits(self, commit: str, skip: int = 0, count: int = 50, path: str | None = None) -> list[Commit]:
        """The history from `commit` backwards, newest first."""
        only = ["--", f":(literal){path}"] if path else ["--"]
        shape = "--format=%H%x1f%s%x1f%b%x1f%cd%x1f%an"
        out = self.run("log", "-z", _DATE, f"--skip={skip}", f"--max-count={count}", shape, commit, *only).decode()
        return [Commit(*record.split("\x1f")) for record in out.split("\0") if record]

    def refs(self) -> dict[str, str]:
        """Full ref name to the commit it leads to."""
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname) %(*objectname)").decode().splitlines()
        rows = (line.split(" ") for line in lines)
        return {name: peeled or oid for name, oid, peeled in rows if name.startswith(_PUBLIC_REFS)}

    # -- writing ---------------------------------------------------------------------------------------------------

    def commit(self, ref: str, parent: str | None, changes: dict[str, bytes | None], message: str, author: str) -> str:
        """Makes one commit on top of `parent` (None: the first) and moves `ref` to it; returns its id.

        `changes` maps a path to its new content, or to None to delete it and all below it. The ref moves only if it
        still holds `parent`: otherwise RefMoved, and nothing is visible of the commit.
        """
        scratch, text = f"refs/scratch/{uuid.uuid4().hex}", _message(message)
        stream = [f"commit {scratch}\nmark :1\ncommitter {_person(author)}\ndata {len(text)}\n".encode(), text, b"\n"]
        stream += [f"from {parent}\n".encode()] if parent else []
        # Deletions first: a folder that is replaced by a file of the same name, in one commit.
        for path, content in sorted(changes.items(), key=lambda change: change[1] is not None):
            name = path.replace("\\", "\\\\").replace('"', '\\"')
            if content is None:
                stream += [f'D "{name}"\n'.encode()]
            else:
                stream += [f'M 100644 inline "{name}"\ndata {len(content)}\n'.encode(), content, b"\n"]
        oid = self.run("fast-import", "--quiet", stdin=b"".join([*stream, b"\nget-mark :1\n"])).decode().strip()
        try:
            moves = f"update {ref} {oid} {parent or NOTHING}\ndelete {scratch}\n"
            self.run("update-ref", "--stdin", stdin=moves.encode())
        except GitError as error:
            self.run("update-ref", "-d", scratch)
            raise RefMoved(str(error)) from error
        return oid

    def move(self, ref: str, new: str, old: str) -> None:
        """Sets `ref` to `new` if it holds `old` (NOTHING: it must not exist; `new` NOTHING deletes). Else RefMoved."""
        try:
            self.run("update-ref", *(["-d", ref, old] if new == NOTHING else [ref, new, old]))
        except GitError as error:
            raise RefMoved(str(error)) from error

    def tag(self, name: str, commit: str, message: str | None, author: str) -> None:
        """A tag, annotated when there is a message. RefMoved when it exists."""
        if message:
            head = f"object {commit}\ntype commit\ntag {name}\ntagger {_person(author)}\n\n"
            commit = self.run("mktag", stdin=head.encode() + _message(message)).decode().strip()
        self.move(f"refs/tags/{name}", commit, NOTHING)

    def squash(self, ref: str, source: str, message: str, author: str) -> str:
        """Merges `source` into `ref` as one commit; GitError when they conflict."""
        head = self.run("rev-parse", "--verify", ref).decode().strip()
        tree = self.run("merge-tree", "--write-tree", "--no-messages", head, source).decode().split("\n")[0]
        person = {"NAME": author, "EMAIL": f"{author}@localhost"}
        who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()}
        oid = self.run("commit-tree", tree, "-p", head, stdin=_message(message), **who).decode().strip()
        self.move(ref, oid, head)
        return oid

    # -- git's own pattern languages -------------------------------------------------------------------------------

    def lfs_paths(self, paths: list[str], attributes: bytes) -> set[str]:
        """Those of `paths` that a .gitattributes of this content sends to LFS."""
        out = self._patterns("core.attributesFile", attributes, paths, "check-attr", "-z", "--stdin", "filter")
        fields = out.split("\0")
        return {path for path, value in zip(fields[0::3], fields[2::3], strict=False) if value == "lfs"}

    def ignored_paths(self, paths: list[str], ignore: bytes) -> set[str]:
        """Those of `paths` that a .gitignore of this content leaves out."""
        out = self._patterns("core.excludesFile", ignore, paths, "check-ignore", "--no-index", "-z", "--stdin")
        return set(out.split("\0")[:-1])

    def _patterns(self, setting: str, content: bytes, paths: list[str], *command: str) -> str:
        with tempfile.TemporaryDirectory() as empty, tempfile.NamedTemporaryFile() as patterns:
            patterns.write(content)
            patterns.flush()
            stdin = "".join(f"{path}\0" for path in paths).encode()
            options = (f"--work-tree={empty}", "-c", f"{setting}={patterns.name}")
            return self.run(*options, *command, stdin=stdin, accept=(0, 1)).decode()


def _message(text: str) -> bytes:
    """A message as git stores it: without NUL, and without the half characters that JSON can carry."""
    return text.replace("\0", "").encode("utf-8", "replace") + b"\n"


def _person(name: str) -> str:
    return f"{name} <{name}@localhost> {int(time.time())} +0000"
