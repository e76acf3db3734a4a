"""The starters: each a folder under starters/ with a starter.json, found by looking."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scripts.hub_ready.manifest import ROOT, Manifest, read_manifest
from scripts.hub_ready.problems import Misuse, Problem

from .identifiers import Identifiers, identifiers_of

FOLDER = Path(__file__).with_name("starters")
# What every fork gets in place of, or beside, the template's files.
COMMON = FOLDER / "common"


@dataclass(frozen=True)
class Starter:
    """What a fork begins with.

    Attributes:
        name: of its folder.
        folder: its own files; they take the places of the template's.
        summary: one line for the command's help.
        leaves_out: patterns of the template's files that it does not take.
        yours: what an update leaves alone beside the package: paths, folders with a slash at their end.
    """

    name: str
    folder: Path
    summary: str
    leaves_out: tuple[str, ...]
    yours: tuple[str, ...]

    @cached_property
    def manifest(self) -> Manifest:
        """Its own manifest, or the template's when its code is the template's."""
        return read_manifest(self.folder if (self.folder / "config.json").is_file() else ROOT)

    @cached_property
    def identifiers(self) -> Identifiers:
        """What its manifest calls things."""
        return identifiers_of(self.manifest)


def starters(folder: Path = FOLDER) -> dict[str, Starter]:
    """Every starter by name."""
    found = {}
    for path in sorted(folder.glob("*/starter.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            lists = (tuple(said["leaves_out"]), tuple(said["yours"]))
            found[path.parent.name] = Starter(path.parent.name, path.parent, said["summary"], *lists)
        except (ValueError, KeyError, TypeError) as error:
            raise Problem(f"{path} must be an object with summary, leaves_out and yours, found: {error!r}") from error
    return found


def find_starter(name: str) -> Starter:
    """The starter of that name; Misuse with the names there are."""
    found = starters()
    if name not in found:
        raise Misuse(f"--starter: expected one of {', '.join(found)}, found {name!r}")
    return found[name]
