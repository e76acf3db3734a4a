"""Mechanical repairs: gathered first, shown as a diff, and written whole or not at all."""

import contextlib
import difflib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .model import CheckError, Report
from .registry import find_rule
from .repository import Repository

# Weights, and what only their author can make again.
_UNTOUCHED = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".gguf")


class Edits:
    """New contents of files, and files to remove; nothing is written before `apply`."""

    def __init__(self, repository: Repository):
        self._repository = repository
        self._pending: dict[str, str | None] = {}
        self._inserted: dict[str, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def text(self, path: str) -> str:
        """A file as it will be; empty when it is missing or cannot be read."""
        pending = self._pending.get(path)
        return pending if pending is not None else self._repository.text(path) or ""

    def json(self, path: str) -> dict[str, Any]:
        """A JSON object as it will be."""
        value = json.loads(self.text(path) or "{}")
        return value if isinstance(value, dict) else {}

    def write(self, path: str, text: str) -> None:
        """Plan a new content.

        Raises:
            CheckError: the file holds weights or is a link, or the content cannot be written as UTF-8.
        """
        self._refuse_weights(path)
        if (entry := self._repository.entries.get(path)) and entry.is_link:
            raise CheckError(f"a repair may not replace a link, found {path}")
        if not _is_utf8(text):
            raise CheckError(f"the repaired {path} would not be UTF-8")
        if text != (self._repository.text(path) if self._repository.has(path) else None):
            self._pending[path] = text

    def insert(self, path: str, after: int, line: str) -> None:
        """Plan a new line of code behind line `after`, as the repository counts them: from 1, without other new ones.

        Raises:
            CheckError: see `write`.
        """
        # As the parser counts: str.splitlines knows other ends of lines too, a form feed for instance.
        lines = io.StringIO(self.text(path), newline="").readlines()
        earlier = self._inserted.setdefault(path, [])
        place = after + sum(other < after for other in earlier)
        above = lines[place - 1].rstrip("\r\n")
        ending = lines[place - 1][len(above) :] or "\n"
        lines[place - 1 : place] = [above + ending, line + ending]
        earlier.append(after)
        self.write(path, "".join(lines))

    def write_json(self, path: str, value: dict[str, Any]) -> None:
        """Plan a new JSON object, in the layout that transformers writes; an equal one is left as it is."""
        if value != self.json(path):
            text = json.dumps(value, indent=2, ensure_ascii=False)
            # Half a surrogate pair is JSON only as an escape.
            text = text if _is_utf8(text) else json.dumps(value, indent=2)
            self.write(path, f"{text}\n")

    def remove(self, path: str) -> None:
        """Plan the removal of a file or a link, which is all that a repair may remove."""
        self._refuse_weights(path)
        self._pending[path] = None

    def _refuse_weights(self, path: str) -> None:
        if Path(path).suffix.lower() in _UNTOUCHED:
            raise CheckError(f"a repair may not touch weights, found {path}")

    def diff(self) -> str:
        """All of it as one unified diff."""
        parts = []
        for path, new in sorted(self._pending.items()):
            old = self._repository.text(path)
            if new is None and old is None:
                parts.append(f"remove {path}\n")
                continue
            lines = [(text or "").splitlines(keepends=True) for text in (old, new)]
            target = "/dev/null" if new is None else f"b/{path}"
            parts += difflib.unified_diff(*lines, f"a/{path}", target)
        return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)

    def apply(self) -> list[str]:
        """Write every new content beside its target, then rename; then remove.

        Returns:
            The paths that changed.

        Raises:
            CheckError: a file could not be written; those already renamed are whole, and no temporary file is left.
        """
        folder, staged = self._repository.folder, []
        try:
            for path, text in self._contents():
                staged.append((_stage(folder / path, text), folder / path))
            for beside, target in staged:
                os.replace(beside, target)
            for path in self._removals():
                (folder / path).unlink(missing_ok=True)
        except OSError as error:
            changed = [target.name for beside, target in staged if not beside.exists()]
            done = f"only {', '.join(changed)} was" if changed else "nothing was"
            raise CheckError(f"the repairs could not be written, and {done} changed: {error}") from error
        finally:
            for beside, _ in staged:
                beside.unlink(missing_ok=True)
        return sorted(self._pending)

    def _contents(self) -> list[tuple[str, str]]:
        return [(path, text) for path, text in self._pending.items() if text is not None]

    def _removals(self) -> list[str]:
        return [path for path, text in self._pending.items() if text is None]


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _stage(target: Path, text: str) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.chmod(name, target.stat().st_mode & 0o777 if target.exists() else 0o644)
    except BaseException:
        os.unlink(name)
        raise
    return Path(name)


def plan_fixes(folder: Path | str, report: Report) -> Edits:
    """The repairs of every rule that found something and knows a mechanical one."""
    repository = Repository(Path(folder))
    edits = Edits(repository)
    for rule_id in dict.fromkeys(finding.rule for finding in report.findings):
        fix = find_rule(rule_id).fix
        if fix is not None:
            # What a repair may not touch stays as it is, and stays a finding.
            with contextlib.suppress(CheckError):
                fix(repository, edits)
    return edits
