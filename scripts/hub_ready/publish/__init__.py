"""Publishing a folder: one commit, whole or not at all, loaded back from the Hub by a stranger at that very commit.

    look = prepare(Options(folder, "me/model"))   # asks, changes nothing
    outcome = publish(look)                       # one commit, verified; a second one pins the card to it

It works for every folder that keeps the contract of an export and knows no architecture.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from ..check import Report
from ..fresh import FreshInterpreter
from ..problems import Misuse, Problem
from .account import find_token, read_account
from .client import Client, HubFailed, scrub
from .contents import Contents, read_contents
from .flow import Notify, Outcome, Publisher
from .gate import check_contents, require_license
from .plan import Options, Plan, make_plan
from .remote import read_remote
from .upload import check_tag
from .verify import reference_of, stranger

__all__ = ["Client", "HubFailed", "NotReady", "Options", "Outcome", "Plan", "Prepared", "prepare", "publish", "scrub"]


class NotReady(Problem):
    """The check found errors; nothing was sent."""


@dataclass(frozen=True)
class Prepared:
    """Both sides of a publication and the difference between them."""

    client: Client
    contents: Contents
    plan: Plan


def prepare(
    folder: Path, repo_id: str | None = None, *, client: Client | None = None, **options: bool | str | None
) -> Prepared:
    """Read the folder, the account and the repository, in this order; changes nothing anywhere.

    Args:
        folder, options: see `Options`.
        repo_id: None for the folder's name in the account's own namespace.
        client: None for one of HF_ENDPOINT, with the token that is stored.

    Raises:
        Misuse, Problem: no such folder, no token, no permission, a tag that is taken, a Hub that does not answer.
    """
    contents = read_contents(folder)
    client = client or Client(find_token())
    try:
        return _prepare(contents, repo_id, client, options)
    except HubFailed as failure:
        raise Problem(f"{failure}. Nothing was sent: run the same command again") from failure


def _prepare(contents: Contents, repo_id: str | None, client: Client, options: dict[str, Any]) -> Prepared:
    folder, account = contents.folder, read_account(client)
    chosen = Options(folder, _valid(repo_id or f"{account.name}/{folder.resolve().name}"), **options)
    if chosen.create_pr:
        account.require_token_that_writes({account.name, chosen.repo_id, chosen.repo_id.split("/")[0]})
    else:
        account.require_write(chosen.repo_id)
    remote = read_remote(client, chosen.repo_id, chosen.branch)
    plan = make_plan(chosen, contents, remote)
    check_tag(client, plan)
    return Prepared(client, contents, plan)


def _valid(repo_id: str) -> str:
    try:
        validate_repo_id(repo_id)
        if repo_id.count("/") == 1:
            return repo_id
        reason = "it has no namespace"
    except HFValidationError as error:
        reason = str(error).splitlines()[0]
    raise Misuse(f"expected --repo-id NAMESPACE/NAME, found {repo_id!r}: {reason}")


def publish(
    prepared: Prepared,
    notify: Notify,
    show: Callable[[Report], None],
    *,
    dry_run: bool = False,
    static: bool = False,
    interpreter: FreshInterpreter | None = None,
) -> Outcome | None:
    """Check the folder, then commit, verify and pin.

    Args:
        notify: called with a line of progress.
        show: called with the report of the check.
        dry_run: stop after the check; returns None.
        static: check by reading alone. The verification runs the model in any case.
        interpreter: a fresh one that may ask the Hub, for callers that publish much; None for one of its own.

    Raises:
        NotReady: the check found errors.
        Problem: something went wrong later; the message says what the Hub holds.
    """
    client, contents, plan = prepared.client, prepared.contents, prepared.plan
    if not dry_run:
        plan.check_permission()
    private = plan.remote.private if plan.remote.exists else plan.options.private
    with ExitStack() as stack:
        if interpreter is None:
            interpreter = stack.enter_context(stranger(client.token if private else None, contents))
        interpreter.start()
        _pass_the_check(prepared, notify, show, static, interpreter)
        if dry_run:
            return None
        notify("loading the folder")
        with reference_of(contents, interpreter) as reference:
            return Publisher(client, contents, plan, notify).run(interpreter, reference)


def _pass_the_check(
    prepared: Prepared, notify: Notify, show: Callable[[Report], None], static: bool, interpreter: FreshInterpreter
) -> None:
    contents = prepared.contents
    report = check_contents(contents, prepared.plan.options.repo_id, interpreter, notify, static)
    show(report)
    if not report.ready:
        errors = f"{report.count('error')} error{'s' * (report.count('error') != 1)}"
        raise NotReady(
            f"{contents.folder} has {errors}: nothing was sent. Repair what is listed, or see what a machine can: "
            f"python -m scripts.check_repo {contents.folder} --fix"
        )
    require_license(contents)
