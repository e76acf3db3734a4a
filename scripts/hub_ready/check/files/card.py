"""README.md as a model card: its metadata."""

from collections.abc import Iterator
from typing import Any

import yaml

from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..tasks import TASKS, mapped_tasks

_CARD = "README.md"
_LISTS_OF_TEXT = ("tags", "datasets", "metrics", "language", "base_model", "license_name", "library_name", "license")


@rule(
    severity="warning",
    summary="There is no model card.",
    why="The Hub shows README.md first: without it nobody knows what the model is, what it may be used for and how.",
    repair="Write README.md, with license, library_name and pipeline_tag in its front matter.",
    bad="no README.md",
    good="README.md that begins with ---",
)
def card_present(repository: Repository) -> Iterator[Finding]:
    if not repository.has(_CARD):
        yield Finding("there is no README.md")


@rule(
    summary="The card's metadata is not valid.",
    why="The Hub refuses a push whose front matter is no YAML, or whose values are of the wrong kind.",
    repair="Repair the block between the two lines of --- at the top of README.md.",
    bad="tags: {vision}",
    good="tags: [vision]",
)
def card_valid(repository: Repository) -> Iterator[Finding]:
    metadata, problem = repository.card
    if repository.has(_CARD) and repository.text(_CARD) is None:
        problem = "it is not UTF-8 text"
    if problem:
        yield Finding(f"the metadata of README.md cannot be used: {problem}", _CARD, 1)
    for key in _LISTS_OF_TEXT:
        value = metadata.get(key)
        items = value if isinstance(value, list) else [value]
        if value is not None and not all(isinstance(item, str) for item in items):
            yield _at(repository, key, f"{key} must be text or a list of texts, found {value!r:.80}")
    if metadata.get("license") == "other" and not metadata.get("license_name"):
        yield _at(repository, "license", "license is other: license_name must say which")
    if "model-index" in metadata and (problem := _model_index_problem(metadata)):
        yield _at(repository, "model-index", f"model-index is not valid: {problem}")


def _at(repository: Repository, key: str, message: str) -> Finding:
    return Finding(message, _CARD, repository.line_of(_CARD, f"{key}:"))


def _model_index_problem(metadata: dict[str, Any]) -> str | None:
    from huggingface_hub.repocard_data import model_index_to_eval_results

    try:
        model_index_to_eval_results(metadata["model-index"])
    except Exception as error:  # whatever it trips over, the Hub trips over too
        return f"{type(error).__name__}: {str(error)[:100]}"
    return None


@rule(
    severity="warning",
    summary="The card's metadata lacks an entry that people search by.",
    why="Without license nobody may use the model; without library_name and pipeline_tag the Hub shows no way to.",
    repair="Add license; library_name and pipeline_tag follow from the auto_map.",
    bad="---\ntags: [vision]\n---",
    good="---\nlibrary_name: transformers\nlicense: apache-2.0\npipeline_tag: image-classification\n---",
)
def card_complete(repository: Repository) -> Iterator[Finding]:
    metadata, problem = repository.card
    if not repository.has(_CARD) or problem:
        return
    if not metadata.get("license"):
        yield Finding("the card names no license", _CARD, 1)
    for key, value in _derived(repository).items():
        if not metadata.get(key):
            yield Finding(f"the card lacks {key}: expected {value}", _CARD, 1)


def _derived(repository: Repository) -> dict[str, str]:
    """What the auto_map says about the card; no pipeline_tag where there are several tasks."""
    tags = {task.tag for task in mapped_tasks(repository).values()}
    derived = {"library_name": "transformers"} if repository.auto_map else {}
    return {**derived, "pipeline_tag": tags.pop()} if len(tags) == 1 else derived


@card_complete.fixer
def _complete(repository: Repository, edits) -> None:
    metadata, _ = repository.card
    missing = {key: value for key, value in _derived(repository).items() if not metadata.get(key)}
    text = edits.text(_CARD)
    if not missing:
        return
    lines = yaml.safe_dump(missing, sort_keys=True)
    # The author's own block stays as it is, comments and all.
    start, _, rest = text.lstrip().partition("\n")
    keeps = start.strip() == "---" and not any(f"\n{key}:" in f"\n{rest}" for key in missing)
    if keeps:
        edits.write(_CARD, f"---\n{lines}{rest}")
    elif start.strip() != "---":
        edits.write(_CARD, f"---\n{lines}---\n\n{text}")


@rule(
    severity="warning",
    summary="The card's pipeline_tag is for another task than the auto_map's.",
    why="The Hub's snippet and filters follow pipeline_tag: whoever copies the snippet gets an error.",
    repair="Set pipeline_tag to the task of the model with a head.",
    bad="pipeline_tag: text-classification  # of an AutoModelForImageClassification",
    good="pipeline_tag: image-classification",
)
def card_task(repository: Repository) -> Iterator[Finding]:
    metadata, _ = repository.card
    tag = metadata.get("pipeline_tag")
    expected = {task.tag for task in mapped_tasks(repository).values()}
    served = {task.tag for task in TASKS.values()}
    # Only a tag that some other Auto class serves can be wrong: the Hub has more tasks than transformers.
    if isinstance(tag, str) and expected and tag not in expected and tag in served:
        yield _at(
            repository, "pipeline_tag", f"pipeline_tag is {tag}: the auto_map is for {' or '.join(sorted(expected))}"
        )
