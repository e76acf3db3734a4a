"""The end of every export: card, check and proof, and only then a folder."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData
from torch import Tensor

from .card import CardFacts, render_card
from .check.gate import demand_no_findings
from .fresh import FreshInterpreter
from .problems import Problem, together
from .proof import Reference, prove
from .weights import check_written, checksums


@dataclass(frozen=True)
class Options:
    """What the commands that write folders take.

    Attributes:
        output: folder for the repositories.
        weights: "random", a path, or what else the command knows.
        seed: of random weights.
        overwrite: replace a repository that exists.
        labels: file that names the classes, or None.
        license: identifier for the card; None takes it from where the weights come from.
    """

    output: Path
    weights: str
    seed: int = 0
    overwrite: bool = False
    labels: Path | None = None
    license: str | None = None


@dataclass(frozen=True)
class Exported:
    """What an export came to: `model` as asked for, its folder, its size and the versions that proved it."""

    model: str
    folder: Path
    auto_class: str
    parameters: int
    bytes: int
    sha256: dict[str, str]
    versions: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """JSON values; `parity` is "equal", since nothing else becomes a folder."""
        return {**asdict(self), "folder": str(self.folder), "parity": "equal"}


@dataclass(frozen=True)
class Original:
    """What was exported, as its author has it.

    Attributes:
        state: the tensors that the files must hold, by their names there.
        reference: the numbers that a stranger must get.
        card: front matter.
        facts: the card's body, given the sha256 of each weights file.
    """

    state: Mapping[str, Tensor]
    reference: Reference
    card: ModelCardData
    facts: Callable[[dict[str, str]], CardFacts]


def _complete(folder: Path, original: Original) -> dict[str, str]:
    """Write the card, and check what was written; sha256 of each weights file."""
    sha256 = checksums(folder)
    card = render_card(original.card, original.facts(sha256))
    (folder / "README.md").write_text(card, encoding="utf-8")
    check_written(original.state, folder)
    demand_no_findings(folder)
    return sha256


def finish(folder: Path, original: Original, interpreter: FreshInterpreter) -> tuple[dict[str, str], dict[str, str]]:
    """Write the card of an exported folder, check it, and prove it to a stranger.

    Returns:
        sha256 of each weights file, and the versions that ran.

    Raises:
        Problem: findings of the static check, a weight that is not the original's, or a number that differs.
    """
    with ThreadPoolExecutor(1) as meanwhile:
        # The stranger loads in another process, so hashing and reading files costs no time of its own.
        completed = meanwhile.submit(_complete, folder, original)
        try:
            versions = prove(folder, original.reference, interpreter)
        except Problem as problem:
            found = completed.exception()
            # The check often knows why a load went wrong.
            raise together([problem, found]) if isinstance(found, Problem) else problem from problem
        return completed.result(), versions


def size_of(folder: Path) -> int:
    """Bytes of the files of a flat folder."""
    return sum(path.stat().st_size for path in folder.iterdir())
