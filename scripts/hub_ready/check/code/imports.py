"""Imports: the forms that the loader copies, and the names that every supported version has."""

import ast
from collections.abc import Iterator

from ..availability import VERSIONS, lacking
from ..files.requirements import is_declared, is_sibling, third_party
from ..model import Finding
from ..registry import rule
from ..repository import Repository
from ..source import Import, Source


def _relative(source: Source) -> Iterator[Import]:
    return (item for item in source.imports if item.level > 0)


@rule(
    summary="A relative import is of a form that the loader does not follow.",
    why="""Files are found by a regular expression: `from .a.b import` and `from ..x import` never work for a consumer,
        and `from . import x` fails for local folders on >= 5.8.""",
    repair="Write from .module import name, one level deep.",
    bad="from . import layers",
    good="from .layers import Block",
)
def import_relative_form(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for item in _relative(source):
            if item.level > 1 or "." in item.module or not item.module:
                form = f"from {'.' * item.level}{item.module} import {item.name}"
                yield Finding(f"`{form}` is not followed by the loader", source.path, item.line)


@rule(
    summary="A relative import names a file that is not there.",
    why="""The loader asks the Hub for it and fails, on every version, even where the line stands in a docstring,
        inside try or under TYPE_CHECKING.""",
    repair="Add the file beside the others, or remove the line; in a docstring, write it another way.",
    bad='"""Usage:\n    from .helpers import run\n"""  # and no helpers.py',
    good="from .helpers import run  # and helpers.py",
)
def import_missing_file(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        if source.error is not None:
            continue
        for name, line in source.loader_imports:
            flat = name.isidentifier()
            if flat and f"{name}.py" not in repository.sources:
                yield Finding(f"the loader will look for {name}.py, which is not there", source.path, line)


@rule(
    summary="A file of the repository is imported as if it were installed.",
    why="""The loader copies what is imported relatively; anything else it takes for a package, and tells the consumer
        to pip install it.""",
    repair="Write from .configuration_x import XConfig.",
    bad="from configuration_x import XConfig",
    good="from .configuration_x import XConfig",
)
def import_sibling(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for item in third_party(source.imports):
            if is_sibling(repository, item) and not is_declared(repository, item):
                yield Finding(
                    f"{item.module} is a file of this repository, imported absolutely", source.path, item.line
                )


@rule(
    summary="A helper is imported by a helper, and not by the file that the auto_map names.",
    why="Local folders load one level of relative imports only before 5.10: the second level is not copied.",
    repair="Import every helper in the modeling file itself as well, or put it there.",
    bad="modeling_x.py: from .blocks import Block   blocks.py: from .norms import Norm",
    good="modeling_x.py: from .blocks import Block and from .norms import Norm",
)
def import_chain(repository: Repository) -> Iterator[Finding]:
    if not any(repository.runs_on(version) for version in VERSIONS[:3]):
        return
    entries = sorted({ref.target[0] for ref in repository.auto_references if ref.target})
    for path in entries:
        direct = _siblings(repository, path)
        for helper in sorted(direct):
            for deeper in sorted(_siblings(repository, helper) - direct - {path}):
                message = f"{helper} imports {deeper}, which {path} does not import itself"
                yield Finding(message, helper, _line_of_import(repository.sources[helper], deeper))


def _siblings(repository: Repository, path: str) -> set[str]:
    source = repository.sources.get(path)
    found = {f"{item.module}.py" for item in _relative(source) if item.module} if source else set()
    return {name for name in found if name in repository.sources}


def _line_of_import(source: Source, path: str) -> int | None:
    return next((item.line for item in _relative(source) if f"{item.module}.py" == path), None)


@rule(
    summary="An import looks optional, and is not.",
    why="""The loader asks for whatever is imported in a function or under TYPE_CHECKING too, before it runs a line:
        loading fails for everyone who lacks the package. Inside try it does not ask.""",
    repair="Import it inside try, or list the package in requirements.txt.",
    bad="def plot(self):\n    import matplotlib",
    good="try:\n    import matplotlib\nexcept ImportError:\n    matplotlib = None",
)
def import_optional(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for item in third_party(source.imports):
            if item.nested and not is_sibling(repository, item) and not is_declared(repository, item):
                top = item.module.split(".")[0]
                yield Finding(
                    f"{top} is required by the loader, and requirements.txt does not list it", source.path, item.line
                )


def _foreign_names(repository: Repository) -> Iterator[tuple[Source, Import, list[str]]]:
    """Imports from transformers with the supported versions, within the declared range, that lack the name."""
    for source in repository.code.values():
        for item in source.imports:
            if item.level == 0 and item.module.split(".")[0] == "transformers" and not item.optional:
                missing = [v for v in lacking(item.module, item.name) if repository.runs_on(v)]
                if missing:
                    yield source, item, missing


@rule(
    summary="A name is imported that newer versions of transformers no longer have.",
    why="The import fails, and with it every load, on the versions that the finding names.",
    repair="Take it from where all versions have it, write the few lines yourself, or import it inside try.",
    bad="from transformers.modeling_utils import find_pruneable_heads_and_indices",
    good="no head pruning: 5.x has none",
)
def names_removed(repository: Repository) -> Iterator[Finding]:
    for source, item, missing in _foreign_names(repository):
        if missing[-1] == VERSIONS[-1] or VERSIONS[0] not in missing:
            yield Finding(
                f"{item.module} has no {item.name or 'such module'} on {', '.join(missing)}", source.path, item.line
            )


@rule(
    severity="warning",
    summary="A name is imported that the oldest supported versions of transformers do not have yet.",
    why="""Consumers on an older version get an ImportError that does not say what to do; requirements.txt is where the
        lowest version is looked up.""",
    repair="Declare the lowest version in requirements.txt (transformers>=...), or import the name inside try.",
    bad="from transformers.modeling_layers import GradientCheckpointingLayer",
    good="transformers>=4.57 in requirements.txt",
)
def names_too_new(repository: Repository) -> Iterator[Finding]:
    for source, item, missing in _foreign_names(repository):
        if missing[-1] != VERSIONS[-1] and VERSIONS[0] in missing:
            yield Finding(
                f"{item.module} has no {item.name or 'such module'} on {', '.join(missing)}", source.path, item.line
            )


@rule(
    summary="The code changes sys.path.",
    why="The loader copies the code into a cache of its own: what lay beside the file is not there for a consumer.",
    repair="Import siblings relatively.",
    bad="sys.path.insert(0, os.path.dirname(__file__))",
    good="from .blocks import Block",
)
def import_path(repository: Repository) -> Iterator[Finding]:
    for source in repository.code.values():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and source.dotted(node) in {
                f"sys.path.{m}" for m in ("insert", "append")
            }:
                yield Finding("sys.path is changed", source.path, node.lineno)
