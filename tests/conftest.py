"""What all tests share."""

import os
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.manifest import ROOT, requirement_lines

# Before torch is imported, here and in every process that a test starts: the tests share the cores already,
os.environ.setdefault("OMP_NUM_THREADS", "1")
# and MKL may not add in another order where a tensor of a mapped file begins at another address.
os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")


@pytest.fixture(scope="session")
def interpreter() -> Iterator[FreshInterpreter]:
    """A stranger: every job starts from imported libraries, an empty cache and nothing registered."""
    required = [Requirement(line).name for line in requirement_lines(ROOT / "requirements.txt")]
    with FreshInterpreter((*LIBRARIES, *required)) as fresh:
        fresh.start()
        yield fresh
