"""A model that takes more than pixels, or forgets a buffer, is proved, or a message says what is missing."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from scripts.hub_ready.fresh import JobFailed

from .conftest import Export, Inside

MODELING = "my_net_model/modeling_my_net.py"
DUMMY = """    @property
    def dummy_inputs(self):
        return {"pixel_values": torch.rand(2, 3, 64, 64), "weather": torch.arange(2.0)}

    def get_input_embeddings("""
FED = ("    def get_input_embeddings(", DUMMY)


@pytest.fixture
def fork(vision_fork: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(vision_fork, tmp_path / "fork"))


def edit(fork: Path, *pairs: tuple[str, str]) -> None:
    text = (fork / MODELING).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (fork / MODELING).write_text(text)


CLASSIFIED = "self.classifier(self._encode(pixel_values)[1])"


def with_weather(fork: Path, *pairs: tuple[str, str]) -> None:
    """The classifier takes a second input, the body does not."""
    edit(
        fork,
        ("pixel_values: Tensor, labels: Optional", "pixel_values: Tensor, weather: Tensor, labels: Optional"),
        (
            "self.classifier(self._encode(pixel_values)[1])",
            "self.classifier(self._encode(pixel_values)[1] + weather[:, None])",
        ),
        *pairs,
    )


def without_classifier(fork: Path, *pairs: tuple[str, str]) -> None:
    """The body alone, which takes a second input."""
    edit(
        fork,
        ("pixel_values: Tensor, return_dict", "pixel_values: Tensor, weather: Tensor, return_dict"),
        ("        output = BaseModel", "        pooled = pooled + weather[:, None]\n        output = BaseModel"),
        *pairs,
    )
    modeling, package, manifest = fork / MODELING, fork / "my_net_model/__init__.py", fork / "config.json"
    modeling.write_text(modeling.read_text().split("\n\nclass MyNetModelForImageClassification")[0])
    package.write_text(re.sub(r'(, |    ")MyNetModelForImageClassification(",)?', "", package.read_text()))
    settings = json.loads(manifest.read_text())
    del settings["auto_map"]["AutoModelForImageClassification"]
    manifest.write_text(json.dumps({**settings, "architectures": ["MyNetModel"]}))


def test_a_body_with_a_second_input_is_exported_and_its_card_s_code_runs(
    fork: Path, inside: Inside, tmp_path: Path
) -> None:
    without_classifier(fork, FED)
    command = [sys.executable, "-m", "scripts.export_model", "body", "--weights", "random"]
    ends = subprocess.run(command, cwd=fork, capture_output=True, text=True)
    assert ends.returncode == 0, ends.stderr
    Image.new("RGB", (80, 60), "red").save(tmp_path / "image.jpg")
    card = (fork / "exports/body/README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    given = {"your-namespace/body": fork / "exports/body", "image.jpg": tmp_path / "image.jpg"}
    for name, place in given.items():
        code = code.replace(name, str(place))
    assert "pooler_output" in inside("run_code", code=code.replace("= ...", "= torch.zeros(1)"))


def test_a_classifier_that_its_pipeline_cannot_feed_is_refused(fork: Path, export: Export) -> None:
    with_weather(fork, FED)
    with pytest.raises(
        JobFailed, match=r"needs weather beside pixel_values.* image-classification pipeline .* give it a default"
    ):
        export(fork)


def test_a_forward_that_nobody_can_feed_is_a_problem_that_asks_for_dummy_inputs(fork: Path, export: Export) -> None:
    without_classifier(fork)
    with pytest.raises(JobFailed, match=r"Problem: .*forward needs weather, .* define dummy_inputs"):
        export(fork)


def test_a_forward_that_fails_is_a_problem_that_names_the_line(fork: Path, export: Export) -> None:
    edit(fork, ("self.norm(self.stages(pixel_values))", "self.norm(self.stages(pixel_values[0, 0, 0]))"))
    with pytest.raises(JobFailed, match=r"Problem: .*forward fails on pixel_values .*modeling_my_net\.py:\d+"):
        export(fork)


def test_a_buffer_that_a_load_does_not_fill_is_named(fork: Path, export: Export) -> None:
    scale = 'self.register_buffer("scale", torch.linspace(1, 2, widths[-1])[:, None, None], persistent=False)'
    edit(
        fork,
        ("        self.num_features =", f"        {scale}\n        self.num_features ="),
        ("self.norm(self.stages(pixel_values))", "self.scale * self.norm(self.stages(pixel_values))"),
    )
    export(fork, wrong=(r"AutoModel: buffer network\.scale: .* `_init_weights` must fill it",))
