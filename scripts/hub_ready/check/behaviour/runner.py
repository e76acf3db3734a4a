"""Runs the behaviour rules of one repository."""

from collections.abc import Callable

from ...fresh import LIBRARIES, FreshInterpreter
from ..model import Finding, Rule
from ..repository import Repository
from .collect import Limits, collect
from .facts import Facts, NotRun
from .phases import PHASES


def run_behaviour(
    repository: Repository,
    rules: list[Rule],
    *,
    notify: Callable[[str], None] = lambda line: None,
    timeout: float = Limits.total,
    interpreter: FreshInterpreter | None = None,
    limits: Limits | None = None,
) -> tuple[list[Finding], dict[str, str]]:
    """Load and run the model once, and let every rule judge what was seen.

    Args:
        repository: a folder whose code may be run.
        rules: of the group `behaviour`; each is called with the `Facts`.
        notify: called with a line of progress.
        timeout: seconds for everything.
        interpreter: one to share; None for one of its own.
        limits: replaces those that `timeout` implies.

    Returns:
        What they found, and for each rule that did not run, its id and the reason.
    """
    limits = limits or Limits(total=timeout)
    if interpreter is not None:
        return judge(collect(repository, list(PHASES), interpreter, limits, notify), rules)
    with FreshInterpreter(LIBRARIES) as interpreter:
        return judge(collect(repository, list(PHASES), interpreter, limits, notify), rules)


def judge(facts: Facts, rules: list[Rule]) -> tuple[list[Finding], dict[str, str]]:
    """What rules find in facts, and why each of the others did not run."""
    findings, skipped = [], {}
    for rule in rules:
        found: list[Finding] = []
        try:
            found.extend(rule.stamp(finding) for finding in rule.check(facts))
        except NotRun as reason:
            if not found:
                skipped[rule.id] = str(reason)
        findings += found
    return findings, skipped
