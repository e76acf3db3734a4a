"""A plan and an outcome for people."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def size_text(size: float) -> str:
    """Bytes as people read them: decimal units, three digits."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if unit != "bytes" else f"{size} bytes"
        size /= 1000
    return f"{size:.3g} GB"


def print_plan(plan: dict[str, Any], console: Console) -> None:
    """Every file with what happens to it, and the commit that would be made."""
    table = Table(box=None, pad_edge=False)
    for title in ("file", "size", "goes as", "on the Hub"):
        table.add_column(title, justify="right" if title == "size" else "left")
    for file in plan["files"]:
        kind = "LFS" if file["lfs"] else "git"
        table.add_row(escape(file["path"]), size_text(file["size"]), kind, _fate(file, plan))
    for path in plan["deleted"]:
        table.add_row(escape(path), "", "", "deleted: published before, gone from the folder")
    for path in plan["kept"]:
        table.add_row(escape(path), "", "", "stays: somebody else put it there")
    console.print(table)
    if plan["never_sent"]:
        console.print(f"never sent: {', '.join(plan['never_sent'])}", markup=False)
    console.print(_commit_line(plan), markup=False)


def _fate(file: dict[str, Any], plan: dict[str, Any]) -> str:
    if file["path"] == "README.md" and plan["card"] == "kept":
        return "stays: edited on the Hub (--overwrite-card replaces it)"
    return file["change"]


def _commit_line(plan: dict[str, Any]) -> str:
    where = f"{plan['branch']} of {plan['repo_id']}"
    if not any(file["change"] != "same" for file in plan["files"]) and not plan["deleted"]:
        return f"nothing to change: {where} holds this folder"
    base = "a new repository" if plan["creates_repository"] else f"on top of {plan['parent_commit'][:12]}"
    return f"one commit to {where}, {base}: {plan['message']}"


def print_outcome(outcome: dict[str, Any], console: Console) -> None:
    """What the Hub holds now, what a stranger got, and the code to hand on."""
    lines = [_headline(outcome), f"  {outcome['url']}", *_proof(outcome)]
    if outcome["scan"]:
        lines.append(f"the Hub's scanners: {outcome['scan']}")
    lines += [f"note: {note}" for note in outcome["notes"]]
    console.print("\n".join([*lines, "", outcome["snippet"]]), markup=False)


def _headline(outcome: dict[str, Any]) -> str:
    what = f"commit {outcome['commit'][:12]}"
    if not outcome["committed"]:
        return f"nothing to change, no commit: {what} of {outcome['repo_id']} is this folder"
    if outcome["pull_request"]:
        return f"proposed as pull request {outcome['pull_request']} to {outcome['repo_id']}: {what}"
    tag = f", tagged {outcome['tag']}" if outcome["tag"] else ""
    return f"published {outcome['repo_id']}: {what}{tag}"


def _proof(outcome: dict[str, Any]) -> list[str]:
    lines = [f"loaded back by a fresh interpreter at {outcome['commit'][:12]}, equal to the folder, bit by bit:"]
    classes = [key for key in outcome["loaded"] if key != "input"]
    lines += [f"  {', '.join([*classes, 'pipeline'] if outcome['pipeline'] else classes)}; every file's sha256"]
    if "input" in outcome["loaded"]:
        lines.append(f"  outputs were not compared, weights were; input: {outcome['loaded']['input']}")
    return lines


def print_rehearsal(outcome: dict[str, Any], command: str, page: str | None, console: Console) -> None:
    """What consumers would get, what was sent, where the page is, and the command for the real thing.

    Args:
        outcome: see `rehearse.Rehearsal.to_json`.
        command: the real thing.
        page: address of the preview; None where it goes with the Hub.
    """
    log, files = outcome["rehearsal"], outcome["plan"]["files"]
    lines = [f"rehearsed, on a Hub of its own on this machine: {_headline(outcome)}", *_proof(outcome)]
    total = size_text(sum(file["size"] for file in files))
    named = "" if "--repo-id" in command else " (your own namespace in the place of `me`)"
    lines += [f"consumers will get {len(files)} files, {total}, by this code{named}:", "", outcome["snippet"], ""]
    large = size_text(log["bytes_of_large_files"])
    lines += [f"sent: {size_text(log['bytes_sent'])}, {large} of it large files; {log['requests']} requests in all"]
    lines += [f"the page: {page}" if page else "the page: --keep shows it in a browser until Ctrl-C"]
    lines += [f"nothing left this machine, and nothing is left behind. The real thing:\n  {command}"]
    console.print("\n".join(lines), markup=False)
