"""What `new_model --update` says."""

import shlex

from ..console import messages, results
from ..interrupts import too_late
from ..manifest import ROOT
from ..problems import Problem
from .apply import apply
from .merge import Merge
from .update import find_update


def run_update(template: str | None, revision: str | None) -> None:
    """Update this repository and say what was done.

    Raises:
        Misuse, Problem: see `find_update` and `apply`; also for conflicts, which are left in the files, marked.
    """
    with messages.status("comparing the template then and now"):
        update = find_update(ROOT, template, revision)
    if update is None:
        results.print("nothing to do: this is the template's newest commit")
        return
    # An instant: what is begun is finished, and what is finished is said.
    with too_late():
        apply(update.merge, ROOT)
        results.print(f"template {update.before[:12]} to {update.after[:12]}")
        _say(update.merge)


def _say(merge: Merge) -> None:
    for path in merge.write:
        if path not in merge.conflicts:
            results.print(f"  {'new' if path in merge.new else 'changed':<8}  {path}", markup=False)
    for path in merge.remove:
        results.print(f"  removed   {path}", markup=False)
    for path, reason in merge.kept.items():
        results.print(f"  left out  {path}: {reason}", markup=False)
    for path, reason in merge.conflicts.items():
        results.print(f"  conflict  {path}: {reason}", markup=False)
    if merge.conflicts:
        raise Problem(
            f"{len(merge.conflicts)} of the files above need your decision: edit them, run the tests, commit; "
            f"or undo all of it: {_undo(merge)}"
        )
    results.print("Nothing is committed yet: look at git status and git diff, run the tests, commit.")


def _undo(merge: Merge) -> str:
    """The commands after which everything is as it was; they touch nothing but what the update did."""
    added = f" && rm -f -- {shlex.join(sorted(merge.new))}" if merge.new else ""
    return f"git reset --hard{added}"
