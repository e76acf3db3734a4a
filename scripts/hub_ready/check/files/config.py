"""config.json: that it is there, and what it says about the model as a whole."""

import re
from collections.abc import Iterator
from typing import Any

from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..tasks import mapped_tasks

_CONFIG = "config.json"
_PRIVATE = re.compile(r"^(/(home|Users|root|mnt|data|workspace|content|kaggle|scratch)/|[A-Za-z]:\\)")


def _at(repository: Repository, key: str, message: str) -> Finding:
    return Finding(message, _CONFIG, repository.line_of(_CONFIG, f'"{key}"'))


@rule(
    summary="config.json is missing or cannot be read.",
    why="Every Auto class begins with it, on every version.",
    repair="Save the model with save_pretrained, which writes it.",
    bad="an empty folder",
    good='{"model_type": "my_model", "auto_map": {...}, ...}',
)
def config_readable(repository: Repository) -> Iterator[Finding]:
    if not repository.has(_CONFIG):
        yield Finding("there is no config.json")
    elif error := repository.json_error(_CONFIG):
        yield Finding(f"config.json cannot be used: {error[0]}", _CONFIG, error[1])
    elif not isinstance(repository.json(_CONFIG), dict):
        yield Finding("config.json must hold one JSON object", _CONFIG, 1)


@rule(
    severity="warning",
    summary="config.json names a folder of the machine that saved it.",
    why="It tells strangers about that machine, and leads nobody to the model.",
    repair="Remove the entry.",
    bad='"_name_or_path": "/home/me/experiments/final2"',
    good='"_name_or_path": "someone/model"  # or no such key',
)
def config_private_path(repository: Repository) -> Iterator[Finding]:
    for key, value in repository.config.items():
        if isinstance(value, str) and _PRIVATE.match(value):
            yield _at(repository, key, f"{key} is a path on the machine that saved it: {value[:80]}")


@config_private_path.fixer
def _remove_path(repository: Repository, edits) -> None:
    config = edits.json(_CONFIG)
    if _PRIVATE.match(str(config.get("_name_or_path", ""))):
        del config["_name_or_path"]
        edits.write_json(_CONFIG, config)


@rule(
    summary="id2label does not name the classes 0 to n - 1, or label2id is not its inverse.",
    why="The pipeline looks every class up in id2label and dies with a KeyError on the first that is missing.",
    repair="Write one name for each class, and label2id as the inverse.",
    bad='"num_labels": 3, "id2label": {"0": "cat", "1": "dog"}',
    good='"id2label": {"0": "cat", "1": "dog", "2": "hen"}',
)
def labels_complete(repository: Repository) -> Iterator[Finding]:
    ids = _ids(repository.config)
    if "id2label" in repository.config and ids is None:
        yield _at(repository, "id2label", "id2label must be an object from class numbers to names")
    if ids is None:
        return
    if sorted(ids) != list(range(len(ids))):
        yield _at(repository, "id2label", f"id2label has {len(ids)} names: expected the numbers 0 to {len(ids) - 1}")
    label2id = repository.config.get("label2id")
    # Two classes of one name have no inverse; ImageNet has such a pair.
    unique = len(set(ids.values())) == len(ids)
    if unique and label2id is not None and label2id != {name: number for number, name in ids.items()}:
        yield _at(repository, "label2id", "label2id is not the inverse of id2label")
    for key in ("num_labels", "num_classes"):
        count = repository.config.get(key)
        if type(count) is int and count != len(ids) and mapped_tasks(repository):
            yield _at(repository, key, f"{key} is {count}, and id2label names {len(ids)} classes")


def _ids(config: dict[str, Any]) -> dict[int, str] | None:
    """id2label with numbers as keys; None when it is absent or not of that kind."""
    found = config.get("id2label")
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        return None
    keys = [key for key in found if re.fullmatch(r"\d{1,9}", key)]
    return {int(key): found[key] for key in keys} if len(keys) == len(found) else None


@labels_complete.fixer
def _complete_labels(repository: Repository, edits) -> None:
    """The missing inverse, and default names for classes that have none. A name too many is the author's to judge."""
    config, ids = edits.json(_CONFIG), _ids(repository.config)
    counts = {config[key] for key in ("num_labels", "num_classes") if type(config.get(key)) is int}
    if ids is None or len(counts) > 1:
        return
    count = counts.pop() if counts else len(ids)
    if count > 100_000 or not all(number < count for number in ids):
        return
    names = {number: ids.get(number, f"LABEL_{number}") for number in range(count)}
    config["id2label"] = {str(number): name for number, name in names.items()}
    config["label2id"] = {name: number for number, name in names.items()}
    edits.write_json(_CONFIG, config)
