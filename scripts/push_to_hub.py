"""Publish a folder on the Hugging Face Hub, and prove that a stranger gets what was published.

\b
    python -m scripts.push_to_hub exports/my-model --rehearse
    python -m scripts.push_to_hub exports/my-model --dry-run
    python -m scripts.push_to_hub exports/my-model --repo-id you/my-model --tag v1
    python -m scripts.push_to_hub exports/my-model --repo-id you/my-model --update

The folder is checked first, as python -m scripts.check_repo does it: errors stop everything. Then one commit brings
all files, or none; a commit of somebody else that came between is never overwritten. A fresh interpreter with an
empty cache loads that very commit back through every Auto class and the pipeline, and compares files and outputs with
the folder. Last, a commit of the card alone pins its snippet to the first one (with --tag the first commit does).

--rehearse does all of it on this machine, against a throw-away Hub, without an account.

The token is the one that `hf auth login` stored, or HF_TOKEN. HF_ENDPOINT names another Hub.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from .hub_ready.console import messages, results, run
from .hub_ready.problems import Misuse


def main(
    folder: Annotated[Path, typer.Argument(help="An exported folder.", show_default=False)],
    repo_id: Annotated[
        str | None, typer.Option(help="NAMESPACE/NAME; without it, the folder's name in your own namespace.")
    ] = None,
    rehearse: Annotated[bool, typer.Option("--rehearse", help="Against a throw-away Hub on this machine.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="With --rehearse: show the page until Ctrl-C.")] = False,
    private: Annotated[bool, typer.Option("--private", help="A new repository is private.")] = False,
    branch: Annotated[str, typer.Option(help="Where to commit; made from main where it is missing.")] = "main",
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Propose it as a pull request.")] = False,
    tag: Annotated[str | None, typer.Option(help="Name for the verified commit.")] = None,
    message: Annotated[str | None, typer.Option(help="First line of the commit.")] = None,
    update: Annotated[bool, typer.Option("--update", help="The repository exists and may be changed.")] = False,
    overwrite_card: Annotated[
        bool, typer.Option("--overwrite-card", help="Replace a card that was edited on the Hub.")
    ] = False,
    static: Annotated[bool, typer.Option("--static", help="Check by reading, without running the model.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and plan; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    if keep and not rehearse:
        raise Misuse("--keep shows the page of a rehearsal: add --rehearse")
    if keep and dry_run:
        raise Misuse("a dry run has no page to show: give --keep or --dry-run, not both")
    options = {"private": private, "branch": branch, "create_pr": create_pr, "tag": tag, "message": message}
    options |= {"update": update, "overwrite_card": overwrite_card}
    if rehearse:
        _rehearse(folder, repo_id, {**options, "static": static}, dry_run, keep, as_json)
    else:
        _publish(folder, repo_id, options, {"dry_run": dry_run, "static": static}, as_json)


def _publish(folder: Path, repo_id: str | None, options: dict[str, Any], how: dict[str, bool], as_json: bool) -> None:
    from .hub_ready.check.render import print_report
    from .hub_ready.publish import prepare, publish
    from .hub_ready.publish.show import print_outcome, print_plan

    with messages.status("asking the Hub") as status:
        prepared = prepare(folder, repo_id, **options)
        plan = prepared.plan.to_json(prepared.contents)
        if not how["dry_run"]:
            # What stands on a terminal before the commit is what the author may still stop.
            print_plan(plan, messages)
        outcome = publish(prepared, status.update, lambda report: print_report(report, messages), **how)
    answer = outcome.to_json() if outcome else plan
    if as_json:
        print(json.dumps(answer, indent=2))
    elif outcome:
        print_outcome(answer, results)
    else:
        print_plan(answer, results)


def _rehearse(
    folder: Path, repo_id: str | None, options: dict[str, Any], dry_run: bool, keep: bool, as_json: bool
) -> None:
    from .hub_ready.publish.rehearse import command_options, rehearsal, wait_for_interrupt
    from .hub_ready.publish.show import print_plan, print_rehearsal

    given = command_options(options)
    with rehearsal(folder, repo_id, [*given, *(["--dry-run"] if dry_run else [])]) as done:
        if done.exit_code:
            raise typer.Exit(done.exit_code)
        answer = done.to_json()
        if as_json:
            print(json.dumps(answer, indent=2), flush=True)
        elif dry_run:
            print_plan(answer, results)
        else:
            named = ["--repo-id", repo_id] if repo_id else []
            real = shlex.join(["python", "-m", "scripts.push_to_hub", str(folder), *named, *given])
            print_rehearsal(answer, real, done.page if keep else None, results)
        if keep:
            messages.print(f"{done.page} until Ctrl-C", markup=False)
            wait_for_interrupt()


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
