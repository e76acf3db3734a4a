"""What a check is made of: a rule, what it finds, and the report of a whole run."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..problems import Misuse

Group = Literal["files", "code", "behaviour"]
Severity = Literal["error", "warning"]
SCHEMA = 1


class CheckError(Misuse):
    """The check could not run: no such folder, no such rule. The message says what to do instead."""


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken.

    A rule yields it with message, path and line only; `rule` and `severity` are filled in by whoever runs the rule.

    Args:
        message: what was found and what was expected, in one sentence.
        path: file, relative to the repository, with forward slashes; None when it is the repository as a whole.
        line: 1-based line in that file, if there is one.
    """

    message: str
    path: str | None = None
    line: int | None = None
    rule: str = ""
    severity: Severity = "error"

    @property
    def place(self) -> str:
        """`file:line`, as much of it as is known."""
        return "." if self.path is None else f"{self.path}:{self.line}" if self.line else self.path


@dataclass
class Rule:
    """A rule that a machine can check, and everything that an author needs in order to act on it.

    Args:
        id: stable name, such as `auto-map-complete`.
        group: `files` and `code` rules read, `behaviour` rules run the model.
        severity: an `error` makes the repository unfit for the Hub, a `warning` does not.
        summary: one sentence of what is wrong when the rule is broken.
        why: whom it hurts, on which versions.
        repair: what to do about it.
        bad: an example that breaks the rule.
        good: the same, repaired.
        check: called with a `Repository` (`files`, `code`), yields findings; how a `behaviour` rule is called is up
            to `behaviour.runner`.
        fix: called with a `Repository` and the pending `Edits`; None where a machine should not repair.
    """

    id: str
    group: Group
    severity: Severity
    summary: str
    why: str
    repair: str
    bad: str
    good: str
    check: Callable[..., Iterable[Finding]]
    fix: Callable[..., None] | None = field(default=None)

    def fixer(self, function: Callable[..., None]) -> Callable[..., None]:
        """Decorator: `function(repository, edits)` repairs what this rule finds."""
        self.fix = function
        return function

    def stamp(self, finding: Finding) -> Finding:
        """The finding with this rule's name and severity."""
        return replace(finding, rule=self.id, severity=self.severity)


@dataclass(frozen=True)
class Report:
    """The outcome of a run.

    Args:
        repository: what was checked, as the caller named it.
        findings: errors first, then by file and line.
        rules: ids of the rules that ran.
        skipped: id of a rule that did not run, and the reason.
    """

    repository: str
    findings: tuple[Finding, ...]
    rules: tuple[str, ...]
    skipped: dict[str, str]

    @property
    def ready(self) -> bool:
        """No finding of severity error."""
        return not self.count("error")

    @property
    def verdict(self) -> str:
        """One line for a person."""
        errors, warnings = self.count("error"), self.count("warning")
        counts = f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
        return f"{'ready' if self.ready else 'not ready'} for the Hub: {counts} ({len(self.rules)} rules)"

    def count(self, severity: Severity) -> int:
        return sum(finding.severity == severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values.

        Returns:
            `schema` (1), `repository`, `ready` (bool), `verdict` (text), `counts` {error, warning}, `rules` [id],
            `skipped` {id: reason}, `findings` [{rule, severity, message, path or null, line or null}].
        """
        findings = [
            {"rule": f.rule, "severity": f.severity, "message": f.message, "path": f.path, "line": f.line}
            for f in self.findings
        ]
        counts = {"error": self.count("error"), "warning": self.count("warning")}
        return {
            "schema": SCHEMA,
            "repository": self.repository,
            "ready": self.ready,
            "verdict": self.verdict,
            "counts": counts,
            "rules": list(self.rules),
            "skipped": dict(self.skipped),
            "findings": findings,
        }

    def to_json(self) -> str:
        """`to_dict` as text; characters that no encoding can carry are escaped."""
        return json.dumps(self.to_dict(), indent=2)


def sort_key(finding: Finding) -> tuple:
    """Errors first, then by place, so that a report reads from top to bottom of each file."""
    return (finding.severity != "error", finding.path or "", finding.line or 0, finding.rule, finding.message)
