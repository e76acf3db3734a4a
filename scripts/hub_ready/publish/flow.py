"""One publication from the plan to the tag; at every step it can say what the Hub holds."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..fresh import FreshInterpreter
from ..problems import Problem
from .card import Publication, published_card
from .client import Client, HubFailed, scrub
from .contents import CARD, Contents
from .plan import Plan
from .provenance import source_state, versions
from .remote import Remote, read_files, read_remote
from .snippet import load_snippet
from .upload import (
    Commit,
    TagTaken,
    commit_card,
    commit_once,
    description,
    differing,
    find_pull_request,
    make_place,
    put_back,
    set_tag,
)
from .verify import NotVerified, Reference, scan_status, verify

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a publication came to.

    Attributes:
        repo_id, url: where it is.
        committed: False when there was nothing to change.
        commit: the verified commit.
        card_commit: the one after it, in which the card names it; None where the card did already, or was kept.
        revision: what the snippet pins.
        pull_request: number, or None.
        tag: or None.
        snippet: code that loads it.
        loaded: what a fresh interpreter got, class by class.
        pipeline: whether the pipeline was tried too.
        scan: what the Hub's scanners say; None where they do not answer.
        notes: what the author should know.
        plan: see `Plan.to_json`.
    """

    repo_id: str
    url: str
    committed: bool
    commit: str
    card_commit: str | None
    revision: str
    pull_request: int | None
    tag: str | None
    snippet: str
    loaded: dict[str, str]
    pipeline: bool
    scan: str | None
    notes: list[str]
    plan: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Publisher:
    """Carries out a plan.

    Args:
        client: of the account that publishes.
        contents: the folder.
        plan: made from it.
        notify: called with a line of progress.
    """

    def __init__(self, client: Client, contents: Contents, plan: Plan, notify: Notify):
        self.client, self.contents, self.plan, self.notify = client, contents, plan, notify
        self.source, self.versions = source_state(), versions()
        self.options, self.commit, self.verified = plan.options, None, False
        self.sending = False
        # The commit that the card pins already, where nothing had to be sent; the card that was sent.
        self.pinned: str | None = None
        self.sent_card: bytes | None = None

    def run(self, interpreter: FreshInterpreter, reference: Reference) -> Outcome:
        """Commit, verify, name.

        Raises:
            Problem: it went wrong, or was interrupted; the message says what the Hub holds now.
        """
        try:
            return self._run(interpreter, reference)
        except KeyboardInterrupt:
            raise Problem(f"interrupted. {self.whereabouts()}") from None
        except NotVerified as failure:
            raise NotVerified(f"not verified: {failure}. {self.whereabouts()}") from failure
        except (HubFailed, TagTaken) as failure:
            raise Problem(f"{failure}. {self.whereabouts()}") from failure

    def _run(self, interpreter: FreshInterpreter, reference: Reference) -> Outcome:
        here = Commit("", self.options.branch)
        self.commit = self._standing(self.plan.remote, here) if self.plan.is_empty else self._send()
        found = self._verify(interpreter, reference)
        self.verified = True
        card_commit, revision = None, self.commit.oid
        if self.options.tag:
            self.notify("tagging")
            set_tag(self.client, self.options.repo_id, self.options.tag, self.commit.oid)
            revision = self.options.tag
        elif self._card_is_ours and self.pinned != self.commit.oid:
            self.notify("pinning the card")
            card_commit = self._pin_card()
        return self._outcome(found, card_commit, revision)

    # -- the commit ------------------------------------------------------------------------------------------------

    def _send(self) -> Commit:
        self.notify("preparing the repository")
        remote = make_place(self.client, self.plan)
        if self.options.create_pr:
            proposed = find_pull_request(self.client, self.plan, self.contents)
            if proposed:
                found = read_remote(self.client, self.options.repo_id, proposed.revision)
                return self._standing(found, proposed)
        self.notify(f"sending {len(self.plan.sent)} files")
        text = description(self.contents, self.source)
        self.sent_card = self._card(self.options.tag) if CARD in self.plan.sent else None
        self.sending = True
        return commit_once(self.client, self.plan, self.contents, self.sent_card, remote.head, text)

    def _standing(self, remote: Remote, where: Commit) -> Commit:
        """What is there already: the commit that the card pins if it still is the folder, else the head."""
        record = remote.record
        if record and record.untouched and record.pin:
            try:
                oid, _, files = read_files(self.client, self.options.repo_id, record.pin)
            except HubFailed:
                return replace(where, oid=remote.head)
            if not differing(files, self.contents, None):
                self.pinned = oid
                return replace(where, oid=oid)
        return replace(where, oid=remote.head)

    # -- the card --------------------------------------------------------------------------------------------------

    @property
    def _card_is_ours(self) -> bool:
        return self.plan.card != "kept" and CARD in self.contents.sent

    def _card(self, revision: str | None) -> bytes:
        snippet = load_snippet(self.contents.folder, self.options.repo_id, revision) if revision else None
        about = (self.contents.sent, self.contents.weights, self.source, self.versions)
        return published_card(self.plan.card_text, Publication(*about, snippet, revision)).encode()

    def _pin_card(self) -> str:
        """A commit of the card alone, that names the verified one; returns its id."""
        text, card = description(self.contents, self.source), self._card(self.commit.oid)
        done = commit_card(self.client, self.options.repo_id, self.commit, card, text)
        wrong = differing(read_files(self.client, self.options.repo_id, done.oid)[2], self.contents, card)
        if wrong:
            raise NotVerified(f"the commit of the card ({done.oid[:12]}) holds other files: {', '.join(wrong)}")
        return done.oid

    # -- the proof -------------------------------------------------------------------------------------------------

    def _verify(self, interpreter: FreshInterpreter, reference: Reference) -> dict[str, Any]:
        self.notify("loading it back as a stranger")
        oid, repo_id = self.commit.oid, self.options.repo_id
        snippet = load_snippet(self.contents.folder, repo_id, oid)
        return verify(self.client, interpreter, self.contents, reference, repo_id, oid, self.sent_card, snippet)

    def whereabouts(self) -> str:
        """What the Hub holds now, and what to do about it; asks the Hub where it is not known."""
        where = f"{self.options.branch} of {self.options.repo_id}"
        if self.commit is None:
            return self._before_the_commit(where)
        held = f"{self.commit.revision} of {self.options.repo_id} holds the whole new commit {self.commit.oid[:12]}"
        if self.plan.is_empty:
            held = f"{where} holds what it held before ({self.plan.remote.head[:12]})"
        if self.verified:
            return f"{held}, verified. Run the same command again: it does what is left to do"
        undo = "" if self.plan.is_empty else put_back(self.options, self.plan.remote.head, self.commit)
        return (
            f"{held}, not verified. If it was the connection, run the same command again: it verifies what is there"
            + (f". To put back what was there before: {undo}" if undo else "")
        )

    def _before_the_commit(self, where: str) -> str:
        try:
            now = read_files(self.client, self.options.repo_id, self.options.branch)
        except HubFailed:
            now = None
        again = "Run the same command again"
        if now is None:
            held = self.plan.remote.head
            return f"Nothing was committed to {where}" + (f", which held {held[:12]}" if held else "") + f". {again}"
        if now[0] == self.plan.remote.head or set(now[2]) <= {".gitattributes"}:
            late = "; a commit that was on its way may still arrive, whole" if self.sending else ""
            return f"Nothing was committed: {where} holds what it held before ({now[0][:12]}){late}. {again}"
        if not differing(now[2], self.contents, self.sent_card):
            return (
                f"{where} holds the whole new commit {now[0][:12]}, not verified. {again}: it verifies what is there"
            )
        return f"{where} holds another commit, {now[0][:12]}: somebody else's. {again} to see the plan"

    def _outcome(self, found: dict[str, Any], card_commit: str | None, revision: str) -> Outcome:
        repo_id, commit = self.options.repo_id, self.commit
        notes = []
        if self.plan.card == "kept" and CARD in self.contents.sent:
            notes.append(
                "the card was edited on the Hub and stays as it is there; --overwrite-card replaces it, "
                f"or take the edits over into {self.contents.folder / CARD}"
            )
        return Outcome(
            repo_id=repo_id,
            url=commit.url or f"{self.client.endpoint}/{repo_id}",
            committed=not self.plan.is_empty,
            commit=commit.oid,
            card_commit=card_commit,
            revision=revision,
            pull_request=commit.pull_request,
            tag=self.options.tag,
            snippet=load_snippet(self.contents.folder, repo_id, revision),
            loaded=found["words"],
            pipeline=found["pipeline"] is not None,
            scan=scan_status(self.client, repo_id, commit.oid),
            notes=[scrub(note, self.client.token) for note in notes],
            plan=self.plan.to_json(self.contents),
        )
