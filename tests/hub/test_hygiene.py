"""Whatever is sent: nothing outside the store is touched, nothing private is shown, and the server goes on."""

from __future__ import annotations

import base64
import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.hub_ready.local_hub import LocalHub

SECRET = "the-secret-of-this-repository"
pytestmark = pytest.mark.filterwarnings("ignore:Warnings while validating metadata")


class World:
    """A Hub with a public and a private repository, in a folder beside which there is something to lose."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "precious.txt").write_text("untouched")
        self.hub = LocalHub(folder / "store").start()
        self.token = self.hub.token("me")
        self.api = HfApi(endpoint=self.hub.endpoint, token=self.token)
        for name, private in (("me/open", False), ("me/hidden", True)):
            self.api.create_repo(name, private=private)
            text = SECRET if private else "# open"
            files = {"README.md": text, "w.bin": text * 9, "d/config.json": "{}"}
            additions = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
            self.api.create_commit(name, additions, commit_message=SECRET if private else "open")
        self.api.create_pull_request("me/hidden", title=SECRET)
        self.secrets = [SECRET, self.api.model_info("me/hidden").sha]
        self.tokens = {"owner": self.token, "stranger": self.hub.token("stranger")}

    def headers(self, who: str, content: bool) -> bytes:
        endpoint = self.hub.content_endpoint if content else self.hub.endpoint
        token = f"Authorization: Bearer {self.tokens[who]}\r\n" if who in self.tokens else ""
        return f"Host: {endpoint.removeprefix('http://')}\r\n{token}".encode()

    def send(self, raw: bytes, *, content: bool = False) -> bytes:
        """The whole answer to raw bytes, as far as the server gives one."""
        endpoint = self.hub.content_endpoint if content else self.hub.endpoint
        host, port = endpoint.removeprefix("http://").split(":")
        with closing(socket.create_connection((host, int(port)), timeout=20)) as connection:
            answer = b""
            with suppress(OSError):  # an answer that comes before all was sent ends the connection
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while block := connection.recv(65536):
                    answer += block
            return answer

    def check(self) -> None:
        """What must hold after anything."""
        crashes, self.hub.crashes = self.hub.crashes, []
        assert crashes == []
        assert sorted(path.name for path in self.folder.iterdir()) == ["precious.txt", "store"]
        assert (self.folder / "precious.txt").read_text() == "untouched"
        inside = {str(path.relative_to(self.folder / "store")) for path in (self.folder / "store").glob("*/*")}
        assert all(re.fullmatch(r"(me|stranger)/[\w.-]+\.git", name) for name in inside), inside
        assert list(self.hub.store.incoming.iterdir()) == []
        assert self.api.create_repo("me/open", exist_ok=True).repo_id == "me/open"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "world").mkdir()
    world = World(tmp_path / "world")
    yield world
    world.hub.stop()


# -- generated requests

# fmt: off
NAMES = ["me/open", "me/hidden", "me/absent", "../store", "..%2F..%2Fprecious.txt", "me/..", "%2e%2e/%2e%2e",
         "me/%00", "é/ü"]
REVISIONS = [
    "main", "refs%2Fpr%2F1", "refs%2Fheads%2Fmain", "refs%2Fscratch", "HEAD", "main%5E%7Btree%7D", "main:README.md",
    "@%7B1%7D", "0" * 40, "..", "-h", "--help", "a" * 300, "%FF", "%0a", "",
]
PATHS = [
    "README.md", "README.md/x", "w.bin", "d", "d/", "d%2Fconfig.json", "../../hub.json", "..%2F..%2F..%2Fprecious.txt",
    "/etc/passwd", ".git/config", "a\\b", "%00", "a" * 2000, "con:x", "é",
]
ROUTES = [
    "/", "/{path}", "//{name}//{path}", "/{name}", "/{name}/{path}", "/{name}/info/refs", "/{name}/git-upload-pack",
    "/{name}/resolve/{revision}/{path}", "/{name}/raw/{revision}/{path}", "/{name}/tree/{revision}",
    "/{name}.git/info/lfs/objects/batch", "/{name}.git/info/lfs/verify", "/lfs/{hash}/{grant}",
    "/xorbs/{hash}/{grant}",
    *("/api/" + rest for rest in ("repos/create", "repos/delete", "validate-yaml", "whoami-v2", "{path}")),
    *("/xet/{hash}/v1/" + rest for rest in ("shards", "reconstructions/{hash}", "xorbs/default/{hash}",
                                            "chunks/default/{hash}")),
    *("/api/models/{name}" + rest for rest in ("", "/refs", "/settings", "/auth-check", "/discussions",
                                               "/discussions/1", "/discussions/{path}", "/discussions/1/{path}",
                                               "/tree/{revision}/{path}")),
    *("/api/models/{name}/" + rest + "/{revision}" for rest in ("revision", "tree", "commits", "paths-info",
                                                                "preupload",
                                                                "commit", "commit", "branch", "tag", "xet-read-token",
                                                                "xet-write-token")),
]
QUERIES = [
    "", "", "", "?recursive=true&expand=true", "?cursor=-1", "?cursor=99999999999", "?p=x", "?create_pr=1", "?blobs=1",
    "?" + "a&" * 200, "?service=git-upload-pack", "?service=git-receive-pack", "?commit=../x",
]
CARDS = [
    f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 999\n",
    "---\ntags: 7\n---\n", "---\n2020-01-01: x\n? [a]\n: b\n---\n", '---\nlicense: "\\ud800"\n---\n',
    "---\n- a\n---\n",
    "---\na: &a [*a]\n---\n", "---\n\t\n---\n", "> " * 999, "[a](" * 999, "---\n" + "[" * 999 + "\n---\n", "\0\ufffe",
]
FILES = [
    *({"path": "README.md", "content": base64.b64encode(card.encode()).decode()} for card in CARDS),
    *({"path": path, "content": content, "encoding": "base64"} for content in ("eA==", "not base64!", 7)
      for path in ("ok.txt", "../../../precious.txt", "/precious.txt", ".git/hooks/x", "d\n", "", "d", 'q"\\',
                   "\ud800",
                   "README.md/x", "a" * 999)),
]
LINES = [
    *({"key": "header", "value": value} for value in ({"summary": "fuzz"}, {"summary": "\ud800\0"}, {"summary": 7}, [],
                                                      {"summary": "x", "parentCommit": "0" * 40})),
    *({"key": "file", "value": file} for file in FILES),
    *({"key": "lfsFile", "value": {"path": "l", "algo": "sha256", "oid": oid, "size": 1}}
      for oid in ("../" * 9, "0" * 64)),
    *({"key": "deletedFile", "value": {"path": path}} for path in ("d", "d/config.json", "..", "absent")),
    *({"key": "deletedFolder", "value": {"path": path}} for path in ("d/", "/", "absent/")),
    {"key": "format", "value": {}}, {"key": ["x"], "value": {}}, [], 7, None,
]
BATCHES = [
    {"operation": operation, "objects": objects} for operation in ("upload", "download", 7)
    for objects in ([{"oid": "0" * 64, "size": 1}], [{"oid": "0" * 64, "size": -1}], [{"oid": "..", "size": 1}], {},
                    [7])
]
JSONS = [
    {"name": "open", "organization": "me"}, {"name": "../x"}, {"name": "x", "organization": ".."}, {"name": "a/b"},
    {"name": "new"}, {"name": "new", "type": "dataset"}, {"name": None}, {"files": [{"path": "../x", "size": 1}]},
    {"files": [{"path": "a", "size": -1, "sample": "x"}, {"path": "b.bin"}]}, {"files": 7}, {"files": [7]},
    {"files": [{"path": "a"}], "gitIgnore": "\ud800"}, {"gitIgnore": 3}, {"tag": "../../x"},
    {"tag": "v1", "message": "m\n\0\ud800"}, {"tag": "\ud800"},
    {"tag": "-d"}, {"startingPoint": "\ud800"}, {"startingPoint": 7}, {"oid": "0" * 64, "size": 1}, {"content": 7},
    {"content": "---\n&a [*a, *a]\n---\n"}, {"content": "---\n" + "[" * 2000 + "\n---\n"}, {"comment": {}},
    {"title": "a fuzzed title", "pullRequest": True}, {"title": 7}, {"status": "closed"}, {"private": True},
    {"paths": ["d", "../x"], "expand": True}, {"paths": [7]}, {"paths": "d"}, *BATCHES,
]
HEADERS = [
    b"Content-Length: -1", b"Content-Length: 99999", b"Content-Length: x", b"Content-Length: 1",
    b"Expect: 100-continue",
    b"Transfer-Encoding: chunked", b"Range: bytes=5-1", b"Range: bytes=-0", b"Range: bytes=99999999999999999999-",
    b"Range: x", b"Content-Encoding: gzip", b"Content-Type: application/json", b"Git-Protocol: version=2",
    b"Git-Protocol: $(touch x)", b"Authorization: Bearer hf_wrong", b"Authorization: Basic bWU6", b"Authorization: x",
    b"Authorization: Bearer xet.read.9999999999.bWU.0", b"X: " + b"y" * 60_000, b"X: " + b"y" * 70_000, b"broken",
    b"\xff\xfe: \xff",
]
# fmt: on

texts = st.lists(st.sampled_from(LINES).map(json.dumps) | st.text(max_size=20), max_size=5).map("\n".join)
bodies = st.one_of(
    st.sampled_from(JSONS).map(json.dumps).map(str.encode),
    texts.map(str.encode),
    st.binary(max_size=200),
    st.sampled_from([b"[" * 100_000, b"paths=%2e%2e%2fx&" * 50, b"HFRepoMetaData\0" + b"\xff" * 300]),
)


def mostly(good: str, odd: list[str]) -> st.SearchStrategy[str]:
    return st.just(good) | st.sampled_from(odd)


@st.composite
def commits(draw: st.DrawFn) -> tuple[bytes, str, bool]:
    """Commits of the owner whose header is right, so that the operations are what is tried."""
    query, body = draw(mostly("", ["?create_pr=1"])), f"{json.dumps(LINES[0])}\n{draw(texts)}".encode()
    first = f"POST /api/models/me/open/commit/{draw(mostly('main', REVISIONS))}{query} HTTP/1.1\r\nHEADERS"
    return first.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body, "owner", False


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, str, bool]:
    """Raw bytes with HEADERS still to fill, whose token goes with them, whether to the content server."""
    path = draw(st.sampled_from(ROUTES)).format(
        name=draw(mostly("me/open", NAMES)),
        revision=draw(mostly("main", REVISIONS)),
        path=draw(mostly("README.md", PATHS)),
        hash=draw(st.sampled_from(["0" * 64, "..%2F" * 12, "x"])),
        grant=draw(st.sampled_from(["bWUvaGlkZGVu.0", "..", "%00", "bWU.é"])),
    )
    method = draw(
        st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "DELETE", "PATCH", "BREW"])
    )
    body, lines = draw(bodies), draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    if not any(line.startswith((b"Content-Length", b"Transfer-Encoding")) for line in lines):
        lines.append(b"Content-Length: %d" % len(body))
    first = f"{method} {path}{draw(st.sampled_from(QUERIES))} HTTP/1.1\r\n".encode()
    raw = first + b"HEADERS" + b"\r\n".join(lines) + b"\r\n\r\n" + body
    return raw, draw(st.sampled_from(["nobody", "stranger", "owner"])), draw(st.integers(0, 9)) == 0


def attack(world: World, raw: bytes, who: str, content: bool) -> None:
    answer = world.send(raw.replace(b"HEADERS", world.headers(who, content), 1), content=content)
    assert who == "owner" or not any(secret.encode() in answer for secret in world.secrets)
    status = re.match(rb"HTTP/1\.1 (\d+)", answer)
    assert status is None or int(status[1]) < 500 or status[1] == b"501", answer[:500]
    for path in (
        ("/me/open", "/me/open/resolve/main/README.md", "/api/models/me/open?blobs=1")
        if b" 200 " in answer[:20] and who == "owner"
        else ()
    ):
        world.send(f"GET {path} HTTP/1.1\r\n".encode() + world.headers("nobody", False) + b"\r\n")
    world.check()


FUZZ = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None, "derandomize": True}


@settings(max_examples=300, **FUZZ)
@given(request=requests() | commits())
def test_generated_requests_do_no_harm(world, request):
    attack(world, *request)


@pytest.mark.fuzz
@settings(max_examples=5000, **FUZZ)
@given(request=requests() | commits())
def test_thousands_of_generated_requests_do_no_harm(world, request):
    attack(world, *request)


@settings(max_examples=60, **FUZZ)
@given(request=requests().filter(lambda request: b"me/hidden" in request[0]))
def test_a_private_repository_answers_as_an_absent_one(world, request):
    raw, _, content = request
    raw = raw.replace(b"HEADERS", world.headers("nobody", content), 1)
    hidden, absent = (
        world.send(raw.replace(b"me/hidden", name), content=content) for name in (b"me/hidden", b"me/absent")
    )
    assert undated(hidden).replace(b"hidden", b"absent") == undated(absent)


def undated(answer: bytes) -> bytes:
    return re.sub(rb"Date: [^\r]*", b"", answer)


# -- single cases that a generator finds late


def get(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_signed_address_opens_one_object_of_one_repository(world):
    entry = world.api.get_paths_info("me/hidden", "w.bin")[0]
    hidden, other = world.hub.store.get("me/hidden"), world.hub.store.get("me/open")
    good = world.hub.content_url(hidden, "lfs", entry.lfs.sha256)
    assert get(good) == (200, (SECRET * 9).encode())
    for bad in (
        good[:-1] + ("1" if good[-1] == "0" else "0"),
        good.replace("/lfs/", "/xorbs/"),
        world.hub.content_url(other, "lfs", entry.lfs.sha256),
    ):
        assert get(bad)[0] in (403, 404)


def test_knowing_the_hash_of_a_private_file_does_not_open_it(world):
    entry = world.api.get_paths_info("me/hidden", "w.bin")[0]
    world.api.create_repo("me/other")
    header = {"key": "header", "value": {"summary": "steal"}}
    file = {"key": "lfsFile", "value": {"path": "w", "algo": "sha256", "oid": entry.lfs.sha256, "size": entry.size}}
    body = "\n".join(map(json.dumps, (header, file))).encode()
    headers = {"Authorization": f"Bearer {world.token}"}
    request = urllib.request.Request(f"{world.hub.endpoint}/api/models/me/other/commit/main", body, headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400


def test_a_xet_token_is_for_one_repository_and_one_scope(world):
    answer = urllib.request.urlopen(f"{world.hub.endpoint}/api/models/me/open/xet-read-token/main")
    token, cas = answer.headers["X-Xet-Access-Token"], answer.headers["X-Xet-Cas-Url"]
    host, place = cas[7:].split("/", 1)
    upload = f"POST /{place}/v1/shards HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"
    assert b" 403 " in world.send(upload.encode(), content=True).split(b"\r\n")[0]
    for forged in (token.replace("read", "write"), token.replace(token.split(".")[2], "9999999999"), token[:-1] + "x"):
        assert get(f"{cas}/v1/chunks/default/{'0' * 64}", Authorization=f"Bearer {forged}")[0] == 401
    assert get(f"{cas}/v1/chunks/default/{'0' * 64}", Authorization=f"Bearer {token}")[0] == 404


def test_another_name_for_this_machine_is_not_answered(world):
    assert get(world.hub.endpoint, Host="attacker.example")[0] == 421


def test_only_loopback_listens(world):
    assert {server.server_address[0] for server in world.hub._servers} == {"127.0.0.1"}


def test_a_body_that_ends_early_is_not_kept(world):
    oid = "0" * 64
    url = world.hub.content_url(world.hub.store.get("me/open"), "lfs", oid)
    path = "/" + url.split("/", 3)[3]
    world.send(
        f"PUT {path} HTTP/1.1\r\nHost: {url.split('/')[2]}\r\nContent-Length: 99\r\n\r\nshort".encode(), content=True
    )
    assert not world.hub.store.get("me/open").large_file(oid).exists()
    world.check()


@pytest.mark.parametrize(
    "path", ["../a", "a/../../b", "/a", ".git/config", "a/.GIT/x", "a//b", "a\\b", "a\nb", "", "x" * 256]
)
def test_a_path_that_leaves_the_repository_is_refused_by_name(api, path):
    lines = {"key": "header", "value": {"summary": "x"}}, {"key": "file", "value": {"path": path, "content": "eA=="}}
    body = "\n".join(map(json.dumps, lines)).encode()
    request = urllib.request.Request(f"{api.endpoint}/api/models/me/model/commit/main", body)
    request.add_header("Authorization", f"Bearer {api.token}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400 and "not a path" in json.load(caught.value)["error"]
