"""One update: the template at the recorded commit and at its newest, rendered alike, merged into this repository."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..problems import Misuse, Problem, first_few
from .git import changes, git_text, run_git
from .merge import Merge, apply, merge_trees
from .record import PATH, Record, public_address, read_record

# Where a folder is remembered: in .git/config, which is not published as the record is.
_KEY = "template.folder"


@dataclass(frozen=True)
class Updated:
    """What an update did: from one commit of the template to another, and the merge between them."""

    before: str
    after: str
    merge: Merge


def update(root: Path, template: str | None = None, revision: str = "HEAD") -> Updated | None:
    """Bring the template's newer tooling into the repository `root`, without a commit; None when there is none.

    Args:
        root: a repository that new_model made.
        template: address or folder of the template; None takes the one that is remembered.
        revision: of the template.

    Raises:
        Misuse: it is no such repository, has changes that are in no commit, or the template is not known.
        Problem: the template cannot be read or does not make a tree; nothing was changed.
    """
    record = read_record(root)
    _demand_clean(root)
    with tempfile.TemporaryDirectory(prefix="template-") as scratch:
        clone = Path(scratch, "template")
        run_git(root, "clone", "--quiet", "--no-checkout", _source(root, record, template), str(clone))
        newest = git_text(clone, "rev-parse", "--verify", f"{revision}^{{commit}}")
        if newest == record.commit:
            return None
        base, theirs = (_render(clone, record.at(commit), Path(scratch)) for commit in (record.commit, newest))
        paths = {path for tree in (base, theirs) for path in _files(tree)} - {str(PATH)}
        merge = merge_trees(root, base, theirs, [path for path in paths if not record.is_yours(path)])
        merge.write[str(PATH)] = record.at(newest).to_text().encode()
        apply(merge, root, theirs)
    return Updated(record.commit, newest, merge)


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


def _source(root: Path, record: Record, given: str | None) -> str:
    if given:
        return given if public_address(given) else str(Path(given).resolve())
    found = record.template
    if not found:
        listed = git_text(root, "config", "--default", "", "--get", _KEY)
        found = listed if listed and Path(listed).is_dir() else None
    if not found:
        raise Misuse(f"{PATH} names no address of the template; give one: --update --template ADDRESS|FOLDER")
    return found


def _render(clone: Path, record: Record, scratch: Path) -> Path:
    """The tree that one commit of the template makes of a record, by that commit's own code."""
    try:
        run_git(clone, "checkout", "--quiet", "--force", record.commit)
    except Problem as problem:
        raise Problem(f"the template has no commit {record.commit[:12]} (any more): {problem}") from problem
    target, answers = scratch / record.commit, scratch / "record.json"
    answers.write_text(record.to_text(), encoding="utf-8")
    command = [sys.executable, "-m", "scripts.scaffold", str(answers), str(target)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    made = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True)
    if made.returncode:
        said = made.stderr.strip().splitlines() or ["no message"]
        raise Problem(f"the template at {record.commit[:12]} made no tree: {said[-1]}")
    return target


def _files(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
