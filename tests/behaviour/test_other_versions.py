"""Good repositories are good on another version too: CONSUMER_PYTHON names the interpreter that has it.

CONSUMER_PYTHON=/path/to/environment/bin/python python -m pytest -m versions tests/behaviour
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.hub_ready.check import Repository
from scripts.hub_ready.check.behaviour.runner import run_behaviour
from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter

from .conftest import Make
from .good import GOOD
from .test_behaviour import RULES, said

pytestmark = [
    pytest.mark.versions,
    pytest.mark.skipif("CONSUMER_PYTHON" not in os.environ, reason="CONSUMER_PYTHON names no interpreter"),
]


@pytest.fixture(scope="module")
def consumer() -> Iterator[FreshInterpreter]:
    with FreshInterpreter((*LIBRARIES, "timm"), python=Path(os.environ["CONSUMER_PYTHON"])) as fresh:
        yield fresh


@pytest.mark.parametrize("name", GOOD)
def test_a_good_repository_has_no_findings_there(name: str, make: Make, consumer: FreshInterpreter):
    findings, skipped = run_behaviour(Repository(make(name)), RULES, interpreter=consumer)

    assert said(findings) == []
    assert not {"model-loads", "batch-independent", "save-fixed-point", "pickles"} & skipped.keys()
