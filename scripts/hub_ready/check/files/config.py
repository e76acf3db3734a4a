"""config.json: that it is there, and what it says about the model as a whole."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from ..repository import Repository


@rule(
    summary="config.json is missing or cannot be read.",
    why="Every Auto class begins with it, on every version.",
    repair="Save the model with save_pretrained, which writes it.",
    bad="an empty folder",
    good='{"model_type": "my_model", "auto_map": {...}, ...}',
)
def config_readable(repository: Repository) -> Iterator[Finding]:
    if not repository.has("config.json"):
        yield Finding("there is no config.json")
    elif error := repository.json_error("config.json"):
        yield Finding(f"config.json cannot be used: {error[0]}", "config.json", error[1])
    elif not isinstance(repository.json("config.json"), dict):
        yield Finding("config.json must hold one JSON object", "config.json", 1)
