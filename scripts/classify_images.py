"""Classify images with an exported folder, as a stranger would: a fresh interpreter, an empty cache, the pipeline.

\b
    python -m scripts.classify_images exports/my-model
    python -m scripts.classify_images exports/my-model cat.jpg dog.png --top 3

Without images it takes the two photographs that scikit-learn brings.

\b
Exit codes: 0 done, 1 found wanting, 2 misused.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .hub_ready.console import messages, results, run
from .hub_ready.fresh import JOBS, FreshInterpreter, JobFailed
from .hub_ready.interrupts import scratch_folder
from .hub_ready.problems import Misuse, Problem


def main(
    folder: Annotated[Path, typer.Argument(help="An exported folder.")],
    images: Annotated[list[Path] | None, typer.Argument(metavar="IMAGE...", help="Image files.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels for each image.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    if not (folder / "config.json").is_file():
        raise Misuse(f"{folder} holds no config.json; expected an exported folder, and README.md says how to make one")
    absent = [str(path) for path in images or [] if not path.is_file()]
    if absent:
        raise Misuse(f"no such image: {', '.join(absent)}")
    with scratch_folder("photographs-") as scratch, messages.status("loading"):
        paths = images or save_photographs(scratch)
        answers = classify(folder, paths, top)
    named = {path.name: answer for path, answer in zip(paths, answers, strict=True)}
    if as_json:
        results.print_json(json.dumps(named))
    else:
        print_tables(named)


def save_photographs(folder: Path) -> list[Path]:
    """Write scikit-learn's photographs as files, since a consumer hands the pipeline files."""
    from .hub_ready.samples import photographs

    paths = []
    for name, image in photographs().items():
        paths.append(folder / f"{Path(name).stem}.png")
        image.save(paths[-1])
    return paths


def classify(folder: Path, images: list[Path], top: int) -> list[list[dict]]:
    """The pipeline's answers, from a fresh interpreter."""
    arguments = {"name": str(folder.resolve()), "images": [str(path.resolve()) for path in images]}
    with FreshInterpreter() as interpreter:
        try:
            return interpreter.run(JOBS / "classify.py", {**arguments, "revision": None, "top_k": top})
        except JobFailed as failure:
            raise Problem(f"{folder} does not classify: {failure}") from failure


def print_tables(named: dict[str, list[dict]]) -> None:
    for name, answer in named.items():
        table = Table("label", "score", title=name, title_justify="left")
        for row in answer:
            table.add_row(row["label"], f"{row['score']:.4f}")
        results.print(table)


main.__doc__ = __doc__

if __name__ == "__main__":
    run(main)
