"""The check that every folder goes through before anything leaves."""

from dataclasses import replace

from huggingface_hub.repocard import metadata_load

from ..check import Report, check_folder
from ..fresh import FreshInterpreter
from ..problems import Problem
from .contents import CARD, Contents
from .flow import Notify


def check_contents(
    contents: Contents, repo_id: str, interpreter: FreshInterpreter, notify: Notify, static: bool
) -> Report:
    """check_repo's report on a folder, without what it says of files that are never sent."""
    how = {"behaviour": not static, "repo_id": repo_id, "interpreter": interpreter, "notify": notify}
    report = check_folder(contents.folder, **how)
    sent = tuple(finding for finding in report.findings if finding.path not in set(contents.left_out))
    return replace(report, findings=sent)


def require_license(contents: Contents) -> None:
    """Raises Problem for a card without a license: a warning elsewhere, too late once published."""
    card = contents.sent.get(CARD)
    if card is None or not (metadata_load(card.place) or {}).get("license"):
        raise Problem(
            f"{contents.folder / CARD} names no license, without which nobody may use the model: nothing was sent. "
            "Add a line such as `license: apache-2.0` between the two lines of --- at its head"
        )
