"""A model that takes more than pixels, or forgets a buffer, is proved, or a message says what is missing."""

import shutil
from pathlib import Path

import pytest

from scripts.hub_ready.fresh import JobFailed

from .conftest import Export

MODELING = "my_net_model/modeling_my_net.py"
DUMMY = """
    @property
    def dummy_inputs(self):
        return {"pixel_values": torch.rand(2, 3, 64, 64), "weather": torch.arange(2.0)}

    def get_input_embeddings("""


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


def test_dummy_inputs_feed_what_the_processor_does_not_give(fork: Path, export: Export) -> None:
    with_weather(fork, ("    def get_input_embeddings(", DUMMY.removeprefix("\n")))
    assert (export(fork) / "preprocessor_config.json").is_file()


def test_a_forward_that_nobody_can_feed_is_a_problem_that_asks_for_dummy_inputs(fork: Path, export: Export) -> None:
    with_weather(fork)
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
