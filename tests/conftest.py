"""What all tests share."""

import signal
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.manifest import ROOT, requirement_lines


@pytest.fixture(scope="session")
def interpreter() -> Iterator[FreshInterpreter]:
    """A stranger: every job starts from imported libraries, an empty cache and nothing registered."""
    required = [Requirement(line).name for line in requirement_lines(ROOT / "requirements.txt")]
    with FreshInterpreter((*LIBRARIES, *required)) as fresh:
        fresh.start()
        yield fresh


@pytest.fixture(autouse=True)
def handlers_of_signals() -> Iterator[None]:
    """Back where they were: a command that runs inside of a test sets its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
