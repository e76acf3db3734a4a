"""The Hub's client with patience: what may be asked twice is, and errors come in words, without the token."""

import os
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from huggingface_hub import HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError

from ..problems import Problem

Answer = TypeVar("Answer")
_TRIES, _WAIT = 4, 0.5
# A proxy that asks for more patience than this is better served by running the command again later.
_LONGEST_WAIT = 60.0
_AGAIN = {408, 429, 500, 502, 503, 504}
# huggingface_hub itself would wait for ever; a commit of many files may rightly take a minute.
_SILENCE = 120.0
_TOKEN = re.compile(r"\b(hf|api_org)_[A-Za-z0-9]{16,}")


class HubFailed(Problem):
    """The Hub did not do what it was asked.

    Attributes:
        status: of its answer; None where there was no answer.
        passing: whether the same request may well succeed when it is sent again.
    """

    def __init__(self, message: str, error: BaseException):
        super().__init__(message)
        self.status, self.passing = status_of(error), is_passing(error)


def scrub(text: str, token: str | None = None) -> str:
    """The text without the token, or anything that looks like one."""
    return _TOKEN.sub("hf_***", text.replace(token, "hf_***") if token else text)


def status_of(error: BaseException | None) -> int | None:
    """The HTTP status behind a client's error, which may hide in its causes."""
    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return error.response.status_code
        error = error.__cause__ or error.__context__
    return None


def is_passing(error: BaseException) -> bool:
    """Whether it was an overload or a connection that broke; uploads of large files have been tried again already."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _AGAIN
    return isinstance(error, OSError) or type(error).__module__.startswith(("httpx", "httpcore"))


def in_words(error: BaseException) -> str:
    """One line: what the Hub said, or how the connection failed."""
    if isinstance(error, HfHubHTTPError) and error.server_message:
        return f"{error.response.status_code} {error.server_message}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = f" ({in_words(error.__cause__)})" if error.__cause__ is not None and not status_of(error) else ""
    return f"{lines[0] if lines else type(error).__name__}{cause}"


def _seconds_to_wait(error: BaseException, default: float) -> float:
    headers = error.response.headers if isinstance(error, HfHubHTTPError) else {}
    text = headers.get("Retry-After", "")
    return min(float(text), _LONGEST_WAIT) if re.fullmatch(r"\d+(\.\d+)?", text) else default


class Client:
    """huggingface_hub with one token.

    Args:
        token: None asks as nobody.
        endpoint: None takes HF_ENDPOINT.
    """

    def __init__(self, token: str | None, endpoint: str | None = None):
        self.token = token
        self.api = HfApi(endpoint=endpoint, token=token or False)
        self.silence = float(os.environ.get("HF_HUB_DOWNLOAD_TIMEOUT") or _SILENCE)

    @property
    def endpoint(self) -> str:
        return self.api.endpoint

    def once(self, doing: str, call: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
        """Call the client. Raises HubFailed, from the client's own error, whatever goes wrong."""
        get_session().timeout = self.silence
        try:
            return call(*args, **kwargs)
        # The client's layers (HTTP, LFS, Xet) raise errors of several libraries that have no base in common.
        except Exception as error:
            raise HubFailed(scrub(f"{doing}: {in_words(error)}", self.token), error) from error

    def ask(self, doing: str, call: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
        """`once`, again where the Hub was overloaded or the connection broke: for calls that may be repeated."""
        for attempt in range(_TRIES):
            try:
                return self.once(doing, call, *args, **kwargs)
            except HubFailed as failure:
                if attempt == _TRIES - 1 or not failure.passing:
                    raise
                time.sleep(_seconds_to_wait(failure.__cause__, _WAIT * 2**attempt))
        raise AssertionError("unreachable")
