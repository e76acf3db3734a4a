"""What a publication would change on the Hub: made from one look at both sides, shown before anything leaves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..problems import Misuse, first_few
from .card import named, own_text
from .contents import CARD, Contents
from .remote import Remote


@dataclass(frozen=True)
class Options:
    """What the author asked for.

    Attributes:
        folder: an exported folder.
        repo_id: namespace/name.
        private: of a repository that does not exist yet.
        branch: made from main where it is missing.
        create_pr: propose the commit as a pull request to main.
        tag: name for the verified commit.
        message: of the commit; None for one that names what changed.
        update: a repository that holds something may be changed.
        overwrite_card: a card that somebody edited on the Hub may be replaced.
    """

    folder: Path
    repo_id: str
    private: bool = False
    branch: str = "main"
    create_pr: bool = False
    tag: str | None = None
    message: str | None = None
    update: bool = False
    overwrite_card: bool = False

    def __post_init__(self) -> None:
        if self.create_pr and self.branch != "main":
            raise Misuse("a pull request is made to main: give --create-pr or --branch, not both")
        if self.create_pr and self.tag:
            raise Misuse("--tag names what is published, a pull request is not yet: merge it, then push with --tag")


@dataclass(frozen=True)
class Plan:
    """The difference between a folder and a branch.

    Attributes:
        options: as asked for.
        remote: the branch as it was seen.
        added, changed, deleted: paths.
        kept: paths that somebody else put there and that stay.
        card: "sent", "unchanged", or "kept" when it was edited on the Hub.
        card_text: the author's own text of the card, with the repository's name in it.
        message: first line of the commit.
    """

    options: Options
    remote: Remote
    added: list[str]
    changed: list[str]
    deleted: list[str]
    kept: list[str]
    card: Literal["sent", "unchanged", "kept"]
    card_text: str
    message: str

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.deleted)

    @property
    def sent(self) -> list[str]:
        return sorted(self.added + self.changed)

    def check_permission(self) -> None:
        """Raises Misuse when a repository would be changed without the author having said so."""
        options = self.options
        if options.create_pr and not self.remote.exists:
            raise Misuse(f"{options.repo_id} does not exist, so that nothing can be proposed to it: drop --create-pr")
        if self.is_empty or self.remote.is_fresh or options.update or options.create_pr:
            return
        counts = f"{len(self.added)} added, {len(self.changed)} changed, {len(self.deleted)} deleted"
        raise Misuse(
            f"{options.repo_id} exists already and would be changed ({counts}): "
            "look at it with --dry-run, then add --update, or name another --repo-id"
        )

    def to_json(self, contents: Contents) -> dict[str, Any]:
        """JSON values: every file with `change`, `size` and `lfs`, and what the commit would be."""
        changes = {**dict.fromkeys(self.added, "added"), **dict.fromkeys(self.changed, "changed")}
        files = [
            {"path": path, "size": file.size, "lfs": contents.goes_as_lfs(path), "change": changes.get(path, "same")}
            for path, file in contents.sent.items()
        ]
        return {
            "repo_id": self.options.repo_id,
            "branch": self.options.branch,
            "creates_repository": not self.remote.exists,
            "creates_branch": self.remote.exists and not self.remote.has_branch,
            "parent_commit": self.remote.head,
            "message": self.message,
            "files": files,
            "deleted": self.deleted,
            "kept": self.kept,
            "card": self.card,
            "never_sent": contents.left_out,
        }


def _card_fate(contents: Contents, remote: Remote, text: str, overwrite: bool) -> Literal["sent", "unchanged", "kept"]:
    if CARD not in contents.sent:
        return "unchanged" if remote.card is None else "kept"
    if remote.card is not None and own_text(remote.card) == text:
        return "unchanged"
    ours = remote.card is None or (remote.record is not None and remote.record.untouched)
    return "sent" if ours or overwrite else "kept"


def _message(options: Options, remote: Remote, touched: list[str]) -> str:
    if options.message:
        return options.message
    if remote.is_fresh:
        return f"Publish {options.repo_id.split('/')[-1]}"
    return f"Update {first_few(touched, 3)}" if touched else "Nothing to change"


def make_plan(options: Options, contents: Contents, remote: Remote) -> Plan:
    """Compare a folder with a branch; nothing is asked of the Hub."""
    readme = contents.sent.get(CARD)
    text = named(own_text(readme.place.read_text(encoding="utf-8")), options.repo_id) if readme else ""
    card = _card_fate(contents, remote, text, options.overwrite_card)
    sent = {path: file for path, file in contents.sent.items() if path != CARD}
    added = [path for path in sent if path not in remote.files]
    changed = [path for path in sent if path in remote.files and not remote.files[path].equals(sent[path])]
    if added or changed:
        # Our section of the card tells of the weights: it goes with them.
        card = "sent" if card == "unchanged" and CARD in contents.sent else card
    if card == "sent":
        (changed if CARD in remote.files else added).append(CARD)
    ours = remote.record.files if remote.record else frozenset()
    gone = [path for path in remote.files if path not in contents.sent]
    deleted = sorted(path for path in gone if path in ours and path != CARD)
    kept = sorted(path for path in gone if path not in deleted and path != CARD)
    message = _message(options, remote, sorted(added + changed + deleted))
    return Plan(options, remote, sorted(added), sorted(changed), deleted, kept, card, text, message)
