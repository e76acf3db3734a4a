"""The check that every folder goes through before anything leaves."""

from dataclasses import replace

from ..check import Report, check_folder
from ..fresh import FreshInterpreter
from .contents import Contents
from .flow import Notify


def check_contents(
    contents: Contents, repo_id: str, interpreter: FreshInterpreter, notify: Notify, static: bool
) -> Report:
    """check_repo's report on a folder, without what it says of files that are never sent."""
    how = {"behaviour": not static, "repo_id": repo_id, "interpreter": interpreter, "notify": notify}
    report = check_folder(contents.folder, **how)
    sent = tuple(finding for finding in report.findings if finding.path not in set(contents.left_out))
    return replace(report, findings=sent)
