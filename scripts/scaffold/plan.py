"""Which files a fork has, and where each comes from."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from scripts.hub_ready.manifest import ROOT, read_manifest
from scripts.hub_ready.problems import Problem
from scripts.hub_ready.update.git import git_text, tracked

from .identifiers import identifiers_of, rename
from .names import Names
from .starters import COMMON, FOLDER, Starter

# What is about forking, what was measured with this model, and the tests of the tools themselves: minutes long.
_TEMPLATE_ONLY = (
    "README.md",
    "LICENSE",
    "results/*",
    "scripts/new_model.py",
    "scripts/scaffold/*",
    "tests/forks/*",
    "tests/behaviour/*",
    "tests/check/*",
    "tests/compat/*",
    "tests/hub/*",
    "tests/publish/*",
    "tests/test_readme.py",
    "tests/benchmarks/test_results.py",
    "tests/test_support.py",
)
_TEMPLATE_SUFFIX = ".jinja"


@dataclass(frozen=True)
class PlannedFile:
    """One file of a fork.

    Attributes:
        target: path in the fork.
        source: the file that it is made from.
        renamed: identifiers in it that get other names.
        folder: of the starter's own files that it lies in, None for a file of the template.
    """

    target: str
    source: Path
    renamed: dict[str, str]
    folder: Path | None = None

    @property
    def is_template(self) -> bool:
        """Whether it is filled in rather than copied."""
        return self.source.suffix == _TEMPLATE_SUFFIX


def _from_template(starter: Starter, names: Names, paths: list[str]) -> list[PlannedFile]:
    left_out = (*_TEMPLATE_ONLY, *starter.leaves_out)
    kept = [path for path in paths if not any(fnmatchcase(path, pattern) for pattern in left_out)]
    renamed = identifiers_of(read_manifest(ROOT)).renamed(names)
    return [PlannedFile(rename(path, renamed), ROOT / path, renamed) for path in kept]


def _from_folder(folder: Path, starter: Starter, names: Names, paths: list[str]) -> list[PlannedFile]:
    inside = f"{folder.relative_to(ROOT).as_posix()}/"
    renamed, planned = starter.identifiers.renamed(names), []
    for path in paths:
        inner = path.removeprefix(inside)
        # Names that begin with an underscore and end in .jinja are parts, which others include.
        part = PurePosixPath(inner).name.startswith("_") and inner.endswith(_TEMPLATE_SUFFIX)
        if inner != path and inner != "starter.json" and not part:
            target = rename(inner.removesuffix(_TEMPLATE_SUFFIX), renamed)
            planned.append(PlannedFile(target, ROOT / path, renamed, folder))
    return planned


def _tracked() -> list[str]:
    try:
        top = Path(git_text(ROOT, "rev-parse", "--show-toplevel"))
        if top.resolve() != ROOT.resolve():
            raise Problem(f"{ROOT} lies in another repository, {top}")
        return tracked(ROOT)
    except Problem as problem:
        raise Problem(f"the template must be a clone with its history, made by git clone: {problem}") from problem


def plan(starter: Starter, names: Names) -> list[PlannedFile]:
    """The files of a fork: the template's, in whose places come those of every fork, then those of the starter."""
    paths = _tracked()
    own = [path for path in paths if path.startswith(f"{FOLDER.relative_to(ROOT).as_posix()}/")]
    layers = [
        _from_template(starter, names, paths),
        _from_folder(COMMON, starter, names, own),
        _from_folder(starter.folder, starter, names, own),
    ]
    files = {file.target: file for layer in layers for file in layer}
    return [files[target] for target in sorted(files)]
