"""The pipeline that is tried is one that the repository's processors can feed."""

import json
from pathlib import Path
from typing import Any

from scripts.hub_ready.fresh import JOBS, FreshInterpreter
from tests.check.repositories import Files, as_json

from .conftest import Make
from .good import vision

MODELING = "modeling_tiny.py"


def body_alone() -> Files:
    """The good model of images without its classification class."""
    config = json.loads(vision()["config.json"])
    del config["auto_map"]["AutoModelForImageClassification"]
    return {"config.json": as_json({**config, "architectures": ["TinyModel"]})}


def published(folder: Path, interpreter: FreshInterpreter, results: Path) -> dict[str, Any]:
    """What a publication's verification sees in a folder."""
    nothing = {"revision": None, "expected": None, "snippet": None}
    given = {"name": str(folder), "folder": str(folder), "results": str(results), **nothing}
    return interpreter.run(JOBS / "load_published.py", given)


def test_a_body_without_a_head_is_tried_on_what_its_processor_takes(
    make: Make, interpreter: FreshInterpreter, tmp_path: Path
) -> None:
    found = published(make("vision", body_alone()), interpreter, tmp_path / "results")
    assert json.loads(found["pipeline"])["task"] == "image-feature-extraction"


def test_no_pipeline_is_tried_that_cannot_give_all_that_forward_needs(
    make: Make, interpreter: FreshInterpreter, tmp_path: Path
) -> None:
    code = vision()[MODELING].replace("def forward(self, pixel_values):", "def forward(self, pixel_values, weather):")
    fed = "{'pixel_values': torch.ones(2, 3, 32, 32), 'weather': torch.ones(2)}"
    fed = f"    @property\n    def dummy_inputs(self):\n        return {fed}\n\n    def get_input"
    folder = make("vision", {**body_alone(), MODELING: code.replace("    def get_input", fed)})
    found = published(folder, interpreter, tmp_path / "results")
    assert found["pipeline"] is None and list(found["words"]) == ["AutoModel"]
