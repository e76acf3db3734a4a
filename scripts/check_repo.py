"""Is this custom model repository ready for the Hub?

Reads the files and the code of a folder (or of a repository on the Hub), then loads and runs the model in interpreters
of its own. The last line of the output is the verdict.

\b
    python -m scripts.check_repo exports/my-model
    python -m scripts.check_repo exports/my-model --fix
    python -m scripts.check_repo someone/model --static
    python -m scripts.check_repo --explain auto-map-complete

\b
Exit codes: 0 ready, 1 findings of severity error, 2 the check could not run.
"""

from typing import Annotated

import typer

from .hub_ready.check import CheckError, Report, check_folder, choose_rules, find_rule
from .hub_ready.check.edits import plan_fixes
from .hub_ready.check.render import explain, github_annotations, print_report, rules_markdown
from .hub_ready.check.target import Target, resolve_target
from .hub_ready.console import messages, results, run


def _split(values: list[str] | None) -> list[str]:
    return [part.strip() for value in values or [] for part in value.split(",") if part.strip()]


def _check(target: Target, static: bool, select: list[str], ignore: list[str]) -> Report:
    with messages.status("checking") as status:
        return check_folder(
            target.folder,
            behaviour=not static,
            select=select,
            ignore=ignore,
            repo_id=target.repo_id,
            notify=status.update,
        )


def _repair(target: Target, report: Report, yes: bool) -> bool:
    """Show what would change, ask, and write it; False when nothing changed."""
    edits = plan_fixes(target.folder, report)
    if not edits:
        messages.print("nothing that a machine should repair")
        return False
    messages.print(edits.diff(), markup=False)
    if not (yes or typer.confirm(f"Write this to {target.folder}?", err=True)):
        return False
    for path in edits.apply():
        messages.print(f"repaired {path}", markup=False)
    return True


def _show(report: Report, as_json: bool, github: bool) -> None:
    if as_json:
        print(report.to_json())
    else:
        print_report(report, results)
    for line in github_annotations(report) if github else []:
        # GitHub reads both streams, and standard output may be JSON.
        typer.echo(line, err=as_json)


def main(
    repository: Annotated[str | None, typer.Argument(metavar="FOLDER|REPO_ID", show_default=False)] = None,
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a repository on the Hub.")] = None,
    static: Annotated[bool, typer.Option("--static", help="Read only; execute nothing of the repository.")] = False,
    trusted: Annotated[bool, typer.Option("--trust-remote-code", help="Run code that someone else wrote.")] = False,
    select: Annotated[
        list[str] | None, typer.Option(help="Check these alone: ids, files, code, behaviour, patterns; with commas.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Leave these out.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is mechanical, after showing the diff.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    github: Annotated[bool, typer.Option("--github", help="Also print annotations for GitHub Actions.")] = False,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="All rules, as a Markdown table.")] = False,
    explained: Annotated[
        str | None, typer.Option("--explain", metavar="RULE", help="One rule, with a bad and a good example.")
    ] = None,
) -> None:
    chosen = (_split(select), _split(ignore))
    if list_rules:
        print(rules_markdown(choose_rules(*chosen)), end="")
        return
    if explained is not None:
        results.print(*explain(find_rule(explained)), sep="\n")
        return
    if repository is None:
        raise CheckError("expected a folder or a repository: python -m scripts.check_repo FOLDER|REPO_ID")
    target = resolve_target(repository, revision, fix=fix, run=not static and not trusted)
    report = _check(target, static, *chosen)
    if fix and _repair(target, report, yes):
        report = _check(target, static, *chosen)
    _show(report, as_json, github)
    raise typer.Exit(0 if report.ready else 1)


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
