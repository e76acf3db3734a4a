"""A template and a fork of it, and what is done to them."""

import subprocess
import sys
from pathlib import Path

from scripts.hub_ready.update.apply import apply
from scripts.hub_ready.update.git import run_git, tracked
from scripts.hub_ready.update.merge import Merge
from scripts.hub_ready.update.update import find_update

SCRIPT, OTHER = "scripts/classify_images.py", "scripts/hub_ready/labels.py"
HEAD = "Classify images with an exported folder"
Place = tuple[Path, Path]


def commit(root: Path, message: str = "work") -> None:
    run_git(root, "add", "--all")
    run_git(root, "commit", "--quiet", "--allow-empty", "-m", message)


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text
    (root / path).write_text(text.replace(old, new, 1))


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "scripts.new_model", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)


def state(root: Path) -> dict[str, bytes]:
    return {path: (root / path).read_bytes() for path in tracked(root)}


def listing(root: Path) -> dict[str, bytes]:
    """Every file under `root`, ignored ones too, but for git's own."""
    files = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def sources(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same without what Python wrote when it imported them."""
    return {path: content for path, content in files.items() if not path.endswith(".pyc")}


def update(fork: Path, template: Path, revision: str | None = None) -> Merge | None:
    """Apply what there is to apply."""
    found = find_update(fork, str(template), revision)
    if found is None:
        return None
    apply(found.merge, fork)
    return found.merge
