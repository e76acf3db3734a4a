"""A repository as the rules see it: parsed on demand, and never an exception whatever lies in the folder."""

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from .model import CheckError
from .source import ClassInfo, Source
from .weights import Weights

MAX_TEXT = 4 * 2**20  # no text file of a model repository that a person wrote is larger
MAX_JSON = 64 * 2**20  # a tokenizer's vocabulary may be
MAX_ENTRIES = 20_000
# Bookkeeping of git and of huggingface_hub's downloads, which no push sends.
_NOT_CONTENT = {".git", ".cache"}
# Whole installations, of which one finding says enough.
_UNREAD = {".venv", "venv", "node_modules"}
# What save_pretrained and every template call such files.
_CODE_PREFIXES = ("modeling", "configuration", "image_processing", "processing", "tokenization", "feature_extraction")
CONFIG_FILES = ("config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json")


@dataclass(frozen=True)
class Entry:
    """One file, folder or link; `path` is relative to the repository, with forward slashes."""

    path: str
    is_file: bool
    is_link: bool
    size: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix.lower()

    @property
    def is_unread(self) -> bool:
        """Whether it is a folder whose content nobody looks at."""
        return not self.is_file and self.name in _UNREAD

    @property
    def is_root(self) -> bool:
        return "/" not in self.path


@dataclass(frozen=True)
class AutoReference:
    """One value of an auto_map: `key` in `file` names `value`; tokenizers give up to two."""

    file: str
    key: str
    value: str

    @property
    def target(self) -> tuple[str, str] | None:
        """File at the root and class, for a value of the one good form `module.Class`; else None."""
        parts = self.value.split(".")
        if len(parts) != 2 or not all(part.isidentifier() for part in parts):
            return None
        return f"{parts[0]}.py", parts[1]


class Repository:
    """The content of a folder. Every attribute is there whatever the folder holds: empty where a file is not readable.

    Args:
        folder: the repository, as it is or would be on the Hub.
        repo_id: its name on the Hub, if it has one.

    Raises:
        CheckError: the folder does not exist or cannot be listed.
    """

    def __init__(self, folder: Path, repo_id: str | None = None):
        self.folder, self.repo_id = Path(folder), repo_id
        self._texts: dict[tuple[str, int], str | None] = {}
        self.notes: dict[Any, Any] = {}  # what helpers of the rules work out once for all of them
        self._jsons: dict[str, tuple[Any, tuple[str, int | None] | None]] = {}
        try:
            if not self.folder.is_dir():
                raise CheckError(f"expected the folder of a repository, found no folder at {folder}")
            with os.scandir(self.folder):
                pass
        except (OSError, ValueError) as error:
            raise CheckError(f"the folder {folder} cannot be read: {error}") from error

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Everything below the folder by path, without following links; `.git` and download caches left out."""
        return {entry.path: entry for entry in self._walk("", MAX_ENTRIES)}

    def _walk(self, folder: str, budget: int) -> Iterator[Entry]:
        pending = [folder]
        while pending and budget > 0:
            here = pending.pop()
            try:
                found = sorted(os.scandir(self.folder / here), key=lambda item: item.name)
            except (OSError, ValueError):
                continue
            for item in found:
                path = f"{here}/{item.name}" if here else item.name
                if not here and item.name in _NOT_CONTENT:
                    continue
                entry = _entry(item, path)
                budget -= 1
                yield entry
                if not entry.is_file and not entry.is_link and not entry.is_unread:
                    pending.append(path)

    @property
    def is_cache(self) -> bool:
        """Whether the folder is a snapshot in huggingface_hub's cache, which consists of links."""
        parents = self.folder.absolute().parents
        return len(parents) > 1 and parents[0].name == "snapshots" and parents[1].name.startswith("models--")

    @cached_property
    def files(self) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.is_file]

    def has(self, path: str) -> bool:
        """Whether there is such a file (or a link to one)."""
        entry = self.entries.get(path)
        return entry is not None and (entry.is_file or entry.is_link)

    def head(self, path: str, size: int = 4096) -> bytes:
        """The first bytes of a file; empty when it cannot be read."""
        return _read(self.folder / path, size)

    def text(self, path: str, limit: int = MAX_TEXT) -> str | None:
        """A file as text, None when it is missing, larger than `limit` bytes, unreadable or not UTF-8."""
        # Only the root is read again and again; a hostile folder below it must not fill the memory.
        if "/" in path:
            return _text(self.folder / path, limit)
        if (path, limit) not in self._texts:
            self._texts[path, limit] = _text(self.folder / path, limit)
        return self._texts[path, limit]

    def json(self, path: str) -> Any:
        """The value of a JSON file, None when there is none that can be read."""
        return self._parsed(path)[0]

    def json_error(self, path: str) -> tuple[str, int | None] | None:
        """What is wrong with a JSON file that exists, and in which line; None when nothing is."""
        return self._parsed(path)[1] if self.has(path) else None

    def _parsed(self, path: str) -> tuple[Any, tuple[str, int | None] | None]:
        if path not in self._jsons:
            self._jsons[path] = _json(self.folder / path)
        return self._jsons[path]

    def settings(self, path: str) -> dict[str, Any]:
        """A JSON file that holds an object; empty when it does not."""
        value = self.json(path)
        return value if isinstance(value, dict) else {}

    def line_of(self, path: str, needle: str) -> int | None:
        """First line of a text file that holds `needle`."""
        text = self.text(path) or ""
        found = text.find(needle)
        return None if found < 0 else text.count("\n", 0, found) + 1

    @cached_property
    def config(self) -> dict[str, Any]:
        return self.settings("config.json")

    @cached_property
    def auto_references(self) -> list[AutoReference]:
        """All auto_map values, of all the files that may hold one."""
        found = []
        for file in CONFIG_FILES:
            for key, value in _mapping(self.settings(file).get("auto_map")).items():
                values = value if isinstance(value, list) else [value]
                found += [AutoReference(file, str(key), item) for item in values if isinstance(item, str)]
        return found

    @cached_property
    def targets(self) -> set[tuple[str, str] | None]:
        """File and class of every auto_map value."""
        return {ref.target for ref in self.auto_references}

    @cached_property
    def auto_map(self) -> dict[str, str]:
        """The auto_map of config.json, without values that are not text."""
        return {ref.key: ref.value for ref in self.auto_references if ref.file == "config.json"}

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The Python files at the root by name, parsed."""
        found = sorted(entry.path for entry in self.files if entry.is_root and entry.suffix == ".py")
        return {path: Source(path, _read(self.folder / path, MAX_TEXT + 1), MAX_TEXT) for path in found}

    @cached_property
    def code(self) -> dict[str, Source]:
        """The sources that a consumer's interpreter runs: named by an auto_map, of a name that says so, or imported.

        A training script or a demonstration beside them is the author's own business.
        """
        targets = {ref.target[0] for ref in self.auto_references if ref.target} | set(self._pipeline_files())
        pending = sorted(path for path in self.sources if path in targets or path.startswith(_CODE_PREFIXES))
        found: dict[str, Source] = {}
        while pending:
            path = pending.pop()
            if path not in found:
                found[path] = self.sources[path]
                parts = {part for item in found[path].imports for part in (*item.module.split("."), item.name)}
                pending += sorted(f"{part}.py" for part in parts if f"{part}.py" in self.sources)
        return dict(sorted(found.items()))

    def _pipeline_files(self) -> list[str]:
        values = _mapping(self.config.get("custom_pipelines")).values()
        impls = [_mapping(value).get("impl") for value in values]
        return [f"{impl.split('.')[0]}.py" for impl in impls if isinstance(impl, str)]

    @cached_property
    def classes(self) -> dict[str, ClassInfo]:
        """Classes at the top level of the code files, by name. Of two, the one that an auto_map names wins."""
        found: dict[str, ClassInfo] = {}
        for source in self.code.values():
            for name, info in source.classes.items():
                if name not in found or (source.path, name) in self.targets:
                    found[name] = info
        return found

    @cached_property
    def weights(self) -> Weights:
        return Weights(self)

    @cached_property
    def requirements(self) -> list[Requirement]:
        """The lines of requirements.txt that can be parsed."""
        return [item for _, item in self.requirement_lines if isinstance(item, Requirement)]

    @cached_property
    def requirement_lines(self) -> list[tuple[int, Requirement | str]]:
        """Line number and requirement, or the text that is none."""
        found = []
        for number, line in enumerate((self.text("requirements.txt") or "").splitlines(), 1):
            line = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].split(" --hash")[0].strip(" \\")
            if line and not line.startswith("-"):
                found.append((number, _requirement(line)))
        return found

    def runs_on(self, transformers: str) -> bool:
        """Whether the declared range holds this version of transformers; an undeclared range holds every version."""
        specifiers = [r.specifier for r in self.requirements if r.name.lower() == "transformers"]
        return all(SpecifierSet(str(spec)).contains(transformers, prereleases=True) for spec in specifiers)

    @cached_property
    def card(self) -> tuple[dict[str, Any], str | None]:
        """Metadata at the top of README.md, and what is wrong with it."""
        return _front_matter(self.text("README.md") or "")


def _entry(item: os.DirEntry, path: str) -> Entry:
    try:
        info = item.stat(follow_symlinks=False)
    except (OSError, ValueError):
        return Entry(path, False, True, 0)
    regular, link = stat.S_ISREG(info.st_mode), stat.S_ISLNK(info.st_mode)
    # Sockets, pipes and devices count as links: nothing that a push could send, and nothing to open.
    return Entry(path, regular, link or not (regular or stat.S_ISDIR(info.st_mode)), info.st_size)


def _read(path: Path, size: int) -> bytes:
    try:
        # A pipe would block for ever.
        if not path.is_file():
            return b""
        with open(path, "rb") as file:
            return file.read(size)
    except (OSError, ValueError):
        return b""


def _content(path: Path, limit: int) -> bytes | None:
    """Bytes of a file of at most `limit` bytes, None for a larger or an unreadable one."""
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > limit or not os.access(path, os.R_OK):
            return None
        return _read(path, limit)
    except (OSError, ValueError):
        return None


def _text(path: Path, limit: int) -> str | None:
    content = _content(path, limit)
    try:
        return None if content is None else content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _json(path: Path) -> tuple[Any, tuple[str, int | None] | None]:
    text = _text(path, MAX_JSON)
    if text is None:
        return None, ("it cannot be read as UTF-8 text", None)
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        return None, (f"it is not JSON: {error.msg}", error.lineno)
    except (ValueError, RecursionError) as error:
        return None, (f"it is not JSON: {str(error)[:100]}", None)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _requirement(line: str) -> Requirement | str:
    try:
        return Requirement(line)
    except (InvalidRequirement, RecursionError):
        return line


def _front_matter(text: str) -> tuple[dict[str, Any], str | None]:
    match = re.match(r"\s*---[ \t]*\r?\n(.*?)(?:\r?\n|^)---[ \t]*(?:\r?\n|$)", text, flags=re.DOTALL | re.MULTILINE)
    if match is None:
        return {}, None
    try:
        value = yaml.safe_load(match[1])
    # A date of month 99 is a plain ValueError, deep nesting a RecursionError.
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        return {}, " ".join(str(error).split())[:200]
    if value is not None and not isinstance(value, dict):
        return {}, f"expected keys and values, found {type(value).__name__}"
    return value or {}, None
