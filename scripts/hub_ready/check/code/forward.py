"""forward and training: what pipelines, the Trainer and gradient checkpointing expect."""

import ast
from collections.abc import Iterator

from .. import kinds
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import Function, Source, constant
from ..tasks import TASKS
from .model_class import is_loaded


@rule(
    severity="warning",
    summary="forward takes any keyword and computes a mean loss, and the Trainer cannot know.",
    why="""The Trainer takes **kwargs in forward for a promise to divide by num_items_in_batch: with gradient
        accumulation the loss is then not divided at all.""",
    repair="Set accepts_loss_kwargs = False on the class, or drop **kwargs from forward.",
    bad="def forward(self, pixel_values, labels=None, **kwargs):",
    good="accepts_loss_kwargs = False",
)
def loss_kwargs(repository: Repository) -> Iterator[Finding]:
    for info in kinds.concrete_models(repository):
        found = kinds.find_method(repository, info, "forward")
        if found is None or found[1].args.kwarg is None or not is_loaded(repository, info):
            continue
        names = {arg.arg for arg in (*found[1].args.args, *found[1].args.kwonlyargs)}
        if "labels" not in names or kinds.inherits(repository, info, "accepts_loss_kwargs"):
            continue
        if not _hands_on(found[1], found[1].args.kwarg.arg):
            yield Finding(
                f"{info.name}.forward takes **{found[1].args.kwarg.arg} and no promise is made",
                found[0].path,
                found[1].lineno,
            )


def _hands_on(function: Function, kwargs: str) -> bool:
    """Whether the keywords, or the count of items, reach the loss or a model inside."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr == "loss_function":
            return True
        if isinstance(node, ast.Name) and node.id in (kwargs, "num_items_in_batch") and isinstance(node.ctx, ast.Load):
            return True
    return False


@rule(
    summary="Gradient checkpointing is declared, and nothing in the code does it.",
    why="gradient_checkpointing_enable() then raises, or returns as if it had worked and saves no memory.",
    repair="Call self._gradient_checkpointing_func where gradient_checkpointing is set, or drop the declaration.",
    bad="supports_gradient_checkpointing = True  # and never read",
    good="if self.gradient_checkpointing and self.training:\n    x = self._gradient_checkpointing_func(block, x)",
)
def gradient_checkpointing(repository: Repository) -> Iterator[Finding]:
    for info in kinds.models(repository):
        value = info.attribute("supports_gradient_checkpointing")
        if constant(value) is True and not _checkpoints(repository):
            yield Finding(
                f"{info.name} declares it, and no code reads gradient_checkpointing", info.path, value.lineno
            )


def _checkpoints(repository: Repository) -> bool:
    """Whether any code of the repository reads the flag, or builds on a body of transformers that does."""
    for source in repository.code.values():
        if _uses_body(source):
            return True
        for node in ast.walk(source.tree):
            name = getattr(node, "attr", getattr(node, "id", ""))
            if name in ("_gradient_checkpointing_func", "GradientCheckpointingLayer", "set_grad_checkpointing"):
                return True
            read = isinstance(getattr(node, "ctx", None), ast.Load)
            if name in ("gradient_checkpointing", "checkpoint") and read:
                return True
    return False


def _uses_body(source: Source) -> bool:
    return any(name.startswith("transformers.models.") or _is_body(name) for name in source.names.values())


def _is_body(dotted: str) -> bool:
    name = dotted.rsplit(".", 1)[-1]
    return dotted.startswith("transformers.") and (name.startswith("AutoModel") or kinds.is_native_model(name))


@rule(
    summary="_set_gradient_checkpointing has the form of before 4.35.",
    why="The form with value= is deprecated on every supported version and ignores the arguments for the checkpoints.",
    repair="Remove the method: the inherited one sets gradient_checkpointing on every module that has it.",
    bad="def _set_gradient_checkpointing(self, module, value=False):",
    good="self.gradient_checkpointing = False  # in __init__, and no such method",
)
def gradient_checkpointing_form(repository: Repository) -> Iterator[Finding]:
    for info in kinds.models(repository):
        function = info.method("_set_gradient_checkpointing")
        if function is not None and any(arg.arg == "value" for arg in function.args.args):
            yield Finding(f"{info.name} has the old form", info.path, function.lineno)


@rule(
    summary="forward does not take the input that the task's pipeline passes.",
    why="The pipeline calls forward with the processor's names as keywords: a TypeError on every version.",
    repair="Name the parameter pixel_values, input_ids, input_values or input_features, as the task has it.",
    bad="def forward(self, tensor, labels=None):",
    good="def forward(self, pixel_values, labels=None):",
)
def forward_inputs(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        task, source = TASKS.get(ref.key), repository.sources.get(ref.target[0]) if ref.target else None
        info = source.classes.get(ref.target[1]) if source else None
        found = kinds.find_method(repository, info, "forward") if info else None
        if task is None or found is None:
            continue
        arguments = found[1].args
        names = {arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        if arguments.kwarg is None and arguments.vararg is None and not names & set(task.inputs):
            message = f"{ref.key} needs {' or '.join(task.inputs)}, and {info.name}.forward takes neither"
            yield Finding(message, found[0].path, found[1].lineno)


@rule(
    summary="A classifier's output has no logits.",
    why="The pipeline reads outputs.logits, and the Trainer's metrics expect it: an AttributeError or KeyError.",
    repair='Return ImageClassifierOutput(logits=logits) or its kin, or {"logits": logits}.',
    bad="return self.head(features)",
    good="return ImageClassifierOutputWithNoAttention(loss=loss, logits=self.head(features))",
)
def forward_logits(repository: Repository) -> Iterator[Finding]:
    for ref in repository.auto_references:
        info = repository.classes.get(ref.target[1]) if ref.target else None
        found = kinds.find_method(repository, info, "forward") if info else None
        if found is None or ref.key not in TASKS or not TASKS[ref.key].labels:
            continue
        # The word anywhere in the code is enough: an output may be made by a function, or by a body of transformers.
        if not any("logits" in source.text or _uses_body(source) for source in repository.code.values()):
            yield Finding(f"{info.name}.forward returns nothing that is called logits", found[0].path, found[1].lineno)
