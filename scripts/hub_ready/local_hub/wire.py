"""HTTP between a socket and the routes: requests in, responses out, faults and the log on the way."""

from __future__ import annotations

import errno
import json
import re
import socket
import socketserver
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from .body import BadBody, Body, CutError, flipped
from .faults import Fault, Logged

if TYPE_CHECKING:
    from . import LocalHub


@dataclass
class Response:
    """`body` is bytes, a file of which [start, stop) is sent, or an iterator of blocks (sent chunked)."""

    status: int = 200
    body: bytes | Path | Iterator[bytes] = b""
    headers: dict[str, str] = field(default_factory=dict)
    start: int = 0
    stop: int | None = None


class HubError(Exception):
    """An answer that is not 2xx. `code` is what the client classes it by (X-Error-Code); `more` joins its JSON."""

    def __init__(
        self, status: int, message: str, code: str | None = None, *, more: Any = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.headers, self.more = status, message, headers, more or {}
        if code:
            self.headers["X-Error-Code"] = code

    def response(self) -> Response:
        text = self.message.encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
        headers = {"Content-Type": "application/json", "X-Error-Message": text[:500], **self.headers}
        return Response(self.status, json.dumps({"error": self.message, **self.more}).encode(), headers)


@dataclass
class Request:
    """What a route sees. `path` is raw: split it on "/" first and unquote after."""

    hub: LocalHub
    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: Body

    @cached_property
    def token(self) -> Any:
        """Who asks (`accounts.Token`), or None; raises HubError(401) for a token that is not valid."""
        return self.hub.tokens.identify(self.headers.get("Authorization"))

    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body.read() or b"{}")
        except (ValueError, RecursionError):
            raise HubError(400, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise HubError(400, "the body must be a JSON object")
        return value


Route = Callable[..., Any]
_ROUTES: list[tuple[str, re.Pattern[str], Route]] = []


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Registers a function for a path: `{repo}` is NAMESPACE/NAME, `{x}` one segment, `{x...}` all that follows.

    It is called with the request and the unquoted parts, and returns a Response, or what is sent as JSON.
    """
    pattern = pattern.replace("{repo}", r"(?P<repo>(?!api/)[^/]+/[^/]+)")
    pattern = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.*)", pattern)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

    def register(function: Route) -> Route:
        _ROUTES.append((method, re.compile(pattern), function))
        return function

    return register


def dispatch(request: Request) -> Response:
    method = "GET" if request.method == "HEAD" else request.method
    for wanted, pattern, function in _ROUTES:
        if wanted == method and (match := pattern.fullmatch(request.path)):
            try:
                parts = {name: unquote(part, errors="strict") for name, part in match.groupdict().items() if part}
            except UnicodeDecodeError:
                raise HubError(400, "the path is not UTF-8") from None
            answer = function(request, **parts)
            if isinstance(answer, Response):
                return answer
            return Response(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})
    raise HubError(404, f"the embedded Hub has no {request.method} {request.path}"[:300])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def answer(self) -> None:
        hub, log = self.server.hub, Logged(self.command, self.path)
        hub.requests.append(log)
        fault = hub.faults.take(self.command, self.path)
        body = Body(self.rfile, self.headers, fault, log)
        try:
            response = self._response(hub, fault, body)
            self.close_connection |= not body.drain() or "close" in response.headers.get("Connection", "")
            log.status = response.status
            self._send(response, log, fault)
        except OSError:  # the client went away, or a fault plays that it did
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def _response(self, hub: LocalHub, fault: Fault | None, body: Body) -> Response:
        try:
            if fault:
                self._fail_early(hub, fault, body)
            path, _, query = self.path.partition("?")
            return dispatch(Request(hub, self.command, path, self._query(query), self.headers, body))
        except HubError as error:
            return error.response()
        except BadBody as error:
            return HubError(error.status, str(error), Connection="close").response()
        except (ConnectionError, TimeoutError):
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return HubError(507, "the Hub's disk is full; nothing was kept of this request").response()
            hub.crashes.append(traceback.format_exc())
        except Exception:
            hub.crashes.append(traceback.format_exc())
        return HubError(500, "the embedded Hub failed; see LocalHub.crashes").response()

    def _query(self, query: str) -> dict[str, str]:
        # A web page that makes its own name lead to 127.0.0.1 would otherwise read what is not published yet.
        port = self.server.server_port
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            raise HubError(421, f"expected the Host 127.0.0.1:{port}")
        try:
            return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            raise HubError(400, "too many parts in the query") from None

    def _fail_early(self, hub: LocalHub, fault: Fault, body: Body) -> None:
        if hub.stopping.wait(fault.hang):
            raise CutError("the Hub ended")
        if fault.status:
            retry = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            raise HubError(fault.status, "a fault that was asked for", **retry)
        if body.ended and fault.cut == "request":
            raise CutError("cut by a fault")
        if body.ended and fault.disk_full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _send(self, response: Response, log: Logged, fault: Fault | None) -> None:
        length = _body_size(response)
        size = 0 if self.command == "HEAD" else length
        if fault and fault.cut == "response" and not size:
            raise CutError("cut by a fault")
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header(*(("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))))
        self.end_headers()
        if size is None:
            self._send_chunked(response.body, log)
        elif size and isinstance(response.body, Path) and not fault:
            self.wfile.flush()
            with response.body.open("rb") as file:
                log.bytes_out = self.connection.sendfile(file, response.start, size)
        elif size:
            self._send_spoilt(_whole(response), log, fault)

    def _send_chunked(self, blocks: Iterator[bytes], log: Logged) -> None:
        for block in filter(None, blocks):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            log.bytes_out += len(block)
        self.wfile.write(b"0\r\n\r\n")

    def _send_spoilt(self, body: bytes, log: Logged, fault: Fault | None) -> None:
        """A body that is in memory, and as a fault wants it."""
        if fault and fault.corrupt and not log.bytes_in:
            body = flipped(body)
        if fault and fault.cut == "response":
            body = body[: len(body) // 2]
        self.wfile.write(body)
        log.bytes_out = len(body)
        if fault and fault.cut == "response":
            self.wfile.flush()
            raise CutError("cut by a fault")

    def handle_expect_100(self) -> bool:
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def log_message(self, *_: Any) -> None:
        """Nothing on the author's terminal: the log is `LocalHub.requests`."""


def _body_size(response: Response) -> int | None:
    if isinstance(response.body, bytes):
        return len(response.body)
    if isinstance(response.body, Path):
        return (response.body.stat().st_size if response.stop is None else response.stop) - response.start
    return None


def _whole(response: Response) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    return response.body.read_bytes()[response.start : response.stop]


class Server(ThreadingHTTPServer):
    """Loopback only. Ends every open connection when it closes, so that no thread outlives it."""

    request_queue_size = 128
    daemon_threads = False

    def __init__(self, hub: LocalHub, port: int = 0) -> None:
        self.hub = hub
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the resolver for the machine's name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours; everything else is caught in the handler."""

    def server_close(self) -> None:
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        super().server_close()
