"""What the probe saw, as the rules read it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..model import Finding
from ..repository import Repository
from .phases import DOING


class NotRun(Exception):
    """A phase has no facts; the message says why. A rule lets it pass, and counts as skipped."""


@dataclass
class Facts:
    """Everything about one repository.

    Args:
        repository: what was looked at.
        outcomes: phase to its `facts`, its `error`, or the reason why it was `skipped`.
        deaths: phase to how the process ended in it, in words that follow "it".
        attempts: what the code was refused: `what` (network, process, write), `event`, `detail`, `stage`, `path`,
            `line`.
        changed: files of the repository that were changed, added or removed meanwhile.
        versions: of the libraries that ran.
    """

    repository: Repository
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    deaths: dict[str, str] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    def of(self, phase: str) -> dict[str, Any]:
        """The facts of a phase that went well.

        Raises:
            NotRun: it did not apply, failed, or was not reached.
        """
        outcome = self.outcomes.get(phase)
        if outcome is None:
            raise NotRun(f"{DOING[phase]} was not possible after what failed before")
        if "facts" not in outcome:
            raise NotRun(outcome.get("skipped") or f"{DOING[phase]} failed")
        return outcome["facts"]

    def failure(self, phase: str) -> Iterator[Finding]:
        """A finding when a phase ended with an exception.

        Raises:
            NotRun: it did not apply or was not reached.
        """
        outcome = self.outcomes.get(phase, {})
        if "error" in outcome:
            yield self.finding(f"{DOING[phase]} failed", outcome["error"])
        else:
            self.of(phase)

    def finding(self, prefix: str, error: dict[str, Any]) -> Finding:
        """An exception as a finding, at the line of the repository's code where that is known."""
        message = f"{prefix}: {error['type']}: {error['message']}".rstrip(": ")
        return Finding(message, *self.place(error))

    def place(self, seen: dict[str, Any]) -> tuple[str | None, int | None]:
        known = self.repository.has(str(seen.get("path")))
        return (seen["path"], seen["line"]) if known else (None, None)


def listed(names: dict[str, Any]) -> str:
    """The first few names of a list and how many there are beyond: "a, b and 3 more"."""
    more = names["count"] - len(names["names"])
    return ", ".join(names["names"]) + (f" and {more} more" if more else "")
