"""The published card: the author's own text, and one section of ours that says what was published and how to pin it.

Our section keeps its own record, the names of the files that were published and the digest of the text around it: that
is how a later publication knows what it may delete, and whether somebody edited the card. It travels with the card
through merges of pull requests, squashes and copies of the repository, where commit messages do not.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

# Link definitions that nothing refers to: Markdown's comments, which the Hub and every other renderer leave out.
_BEGIN, _END = "[//]: # (publication begins)", "[//]: # (publication ends)"
_SECTION = re.compile(rf"\n*{re.escape(_BEGIN)}\n(.*?)\n{re.escape(_END)}\n*", re.DOTALL)
_FILES = re.compile(r"^\[//\]: # \(files: (.*)\)$", re.MULTILINE)
_TEXT = re.compile(r"^\[//\]: # \(text: ([0-9a-f]{64})\)$", re.MULTILINE)
_PIN = re.compile(r"^\[//\]: # \(revision: (\S+)\)$", re.MULTILINE)
# What the card of an export calls its repository before anybody knows its name.
_PLACEHOLDER = re.compile(r"your-namespace/[\w.-]*\w")


@dataclass(frozen=True)
class Record:
    """What our section says of itself: the files published, the revision to pin, whether the card is as we left it."""

    files: frozenset[str]
    pin: str | None
    untouched: bool


def own_text(card: str) -> str:
    """A card without our section: what its author wrote."""
    return _SECTION.sub("\n\n", card.replace("\r\n", "\n")).strip() + "\n"


def named(card: str, repo_id: str) -> str:
    """A card whose placeholders carry the repository's name."""
    return _PLACEHOLDER.sub(repo_id, card)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_record(card: str) -> Record | None:
    """The record of a published card; None for a card without one."""
    section = _SECTION.search(card.replace("\r\n", "\n"))
    files, text = (pattern.search(section[1]) if section else None for pattern in (_FILES, _TEXT))
    if not files or not text:
        return None
    pin = _PIN.search(section[1])
    names = frozenset(unquote(name) for name in files[1].split())
    return Record(names, pin[1] if pin else None, digest(own_text(card)) == text[1])


@dataclass(frozen=True)
class Publication:
    """What our section tells.

    Attributes:
        files: every path that is published.
        weights: sha256 of each weights file.
        source: commit of the source tree, and whether it had changes.
        versions: of the libraries that proved it.
        snippet: code that loads it; None where no revision can be named yet.
        revision: what the snippet pins.
    """

    files: Iterable[str]
    weights: dict[str, str]
    source: str
    versions: dict[str, str]
    snippet: str | None = None
    revision: str | None = None

    def section(self, text: str) -> str:
        """Our section, for a card whose own text is `text`."""
        lines = [_BEGIN, "## This publication", "", *self._usage(), *self._provenance(), ""]
        lines += [f"[//]: # (files: {' '.join(quote(path) for path in sorted(self.files))})"]
        lines += [f"[//]: # (text: {digest(text)})"]
        lines += [f"[//]: # (revision: {self.revision})"] if self.revision else []
        return "\n".join([*lines, _END])

    def _usage(self) -> list[str]:
        if not self.snippet:
            return ["It is being loaded back; the commit after this one names the revision to pin.", ""]
        return [f"Pinned to `{self.revision}`, weights and code alike:", "", "```python", self.snippet, "```", ""]

    def _provenance(self) -> list[str]:
        rows = [("source tree", self.source)]
        rows += [("published with", ", ".join(f"{name} {version}" for name, version in self.versions.items()))]
        rows += [(f"sha256 of {path}", f"`{value}`") for path, value in self.weights.items()]
        return ["| what | value |", "| --- | --- |", *(f"| {what} | {value} |" for what, value in rows)]


def published_card(card: str, publication: Publication) -> str:
    """The card with our section in front of its first section, or at its end."""
    text = own_text(card)
    front = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    heading = _first_section(text, front.end() if front else 0)
    before, after = text[:heading].rstrip("\n"), text[heading:]
    return f"{before}\n\n{publication.section(text)}\n\n{after}".rstrip("\n") + "\n"


def _first_section(text: str, start: int) -> int:
    """Where the first heading of the second level begins that is not inside a code block; the end without one."""
    at, fenced = start, False
    for line in text[start:].splitlines(keepends=True):
        fenced ^= line.lstrip().startswith("```")
        if line.startswith("## ") and not fenced:
            return at
        at += len(line)
    return len(text)
