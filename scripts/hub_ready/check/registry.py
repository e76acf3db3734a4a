"""Rules register themselves: a module in `files/`, `code/` or `behaviour/` is all that it takes to add one."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cache
from textwrap import dedent

from .model import CheckError, Finding, Rule, Severity

GROUPS = ("files", "code", "behaviour")
_RULES: dict[str, Rule] = {}


def rule(
    *, severity: Severity = "error", summary: str, why: str, repair: str, bad: str, good: str, name: str | None = None
) -> Callable[[Callable[..., Iterable[Finding]]], Rule]:
    """Decorator that makes a function a rule.

    The id is the function's name with hyphens, or `name`; the group is the package that the function is written in.
    The other arguments are those of `Rule`.

    Raises:
        ValueError: two rules of one id.
    """

    def register(check: Callable[..., Iterable[Finding]]) -> Rule:
        rule_id = name or check.__name__.strip("_").replace("_", "-")
        if rule_id in _RULES:
            raise ValueError(f"two rules are called {rule_id}: give one of them another name")
        group = next((part for part in reversed(check.__module__.split(".")) if part in GROUPS), GROUPS[1])
        texts = {"summary": summary, "why": why, "repair": repair}
        texts = {key: " ".join(text.split()) for key, text in texts.items()}
        made = Rule(rule_id, group, severity, **texts, bad=dedent(bad).strip(), good=dedent(good).strip(), check=check)
        _RULES[rule_id] = made
        return made

    return register


@cache
def _discover() -> None:
    package = __package__
    for group in GROUPS:
        found = importlib.import_module(f"{package}.{group}")
        for module in pkgutil.iter_modules(found.__path__):
            importlib.import_module(f"{package}.{group}.{module.name}")


def all_rules() -> list[Rule]:
    """Every rule, by group and then by id."""
    _discover()
    return sorted(_RULES.values(), key=lambda rule: (GROUPS.index(rule.group), rule.id))


def find_rule(rule_id: str) -> Rule:
    """The rule of that id.

    Raises:
        CheckError: there is none.
    """
    _discover()
    if rule_id not in _RULES:
        raise CheckError(f"no rule is called {rule_id!r}; --list-rules names them all")
    return _RULES[rule_id]


def choose_rules(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> list[Rule]:
    """The rules that are selected (all, when nothing is) and not ignored.

    Args:
        select, ignore: ids, groups (`files`, `code`, `behaviour`) or patterns such as `auto-map-*`.

    Raises:
        CheckError: an entry that matches no rule.
    """
    rules = all_rules()
    chosen = _matching(rules, select) if select else {rule.id for rule in rules}
    chosen -= _matching(rules, ignore)
    return [rule for rule in rules if rule.id in chosen]


def _matching(rules: list[Rule], patterns: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        hits = {rule.id for rule in rules if pattern == rule.group or fnmatchcase(rule.id, pattern)}
        if not hits:
            raise CheckError(f"no rule or group matches {pattern!r}; --list-rules names them all")
        found |= hits
    return found
