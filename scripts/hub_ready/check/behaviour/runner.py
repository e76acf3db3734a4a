"""Runs the behaviour rules of one repository."""

from collections.abc import Callable
from typing import Any

from ..model import Finding, Rule
from ..repository import Repository


def run_behaviour(
    repository: Repository, rules: list[Rule], *, example: Any, notify: Callable[[str], None], timeout: float
) -> tuple[list[Finding], dict[str, str]]:
    """Run the rules.

    Returns:
        What they found, and for each rule that did not run, its id and the reason.
    """
    return [], {rule.id: "not implemented" for rule in rules}
