"""Names that cannot be, each with its reason and a name that can."""

import importlib.machinery
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.hub_ready.check import native
from scripts.hub_ready.manifest import ROOT

from .names import Names, folded

# The longest name of a class must fit the lines of the code and the Hub's names of repositories.
LONGEST = 40


@dataclass(frozen=True)
class Refusal:
    """Why a name cannot be, and the options of the command that would do instead."""

    reason: str
    instead: dict[str, str]


def refusal(names: Names, renamed: dict[str, str], taken: Iterable[str]) -> Refusal | None:
    """The first reason why names would not work; None where they would.

    Args:
        names: the forms of the name.
        renamed: every identifier of the starter to what it would become.
        taken: identifiers that the starter's code uses otherwise.
    """
    return next(_refusals(names, renamed, set(taken)), None)


def _refusals(names: Names, renamed: dict[str, str], taken: set[str]) -> Iterator[Refusal]:
    yield from _spelling(names)
    yield from _native(names, renamed)
    yield from _shadows(names)
    yield from _collisions(names, renamed, taken)


def _spelling(names: Names) -> Iterator[Refusal]:
    spoken = f"--name {names.name!r}"
    if len(names.snake) > LONGEST:
        near = names.snake[:LONGEST].rpartition("_")[0] or names.snake[:LONGEST]
        yield Refusal(f"{spoken} is longer than {LONGEST} characters, found {names.snake!r}", {"name": near})
    if not names.snake.isidentifier():
        first, _, rest = names.snake.partition("_")
        near = f"{rest}_{first}" if rest[:1].isalpha() else f"net_{names.snake}"
        yield Refusal(f"{spoken} gives {names.snake!r}, and no Python name begins with a digit", {"name": near})
    if keyword.iskeyword(names.snake):
        yield Refusal(f"{spoken} gives {names.snake!r}, a keyword of Python", {"name": f"{names.snake}_net"})
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", names.prefix) or len(names.prefix) > LONGEST:
        near = "".join(re.findall(r"[A-Za-z0-9]+", folded(names.prefix))).lstrip("0123456789")[:LONGEST] or "MyNet"
        expected = f"a capital and then up to {LONGEST - 1} letters and digits"
        yield Refusal(
            f"--class-prefix: expected {expected}, found {names.prefix!r}",
            {"class_prefix": near[0].upper() + near[1:]},
        )
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", names.model_type) or len(names.model_type) > LONGEST:
        near = re.sub(r"[^a-z0-9]+", "_", folded(names.model_type).lower())[:LONGEST].strip("_0123456789") or "my_net"
        expected = f"up to {LONGEST} small letters, digits, _ and -"
        yield Refusal(f"--model-type: expected {expected}, found {names.model_type!r}", {"model_type": near})


def _native(names: Names, renamed: dict[str, str]) -> Iterator[Refusal]:
    if names.model_type in native.model_types():
        yield Refusal(
            f"model_type {names.model_type!r} is one of transformers' own, whose model would then be loaded in place "
            "of yours",
            {"model_type": f"my_{names.model_type}"},
        )
    own = native.class_names() | native.auto_classes()
    for found in sorted(set(renamed.values()) & own):
        yield Refusal(
            f"{found} is a class of transformers' own, which pipelines would take for yours",
            {"class_prefix": f"My{names.prefix}"},
        )


def _shadows(names: Names) -> Iterator[Refusal]:
    if names.package in sys.stdlib_module_names or _installed(names.package):
        hidden = f"{names.package!r} is an installed module, which the package would hide"
        yield Refusal(hidden, {"name": f"my_{names.snake}"})


def _installed(module: str) -> bool:
    """Whether a module of that name can be imported from elsewhere than this repository."""
    here = {str(ROOT), "", "."}
    path = [entry for entry in sys.path if entry not in here and Path(entry).resolve() != ROOT]
    return any(importlib.machinery.PathFinder.find_spec(module, [entry]) for entry in path)


def _collisions(names: Names, renamed: dict[str, str], taken: set[str]) -> Iterator[Refusal]:
    forms = list(renamed.values())
    for form in sorted({form for form in forms if forms.count(form) > 1}):
        yield Refusal(f"{form!r} would stand for two things", {"model_type": f"my_{names.model_type}"})
    for form in sorted((set(forms) - {names.model_type}) & taken):
        other = {"class_prefix": f"{names.prefix}Net"} if form[0].isupper() else {"name": f"{names.snake}_net"}
        yield Refusal(f"{form!r} is a name that the starter's code uses already", other)
