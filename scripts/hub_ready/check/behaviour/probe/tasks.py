"""Which pipeline serves a repository: one of its Auto class that takes what its processors take."""

from typing import Any

from transformers import pipelines

from . import inputs as feeding

_KINDS = {"AutoTokenizer": "text", "AutoImageProcessor": "image", "AutoFeatureExtractor": "audio"}
_PARTS = {"tokenizer": "text", "image_processor": "image", "feature_extractor": "audio"}
# Pipelines that take one sample of one kind, and whose answer is plain JSON.
_TASKS = {
    "image-classification": "image",
    "text-classification": "text",
    "token-classification": "text",
    "audio-classification": "audio",
    "image-feature-extraction": "image",
    "object-detection": "image",
    "feature-extraction": "text",
}
# Those that answer with labels and their scores.
SCORED = ("image-classification", "text-classification", "token-classification", "audio-classification")


def _kinds(subject: Any) -> set[str]:
    """What the processors take: text, image or audio."""
    found = {_KINDS[key] for key in subject.processor_keys if key in _KINDS}
    several = subject.processors.get("AutoProcessor") if "AutoProcessor" in subject.processor_keys else None
    return found | {kind for part, kind in _PARTS.items() if hasattr(several, part)}


def task_of(subject: Any) -> str | None:
    """The first task whose pipeline takes the main Auto class and a sample of a kind that there is a processor for.

    Args:
        subject: has `main_key`, `processor_keys` and `processors`.

    Returns:
        None where there is none, or none that can be tried here.
    """
    kinds = _kinds(subject)
    for task, entry in pipelines.SUPPORTED_TASKS.items():
        classes = {getattr(cls, "__name__", "") for cls in entry["pt"]}
        if _TASKS.get(task) in kinds and subject.main_key in classes:
            return task
    return None


def sample_of(task: str, subject: Any) -> Any:
    """One sample for the pipeline of a task."""
    kind = _TASKS[task]
    if kind == "image":
        return feeding.image(subject.config)
    return feeding.text() if kind == "text" else _audio(subject)


def _audio(subject: Any) -> Any:
    extractor = subject.processors.get("AutoFeatureExtractor") or subject.processors.get("AutoProcessor")
    rate = getattr(extractor, "sampling_rate", 16000)
    return {"raw": feeding.sound(rate), "sampling_rate": rate}
