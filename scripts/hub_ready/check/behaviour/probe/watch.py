"""Records, and refuses, what a repository's code has no business with: sockets, processes, writing files."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import PosixPath
from types import CodeType, FrameType
from typing import Any

from .errors import Places

_NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
_PROCESS = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn",
    "os.kill", "os.killpg",
)  # fmt: skip
_WRITE = (
    "open", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
    "os.chown", "os.utime", "shutil.rmtree",
)  # fmt: skip
_KINDS = {
    **dict.fromkeys(_NETWORK, "network"),
    **dict.fromkeys(_PROCESS, "process"),
    **dict.fromkeys(_WRITE, "write"),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STAGES = {"<module>": "import", "__init__": "construction", "forward": "forward"}
_STDLIB = os.path.dirname(os.__file__)


class Refused(PermissionError):
    """The check does not let a repository's code do this."""


class Watch:
    """An audit hook for the rest of the process.

    Args:
        places: knows the repository's code.
        saves: the folder that models are saved into on our request, where that code may write.
        caches: folders where libraries keep what they please.
        record: called with what was attempted: `what`, `event`, `detail`, `stage`, `path`, `line`.
    """

    def __init__(self, places: Places, saves: str, caches: list[str], record: Callable[[dict[str, Any]], None]):
        self._places, self._saves, self._caches = places, saves, tuple(caches)
        self._record, self._seen = record, set()

    def install(self) -> None:
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple) -> None:
        what = _KINDS.get(event)
        if what is None or (event == "open" and not _opens_for_writing(arguments)):
            return
        # A hook sees its own calls too, and it calls nothing below that is watched.
        mine = self._responsible(sys._getframe(1))
        if mine is None:
            return
        code, line, direct, stage = mine
        if what == "write" and self._may_write(_path(arguments), direct):
            return
        self._report(what, event, arguments, code, line, stage)
        raise Refused(f"{event} is not for a model's code: the check refused it")

    def _responsible(self, frame: FrameType | None) -> tuple[CodeType, int, bool, str] | None:
        """Code and line of the repository that led here, whether without a library between, and at which stage."""
        direct, found, names = True, None, []
        for filename, here in _frames(frame):
            if self._places.owns(filename):
                found = found or (here.f_code, here.f_lineno, direct)
                names.append(here.f_code.co_name)
            elif found is None and filename == "<frozen importlib._bootstrap>":
                # A library that is being imported does what it likes; the code only named it.
                return None
            elif not filename.startswith(_STDLIB) or "site-packages" in filename:
                direct = False
        if found is None:
            return None
        return (*found, next((_STAGES[name] for name in reversed(names) if name in _STAGES), names[-1]))

    def _may_write(self, path: str | None, direct: bool) -> bool:
        if path is None or path == os.devnull or path.startswith(self._saves):
            return True
        return not direct and path.startswith(self._caches)

    def _report(self, what: str, event: str, arguments: tuple, code: CodeType, line: int, stage: str) -> None:
        key = (what, code.co_filename, line)
        if key not in self._seen:
            self._seen.add(key)
            name = code.co_filename.rsplit("/", 1)[-1]
            self._record(
                {"what": what, "event": event, "detail": _detail(event, arguments), "stage": stage}
                | {"path": name, "line": line}
            )


def _frames(frame: FrameType | None) -> Iterator[tuple[str, FrameType]]:
    while frame is not None:
        yield frame.f_code.co_filename, frame
        frame = frame.f_back


def _opens_for_writing(arguments: tuple) -> bool:
    path, _, flags = arguments
    return not isinstance(path, int) and isinstance(flags, int) and bool(flags & _WRITING)


def _path(arguments: tuple) -> str | None:
    path = arguments[0] if arguments else None
    if isinstance(path, bytes) or type(path) is PosixPath:
        path = os.fsdecode(path)
    # A string alone: an object could claim another path on each call.
    return os.path.abspath(path) if isinstance(path, str) else None if isinstance(path, int) else "?"


def _detail(event: str, arguments: tuple) -> str:
    shown = arguments[1:2] if event in ("socket.connect", "socket.bind", "os.kill") else arguments[:1]
    return str(shown[0])[:100] if shown and isinstance(shown[0], (str, bytes, tuple, list, int)) else ""
