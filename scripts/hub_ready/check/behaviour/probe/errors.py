"""Exceptions of a repository's code, in words and with the line of that code."""

import linecache
import re
import traceback
from typing import Any

_LIMIT = 400


class NotApplicable(Exception):
    """The phase has nothing to look at in this repository; the message says why."""


class CannotFeed(NotApplicable):
    """No inputs could be made for the model."""


class Places:
    """Tells lines of the repository's code from those of the libraries.

    Args:
        roots: folders that hold the repository's code: its own, and transformers' cache of modules.
    """

    def __init__(self, roots: list[str]):
        self._roots = tuple(f"{root.rstrip('/')}/" for root in roots)

    def owns(self, filename: str) -> bool:
        return filename.startswith(self._roots)

    def line_of(self, error: BaseException) -> tuple[str, int] | None:
        """File name and line of the innermost frame of the repository's code."""
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if self.owns(frame.filename)]
        return (frames[-1].filename.rsplit("/", 1)[-1], frames[-1].lineno) if frames else None

    def describe(self, error: BaseException) -> dict[str, Any]:
        """An exception as JSON: `type`, `message` in one line, `path` and `line` where they are known."""
        linecache.checkcache()
        message = re.sub(r"\s+", " ", _text(error))[:_LIMIT]
        path, line = self.line_of(error) or (None, None)
        if path is None and isinstance(error, SyntaxError) and error.filename and self.owns(error.filename):
            path, line = error.filename.rsplit("/", 1)[-1], error.lineno
        return {"type": type(error).__name__, "message": message, "path": path, "line": line}


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an exception of the repository's own
        return ""
