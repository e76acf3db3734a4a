"""One export of this source tree's own model, from its manifest to a folder that was proved."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers.utils import logging

from .card import render_card
from .check.gate import demand_no_findings
from .export import export
from .fresh import FreshInterpreter
from .labels import read_labels
from .manifest import Manifest
from .problems import Misuse
from .proof import prove
from .source_card import card_data, card_facts
from .source_model import load_source, reference_of
from .staging import check_target, staged
from .weights import check_written, checksums


@dataclass(frozen=True)
class Options:
    """How to export: see the command `export_model`, whose options these are."""

    weights: str = "random"
    seed: int = 0
    overwrite: bool = False
    labels: Path | None = None
    license: str | None = None


@dataclass(frozen=True)
class Exported:
    """What an export came to: its folder, how it is loaded, its size and the versions that proved it."""

    folder: Path
    auto_class: str
    parameters: int
    bytes: int
    sha256: dict[str, str]
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """JSON values; `parity` is "equal", since nothing else becomes a folder."""
        return {**asdict(self), "folder": str(self.folder), "parity": "equal"}


def repository_name(name: str) -> str:
    """The name itself; Misuse when some version of the loader or the Hub cannot take it."""
    if re.fullmatch(r"[A-Za-z0-9]+([-_][A-Za-z0-9]+|_+[A-Za-z0-9]+)*", name) and len(name) <= 96:
        return name
    near = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_-]+", "-", name)).strip("-_") or "my-model"
    raise Misuse(f"NAME: expected letters, digits, single hyphens and underscores, found {name!r}; try {near[:96]}")


def export_source(manifest: Manifest, target: Path, options: Options) -> Exported:
    """Write `target`, proved before it appears.

    Raises:
        Misuse: the target exists, or a file that was named does not.
        Problem: weights that do not fit, a disk that is full, or a proof that failed.
    """
    check_target(target, options.overwrite)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    id2label = read_labels(options.labels) if options.labels else None
    with staged(target, options.overwrite) as folder, FreshInterpreter() as interpreter:
        interpreter.start()
        source = load_source(manifest, options.weights, options.seed, id2label)
        front = card_data(source, manifest, options.license)
        reference = reference_of(source, manifest)
        export(source.model, [source.processor], manifest, folder)
        check_written(source.model.state_dict(), folder)
        sha256, versions = checksums(folder), prove(folder, reference, interpreter)
        card = render_card(front, card_facts(source, manifest, target.name, sha256))
        (folder / "README.md").write_text(card, encoding="utf-8")
        demand_no_findings(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
    return Exported(target, source.auto_class, source.model.num_parameters(), size, sha256, versions)
