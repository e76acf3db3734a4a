"""The two ends of the command: the folder that is tried, and the files that tell what came of it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..check.target import resolve_target
from ..console import messages
from ..export_source import export_source
from ..finish import Options
from ..manifest import Manifest, read_manifest
from ..problems import Misuse, Problem
from ..source_model import main_auto_class
from ..staging import write_whole
from .picture import draw
from .report import markdown

# The fields that make the default architecture small, and have in it what is hard to load.
_TINY = Path("tests/rules/tiny.json")
_LABELS = ("cat", "dog", "eel")
_NAME = "compatibility"


def find_subject(target: str | None, trusted: bool, scratch: Path) -> Path:
    """The folder that was named or downloaded; without a name, this source tree's own model, made small.

    Raises:
        Misuse: there is no such repository, or it may hold code that nobody said to run.
    """
    if target is None:
        with messages.status("exporting this source tree's model"):
            return _export_small(read_manifest(), scratch)
    found = resolve_target(target, None, fix=False, run=not trusted)
    if not (found.folder / "config.json").is_file():
        raise Misuse(f"expected a repository with a config.json, found none in {target}")
    return found.folder.resolve()


def _export_small(manifest: Manifest, scratch: Path) -> Path:
    """A folder in `scratch`: random weights of a fixed seed, labels of its own."""
    tiny = manifest.root / _TINY
    fields = json.loads(tiny.read_text(encoding="utf-8")) if tiny.is_file() else {}
    small, labels = replace(manifest, config={**manifest.config, **fields}), None
    if main_auto_class(manifest).endswith("Classification"):
        labels = scratch / "labels.txt"
        labels.write_text("\n".join(_LABELS), encoding="utf-8")
    return export_source(manifest.config["model_type"], Options(scratch, "random", labels=labels), small).folder


def default_output(target: str | None, *, partial: bool) -> Path:
    """`results` is about this source tree alone, and about all versions: README and cards quote it."""
    if target is None:
        return Path(_NAME if partial else "results")
    return Path(f"{_NAME}-{Path(target).resolve().name}")


def write_results(summary: dict[str, Any], output: Path) -> list[str]:
    """Write the summary, the table and the pictures; returns their paths.

    Raises:
        Problem: the disk is full, or the place cannot be written.
    """
    texts = {"json": json.dumps(summary, indent=1) + "\n", "md": markdown(summary)}
    paths = {suffix: output / f"{_NAME}.{suffix}" for suffix in (*texts, "svg", "png")}
    try:
        for suffix, text in texts.items():
            write_whole(paths[suffix], text)
        draw(summary, [paths["svg"], paths["png"]])
    except OSError as error:
        raise Problem(
            f"{output} could not be written: {error}; free some space and run the same command again: what was tried "
            "is kept"
        ) from error
    return [str(path) for path in paths.values()]
