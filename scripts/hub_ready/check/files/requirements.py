"""requirements.txt: what the code imports and transformers does not bring."""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from functools import cache

from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import Import

# Installed wherever a model of transformers runs.
_GIVEN = {
    "torch",
    "transformers",
    "numpy",
    "safetensors",
    "tokenizers",
    "huggingface_hub",
    "packaging",
    "yaml",
    "tqdm",
}
_GIVEN |= {"regex", "filelock"}
# Import names that differ from the name of the package, for machines where the package is not installed.
_PACKAGES = {
    "PIL": ("pillow",),
    "cv2": ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    "sklearn": ("scikit-learn",),
    "skimage": ("scikit-image",),
    "bs4": ("beautifulsoup4",),
    "flash_attn": ("flash-attn",),
    "mamba_ssm": ("mamba-ssm",),
    "causal_conv1d": ("causal-conv1d",),
    "Bio": ("biopython",),
    "rdkit": ("rdkit", "rdkit-pypi"),
    "google": ("protobuf",),
    "soundfile": ("soundfile", "pysoundfile"),
    "open_clip": ("open-clip-torch",),
    "fla": ("flash-linear-attention",),
}


def third_party(imports: list[Import]) -> Iterator[Import]:
    """Imports that the loader asks for and that come from a package which transformers does not bring."""
    for item in imports:
        top = item.module.split(".")[0]
        if item.level == 0 and not item.optional and top and top not in _GIVEN and top not in sys.stdlib_module_names:
            yield item


def is_declared(repository: Repository, item: Import) -> bool:
    """Whether requirements.txt lists a package that the import may come from."""
    top = item.module.split(".")[0]
    names = {_normal(name) for name in (top, *_PACKAGES.get(top, ()), *_installed().get(top, ()))}
    return any(_normal(requirement.name) in names for requirement in repository.requirements)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _installed() -> dict[str, list[str]]:
    try:
        return dict(importlib.metadata.packages_distributions())
    except Exception:  # a damaged installation is none of the repository's faults
        return {}


def is_sibling(repository: Repository, item: Import) -> bool:
    """Whether an absolute import means a file of the repository itself."""
    return any(f"{part}.py" in repository.sources for part in item.module.split(".")) or (
        item.name is not None and f"{item.name}.py" in repository.sources and item.module.split(".")[0] not in _GIVEN
    )


@rule(
    summary="The code imports a package that requirements.txt does not list.",
    why="""The loader refuses to run code whose imports are not installed, and a consumer has no other list to install
        from.""",
    repair="Add the package, with the lowest version that you tested; or import it inside try.",
    bad="import einops  # and no requirements.txt",
    good="import einops  # and einops>=0.6 in requirements.txt",
)
def requirements_cover(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        seen = set()
        for item in third_party(source.imports):
            top = item.module.split(".")[0]
            if item.nested or top in seen or is_sibling(repository, item) or is_declared(repository, item):
                continue
            seen.add(top)
            yield Finding(f"{top} is imported, and requirements.txt does not list it", source.path, item.line)


@rule(
    severity="warning",
    summary="A line of requirements.txt is no requirement.",
    why="pip refuses the whole file.",
    repair="Write name, bounds and markers as in einops>=0.8.",
    bad="einops => 0.8",
    good="einops>=0.8",
)
def requirements_valid(repository: Repository) -> Iterator[Finding]:
    path = "requirements.txt"
    if repository.has(path) and repository.text(path) is None:
        yield Finding("requirements.txt is not UTF-8 text", path)
    for number, item in repository.requirement_lines:
        # pip also takes URLs and paths, which have no name to compare.
        if isinstance(item, str) and not re.match(r"(git\+|https?://|file:|\.{0,2}/)", item):
            yield Finding(f"{item[:80]!r} is no requirement", path, number)
