"""Make a repository of your own from this template.

\b
    python -m scripts.new_model ../my-net --name "My Net"
    python -m scripts.new_model ../neobert --name NeoBERT --model-type neobert --license mit
    python -m scripts.new_model ../my-resnet --name "My ResNet" --starter resnet --dry-run

The new repository passes its tests and every check from the start, and its README says where your architecture goes.
Inside it, `python -m scripts.new_model --update` brings in what is new in the template's tools later on.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from .hub_ready.console import messages, results, run
from .hub_ready.problems import Misuse


def main(
    dest: Annotated[Path | None, typer.Argument(help="A folder that does not exist yet.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="What you call the model: 'My Net', NeoBERT, u-net2.")] = None,
    class_prefix: Annotated[str | None, typer.Option(help="In front of class names; derived if left out.")] = None,
    model_type: Annotated[str | None, typer.Option(help="In config.json; derived if left out.")] = None,
    starter: Annotated[str, typer.Option(help="What to begin with; see below.")] = "vision",
    author: Annotated[str | None, typer.Option(help="git's user.name if left out.")] = None,
    license: Annotated[str, typer.Option(help="Of the code: apache-2.0, mit, bsd-3-clause.")] = "apache-2.0",
    git: Annotated[bool, typer.Option("--git/--no-git", help="Make a git repository and a first commit.")] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be made.")] = False,
    update: Annotated[bool, typer.Option("--update", help="Inside a fork: bring in newer tools.")] = False,
) -> None:
    from .scaffold.create import Asked, check_place, create, judged_names, record_of
    from .scaffold.render import planned_paths

    if update:
        raise Misuse("--update works inside a repository that this command made, and this is the template itself")
    if dest is None or name is None:
        raise Misuse("expected a folder and a name: python -m scripts.new_model ../my-net --name 'My Net'")
    asked = Asked(name, class_prefix, model_type, starter, author, license)
    check_place(dest)
    names = judged_names(asked)
    _say("model", names.name)
    _say("package", f"{names.package}/, with configuration_{names.snake}.py and modeling_{names.snake}.py")
    _say("classes", f"{names.prefix}Config, {names.prefix}Model, ...")
    _say("model_type", names.model_type)
    record = record_of(asked, names)
    if record.dirty:
        messages.print("the template has changes that are in no commit; what is made has them too", markup=False)
    if dry_run:
        results.print(*planned_paths(record), sep="\n", markup=False)
        return
    with messages.status(f"making {dest}"):
        create(dest, record, git)
    results.print(
        f"{dest} is made. Its README.md says what to edit; to begin:\n  cd {shlex.quote(str(dest))}", markup=False
    )
    results.print("  python -m scripts.export_model --weights random\n  python -m pytest", markup=False)


def _say(what: str, value: str) -> None:
    results.print(f"{what:<11} {value}", markup=False)


def _with_starters(text: str) -> str:
    """The manual with the starters that there are."""
    from .scaffold.starters import starters

    lines = "\n".join(f"    {one.name}: {one.summary}" for one in starters().values())
    return text.replace("\n\b\nExit codes", f"\n\b\nStarters:\n{lines}\n\n\b\nExit codes")


main.__doc__ = _with_starters(__doc__)

if __name__ == "__main__":
    run(main)
