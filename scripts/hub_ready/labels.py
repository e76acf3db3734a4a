"""Names of classes."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from .problems import Misuse


def numbered(labels: Sequence[str]) -> dict[int, str]:
    """Class index to name; a name that stands for several classes is told apart by its index.

    Two classes of one name would leave label2id with fewer entries than there are classes.
    """
    count = Counter(labels)
    return {i: f"{label} ({i})" if count[label] > 1 else label for i, label in enumerate(labels)}


def read_labels(path: Path, count: int | None = None) -> dict[int, str]:
    """Read one name a line, a JSON list, or a JSON object from index to name or from name to index.

    Raises:
        Misuse: the file cannot be read, names nothing, or does not name `count` classes, if there is a count.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        names = json.loads(text) if path.suffix == ".json" else [line for line in text.splitlines() if line.strip()]
        if isinstance(names, dict):
            by_name = all(isinstance(value, int) for value in names.values())
            numbers = {int(i): name for name, i in names.items()} if by_name else {int(i): n for i, n in names.items()}
            names = [numbers[i] for i in range(len(names))]
    except (OSError, ValueError, KeyError) as error:
        raise Misuse(f"--labels: expected one name a line or JSON, found {path}: {error!r}") from error
    if not isinstance(names, list) or not names:
        raise Misuse(f"--labels: expected the names of classes, found none in {path}")
    if count not in (None, len(names)):
        raise Misuse(f"--labels: the model has {count} classes, {path} names {len(names)}")
    return numbered([str(name).strip() for name in names])
