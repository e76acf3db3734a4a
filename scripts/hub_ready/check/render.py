"""A report for people: in a terminal, on GitHub, in a README."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.syntax import Syntax
from rich.table import Table

from .model import Finding, Report, Rule
from .registry import GROUPS, all_rules, find_rule

_STYLES = {"error": "red", "warning": "yellow"}


def printable(text: str) -> str:
    """Text of a stranger's file without characters that could steer a terminal or fake a line of ours."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def print_report(report: Report, console: Console) -> None:
    """A table of findings, what repairs each rule, and the verdict as the last line."""
    if report.findings:
        console.print(_findings_table(report.findings))
        for rule_id in dict.fromkeys(finding.rule for finding in report.findings):
            console.print(f"[bold]{rule_id}[/bold]: {escape(find_rule(rule_id).repair)}", highlight=False)
    style = "green" if report.ready else "red"
    console.print(f"{escape(printable(report.repository))}: [{style}]{report.verdict}[/{style}]", highlight=False)


def _findings_table(findings: Iterable[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("severity", no_wrap=True)
    table.add_column("place", overflow="fold")
    table.add_column("found", overflow="fold")
    for finding in findings:
        style = _STYLES[finding.severity]
        message = f"[bold]{finding.rule}[/bold]: {escape(printable(finding.message))}"
        table.add_row(f"[{style}]{finding.severity}[/{style}]", escape(printable(finding.place)), message)
    return table


def github_annotations(report: Report) -> list[str]:
    """One workflow command for each finding, in the escapes that GitHub asks for."""
    lines = []
    for finding in report.findings:
        place = "" if finding.path is None else f"file={_property(finding.path)},"
        place += f"line={finding.line}," if finding.line else ""
        lines.append(f"::{finding.severity} {place}title={finding.rule}::{_message(finding.message)}")
    return lines


def _message(text: str) -> str:
    return printable(text.replace("%", "%25"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def explain(rule: Rule) -> list[RenderableType]:
    """Everything about a rule, with its two examples."""
    return [
        f"[bold]{rule.id}[/bold] ({rule.group}, {rule.severity})",
        escape(rule.summary),
        f"\n[bold]Why[/bold] {escape(rule.why)}",
        f"[bold]Repair[/bold] {escape(rule.repair)}{' (--fix does it.)' if rule.fix else ''}",
        "\n[red]Bad[/red]",
        Syntax(rule.bad, "python", background_color="default"),
        "\n[green]Good[/green]",
        Syntax(rule.good, "python", background_color="default"),
    ]


def rules_markdown(rules: Iterable[Rule] | None = None) -> str:
    """The table of rules for a README; `fix` marks what --fix repairs."""
    lines = ["| rule | severity | fix | what is wrong |", "|---|---|---|---|"]
    chosen = list(all_rules() if rules is None else rules)
    for group in GROUPS:
        for rule in (rule for rule in chosen if rule.group == group):
            summary = rule.summary.replace("|", "\\|")
            lines.append(f"| `{rule.id}` | {rule.severity} | {'yes' if rule.fix else ''} | {summary} |")
    return "\n".join(lines) + "\n"
