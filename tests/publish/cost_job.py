"""One publication by the library, every interpreter started beforehand; prints how long its parts took, in seconds.

Run as `python cost_job.py FOLDER REPO_ID [--send-only]` with a Hub in the environment.
"""

import json
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import huggingface_hub

from scripts.hub_ready import publish as library
from scripts.hub_ready.fresh import FreshInterpreter
from scripts.hub_ready.publish import flow, prepare, publish
from scripts.hub_ready.publish.contents import read_contents
from scripts.hub_ready.publish.verify import stranger


class Clock:
    """Seconds since it was made, at each line of progress."""

    def __init__(self) -> None:
        self.began, self.seen = time.perf_counter(), {}

    def mark(self, step: str) -> None:
        self.seen[step.split()[0]] = time.perf_counter() - self.began


def timed(interpreter: FreshInterpreter, spent: list[float]) -> FreshInterpreter:
    """The interpreter, whose jobs are added up in `spent`."""
    run = interpreter.run

    def run_and_count(*arguments: Any) -> Any:
        began = time.perf_counter()
        answer = run(*arguments)
        spent.append(time.perf_counter() - began)
        return answer

    interpreter.run = run_and_count
    return interpreter


def main(folder: Path, repo_id: str, send_only: bool) -> dict[str, float]:
    huggingface_hub.utils.disable_progress_bars()
    if send_only:  # as `conftest.commit` does it
        library.reference_of = lambda *_: nullcontext()
        flow.verify = lambda *_: {"words": {}, "pipeline": None}
    with stranger(None, read_contents(folder)) as interpreter:
        if not send_only:
            interpreter.run(Path(__file__).with_name("cost_warm_job.py"), {})
        spent: list[float] = []
        clock = Clock()
        prepared = prepare(folder, repo_id)
        publish(prepared, clock.mark, lambda _: None, static=True, interpreter=timed(interpreter, spent))
        clock.mark("end")
    steps = clock.seen
    return {"whole": steps["end"], "jobs": sum(spent), "sending": steps["loading"] - steps["preparing"]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], "--send-only" in sys.argv)))
