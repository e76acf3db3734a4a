"""What one environment makes of a repository: one property a call, so that a crash is that property's alone.

Runs in a fresh interpreter of any version; imports nothing of this project but the other jobs and the probe, which
register nothing. Every tensor that is compared lies where torch's own allocator would put it: see `aligned`.
"""

import importlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Optional

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers.dynamic_module_utils import get_class_from_dynamic_module

_OTHER_TORCH = 1e-5  # of the largest value: another torch may add in another order
_FIRST_PIPELINE = (4, 54)  # before it, a pipeline finds no custom processor by itself
_UNTOLD = ("architectures", "auto_map", "dtype", "torch_dtype", "model_type", "transformers_version")


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_published, aligned = _beside("load_published"), _beside("load_and_compare").aligned
probe = _published.probe


class Case:
    """A repository in this environment, and what the reference says about it.

    Args:
        folder: the repository.
        workspace: a folder that the calls of one environment share.
        reference: a path without suffix: tensors in .safetensors, the rest in .json.
    """

    def __init__(self, folder: str, workspace: str, reference: str):
        self.subject = probe("subject").Subject(folder, workspace, probe("errors").Places([folder]))
        self.reference = Path(reference)

    def expected(self, kind: str) -> dict[str, Tensor]:
        """The reference's tensors of one kind: "input", "processed" or "output"."""
        tensors = load_file(self.reference.with_suffix(".safetensors"))
        names = (name for name in tensors if name.startswith(f"{kind}."))
        return {name.split(".", 1)[1]: tensors[name].clone() for name in names}

    @property
    def words(self) -> dict[str, Any]:
        return json.loads(self.reference.with_suffix(".json").read_text(encoding="utf-8"))

    def close(self, found: Tensor, expected: Tensor) -> bool:
        """Equal bits; with another torch than the reference's, within the tolerance."""
        compare = probe("compare")
        if self.words["torch"] == torch.__version__:
            return compare.same(found, expected)
        return found.dtype == expected.dtype and compare.distance(expected, found) <= _OTHER_TORCH

    def differences(self, found: Mapping[str, Tensor], expected: Mapping[str, Tensor], close: Any) -> list[str]:
        """In words, for every tensor that is not the reference's."""
        compare, wrong = probe("compare"), []
        wrong += [f"{name}: is missing" for name in expected if name not in found]
        wrong += [f"{name}: is new" for name in found if name not in expected]
        for name in (name for name in expected if name in found):
            if not (compare.is_finite(expected[name]) and compare.is_finite(found[name])):
                wrong.append(f"{name}: is not finite")
            elif not close(found[name], expected[name]):
                wrong.append(f"{name}: differs by {compare.distance(expected[name], found[name]):.3g} of its size")
        return wrong


def _processed(case: Case) -> dict[str, Tensor]:
    """What every processor makes of fixed samples; needs no configuration class."""
    subject, feeding = case.subject, probe("inputs")
    if not subject.processor_keys:
        raise probe("errors").NotApplicable("the repository has no processor")
    config, found = SimpleNamespace(**subject.settings("config.json")), {}
    for key in subject.processor_keys:
        made = feeding.maker_of(key, subject.load_processor(key), config)(list(range(feeding.BATCH)))
        found.update({f"{key}.{name}": value for name, value in dict(made).items() if isinstance(value, Tensor)})
    return found


def _told(config: Any, names: list[str]) -> dict[str, Any]:
    return json.loads(json.dumps({name: getattr(config, name, None) for name in names}, default=str))


def _labels(config: Any) -> dict[str, Any]:
    return {"num_labels": config.num_labels, "id2label": {str(k): v for k, v in (config.id2label or {}).items()}}


def _answer(case: Case, model: Optional[nn.Module] = None, **parts: Any) -> str:
    """The pipeline's answer to a sample, as JSON."""
    tasks, subject = probe("tasks"), case.subject
    task = tasks.task_of(subject)
    if task not in tasks.SCORED:
        raise probe("errors").NotApplicable(f"no pipeline that can be tried takes {subject.main_key}")
    named = model if model is not None else str(subject.folder)
    pipe = transformers.pipeline(task, model=named, trust_remote_code=True, device="cpu", **parts)
    aligned(pipe.model)
    return json.dumps(pipe(tasks.sample_of(task, subject)))


def _constructed(case: Case, key: str) -> nn.Module:
    """A model that its author's own call makes, with the weights of the file: what a load must come to."""
    subject, named = case.subject, probe("loading").named
    cls = get_class_from_dynamic_module(subject.auto_map[key], str(subject.folder))
    with probe("subject").garbage_shown():
        model = cls(subject.config).eval()
    state, prefix = model.state_dict(), getattr(model, "base_model_prefix", "") or "-"
    with torch.no_grad():
        for name, tensor in subject.tensors():
            mine = named(name, state, prefix)
            if mine is not None:
                state[mine].copy_(tensor)
    return aligned(model)


def _outputs(model: nn.Module, key: str, given: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{key}.{name}": tensor for name, tensor in _published.outputs_of(model, given).items()}


def refer(case: Case) -> list[str]:
    """Write the reference: from models that were constructed, not loaded, so that no loader's fault is in it."""
    subject = case.subject
    model = _constructed(case, subject.main_key)
    subject.loaded = (model, {})
    tensors, words = {}, {"torch": torch.__version__, "labels": _labels(subject.config)}
    words["fields"] = _told(subject.config, [n for n in subject.settings("config.json") if n not in _UNTOLD])
    given = {n: t for n, t in probe("inputs").make_inputs(subject).batch.items() if isinstance(t, Tensor)}
    for key in subject.model_keys:
        tensors.update(_outputs(_constructed(case, key), f"output.{key}", given))
    tensors.update({f"input.{name}": tensor for name, tensor in given.items()})
    if subject.processor_keys:
        tensors.update({f"processed.{name}": tensor for name, tensor in _processed(case).items()})
    try:
        words["pipeline"] = _answer(case, model, **probe("running").parts_of(subject))
    except probe("errors").NotApplicable:
        words["pipeline"] = None
    save_file(
        {name: t.contiguous().clone() for name, t in tensors.items()}, case.reference.with_suffix(".safetensors")
    )
    case.reference.with_suffix(".json").write_text(json.dumps(words), encoding="utf-8")
    return []


def start(case: Case) -> list[str]:
    """Nothing of the repository: whether these versions of the libraries work together at all."""
    importlib.import_module("transformers.modeling_utils")
    return []


def config(case: Case) -> list[str]:
    fields = case.words["fields"]
    found = _told(case.subject.config, list(fields))
    return [f"{n}: expected {fields[n]!r}, found {found[n]!r}" for n in fields if found[n] != fields[n]]


def labels(case: Case) -> list[str]:
    found, expected = _labels(case.subject.config), case.words["labels"]
    return [] if found == expected else [f"expected {expected}, found {found}"]


def load(case: Case) -> list[str]:
    facts, wrong = probe("loading").load(case.subject), []
    for key, seen in facts["classes"].items():
        if "error" in seen:
            wrong.append(f"{key}: {seen['error']['type']}: {seen['error']['message']}")
            continue
        kinds = ("mismatched_keys", "error_msgs", *(("missing_keys",) if key == facts["main"] else ()))
        wrong += [f"{key}: {kind}: {', '.join(seen[kind][:3])}" for kind in kinds if seen[kind]]
        wrong += [f"{key}: weight {name}" for name in seen["different"]["names"]]
    return wrong


def outputs(case: Case) -> list[str]:
    given, found = case.expected("input"), {}
    for key in case.subject.model_keys:
        found.update(_outputs(aligned(case.subject.load(key)[0].eval()), key, given))
    known = {n: t for n, t in case.expected("output").items() if n.split(".")[0] in case.subject.model_keys}
    return case.differences(found, known, case.close)


def processors(case: Case) -> list[str]:
    return case.differences(_processed(case), case.expected("processed"), probe("compare").same)


def _answer_differs(case: Case, found: str) -> list[str]:
    expected = case.words["pipeline"]
    if found == expected:
        return []
    pairs = list(zip(json.loads(found), json.loads(expected)))
    alike = len(json.loads(found)) == len(json.loads(expected)) and all(
        one.get("label") == other.get("label") and abs(one.get("score", 0) - other.get("score", 0)) <= _OTHER_TORCH
        for one, other in pairs
    )
    if alike and case.words["torch"] != torch.__version__:
        return []
    return [f"expected {expected}, found {found}"]


def pipeline(case: Case) -> list[str]:
    version = tuple(map(int, transformers.__version__.split(".")[:2]))
    try:
        return _answer_differs(case, _answer(case))
    except probe("errors").NotApplicable:
        raise
    except Exception:
        if version >= _FIRST_PIPELINE or not case.subject.processors:
            raise
    wrong = _answer_differs(case, _answer(case, **probe("running").parts_of(case.subject)))
    if not wrong:
        reason = "a pipeline finds a custom processor from 4.54 on; passed to it, the answer is the reference's"
        raise probe("errors").NotApplicable(reason)
    return wrong


def save(case: Case) -> list[str]:
    saving, subject = probe("saving"), case.subject
    place = saving.save_into(subject, subject.model, subject.processors, "saved")
    state = subject.model.state_dict()
    lost = {"auto_map": saving.lost_keys(subject, place), "code": saving.lost_code(subject, place)}
    lost["weights"] = saving.changed_weights(subject, state, place)
    return [f"the save changes its {what}: {', '.join(names[:3])}" for what, names in lost.items() if names]


def same(case: Case) -> list[str]:
    """Everything that a load is compared by, for a folder that was saved."""
    wrong = labels(case) + outputs(case)
    return wrong + (processors(case) if case.subject.processor_keys else [])


def head(case: Case) -> list[str]:
    facts = probe("loading").labels(case.subject)
    said = {"not_finite": "not finite", "constant": "not drawn afresh", "changed": "changed besides the head"}
    wrong = [f"{words}: {', '.join(facts[kind]['names'])}" for kind, words in said.items() if facts[kind]["count"]]
    return wrong + ([] if facts["head"]["count"] else ["no tensor has another shape"])


def train(case: Case) -> list[str]:
    given, compare = case.expected("input"), probe("compare")
    model = aligned(case.subject.model).train()
    targets = probe("training").labels_of(model, given)
    if targets is None:
        raise probe("errors").NotApplicable("nobody here knows labels for this model")
    rows = [{**{n: t[i] for n, t in given.items()}, "labels": target} for i, target in enumerate(targets)]
    before = {name: tensor.clone() for name, tensor in model.named_parameters()}
    place = str(case.subject.place_for("trainer"))
    arguments = transformers.TrainingArguments(
        place, max_steps=1, per_device_train_batch_size=len(rows), learning_rate=1e-3, report_to=[],
        save_strategy="no", disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    loss = transformers.Trainer(model=model, args=arguments, train_dataset=rows).train().training_loss
    after = dict(model.named_parameters())
    wrong = [f"{name}: is not finite" for name in compare.not_finite(after)][:3]
    wrong += [] if compare.differing(before, after) else ["no weight moved"]
    return wrong + ([] if loss == loss else ["the loss is not finite"])


def _not_finite(case: Case) -> list[str]:
    found = _outputs(aligned(case.subject.model), case.subject.main_key, case.expected("input"))
    return [f"{name}: is not finite" for name in probe("compare").not_finite(found)]


def checkpointing(case: Case) -> list[str]:
    facts = probe("training").checkpointing(case.subject)
    if unclean := _not_finite(case):
        return unclean
    wrong = [f"other gradients: {', '.join(facts['different']['names'])}"] if facts["different"]["count"] else []
    return wrong + ([] if facts["recomputed"] else ["nothing is computed a second time"])


def export(case: Case) -> list[str]:
    subject, claimed = case.subject, getattr(case.subject.model, "_can_compile_fullgraph", False)
    subject.inputs = SimpleNamespace(batch=case.expected("input"))
    if unclean := _not_finite(case):
        return unclean
    subject.model._can_compile_fullgraph = True
    try:
        facts = probe("running").export(subject)
    except Exception as error:
        if claimed:
            raise
        reason = f"the class does not claim it, and here it fails: {type(error).__name__}"
        raise probe("errors").NotApplicable(reason) from error
    return [f"{name}: differs by {gap:.3g} of its size" for name, gap in facts["worst"].items()]


_TASKS = (
    start, refer, config, labels, load, outputs, processors, pipeline, save, same, head, train, checkpointing, export,
)  # fmt: skip


def main(task: str, folder: str, workspace: str, reference: str) -> dict[str, Any]:
    """One property of a repository.

    Returns:
        `wrong`: what speaks against it, in words, empty when it holds; or `absent`: why there is nothing to judge.
    """
    transformers.utils.logging.set_verbosity_error()
    case = Case(folder, workspace, reference)
    try:
        return {"wrong": {one.__name__: one for one in _TASKS}[task](case)}
    except probe("errors").NotApplicable as reason:
        return {"absent": str(reason)}
