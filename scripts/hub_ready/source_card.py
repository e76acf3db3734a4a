"""What the model card of an author's own model says; license and citation come from the repository's README."""

import re
import subprocess
from pathlib import Path

from huggingface_hub import ModelCardData, metadata_load

from .card import CardFacts, library_versions
from .check.behaviour.probe.inputs import missing
from .manifest import Manifest, requirement_lines
from .problems import Problem
from .proof import PIXELS
from .source_model import Source

# What a save writes beside the settings of a processor.
_NOT_SETTINGS = {"auto_map", "image_processor_type", "processor_class", "feature_extractor_type"}


def card_data(source: Source, manifest: Manifest, license_id: str | None) -> ModelCardData:
    """The front matter; a Problem when neither the command nor the README names a license."""
    license_id = license_id or _metadata(manifest.root).get("license")
    if not license_id:
        raise Problem("README.md names no license in its front matter; add license: or give --license ID")
    tags = [*([source.task] if source.task else []), "custom_code"]
    return ModelCardData(
        license=license_id, library_name="transformers", pipeline_tag=source.task, tags=tags, model_name=None
    )


def _metadata(root: Path) -> dict:
    path = root / "README.md"
    return (metadata_load(path) if path.is_file() else None) or {}


def _citation(manifest: Manifest, name: str) -> str:
    """The BibTeX block of the README, or an entry with the name alone."""
    path = manifest.root / "README.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"```bibtex\n(.*?)\n```", text, re.DOTALL)
    return found[1] if found else f"@misc{{{name},\n  title = {{{name}}}\n}}"


def _commit(root: Path) -> list[tuple[str, str]]:
    """The commit that the code comes from; nothing where the source tree is no git repository."""
    try:
        git = ["git", "-C", str(root)]
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [("source commit", f"`{head}`{' with uncommitted changes' if status.strip() else ''}")]


def _summary(source: Source) -> str:
    config, count = source.model.config, source.model.num_parameters()
    doing = f" for {source.task.replace('-', ' ')} into {config.num_labels} classes" if source.task else ""
    return (
        f"`{type(source.model).__name__}`{doing}: a transformers model of {count:,} parameters with code of its own."
    )


def card_facts(source: Source, manifest: Manifest, name: str, sha256: dict[str, str]) -> CardFacts:
    """The body of the card, for a folder that was proved."""
    limits = ["It runs code from this repository: load it with a pinned `revision` after reading that code."]
    if source.origin.startswith("random"):
        limits.append("Its weights are random: its answers mean nothing until it is trained.")
    settings = source.processor.to_dict() if source.processor else {}
    parity = [
        ("outputs of every class", "the model in its source tree on the same input"),
        ("every weight", "the state dict that was exported"),
    ]
    if settings:
        parity.append(("pixels of the image processor, one image and a batch", "the processor in its source tree"))
    return CardFacts(
        name=name,
        summary=_summary(source),
        auto_class=source.auto_class,
        task=source.task or "",
        parity=parity,
        preprocessing=[(key, str(value)) for key, value in settings.items() if key not in _NOT_SETTINGS],
        provenance=[
            ("weights", source.origin),
            *_commit(manifest.root),
            *((f"sha256 of {file}", f"`{digest}`") for file, digest in sha256.items()),
        ],
        requirements=requirement_lines(manifest.root / "requirements.txt"),
        limits=limits,
        citation=_citation(manifest, name),
        versions=library_versions(),
        needs=missing(source.model, PIXELS) if source.processor else [],
    )
