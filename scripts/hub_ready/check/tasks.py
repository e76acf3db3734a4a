"""What the tasks of the Auto classes need: which pipeline serves them, and what it is fed with."""

from dataclasses import dataclass

from .repository import Repository


@dataclass(frozen=True)
class Task:
    """One Auto class's task.

    Args:
        tag: the Hub's name of it, which is also the pipeline's.
        needs: `image`, `text` or `audio`: what the pipeline's processor turns into tensors.
        inputs: names of `forward`, one of which the pipeline passes.
        labels: whether the pipeline looks its classes up in `id2label`.
    """

    tag: str
    needs: tuple[str, ...]
    inputs: tuple[str, ...]
    labels: bool = False


_IMAGE, _TEXT, _AUDIO = ("pixel_values",), ("input_ids",), ("input_values", "input_features")
TASKS = {
    "AutoModelForImageClassification": Task("image-classification", ("image",), _IMAGE, labels=True),
    "AutoModelForObjectDetection": Task("object-detection", ("image",), _IMAGE, labels=True),
    "AutoModelForSemanticSegmentation": Task("image-segmentation", ("image",), _IMAGE, labels=True),
    "AutoModelForImageSegmentation": Task("image-segmentation", ("image",), _IMAGE, labels=True),
    "AutoModelForDepthEstimation": Task("depth-estimation", ("image",), _IMAGE),
    "AutoModelForImageToImage": Task("image-to-image", ("image",), _IMAGE),
    "AutoModelForVideoClassification": Task("video-classification", ("image",), _IMAGE, labels=True),
    "AutoModelForZeroShotImageClassification": Task("zero-shot-image-classification", ("image", "text"), _IMAGE),
    "AutoModelForImageTextToText": Task("image-text-to-text", ("image", "text"), _TEXT),
    "AutoModelForSequenceClassification": Task("text-classification", ("text",), _TEXT, labels=True),
    "AutoModelForTokenClassification": Task("token-classification", ("text",), _TEXT, labels=True),
    "AutoModelForQuestionAnswering": Task("question-answering", ("text",), _TEXT),
    "AutoModelForMaskedLM": Task("fill-mask", ("text",), _TEXT),
    "AutoModelForCausalLM": Task("text-generation", ("text",), _TEXT),
    "AutoModelForSeq2SeqLM": Task("text2text-generation", ("text",), _TEXT),
    "AutoModelForAudioClassification": Task("audio-classification", ("audio",), _AUDIO, labels=True),
    "AutoModelForCTC": Task("automatic-speech-recognition", ("audio", "text"), _AUDIO),
    "AutoModelForSpeechSeq2Seq": Task("automatic-speech-recognition", ("audio", "text"), _AUDIO),
}
_TOKENIZER_FILES = ("tokenizer_config.json", "tokenizer.json", "vocab.txt", "vocab.json", "spiece.model")
_TOKENIZER_FILES += ("tokenizer.model", "sentencepiece.bpe.model")


def mapped_tasks(repository: Repository) -> dict[str, Task]:
    """The tasks that the repository's auto_map declares."""
    return {key: TASKS[key] for key in repository.auto_map if key in TASKS}


def has_processor(repository: Repository, need: str) -> bool:
    """Whether the files of an image processor or feature extractor, or of a tokenizer, are there."""
    if need == "text":
        return any(repository.has(path) for path in _TOKENIZER_FILES)
    if repository.has("preprocessor_config.json") or repository.has("video_preprocessor_config.json"):
        return True
    # 5.x saves the parts of a processor inside its own file.
    nested = ("image_processor", "feature_extractor", "video_processor", "audio_processor")
    return any(key in repository.settings("processor_config.json") for key in nested)
