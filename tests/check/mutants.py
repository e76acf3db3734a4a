"""Good repositories changed in the one way that a rule forbids."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .repositories import GOOD, Files, as_json

Change = Callable[[Files], None]
CONFIGURATION, MODELING = "configuration_tiny.py", "modeling_tiny.py"


@dataclass(frozen=True)
class Mutant:
    """`change` makes of a good repository one that breaks `rule`, and at most the kin of it that are named."""

    rule: str
    name: str
    change: Change
    of: str = "vision"
    kin: frozenset[str] = field(default=frozenset())
    repo_id: str = "someone/tiny"

    def files(self) -> Files:
        files = GOOD[self.of]()
        before = dict(files)
        self.change(files)
        assert files != before, f"{self.name} changes nothing"
        return files


def sub(path: str, old: str, new: str) -> Change:
    """Replace a piece of a file."""

    def change(files: Files) -> None:
        assert old in files[path], (path, old)
        files[path] = files[path].replace(old, new, 1)

    return change


def put(path: str, content: str | bytes) -> Change:
    return lambda files: files.__setitem__(path, content)


def drop(*paths: str) -> Change:
    def change(files: Files) -> None:
        for path in paths:
            del files[path]

    return change


def append(path: str, content: str) -> Change:
    return lambda files: files.__setitem__(path, files[path] + content)


def entry(path: str, *keys: str, value: Any) -> Change:
    """Set an entry of a JSON file; a value of None removes it."""

    def change(files: Files) -> None:
        whole = json.loads(files[path])
        inner = whole
        for key in keys[:-1]:
            inner = inner[key]
        inner.pop(keys[-1], None) if value is None else inner.__setitem__(keys[-1], value)
        files[path] = as_json(whole)

    return change


def both(*changes: Change) -> Change:
    def change(files: Files) -> None:
        for one in changes:
            one(files)

    return change


def move(old: str, new: str) -> Change:
    return lambda files: files.__setitem__(new, files.pop(old))


def in_init(line: str) -> Change:
    """A line in the __init__ of the body, before post_init."""
    return sub(MODELING, "        self.stem =", f"        {line}\n        self.stem =")


def in_block(line: str) -> Change:
    return sub(MODELING, "        self.conv =", f"        {line}\n        self.conv =")


def in_weights(line: str) -> Change:
    """A line in _init_weights, in the branch of convolutions."""
    return sub(MODELING, "            nn.init.normal_(module.weight, std=0.02)", f"            {line}")


def in_config(line: str) -> Change:
    return sub(CONFIGURATION, "        self.depth = depth", f"        {line}")


def mutant(
    rule: str, name: str, change: Change, *kin: str, of: str = "vision", repo_id: str = "someone/tiny"
) -> Mutant:
    return Mutant(rule, name, change, of, frozenset(kin), repo_id)
