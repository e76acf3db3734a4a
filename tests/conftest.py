"""What all tests share."""

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
