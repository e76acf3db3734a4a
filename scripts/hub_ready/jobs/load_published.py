"""What a folder or a revision on the Hub gives: every Auto class on one fixed input, the processors, the pipeline.

Runs in a fresh interpreter, once for the folder and once for the Hub; the second run compares with the first. Imports
nothing of this project but the maker of inputs, which registers nothing.
"""

import hashlib
import importlib
import importlib.util
import json
import logging
import sys
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import snapshot_download
from safetensors.torch import load_file, save_file

_PROBE = Path(__file__).parents[1] / "check" / "behaviour" / "probe"


def probe(module: str) -> Any:
    """A module of the probe, under a name that code of a repository cannot import by accident."""
    if "_probe" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "_probe", _PROBE / "__init__.py", submodule_search_locations=[str(_PROBE)]
        )
        sys.modules["_probe"] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"_probe.{module}")


class Warnings(logging.Handler):
    """Keeps what transformers says about code that is not pinned."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.unpinned: list[str] = []
        logging.getLogger("transformers").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "pin a revision" in message:
            self.unpinned.append(" ".join(message.split()))


class Loaded:
    """The models and processors of `name`, loaded as a stranger would; `settings` knows which there are."""

    def __init__(self, name: str, options: dict[str, Any], settings: Any):
        self.name, self.options, self.keys = name, options, settings.model_keys
        self.config = self._load("AutoConfig")
        self.main_key, self.processor_keys = settings.main_key, settings.processor_keys
        self.processors = {key: self._load(key) for key in self.processor_keys}
        self.model = self.load_model(self.keys[0])

    def _load(self, key: str) -> Any:
        return getattr(transformers, key).from_pretrained(self.name, trust_remote_code=True, **self.options)

    def load_model(self, key: str) -> torch.nn.Module:
        return self._load(key).eval()


def answers(loaded: Loaded) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors that every Auto class gave for the fixed input, by `Class.field`, and in words what else it gave."""
    given, words = {}, {}
    try:
        given = probe("inputs").make_inputs(loaded).batch
    except probe("errors").NotApplicable as reason:
        words["input"] = f"none: {reason}"
    found = {f"input.{name}": value for name, value in given.items() if isinstance(value, torch.Tensor)}
    for key in loaded.keys:
        model = loaded.model if key == loaded.keys[0] else loaded.load_model(key)
        words[key] = f"{type(model).__name__}, weights {probe('compare').digest(model.state_dict())}"
        found |= {f"{key}.{name}": tensor for name, tensor in outputs_of(model, given).items()} if given else {}
    return found, words


def outputs_of(model: torch.nn.Module, given: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Every tensor in what a model returns for as much of an input as it takes."""
    transformers.set_seed(0)
    with torch.no_grad():
        return probe("compare").outputs(model(**probe("inputs").accepted(model, given)))


def pipeline_answer(loaded: Loaded) -> str | None:
    """What the pipeline of the main class says to a sample, as JSON; None where there is no pipeline to try."""
    task = probe("tasks").task_of(loaded)
    # A pipeline passes what the processors make, and nothing else.
    if task is None or probe("inputs").from_processors(loaded) is None:
        return None
    pipe = transformers.pipeline(task, model=loaded.name, trust_remote_code=True, device="cpu", **loaded.options)
    return json.dumps({"task": task, "answer": pipe(probe("tasks").sample_of(task, loaded))}, sort_keys=True)


def differences(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> list[str]:
    """In words, for every tensor that is not the same bit by bit."""
    wrong = [f"{name}: only the folder gives it" for name in expected.keys() - found.keys()]
    wrong += [f"{name}: the folder does not give it" for name in found.keys() - expected.keys()]
    for name in sorted(found.keys() & expected.keys()):
        if not probe("compare").same(found[name], expected[name]):
            distance = probe("compare").distance(expected[name], found[name])
            wrong.append(f"{name}: differs by {distance:.3g} of its size")
    return sorted(wrong)


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file that a consumer gets, by path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    found = {}
    for path in files:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        found[path.relative_to(folder).as_posix()] = digest.hexdigest()
    return found


def run_snippet(snippet: str, given: dict[str, torch.Tensor], key: str) -> dict[str, torch.Tensor]:
    """What the `model` of the printed code gives for the fixed input."""
    names: dict[str, Any] = {}
    exec(snippet, names)
    outputs = outputs_of(names["model"].eval(), given) if given else {}
    return {f"{key}.{name}": tensor for name, tensor in outputs.items()}


def main(
    name: str, revision: str | None, folder: str, results: str, expected: str | None, snippet: str | None
) -> dict[str, Any]:
    """Load `name` through everything it has.

    Args:
        name: a folder, or namespace/name on the Hub.
        revision: a commit on the Hub; None for a folder.
        folder: where the settings are read: which classes and processors there are. None of its code runs, unless it
            is `name`.
        results: file for the tensors.
        expected: file with the tensors that must be the same; None for the first run.
        snippet: code that sets `model`; its outputs are compared too.

    Returns:
        `words` for every class, `pipeline`, `differences`, `unpinned` warnings, `hashes` of what was downloaded.
    """
    seen, options = Warnings(), {"revision": revision} if revision else {}
    answer: dict[str, Any] = {"hashes": hashes(Path(snapshot_download(name, revision=revision))) if revision else {}}
    settings = probe("subject").Subject(folder, "", probe("errors").Places([folder]))
    loaded = Loaded(name, options, settings)
    found, answer["words"] = answers(loaded)
    answer["pipeline"] = pipeline_answer(loaded)
    save_file({name: tensor.contiguous().clone() for name, tensor in found.items()}, results)
    answer["differences"] = differences(found, load_file(expected)) if expected else []
    given = {name.removeprefix("input."): tensor for name, tensor in found.items() if name.startswith("input.")}
    if snippet:
        said = run_snippet(snippet, given, settings.main_key)
        wrong = differences(said, {name: found[name] for name in said if name in found})
        answer["differences"] += [f"the printed code: {text}" for text in wrong]
    answer["unpinned"] = seen.unpinned
    answer["versions"] = {"transformers": transformers.__version__, "torch": torch.__version__}
    return answer
