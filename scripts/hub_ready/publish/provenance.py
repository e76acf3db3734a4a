"""Where a publication came from: the source tree's commit and the versions that were used."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from ..manifest import ROOT, requirement_lines

_PACKAGES = ("transformers", "torch", "safetensors", "huggingface_hub")


def _git(*arguments: str, root: Path) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def source_state(root: Path = ROOT) -> str:
    """The commit of a source tree, and whether it had changes, in words for the card."""
    top = _git("rev-parse", "--show-toplevel", root=root)
    commit = _git("rev-parse", "HEAD", root=root) if top and Path(top).resolve() == root.resolve() else None
    if commit is None:
        return "not under version control"
    # The exports themselves are no change of what made them.
    changes = _git("status", "--porcelain", "--untracked-files=no", root=root)
    return f"commit `{commit}`" + (", with uncommitted changes" if changes != "" else ", clean")


def versions() -> dict[str, str]:
    """Installed versions of what has a part in a publication, without importing it."""
    found = {"python": platform.python_version()}
    required = (Requirement(line).name for line in requirement_lines(ROOT / "requirements.txt"))
    for name in dict.fromkeys((*_PACKAGES, *required)):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
