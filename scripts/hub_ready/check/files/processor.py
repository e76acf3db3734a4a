"""Processors: what turns an image, a text or a sound into the model's inputs."""

from collections.abc import Iterator

from .. import kinds, native
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..tasks import has_processor, mapped_tasks
from .auto_map import own_auto_map

_FILES = {
    "AutoImageProcessor": "preprocessor_config.json",
    "AutoFeatureExtractor": "preprocessor_config.json",
    "AutoTokenizer": "tokenizer_config.json",
    "AutoProcessor": "processor_config.json",
}
_WHAT = {"image": "an image processor", "text": "a tokenizer", "audio": "a feature extractor"}
_WHERE = {"image": "preprocessor_config.json", "audio": "preprocessor_config.json", "text": "tokenizer_config.json"}
_TYPE_KEYS = ("image_processor_type", "feature_extractor_type", "tokenizer_class", "processor_class")


@rule(
    summary="A task's pipeline needs a processor that the repository does not have.",
    why="""pipeline(...) needs preprocessor_config.json for images and audio and a tokenizer's files for text, on every
        version; a key in the auto_map of config.json alone is not enough.""",
    repair="Save the processor into the same folder: processor.save_pretrained(folder).",
    bad="an image classifier without preprocessor_config.json",
    good='preprocessor_config.json: {"image_processor_type": "ViTImageProcessor", ...}',
)
def processor_present(repository: Repository) -> Iterator[Finding]:
    for key, task in mapped_tasks(repository).items():
        for need in task.needs:
            if not has_processor(repository, need):
                yield Finding(f"pipeline({task.tag!r}) of {key} needs {_WHAT[need]}: there is no {_WHERE[need]}")


@rule(
    summary="A processor's settings cannot be read.",
    why="Loading the processor fails, on every version.",
    repair="Save the processor again.",
    bad="preprocessor_config.json: []",
    good='preprocessor_config.json: {"image_processor_type": "ViTImageProcessor"}',
)
def processor_readable(repository: Repository) -> Iterator[Finding]:
    for path in sorted(set(_FILES.values())):
        if not repository.has(path):
            continue
        if error := repository.json_error(path):
            yield Finding(f"{path} cannot be used: {error[0]}", path, error[1])
        elif not isinstance(repository.json(path), dict):
            yield Finding(f"{path} must hold one JSON object", path, 1)


@rule(
    summary="A processor's settings name a class that neither transformers nor the repository's auto_map has.",
    why="""AutoImageProcessor and its kin look the name up: on a miss, loading fails. The ...FeatureExtractor names of
        vision models are gone from 5.x.""",
    repair="Use the ...ImageProcessor name; for a class of your own add the auto_map to the processor's own file.",
    bad='"feature_extractor_type": "ViTFeatureExtractor"',
    good='"image_processor_type": "ViTImageProcessor"',
)
def processor_known(repository: Repository) -> Iterator[Finding]:
    for path in ("preprocessor_config.json", "processor_config.json"):
        settings = repository.settings(path)
        mapped = {ref.target[1] for ref in repository.auto_references if ref.target}
        for key in _TYPE_KEYS:
            name = settings.get(key)
            if key == "feature_extractor_type" and "image_processor_type" in settings:
                continue  # a leftover that no Auto class reads
            if isinstance(name, str) and name not in mapped and not _is_native(name):
                place = repository.line_of(path, f'"{key}"')
                yield Finding(
                    f"{key} is {name}, which transformers does not have and auto_map does not name", path, place
                )


def _is_native(name: str) -> bool:
    if not native.class_names():
        return True
    # Fast variants are found under the plain name.
    return any(candidate in native.class_names() for candidate in (name, name.removesuffix("Fast"), f"{name}Fast"))


@rule(
    summary="A processor class of the repository is not named where its Auto class looks.",
    why="""The auto_map of an image processor or feature extractor belongs into preprocessor_config.json, a tokenizer's
        into tokenizer_config.json, a processor's into processor_config.json; in config.json alone it is not found.""",
    repair="Register the class with register_for_auto_class before you save it, or add the key to that file.",
    bad='config.json: "auto_map": {"AutoImageProcessor": "image_processing_x.XImageProcessor"}',
    good='preprocessor_config.json: "auto_map": {"AutoImageProcessor": "image_processing_x.XImageProcessor"}',
)
def processor_auto_map(repository: Repository) -> Iterator[Finding]:
    for key, path, value in _unmapped(repository):
        if repository.has(path):
            yield Finding(f"auto_map of {path} lacks {key}: expected {value}", path)


def _unmapped(repository: Repository) -> Iterator[tuple[str, str, str]]:
    # One class for each key is enough: a slow tokenizer beside the fast one needs no entry of its own.
    named = {(ref.file, ref.key) for ref in repository.auto_references}
    inherited = {base.rsplit(".", 1)[-1] for info in repository.classes.values() for base in info.bases}
    for info in repository.classes.values():
        key = kinds.processor_kind(repository, info)
        # A base class of another processor is mapped through that one.
        if key in _FILES and (_FILES[key], key) not in named and info.name not in inherited:
            yield key, _FILES[key], f"{info.source.stem}.{info.name}"


@processor_auto_map.fixer
def _add_processor_keys(repository: Repository, edits) -> None:
    for key, path, value in _unmapped(repository):
        if repository.settings(path) and key != "AutoTokenizer":
            settings = edits.json(path)
            own_auto_map(settings).setdefault(key, value)
            edits.write_json(path, settings)


@rule(
    summary="A custom tokenizer's auto_map value is not a pair.",
    why="AutoTokenizer reads [slow, fast]: the first or second entry is taken by what the consumer asks for.",
    repair="Write a list of two, with null for the one that does not exist.",
    bad='"AutoTokenizer": "tokenization_x.XTokenizer"',
    good='"AutoTokenizer": ["tokenization_x.XTokenizer", null]',
)
def tokenizer_pair(repository: Repository) -> Iterator[Finding]:
    path = "tokenizer_config.json"
    auto_map = repository.settings(path).get("auto_map")
    value = auto_map.get("AutoTokenizer") if isinstance(auto_map, dict) else None
    if value is not None and not (isinstance(value, list) and len(value) == 2):
        yield Finding(
            "AutoTokenizer must be a list of two, [slow, fast]", path, repository.line_of(path, "AutoTokenizer")
        )


@tokenizer_pair.fixer
def _make_pair(repository: Repository, edits) -> None:
    settings = edits.json("tokenizer_config.json")
    value = settings["auto_map"]["AutoTokenizer"]
    if isinstance(value, str):
        settings["auto_map"]["AutoTokenizer"] = [None, value] if value.endswith("Fast") else [value, None]
        edits.write_json("tokenizer_config.json", settings)
