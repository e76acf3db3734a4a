"""Good repositories are good on other versions too."""

from collections.abc import Iterator

import pytest

from scripts.hub_ready.check import Repository
from scripts.hub_ready.check.behaviour.runner import run_behaviour
from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter

from ..versions.environments import python_of
from .conftest import Make
from .good import GOOD
from .test_behaviour import RULES, said

pytestmark = pytest.mark.versions


@pytest.fixture(scope="module", params=["4.44.2", "4.57.6", "5.0.0"])
def consumer(request: pytest.FixtureRequest) -> Iterator[FreshInterpreter]:
    with FreshInterpreter((*LIBRARIES, "timm"), python=python_of(request.param)) as fresh:
        yield fresh


@pytest.mark.parametrize("name", GOOD)
def test_a_good_repository_has_no_findings_there(name: str, make: Make, consumer: FreshInterpreter):
    findings, skipped = run_behaviour(Repository(make(name)), RULES, interpreter=consumer)

    assert said(findings) == []
    assert not {"model-loads", "batch-independent", "save-fixed-point", "pickles"} & skipped.keys()
