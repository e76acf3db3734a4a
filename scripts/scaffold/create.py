"""One fork, from a name to a repository with its first commit."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import is_free, staged
from scripts.hub_ready.update.git import git_text, run_git
from scripts.hub_ready.update.record import Record, public_address
from scripts.hub_ready.update.update import remember

from .identifiers import words
from .licenses import license_text
from .names import Names, derive
from .plan import plan
from .refusals import Refusal, refusal
from .render import render, template_commit
from .starters import Starter, find_starter

_SUGGESTIONS = 5
# Whose work it is not: no hooks, signatures or line ends of the author's git in the first commit.
_QUIET = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false")


@dataclass(frozen=True)
class Asked:
    """What is asked for: see the command `new_model`, whose options these are."""

    name: str
    class_prefix: str | None = None
    model_type: str | None = None
    starter: str = "vision"
    author: str | None = None
    license: str = "apache-2.0"


def _forms(asked: Asked) -> tuple[Names, Refusal | None]:
    starter, names = find_starter(asked.starter), derive(asked.name, asked.class_prefix, asked.model_type)
    return names, refusal(names, starter.identifiers.renamed(names), _taken(starter, names))


def _instead(asked: Asked, found: Refusal) -> str:
    """Options that would do in place of those that were refused: a first suggestion may be refused in its turn."""
    better, changed = asked, {}
    for _ in range(_SUGGESTIONS):
        changed |= found.instead
        better = replace(better, **found.instead)
        if (found := _forms(better)[1]) is None:
            break
    return " ".join(f"--{option.replace('_', '-')} {shlex.quote(value)}" for option, value in changed.items())


def judged_names(asked: Asked) -> Names:
    """The forms of the name; Misuse, with options that would do instead, when they would not work."""
    names, found = _forms(asked)
    if found:
        raise Misuse(f"{found.reason}; try {_instead(asked, found)}")
    return names


def _taken(starter: Starter, names: Names) -> set[str]:
    """Identifiers that keep their names in the Python files in which others are renamed."""
    found = set()
    for file in plan(starter, names):
        text = words(file.source.read_text(encoding="utf-8")) if file.source.suffix == ".py" else set()
        if text & file.renamed.keys():
            found |= text - file.renamed.keys()
    return found


def _identity(role: str) -> str:
    """git's own idea of who is AUTHOR or COMMITTER, from its settings or the environment; empty when nobody said."""
    try:
        return git_text(ROOT, "-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
    except Problem:
        return ""


def _printable(option: str, value: str) -> str:
    if not value.isprintable():
        raise Misuse(f"{option}: expected one line of printable characters, found {value!r}")
    return value


def record_of(asked: Asked, names: Names) -> Record:
    """What the fork will remember.

    Raises:
        Misuse: no such license, or an author whom no line can hold.
        Problem: the template is no clone.
    """
    commit, dirty = template_commit()
    author = _printable("--author", asked.author or _identity("AUTHOR").partition(" <")[0] or "the authors")
    license_text(asked.license, author)
    template = public_address(git_text(ROOT, "config", "--default", "", "--get", "remote.origin.url"))
    return Record(
        template, commit, dirty, asked.starter, names.name, names.prefix, names.model_type, author, asked.license
    )


def check_place(dest: Path) -> None:
    """Misuse when a repository cannot be made at `dest`."""
    try:
        free, place = is_free(dest), dest.resolve()
    except (OSError, RuntimeError) as error:
        raise Misuse(f"{dest} cannot be a folder: {error}; name another") from error
    if not free:
        raise Misuse(f"{dest} exists and is not an empty folder; name a folder that does not exist yet")
    if place.is_relative_to(ROOT):
        near = ROOT.parent / dest.name if place != ROOT else "../my-model"
        raise Misuse(f"{dest} is inside the template itself; name a folder beside it, for instance {near}")


def _check_identity() -> None:
    if not (_identity("AUTHOR") and _identity("COMMITTER")):
        commands = "; ".join(f'git config --global {key} "..."' for key in ("user.name", "user.email"))
        raise Misuse(f"git does not know who commits; run {commands}; or add --no-git and commit yourself")


def _message(record: Record) -> str:
    state = " with changes that are in no commit" if record.dirty else ""
    address = f"Template: {record.template}\n" if record.template else ""
    subject = f"{record.name}, from the template's {record.starter} starter"
    return f"{subject}\n\n{address}Template-Commit: {record.commit}{state}\n"


def _commit(folder: Path, record: Record) -> None:
    run_git(folder, "init", "--quiet", "--initial-branch=main")
    remember(folder, ROOT)
    # What the author's settings ignore everywhere is part of a repository all the same.
    run_git(folder, *_QUIET, "add", "--all", "--force")
    run_git(folder, *_QUIET, "commit", "--quiet", "--no-verify", "-m", _message(record))


def create(dest: Path, record: Record, git: bool) -> None:
    """Write the repository, whole or not at all.

    Args:
        dest: a folder that does not exist, or an empty one.
        record: what it is made from; see `record_of`.
        git: also make it a git repository with a first commit.

    Raises:
        Misuse: the place cannot be, or git does not know its user.
        Problem: the disk is full, the place cannot be written, or a tool fails; nothing is left behind.
    """
    check_place(dest)
    if git:
        _check_identity()
    try:
        with staged(dest.resolve()) as folder:
            render(record, folder)
            if git:
                _commit(folder, record)
    except UnicodeError as error:
        raise Problem(f"{dest} could not be written: {error}") from error
