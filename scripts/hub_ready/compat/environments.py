"""Which environments a repository is tried in: from its requirements.txt, the package index and what was asked for."""

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

from ..check.repository import Repository
from .index import admitted, chosen, last_of_minors, python_for
from .uv import BuildFailed, run_uv

# What a repository without a word of its own is tried with.
_ASSUMED = {"transformers": ">=4.40", "torch": ">=2.4"}
# What comes with transformers and torch; each further requirement is an axis of its own.
_STACK = ("torchvision", "torchaudio", "safetensors", "pillow", "numpy", "huggingface-hub", "tokenizers", "accelerate")
# The processors and the job read images with it.
_ALWAYS = ("pillow>=10",)


@dataclass(frozen=True)
class Environment:
    """One row of the table.

    Attributes:
        python: a version, or the path of an interpreter.
        pins: package and version, transformers first.
        others: further requirements, each at the newest version that fits.
        oldest: whether `others` are at the oldest versions that their bounds allow.
    """

    python: str
    pins: tuple[tuple[str, str], ...]
    others: tuple[str, ...] = ()
    oldest: bool = False

    @property
    def key(self) -> str:
        """A file name, and the environment's identity in a run."""
        parts = [f"{name}-{version}" for name, version in self.pins]
        parts += [f"python-{self.python.strip('/').replace('/', '_')}", *(["oldest"] if self.oldest else [])]
        return "-".join(parts)

    @property
    def packages(self) -> list[str]:
        """Names of all that is required."""
        return [*(name for name, _ in self.pins), *(Requirement(other).name for other in self.others)]


def read_requirements(folder: Path) -> dict[str, Requirement]:
    """The requirements of a repository by name; lines that are none are passed over."""
    found = {one.name.lower().replace("_", "-"): one for one in Repository(folder).requirements}
    for name, bound in _ASSUMED.items():
        found.setdefault(name, Requirement(f"{name}{bound}"))
    return found


def axes_of(folder: Path) -> list[str]:
    """The packages whose versions are tried: transformers, torch and what a repository needs besides them."""
    return list(dict.fromkeys(["transformers", "torch", *(n for n in read_requirements(folder) if n not in _STACK)]))


def _bound(requirement: Requirement) -> str | None:
    """The oldest version that a requirement names."""
    return next((one.version for one in requirement.specifier if one.operator in (">=", "==", "~=")), None)


def _values(name: str, requirement: Requirement, asked: list[str]) -> list[str]:
    """Versions of one axis, oldest first."""
    if asked:
        named = {version for value in asked for version in chosen(name, value)}
        return sorted(named, key=Version)
    allowed = admitted(name, requirement.specifier)
    bound = _bound(requirement)
    exact = [version for version in allowed if bound and version == Version(bound)] or allowed[:1]
    middle = last_of_minors(allowed) if name == "transformers" else allowed[-1:]
    return [str(version) for version in sorted({*exact, *middle})]


def _rows(axes: dict[str, list[str]], beside: Callable[[dict[str, str]], str]) -> list[dict[str, str]]:
    """Versions by package, row for row; `beside` says which transformers is the last to go with a row's others."""
    newest, versions = {name: values[-1] for name, values in axes.items()}, axes["transformers"]
    rows = [{**newest, "transformers": version} for version in versions]
    older = [(name, value) for name, values in axes.items() if name != "transformers" for value in values[:-1]]
    for row in ({**newest, name: value} for name, value in older):
        rows += [{**row, "transformers": end} for end in dict.fromkeys([versions[0], beside(row)])]
    return sorted(rows, key=lambda row: [Version(row[key]) for key in ("torch", *sorted(row))], reverse=True)


def plan_environments(folder: Path, asked: Mapping[str, list[str]], pythons: list[str]) -> list[Environment]:
    """The rows of the table.

    Every version of transformers with the newest of all else; then, for each further version of another axis, the
    oldest transformers and the newest that admits it; and, where nothing was asked for, everything at its oldest.

    Args:
        folder: a repository.
        asked: package to the versions that were asked for. Where nothing was, the axes take what requirements.txt
            admits: every minor of transformers, the oldest and the newest of the others. Otherwise those that were
            left out stay at their newest.
        pythons: versions or paths; empty for the running one, or the newest that has the packages where that has not.
    """
    required, asked = read_requirements(folder), {name: specs for name, specs in asked.items() if specs}
    known = {name: required.get(name, Requirement(name)) for name in dict.fromkeys([*axes_of(folder), *asked])}
    everything, running = not asked and not pythons, platform.python_version().rpartition(".")[0]
    axes = {name: _values(name, requirement, asked.get(name, [])) for name, requirement in known.items()}
    if not everything:
        axes = {name: values if name in asked else values[-1:] for name, values in axes.items()}
    others = tuple(str(one) for name, one in required.items() if name not in axes)
    others += tuple(one for one in _ALWAYS if Requirement(one).name not in required)

    def beside(row: dict[str, str]) -> str:
        return row["transformers"] if "transformers" in asked else _newest_beside(row, known["transformers"])

    made = [
        Environment(python or python_for(row.items(), running), tuple(row.items()), others)
        for python in pythons or [None]
        for row in _rows(axes, beside)
    ]
    if everything:
        pins = tuple((name, values[0]) for name, values in axes.items())
        made.append(Environment(python_for(pins, running), pins, others, oldest=True))
    return list(dict.fromkeys(made))


def with_extra(package: str) -> str:
    """The package as it is asked for: transformers says in its extra which torch it admits."""
    return "transformers[torch]" if package == "transformers" else package


def _newest_beside(row: dict[str, str], transformers: Requirement) -> str:
    """The newest transformers that admits the other packages of a row; the row's own where nobody can tell."""
    others = [f"{name}=={version}" for name, version in row.items() if name != "transformers"]
    wanted = "\n".join([f"transformers[torch]{transformers.specifier}", *others])
    try:
        resolved = run_uv("pip", "compile", "--quiet", "--no-header", "--no-annotate", "-", stdin=wanted)
    except BuildFailed:
        return row["transformers"]
    found = (line.removeprefix("transformers==") for line in resolved.split() if line.startswith("transformers=="))
    return next(found, row["transformers"])


def newest_of(environments: list[Environment]) -> Environment:
    """The one that makes the reference: the newest transformers, with the newest of all else."""
    return max(environments, key=lambda one: [Version(version) for _, version in sorted(one.pins, reverse=True)])
