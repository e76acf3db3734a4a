"""Is this custom model repository ready for the Hub?

Reads the files and the code of a folder (or of a repository on the Hub), then loads and runs the model in interpreters
of its own. Exit 0: ready. Exit 1: findings of severity error. Exit 2: the check could not run.

    python -m scripts.check_repo exports/resnet50d
    python -m scripts.check_repo exports/resnet50d --fix
    python -m scripts.check_repo someone/model --static
"""

import sys
from typing import Annotated, Optional

import typer
from rich.console import Console

from scripts.hub_ready.check import CheckError, Report, all_rules, check_folder, choose_rules, find_rule
from scripts.hub_ready.check.edits import plan_fixes
from scripts.hub_ready.check.render import explain, github_annotations, print_report, rules_markdown
from scripts.hub_ready.check.target import Target, resolve_target

app = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
_RULES = "Rule ids, groups (files, code, behaviour) or patterns (auto-map-*), separated by commas."


def _split(values: Optional[list[str]]) -> list[str]:
    return [part.strip() for value in values or [] for part in value.split(",") if part.strip()]


def _repair(target: Target, report: Report, yes: bool, console: Console) -> bool:
    """Show what would change, ask, and write it; False when nothing changed."""
    edits = plan_fixes(target.folder, report)
    if not edits:
        console.print("Nothing that a machine should repair.")
        return False
    console.print(edits.diff(), markup=False, highlight=False, soft_wrap=True)
    if not (yes or typer.confirm(f"Write this to {target.folder}?", err=True)):
        return False
    for path in edits.apply():
        console.print(f"repaired {path}", markup=False, highlight=False)
    return True


def _show(report: Report, as_json: bool, github: bool) -> None:
    if as_json:
        print(report.to_json())
    else:
        print_report(report, Console(highlight=False))
    if github:
        # Commands are read from any stream, and stdout may hold JSON.
        print("\n".join(github_annotations(report)), file=sys.stderr if as_json else sys.stdout)


def _may_run(target: Target, static: bool, trusted: bool) -> bool:
    if target.foreign and not (static or trusted):
        raise CheckError(
            "this would run code that someone else may have written: read it, then add --trust-remote-code, "
            "or add --static to execute none of it"
        )
    return not static


@app.command()
def main(
    repository: Annotated[Optional[str], typer.Argument(metavar="FOLDER|REPO_ID", show_default=False)] = None,
    revision: Annotated[Optional[str], typer.Option(help="Branch, tag or commit of a repository on the Hub.")] = None,
    static: Annotated[bool, typer.Option("--static", help="Read only; execute nothing of the repository.")] = False,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run code that someone else wrote.")
    ] = False,
    select: Annotated[Optional[list[str]], typer.Option(help=f"Check these only. {_RULES}")] = None,
    ignore: Annotated[Optional[list[str]], typer.Option(help="Leave these out.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Repair what is mechanical, after showing the diff.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout.")] = False,
    github: Annotated[bool, typer.Option("--github", help="Also as annotations for GitHub Actions.")] = False,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="All rules, as a Markdown table.")] = False,
    explain_rule: Annotated[
        Optional[str], typer.Option("--explain", metavar="RULE", help="One rule, with a bad and a good example.")
    ] = None,
) -> None:
    console = Console(stderr=True, highlight=False)
    try:
        if list_rules:
            print(rules_markdown(choose_rules(_split(select), _split(ignore)) if select or ignore else all_rules()))
        elif explain_rule:
            Console(highlight=False).print(*explain(find_rule(explain_rule)), sep="\n")
        elif repository is None:
            raise CheckError("name a folder or a repository: python -m scripts.check_repo FOLDER|REPO_ID")
        else:
            _check(repository, revision, static, trust_remote_code, _split(select), _split(ignore), fix, yes, as_json,
                   github, console)  # fmt: skip
    except CheckError as error:
        console.print(f"check_repo: {error}", style="red", markup=False)
        raise typer.Exit(2) from None


def _check(repository, revision, static, trusted, select, ignore, fix, yes, as_json, github, console) -> None:
    target = resolve_target(repository, revision)
    if fix and target.repo_id:
        raise CheckError("--fix changes a folder, found a repository on the Hub: download it first")
    options = {"behaviour": _may_run(target, static, trusted), "select": select, "ignore": ignore}
    with console.status("checking") as status:
        report = check_folder(target.folder, repo_id=target.repo_id, notify=status.update, **options)
    if fix and _repair(target, report, yes, console):
        with console.status("checking again") as status:
            report = check_folder(target.folder, repo_id=target.repo_id, notify=status.update, **options)
    _show(report, as_json, github)
    raise typer.Exit(0 if report.ready else 1)


if __name__ == "__main__":
    app()
