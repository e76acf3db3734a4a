"""What all tests share."""

from collections.abc import Iterator

import pytest

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter


@pytest.fixture(scope="session")
def interpreter() -> Iterator[FreshInterpreter]:
    """A stranger: every job starts from imported libraries, an empty cache and nothing registered."""
    with FreshInterpreter((*LIBRARIES, "timm")) as fresh:
        fresh.start()
        yield fresh
