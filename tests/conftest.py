"""What all tests share."""

import os
from collections.abc import Iterator

import pytest

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter

# Before torch is imported, here and in every process that a test starts: the tests share the cores already.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def interpreter() -> Iterator[FreshInterpreter]:
    """A stranger: every job starts from imported libraries, an empty cache and nothing registered."""
    with FreshInterpreter((*LIBRARIES, "timm")) as fresh:
        fresh.start()
        yield fresh
