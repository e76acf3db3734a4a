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

import shlex
from typing import Annotated

import typer

try:
    from .hub_ready.console import run
    from .hub_ready.manifest import ROOT
    from .hub_ready.problems import Misuse
    from .hub_ready.update.command import run_update
    from .hub_ready.update.record import read_record
    from .hub_ready.update.update import known_source
except SyntaxError as error:
    # This command's own tools are merged too.
    raise SystemExit(
        f"error: {error.filename}, line {error.lineno}: {error.msg}; if an update left marks of a conflict (<<<<<<<) "
        f"there, decide it first, or bring the file back: git checkout HEAD -- {shlex.quote(str(error.filename))}"
    ) from None


def main(
    context: typer.Context,
    update: Annotated[bool, typer.Option("--update", help="What this command does here.")] = False,
    template: Annotated[str | None, typer.Option(help="Its address or folder, if it is not remembered.")] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit; its newest if left out.")] = None,
) -> None:
    if not update:
        source = known_source(ROOT, read_record(ROOT)) or "an address that is not recorded"
        raise Misuse(
            f"this repository was made from the template at {source}, and further ones are made there: "
            "python -m scripts.new_model DEST --name NAME; here, expected --update"
        )
    if context.args:
        raise Misuse(f"expected --template or --revision beside --update, found {shlex.join(context.args)}")
    run_update(template, revision)


main.__doc__ = __doc__

if __name__ == "__main__":
    # What the template's command takes is answered with where that command is.
    run(main, allow_extra_args=True, ignore_unknown_options=True)
