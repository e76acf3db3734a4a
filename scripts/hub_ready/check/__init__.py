"""Is this custom model repository ready for the Hub? Rules over its files, its code and its behaviour."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from ..fresh import FreshInterpreter
from .model import CheckError, Finding, Report, Rule, sort_key
from .registry import all_rules, choose_rules, find_rule
from .repository import Repository

__all__ = [
    "CheckError",
    "Finding",
    "Report",
    "Repository",
    "Rule",
    "all_rules",
    "check_folder",
    "choose_rules",
    "find_rule",
]


MAX_FINDINGS = 100  # of one rule: nobody reads more, and a hostile repository could have millions


def check_folder(
    folder: Path | str,
    *,
    behaviour: bool,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    interpreter: FreshInterpreter | None = None,
    repo_id: str | None = None,
    notify: Callable[[str], None] | None = None,
    timeout: float = 300.0,
) -> Report:
    """Check a flat, published folder.

    Args:
        folder: what would be pushed, or what was downloaded.
        behaviour: also load and run the model, in interpreters of its own. False executes nothing of the folder.
        select, ignore: ids, groups or patterns of rules, see `choose_rules`.
        interpreter: a fresh one to run the model in, for callers that check many; None for one of its own.
        repo_id: `namespace/name` under which the folder is, or will be, on the Hub; None leaves the name unchecked.
        notify: called with a line of progress.
        timeout: seconds that the behaviour rules may take together.

    Raises:
        CheckError: the folder does not exist or cannot be listed, or no rule is called like that.
    """
    folder = Path(folder)
    rules = choose_rules(select, ignore)
    repository = Repository(folder, repo_id)
    findings: list[Finding] = []
    for rule in rules:
        if rule.group != "behaviour":
            findings += run_rule(rule, repository)
    skipped = {}
    behaviour_rules = [rule for rule in rules if rule.group == "behaviour"]
    if behaviour and behaviour_rules:
        from .behaviour.runner import run_behaviour

        found, skipped = run_behaviour(
            repository,
            behaviour_rules,
            notify=notify or (lambda line: None),
            timeout=timeout,
            interpreter=interpreter,
        )
        findings += found
    elif behaviour_rules:
        skipped = {rule.id: "static check" for rule in behaviour_rules}
    ran = tuple(rule.id for rule in rules if rule.id not in skipped)
    return Report(repo_id or str(folder), tuple(sorted(set(findings), key=sort_key)), ran, skipped)


def run_rule(rule: Rule, repository: Repository) -> list[Finding]:
    """What one static rule finds. A rule that fails on hostile input says so instead of taking the others with it."""
    try:
        found = [rule.stamp(finding) for finding in islice(rule.check(repository), MAX_FINDINGS + 1)]
    except Exception as error:
        reason = f"the rule itself failed on this repository ({type(error).__name__}: {str(error)[:200]})"
        return [rule.stamp(Finding(f"{reason}; report this, and use --ignore {rule.id} until it is repaired"))]
    if len(found) > MAX_FINDINGS:
        found[-1] = rule.stamp(Finding(f"more than {MAX_FINDINGS} findings: the rest is not listed"))
    return found
