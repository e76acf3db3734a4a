"""The model card of an exported folder."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import huggingface_hub
import safetensors
import torch
import transformers
from huggingface_hub import ModelCard, ModelCardData

from .compat.support import read_support, sentence

_TEMPLATE = Path(__file__).with_name("card_template.md")


@dataclass(frozen=True)
class CardFacts:
    """What a card says; no section may be empty, but for the task and the preprocessing of a model without.

    Attributes:
        name: of the repository, without its namespace.
        summary: one paragraph: what the model is.
        auto_class: the Auto class to load it with.
        task: the pipeline's task.
        parity: (what was compared, with what) pairs that were found equal.
        preprocessing: (setting, value) pairs.
        provenance: (what, value) pairs: where the weights came from.
        requirements: lines of requirements.txt.
        limits: sentences.
        citation: BibTeX.
        versions: of the libraries that wrote it.
        needs: arguments of forward beyond what the image processor gives.
    """

    name: str
    summary: str
    auto_class: str
    task: str
    parity: list[tuple[str, str]]
    preprocessing: list[tuple[str, str]]
    provenance: list[tuple[str, str]]
    requirements: list[str]
    limits: list[str]
    citation: str
    versions: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)


def library_versions() -> dict[str, str]:
    """The versions of what wrote and proved a folder."""
    modules = (transformers, torch, huggingface_hub, safetensors)
    return {module.__name__: module.__version__ for module in modules}


def render_card(data: ModelCardData, facts: CardFacts) -> str:
    """The card's whole text, front matter included.

    Raises:
        ValueError: a section has nothing to say.
    """
    values: dict[str, Any] = asdict(facts)
    empty = [name for name, value in values.items() if not value and name not in ("task", "preprocessing", "needs")]
    if empty:
        raise ValueError(f"a card has no empty section, found nothing for {', '.join(empty)}")
    support = read_support()
    values["tried"] = sentence(support) if support else ""
    return str(ModelCard.from_template(data, template_path=str(_TEMPLATE), **values))
