"""One update: the template at the recorded commit and at its newest, rendered alike, merged into this repository."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..child import run_child
from ..interrupts import scratch_folder
from ..problems import Misuse, Problem, first_few
from .git import changes, git_text, run_git
from .merge import File, Merge, merge_trees
from .record import PATH, Record, public_address, read_record

# Where a folder is remembered: in .git/config, which is not published as the record is.
_KEY = "template.folder"


@dataclass(frozen=True)
class Update:
    """What is to be done: from one commit of the template to another, and the merge between them."""

    before: str
    after: str
    merge: Merge


def find_update(root: Path, template: str | None = None, revision: str | None = None) -> Update | None:
    """What brings the template's newer tooling into the repository `root`; None when there is none.

    Nothing is changed: `apply` the merge for that.

    Args:
        root: a repository that new_model made.
        template: address or folder of the template; None takes the one that is remembered.
        revision: of the template, an older one too; None takes its newest.

    Raises:
        Misuse: it is no such repository, has changes that are in no commit, or the template is not known.
        Problem: the template cannot be read, is older or does not make a tree; or something stands in the way.
    """
    record = read_record(root)
    _demand_clean(root)
    source = _source(root, record, template)
    with scratch_folder("template-") as scratch:
        clone = scratch / "template"
        run_git(root, "clone", "--quiet", "--no-checkout", source, str(clone))
        after = git_text(clone, "rev-parse", "--verify", f"{revision or 'HEAD'}^{{commit}}")
        if after == record.commit:
            return None
        _demand_commit(clone, record.commit)
        if revision is None:
            _demand_newer(clone, record.commit, after, source)
        base, theirs = (_render(clone, record.at(commit), scratch) for commit in (record.commit, after))
        paths = {path for tree in (base, theirs) for path in _files(tree)} - {str(PATH)}
        merge = merge_trees(root, base, theirs, [path for path in paths if not record.is_yours(path)])
    merge.write[str(PATH)] = File(record.at(after).to_text().encode())
    return Update(record.commit, after, merge)


def remember(root: Path, folder: Path) -> None:
    """Remember the folder of a template in this clone, for the updates to come."""
    run_git(root, "config", _KEY, str(folder))


def _demand_clean(root: Path) -> None:
    if Path(git_text(root, "rev-parse", "--show-toplevel")).resolve() != root.resolve():
        raise Misuse(f"{root} is not the top of a git repository; make it one: git init && git add . && git commit")
    dirty = changes(root)
    if dirty:
        raise Misuse(
            f"there are changes in no commit ({first_few([line.strip() for line in dirty], 3)}); commit them first"
        )


def known_source(root: Path, record: Record) -> str | None:
    """The template's address, or its folder on this machine; None when neither is known."""
    if record.template:
        return record.template
    listed = git_text(root, "config", "--default", "", "--get", _KEY)
    return listed if listed and Path(listed).is_dir() else None


def _source(root: Path, record: Record, given: str | None) -> str:
    if given:
        return given if public_address(given) else str(Path(given).resolve())
    found = known_source(root, record)
    if not found:
        raise Misuse(f"{PATH} names no address of the template; give one: --update --template ADDRESS|FOLDER")
    return found


def _demand_commit(clone: Path, commit: str) -> None:
    try:
        run_git(clone, "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}")
    except Problem as problem:
        raise Problem(f"the template has no commit {commit[:12]} (any more), of which this was made") from problem


def _demand_newer(clone: Path, before: str, after: str, source: str) -> None:
    if not git_text(clone, "rev-list", "--max-count=1", after, f"^{before}"):
        raise Problem(
            f"{source} is at {after[:12]}, which is older than {before[:12]}, of which this was made; bring the "
            f"template up to date, or add --revision {after[:12]} to go back"
        )


def _render(clone: Path, record: Record, scratch: Path) -> Path:
    """The tree that one commit of the template makes of a record, by that commit's own code."""
    run_git(clone, "checkout", "--quiet", "--force", record.commit)
    target, answers = scratch / record.commit, scratch / "record.json"
    answers.write_text(record.to_text(), encoding="utf-8")
    command = [sys.executable, "-m", "scripts.scaffold", str(answers), str(target)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    made = run_child(command, cwd=clone, env=environment, **pipes)
    if made.returncode:
        said = made.stderr.strip().splitlines() or ["no message"]
        raise Problem(f"the template at {record.commit[:12]} made no tree: {said[-1]}")
    return target


def _files(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
