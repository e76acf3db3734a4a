"""What a browser shows: the repositories, and of each the rendered card, the files with their sizes, the commits."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import jinja2
from markdown_it import MarkdownIt

from .accounts import readable
from .reading import card_data, commit_of
from .wire import Request, Response, route

# Raw HTML in a card is shown as text: what a published card may contain is the real Hub's to decide.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TEMPLATE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    Path(__file__).with_name("page.html").read_text()
)


def rendered(card: str, base: str) -> str:
    """A card as HTML, without its front matter; relative links lead to `base`."""
    if card.startswith("---\n"):
        card = card.partition("\n---\n")[2]
    tokens = _MARKDOWN.parse(card)
    for piece in [piece for token in tokens for piece in token.children or []]:
        for name in {"src", "href"} & piece.attrs.keys():
            target = str(piece.attrs[name])
            if not urlsplit(target).scheme and not target.startswith(("#", "/")):
                piece.attrs[name] = f"{base}/{target.removeprefix('./')}"
    return _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})


def size_text(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "B" else f"{size} B"
        size /= 1000
    return f"{size:.3g} GB"


@route("GET", "/")
def index(request: Request) -> Response:
    token = request.token
    visible = [
        repo.id
        for repo in request.hub.store.all()
        if not repo.settings["private"] or (token and token.owns(repo.namespace))
    ]
    return _html(repos=visible)


@route("GET", "/{repo}")
@route("GET", "/{repo}/tree/{revision}")
@route("GET", "/{repo}/commit/{revision}")
@route("GET", "/{repo}/discussions/{number}")
def page(request: Request, repo: str, revision: str = "main", number: str | None = None) -> Response:
    found = readable(request, repo)
    revision = f"refs/pr/{number}" if number else revision
    commit = commit_of(found, revision)
    entries = found.git.snapshot(commit)
    base, card = f"/{repo}/resolve/{quote(revision, safe='')}", entries.get("README.md")
    text = found.git.blob(card.oid).decode(errors="replace") if card and card.is_file else ""
    return _html(
        repo=repo,
        revision=revision,
        private=found.settings["private"],
        commit=commit,
        card=rendered(text, base),
        metadata=card_data(found, commit),
        files=[
            (one.path, f"{base}/{quote(one.path)}", size_text(one.content_size), one.sha256)
            for one in entries.values()
            if one.is_file
        ],
        commits=found.git.commits(commit),
        refs={name.split("/", 2)[2] if "/pr/" not in name else name: oid for name, oid in found.git.refs().items()},
    )


def _html(**values: object) -> Response:
    # Nothing of a card may run here: a repository that is looked at is not yet one that is trusted.
    headers = {"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
    return Response(200, _TEMPLATE.render(**values).encode("utf-8", "replace"), headers)
