"""One fork, from a name to a repository with its first commit."""

from dataclasses import dataclass
from pathlib import Path

from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import staged
from scripts.hub_ready.update.git import git_text, run_git
from scripts.hub_ready.update.record import Record, public_address
from scripts.hub_ready.update.update import remember

from .identifiers import words
from .licenses import license_text
from .names import Names, derive
from .plan import plan
from .refusals import judge
from .render import render, template_commit
from .starters import Starter, find_starter

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


def _setting(key: str) -> str:
    return git_text(ROOT, "config", "--default", "", "--get", key)


def judged_names(asked: Asked) -> Names:
    """The forms of the name; Misuse, with a suggestion, when they would not work."""
    starter, names = find_starter(asked.starter), derive(asked.name, asked.class_prefix, asked.model_type)
    renamed = starter.identifiers.renamed(names)
    judge(names, renamed, _taken(starter, names))
    return names


def _taken(starter: Starter, names: Names) -> set[str]:
    """Identifiers that keep their names in the Python files in which others are renamed."""
    found = set()
    for file in plan(starter, names):
        text = words(file.source.read_text(encoding="utf-8")) if file.source.suffix == ".py" else set()
        if text & file.renamed.keys():
            found |= text - file.renamed.keys()
    return found


def record_of(asked: Asked, names: Names) -> Record:
    """What the fork will remember; a Problem when the template is no clone."""
    commit, dirty = template_commit()
    author = asked.author or _setting("user.name") or "the authors"
    license_text(asked.license, author)
    template = public_address(_setting("remote.origin.url"))
    return Record(
        template, commit, dirty, asked.starter, names.name, names.prefix, names.model_type, author, asked.license
    )


def check_place(dest: Path) -> None:
    """Misuse when a repository cannot be made at `dest`."""
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise Misuse(f"{dest} exists and is not an empty folder; name a folder that does not exist yet")
    if dest.resolve().is_relative_to(ROOT):
        near = ROOT.parent / dest.name if dest.resolve() != ROOT else "../my-model"
        raise Misuse(f"{dest} is inside the template itself; name a folder beside it, for instance {near}")


def _check_identity() -> None:
    missing = [key for key in ("user.name", "user.email") if not _setting(key)]
    if missing:
        commands = "; ".join(f'git config --global {key} "..."' for key in missing)
        raise Misuse(f"git does not know who commits; run {commands}; or add --no-git and commit yourself")


def _message(record: Record) -> str:
    state = " with changes that are in no commit" if record.dirty else ""
    address = f"Template: {record.template}\n" if record.template else ""
    subject = f"{record.name}, from the template's {record.starter} starter"
    return f"{subject}\n\n{address}Template-Commit: {record.commit}{state}\n"


def _commit(folder: Path, record: Record) -> None:
    run_git(folder, "init", "--quiet", "--initial-branch=main")
    remember(folder, ROOT)
    run_git(folder, *_QUIET, "add", "--all")
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
        with staged(dest.absolute(), overwrite=dest.exists()) as folder:
            render(record, folder)
            if git:
                _commit(folder, record)
    except UnicodeError as error:
        raise Problem(f"{dest} could not be written: {error}") from error
