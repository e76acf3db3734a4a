"""Names that cannot be, each with its reason and a name that can."""

import importlib.machinery
import keyword
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.hub_ready.check import native
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Misuse

from .names import Names

# The longest name of a class must fit the lines of the code and the Hub's names of repositories.
LONGEST = 40


def judge(names: Names, renamed: dict[str, str], taken: Iterable[str]) -> None:
    """Refuse names that would not work.

    Args:
        names: the forms of the name.
        renamed: every identifier of the starter to what it would become.
        taken: identifiers that the starter's code uses otherwise.

    Raises:
        Misuse: with the first reason, and a suggestion.
    """
    reason = next(_reasons(names, renamed, set(taken)), None)
    if reason:
        raise Misuse(reason)


def _reasons(names: Names, renamed: dict[str, str], taken: set[str]) -> Iterator[str]:
    yield from _spelling(names)
    yield from _native(names, renamed)
    yield from _shadows(names)
    yield from _collisions(names, renamed, taken)


def _spelling(names: Names) -> Iterator[str]:
    spoken = f"--name {names.name!r}"
    if len(names.snake) > LONGEST or len(names.prefix) > LONGEST or len(names.model_type) > LONGEST:
        near = names.snake[:LONGEST].rpartition("_")[0] or names.snake[:LONGEST]
        yield f"{spoken} is longer than {LONGEST} characters, found {names.snake!r}; try --name {near}"
    if not names.snake.isidentifier():
        first, _, rest = names.snake.partition("_")
        near = f"{rest}_{first}" if rest[:1].isalpha() else f"net_{names.snake}"
        yield f"{spoken} gives {names.snake!r}, and no Python name begins with a digit; try --name {near}"
    if keyword.iskeyword(names.snake):
        yield f"{spoken} gives {names.snake!r}, a keyword of Python; try --name {names.snake}_net"
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", names.prefix):
        near = "".join(re.findall(r"[A-Za-z0-9]+", names.prefix)).lstrip("0123456789") or "MyNet"
        near = near[0].upper() + near[1:]
        yield f"--class-prefix: expected letters and digits after a capital, found {names.prefix!r}; try {near}"
    if not re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", names.model_type):
        near = re.sub(r"[^a-z0-9]+", "_", names.model_type.lower()).strip("_0123456789") or "my_net"
        yield f"--model-type: expected small letters, digits and _, found {names.model_type!r}; try {near}"


def _native(names: Names, renamed: dict[str, str]) -> Iterator[str]:
    if names.model_type in native.model_types():
        yield (
            f"model_type {names.model_type!r} is one of transformers' own, whose model would then be loaded in place "
            f"of yours; try --model-type my_{names.model_type}, or another --name"
        )
    own = native.class_names() | native.auto_classes()
    for found in sorted(set(renamed.values()) & own):
        yield (
            f"{found} is a class of transformers' own, which pipelines would take for yours; "
            f"try --class-prefix My{names.prefix}"
        )


def _shadows(names: Names) -> Iterator[str]:
    if names.package in sys.stdlib_module_names or _installed(names.package):
        yield f"{names.package!r} is an installed module, which the package would hide; try --name my_{names.snake}"


def _installed(module: str) -> bool:
    """Whether a module of that name can be imported from elsewhere than this repository."""
    here = {str(ROOT), "", "."}
    path = [entry for entry in sys.path if entry not in here and Path(entry).resolve() != ROOT]
    return any(importlib.machinery.PathFinder.find_spec(module, [entry]) for entry in path)


def _collisions(names: Names, renamed: dict[str, str], taken: set[str]) -> Iterator[str]:
    forms = list(renamed.values())
    twice = sorted({form for form in forms if forms.count(form) > 1})
    if twice:
        yield f"{twice[0]!r} would stand for two things; give another --model-type or --class-prefix"
    for form in sorted((set(forms) - {names.model_type}) & taken):
        yield (
            f"{form!r} is a name that the starter's code uses already; "
            f"try --name {names.snake}_net, or --class-prefix {names.prefix}Net"
        )
