"""What `new_model --update` says."""

from ..console import messages, results
from ..manifest import ROOT
from ..problems import Problem
from .update import update


def run_update(template: str | None, revision: str) -> None:
    """Update this repository and say what was done.

    Raises:
        Misuse, Problem: see `update`; also for conflicts, which are left in the files, marked.
    """
    with messages.status("comparing the template then and now"):
        updated = update(ROOT, template, revision)
    if updated is None:
        results.print("nothing to do: this is the template's newest commit")
        return
    merge = updated.merge
    results.print(f"template {updated.before[:12]} to {updated.after[:12]}")
    for path in merge.write:
        if path not in merge.conflicts:
            results.print(f"  changed   {path}", markup=False)
    for path in merge.remove:
        results.print(f"  removed   {path}", markup=False)
    for path, reason in merge.kept.items():
        results.print(f"  left out  {path}: {reason}", markup=False)
    for path, reason in merge.conflicts.items():
        results.print(f"  conflict  {path}: {reason}", markup=False)
    if merge.conflicts:
        raise Problem(
            f"{len(merge.conflicts)} of the files above need your decision: edit them, run the tests, commit; "
            "or undo all of it: git reset --hard && git clean -d --force scripts tests"
        )
    results.print("Nothing is committed yet: look at git diff, run the tests, commit.")
