"""From a record to the files of a fork."""

import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.hub_ready.child import run_child
from scripts.hub_ready.manifest import ROOT
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.update.git import git_text
from scripts.hub_ready.update.record import PATH, Record

from .identifiers import rename
from .licenses import license_text
from .names import Names, derive
from .plan import PlannedFile, plan
from .settings import used_markers, without_unused_markers
from .starters import COMMON, Starter, find_starter

_RUFF = [sys.executable, "-m", "ruff"]


def names_of(record: Record) -> Names:
    """The forms of a recorded name."""
    return derive(record.name, record.class_prefix, record.model_type)


def _filled_in(file: PlannedFile, starter: Starter, record: Record, names: Names) -> str:
    loader = FileSystemLoader([starter.folder, COMMON])
    environment = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    template = environment.get_template(file.source.relative_to(file.folder).as_posix())
    return template.render(names=names, author=record.author, license=record.license)


def _write(file: PlannedFile, starter: Starter, record: Record, names: Names, folder: Path) -> None:
    target = folder / file.target
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_template:
        target.write_text(_filled_in(file, starter, record, names), encoding="utf-8")
        return
    content = file.source.read_bytes()
    with suppress(UnicodeDecodeError):  # no text, so no name in it
        content = rename(content.decode("utf-8"), file.renamed).encode("utf-8")
    target.write_bytes(content)
    shutil.copymode(file.source, target)


def _settle_markers(folder: Path) -> None:
    path = folder / "pyproject.toml"
    tests = (test.read_text(encoding="utf-8") for test in (folder / "tests").rglob("*.py"))
    path.write_text(without_unused_markers(path.read_text(encoding="utf-8"), used_markers(tests)), encoding="utf-8")


def _format(folder: Path) -> None:
    """Sort imports and wrap lines again: other names have another order and length."""
    ends = ["--no-cache", "--no-respect-gitignore", "."]
    for command in (["check", "--quiet", "--fix", "--select", "I"], ["format", "--quiet"]):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        done = run_child([*_RUFF, *command, *ends], cwd=folder, **pipes)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise Problem(
                f"ruff could not format the new repository: {said[-1]}; if it is not installed: "
                "python -m pip install -r scripts/requirements.txt"
            )


def yours_of(starter: Starter, names: Names) -> tuple[str, ...]:
    """What an update leaves alone: the package and what the starter says."""
    renamed = starter.identifiers.renamed(names)
    return (f"{names.package}/", *(rename(path, renamed) for path in starter.yours))


def render(record: Record, folder: Path) -> None:
    """Write every file of a fork into the empty folder `folder`; the names in the record are not judged again.

    Raises:
        Misuse: no such starter or license.
        Problem: the template is no git repository, or ruff fails.
    """
    starter, names = find_starter(record.starter), names_of(record)
    for file in plan(starter, names):
        _write(file, starter, record, names, folder)
    (folder / "LICENSE").write_text(license_text(record.license, record.author), encoding="utf-8")
    record = replace(record, yours=yours_of(starter, names))
    (folder / PATH).write_text(record.to_text(), encoding="utf-8")
    _settle_markers(folder)
    _format(folder)


def planned_paths(record: Record) -> list[str]:
    """Paths of the files that `render` would write."""
    files = plan(find_starter(record.starter), names_of(record))
    return sorted({"LICENSE", PATH.as_posix(), *(file.target for file in files)})


def template_commit() -> tuple[str, bool]:
    """The commit of this template, and whether files of it hold changes that are in no commit."""
    changed = git_text(ROOT, "status", "--porcelain", "--untracked-files=no")
    return git_text(ROOT, "rev-parse", "HEAD"), bool(changed)
