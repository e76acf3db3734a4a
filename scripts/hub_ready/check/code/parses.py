"""That the code can be read at all."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from ..repository import Repository


@rule(
    summary="A Python file cannot be parsed.",
    why="The loader reads every code file as UTF-8 and imports it: loading fails on every version.",
    repair="Repair the syntax, or save the file as UTF-8; remove what is not Python.",
    bad="class XModel(:",
    good="class XModel(PreTrainedModel):",
)
def code_parses(repository: Repository) -> Iterator[Finding]:
    for source in repository.sources.values():
        if source.error is not None:
            yield Finding(f"{source.path} cannot be used: {source.error}", source.path, source.error_line)
