"""Bring in what is new in the tools of the template that this repository was made from.

\b
    python -m scripts.new_model --update
    python -m scripts.new_model --update --template ../template --revision v2

The tools (scripts/, the tests of the tools, settings) are merged three ways: as they were made, as they would be made
now, and as you changed them. Your package, README.md, config.json, requirements.txt and tests stay as they are. Where
both sides changed the same lines, both versions are left in the file, marked. Nothing is committed. It runs code of
the template.

\b
Exit codes: 0 done, 1 conflicts to decide or found wanting, 2 misused.
"""

from typing import Annotated

import typer

from .hub_ready.console import run
from .hub_ready.problems import Misuse
from .hub_ready.update.command import run_update


def main(
    update: Annotated[bool, typer.Option("--update", help="What this command does here.")] = False,
    template: Annotated[str | None, typer.Option(help="Its address or folder, if it is not remembered.")] = None,
    revision: Annotated[str, typer.Option(help="Branch, tag or commit of the template.")] = "HEAD",
) -> None:
    if not update:
        raise Misuse("expected --update; to make another repository, run new_model in the template")
    run_update(template, revision)


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
