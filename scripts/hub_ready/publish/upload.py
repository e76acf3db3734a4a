"""The steps that write: repository, branch, one commit, tag. Each can be taken again after any failure."""

from dataclasses import dataclass
from urllib.parse import quote

from huggingface_hub import CommitOperationAdd, CommitOperationDelete
from huggingface_hub.utils.sha import git_hash

from ..problems import Misuse, Problem
from .client import Client, HubFailed
from .contents import CARD, Contents, LocalFile
from .plan import Options, Plan
from .remote import FILES_TRAILER, Remote, RemoteFile, read_files, read_remote

_TRIES = 3


class TagTaken(Problem):
    """Somebody gave the tag to another commit."""


@dataclass(frozen=True)
class Commit:
    """A commit on the Hub: `revision` is the ref that holds it, `pull_request` its number and page if it is one."""

    oid: str
    revision: str
    pull_request: int | None = None
    url: str | None = None


def make_place(client: Client, plan: Plan) -> Remote:
    """Create what the plan needs and is not there: repository, branch. Returns the branch as it then is.

    Raises:
        Problem: somebody put something there since the plan was made.
    """
    options, remote = plan.options, plan.remote
    if not remote.exists:
        call, doing = client.api.create_repo, f"{options.repo_id} cannot be created"
        client.ask(doing, call, options.repo_id, private=options.private, exist_ok=True)
        remote = read_remote(client, options.repo_id, options.branch)
        if not remote.is_fresh:
            raise Problem(f"{options.repo_id} was made by somebody else just now: run the command again to see it")
    if not remote.has_branch:
        doing = f"branch {options.branch} cannot be made"
        call = client.api.create_branch
        client.ask(doing, call, options.repo_id, branch=options.branch, revision=remote.head, exist_ok=True)
        remote = read_remote(client, options.repo_id, options.branch)
    if plan.remote.head not in (None, remote.head):
        raise moved(options, plan.remote.head, remote.head)
    return remote


def moved(options: Options, seen: str, found: str | None) -> Problem:
    """The refusal of a commit because another came between."""
    return Problem(
        f"a commit came between: {options.branch} of {options.repo_id} was at {seen[:12]} when the plan was made and "
        f"is at {(found or 'another commit')[:12]} now. Nothing of yours was committed; run the command again to see "
        "the plan against what is there now"
    )


def differing(found: dict[str, RemoteFile], contents: Contents, card: bytes | None) -> list[str]:
    """Paths that a commit lacks, or holds with other bytes than the folder; `card` None leaves the card out."""
    wrong = [
        path
        for path, file in contents.sent.items()
        if path != CARD and (path not in found or not found[path].equals(file))
    ]
    if card is not None and (CARD not in found or found[CARD].blob != git_hash(card)):
        wrong.append(CARD)
    return wrong


def operations(plan: Plan, contents: Contents, card: bytes | None) -> list[CommitOperationAdd | CommitOperationDelete]:
    adds = [CommitOperationAdd(CARD, card) if path == CARD else _add(contents.sent[path]) for path in plan.sent]
    return [*adds, *(CommitOperationDelete(path) for path in plan.deleted)]


def _add(file: LocalFile) -> CommitOperationAdd:
    operation = CommitOperationAdd(file.path, str(file.place))
    # The client would read the whole file again for it.
    operation.upload_info.sha256 = bytes.fromhex(file.sha256)
    return operation


def description(contents: Contents, source: str) -> str:
    """The commit's text below its first line; `read_remote` finds our commits by it."""
    return f"From {source}.\n\n{FILES_TRAILER}{' '.join(map(quote, contents.sent))}"


def commit_once(client: Client, plan: Plan, contents: Contents, card: bytes | None, parent: str, text: str) -> Commit:
    """One commit with all of the plan on top of `parent`, or none.

    Where the connection breaks, the Hub is asked whether the commit arrived, and only if not it is sent again.

    Raises:
        Problem: the Hub refused it; the message says what the branch holds.
    """
    options = plan.options
    for attempt in range(1, _TRIES + 1):
        try:
            return _commit(client, plan, operations(plan, contents, card), parent, text)
        except HubFailed as failure:
            arrived, head = _arrived(client, plan, contents, card, parent)
            if arrived:
                return arrived
            if failure.status == 412 or head != parent:
                raise moved(options, parent, head) from failure
            if attempt == _TRIES or not failure.passing:
                raise Problem(
                    f"{failure}. {options.branch} of {options.repo_id} holds what it held before ({parent[:12]}): "
                    f"nothing was committed. {_repair(failure, options)}"
                ) from failure
    raise AssertionError("unreachable")


def _commit(client: Client, plan: Plan, changes: list, parent: str, text: str) -> Commit:
    options = plan.options
    ask = {"operations": changes, "commit_message": plan.message, "commit_description": text, "parent_commit": parent}
    ask |= {"create_pr": True} if options.create_pr else {"revision": options.branch}
    info = client.once("the commit failed", client.api.create_commit, options.repo_id, **ask)
    if options.create_pr:
        return Commit(info.oid, info.pr_revision, info.pr_num, info.pr_url)
    return Commit(info.oid, options.branch)


def _repair(failure: HubFailed, options: Options) -> str:
    if failure.status in (401, 403):
        return f"The token may not write to {options.repo_id}: hf auth login with one that may"
    if failure.status == 400:
        return "Repair what the Hub names, then run the same command again"
    return "Run the same command again"


def _arrived(
    client: Client, plan: Plan, contents: Contents, card: bytes | None, parent: str
) -> tuple[Commit | None, str]:
    """The commit if it is there although its answer was lost, and the branch's head.

    Raises:
        Problem: the Hub does not say.
    """
    options = plan.options
    try:
        if options.create_pr:
            return find_pull_request(client, plan, contents), parent
        head, _, files = read_files(client, options.repo_id, options.branch)
    except HubFailed as failure:
        raise Problem(
            f"{failure}. The connection broke during the commit: {options.branch} of {options.repo_id} holds either "
            f"what it held before ({parent[:12]}) or the whole new commit. Run the same command again, it finds out"
        ) from failure
    gone = not set(plan.deleted) & set(files)
    same = head != parent and gone and not differing(files, contents, card)
    return (Commit(head, options.branch) if same else None), head


def find_pull_request(client: Client, plan: Plan, contents: Contents) -> Commit | None:
    """An open pull request of ours that holds exactly what would be proposed. Raises HubFailed."""
    options, api = plan.options, client.api
    found = client.ask(
        f"the pull requests of {options.repo_id} cannot be read",
        lambda: list(
            api.get_repo_discussions(options.repo_id, discussion_type="pull_request", discussion_status="open")
        ),
    )
    for request in found:
        if request.title == plan.message:
            ref = f"refs/pr/{request.num}"
            head, _, files = read_files(client, options.repo_id, ref)
            if not differing(files, contents, None) and not set(plan.deleted) & set(files):
                return Commit(head, ref, request.num, f"{client.endpoint}/{options.repo_id}/discussions/{request.num}")
    return None


def commit_card(client: Client, repo_id: str, commit: Commit, card: bytes, text: str) -> Commit:
    """The card alone, on top of `commit`. Raises Problem; the Hub then holds `commit` or the card too, whole."""
    change = [CommitOperationAdd(CARD, card)]
    ask = {"operations": change, "commit_message": "Pin the card's snippet", "commit_description": text}
    for attempt in range(1, _TRIES + 1):
        try:
            call, where = client.api.create_commit, {"revision": commit.revision, "parent_commit": commit.oid}
            info = client.once("the card was not committed", call, repo_id, **ask, **where)
            return Commit(info.oid, commit.revision, commit.pull_request, commit.url)
        except HubFailed as failure:
            head, _, files = read_files(client, repo_id, commit.revision)
            if head != commit.oid and files.get(CARD) and files[CARD].blob == git_hash(card):
                return Commit(head, commit.revision, commit.pull_request, commit.url)
            if head != commit.oid or attempt == _TRIES or not failure.passing:
                raise
    raise AssertionError("unreachable")


def find_tag(client: Client, repo_id: str, tag: str) -> str | None:
    """The commit that a tag names, None where there is no such tag. Raises HubFailed."""
    refs = client.ask(f"the tags of {repo_id} cannot be read", client.api.list_repo_refs, repo_id)
    return next((ref.target_commit for ref in refs.tags if ref.name == tag), None)


def check_tag(client: Client, plan: Plan) -> None:
    """Raises Misuse when the tag names another commit already."""
    tag, remote = plan.options.tag, plan.remote
    found = find_tag(client, plan.options.repo_id, tag) if tag and remote.exists else None
    standing = {remote.head, remote.record.pin if remote.record else None} if plan.is_empty else set()
    if found and found not in standing:
        raise Misuse(f"the tag {tag} exists already, at {found[:12]}: tags stay where they are, name another")


def set_tag(client: Client, repo_id: str, tag: str, oid: str) -> None:
    """Tag a commit; once more is no error. Raises TagTaken, HubFailed."""
    call, doing = client.api.create_tag, f"the tag {tag} cannot be made"
    client.ask(doing, call, repo_id, tag=tag, revision=oid, exist_ok=True)
    found, _, _ = read_files(client, repo_id, tag)
    if found != oid:
        raise TagTaken(f"the tag {tag} names {found[:12]}, not the verified {oid[:12]}: name another by --tag")


def put_back(options: Options, before: str | None, commit: Commit) -> str:
    """The command that takes a publication back; `before` is what the branch held, None for no repository."""
    repo_id, branch = options.repo_id, options.branch
    if commit.pull_request:
        return f"hf discussions close {repo_id} {commit.pull_request}"
    if before is None:
        return f"hf repos delete {repo_id}"
    where = "" if branch == "main" else f" --revision {branch}"
    # Its own folder: all that lies in it is uploaded.
    place = f"{repo_id.split('/')[1]}-{before[:12]}"
    return (
        f"hf download {repo_id} --revision {before} --local-dir {place} && "
        f"hf upload {repo_id} {place} .{where} --delete '*' --commit-message 'Back to {before[:12]}'"
    )
