"""On which versions of its libraries does a repository load with the same numbers?

\b
    python -m scripts.compat_matrix                                         # this source tree's model, made small
    python -m scripts.compat_matrix exports/my-model --output my-model-compatibility
    python -m scripts.compat_matrix exports/my-model --transformers ">=4.50,<5" --transformers 5.23.0
    python -m scripts.compat_matrix someone/model --trust-remote-code --jobs 2

Each environment is made with uv, tried and thrown away; twelve properties are asked of it, each in a process of its
own, and compared with numbers from the newest environment. Without options: every minor version of transformers that
requirements.txt admits, the oldest and the newest of torch and of what else it needs, and everything at its oldest. A
SPEC is a version (4.44.2, or 4.44 for its last patch) or a range, whose every minor is taken; several are separated by
spaces. What is not asked for then stays at its newest.

OUTPUT (results/ for the whole of this source tree) gets compatibility.json, .md, .svg and .png, a file for each
environment, and the logs of what failed. The same command again does only what is missing or could not be tried.

\b
Exit codes: 0 every cell holds or is absent, 1 some cell fails or could not be tried, 2 misused.
"""

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .hub_ready.compat.environments import axes_of, plan_environments
from .hub_ready.console import messages, results, run
from .hub_ready.interrupts import scratch_folder
from .hub_ready.manifest import ROOT

_Specs = Annotated[list[str] | None, typer.Option(metavar="SPEC", help="Versions to try.")]


def main(
    target: Annotated[str | None, typer.Argument(metavar="[FOLDER|REPO_ID]", help="This tree's if left out.")] = None,
    python: Annotated[list[str] | None, typer.Option(metavar="SPEC", help="Versions, or interpreters.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Environments at a time.")] = 1,
    output: Annotated[Path | None, typer.Option(help="Folder for the results.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Try what was tried already.")] = False,
    trust_remote_code: Annotated[bool, typer.Option(help="Run code that someone else may have written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    **packages: list[str] | None,
) -> None:
    from .hub_ready.compat.command import default_output, find_subject, write_results
    from .hub_ready.compat.report import is_good, summarise
    from .hub_ready.compat.run import Run
    from .hub_ready.staging import prepare_output

    asked = {name.replace("_", "-"): " ".join(specs or ()).split() for name, specs in packages.items()}
    with scratch_folder("compat-subject-") as scratch:
        folder = find_subject(target, trust_remote_code, scratch)
        place = output or default_output(target, partial=any(asked.values()) or bool(python))
        prepare_output(place)
        environments = plan_environments(folder, asked, " ".join(python or ()).split())
        rows = Run(folder, place, jobs, again, lambda line: messages.print(line, markup=False)).rows(environments)
    summary = summarise(rows, folder.name)
    paths = write_results(summary, place)
    if as_json:
        results.print_json(json.dumps(summary))
    else:
        good = sum(map(is_good, rows))
        results.print(f"{good} of {len(rows)} environments without fault; {', '.join(paths)}", markup=False)
    raise typer.Exit(0 if all(map(is_good, rows)) else 1)


def _with_options(command: Callable[..., None], packages: list[str]) -> Callable[..., None]:
    """The command with an option for each package, in place of its **packages."""
    told = list(inspect.signature(command).parameters.values())[:-1]
    kind = inspect.Parameter.KEYWORD_ONLY
    told += [inspect.Parameter(n.replace("-", "_"), kind, default=None, annotation=_Specs) for n in packages]
    command.__signature__ = inspect.Signature(told)
    return command


main.__doc__ = __doc__

if __name__ == "__main__":
    run(_with_options(main, axes_of(ROOT)))
