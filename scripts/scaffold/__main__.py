"""Render a record into a new folder: `python -m scripts.scaffold RECORD FOLDER`, which updates of forks run.

The names in the record are not judged again: they were when the fork was made. Keep these two arguments.
"""

import sys
from pathlib import Path

from scripts.hub_ready.problems import Problem
from scripts.hub_ready.staging import staged
from scripts.hub_ready.update.record import parse_record

from .render import render

if __name__ == "__main__":
    try:
        with staged(Path(sys.argv[2])) as built:
            render(parse_record(Path(sys.argv[1]).read_text(encoding="utf-8")), built)
    except Problem as problem:
        raise SystemExit(f"error: {problem}") from problem
