"""A whole benchmark: what was asked for, the peers prepared, every group, the files written."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import write_whole
from scripts.timm_port.batch import quiet

from . import computing, loading
from .context import Context, check_device, machine
from .measure import Measurement
from .picture import draw
from .prepare import COMMAND_MODELS, check_names, prepare
from .report import growth, judge, to_json, to_markdown

GROUPS = {
    "forward": computing.forward,
    "train": computing.train,
    "memory": loading.memory,
    "load": loading.load,
    "preprocess": computing.preprocess,
    "commands": loading.commands,
}


@dataclass(frozen=True)
class Plan:
    """What to measure: names of timm, names of groups, "cpu" or "cuda", how often."""

    models: list[str]
    groups: list[str]
    device: str = "cpu"
    rounds: int = 5

    def check(self) -> None:
        """Refuse what cannot be measured, before anything is."""
        unknown = [name for name in self.groups if name not in GROUPS]
        if unknown:
            raise Misuse(f"--groups: expected {', '.join(GROUPS)}, found {', '.join(unknown)}")
        check_names(self.models)
        check_device(self.device)


@dataclass(frozen=True)
class Found:
    """What a run came to: the facts about it, and every measurement."""

    facts: dict[str, Any]
    measured: list[Measurement]


def _models_of(group: str, plan: Plan) -> tuple[str, ...]:
    if group == "commands":
        return COMMAND_MODELS
    # Neither the device nor the depth matters to what is done before the model.
    return tuple(plan.models[:1] if group == "preprocess" else plan.models)


def benchmark(plan: Plan, scratch: Path, say: Callable[[str], None]) -> Found:
    """Measure everything of a plan, in a scratch folder that the caller removes.

    Args:
        say: told what is being measured.

    Raises:
        Misuse: a model, group or device that cannot be.
    """
    plan.check()
    start, measured = time.monotonic(), []
    quiet()
    with FreshInterpreter((*LIBRARIES, "timm")) as interpreter:
        context = Context(scratch, plan.device, plan.rounds, interpreter)
        for name in plan.models:
            say(f"preparing {name}")
            prepare(name, scratch)
        for group in dict.fromkeys(plan.groups):
            for name in _models_of(group, plan):
                say(f"{group}: {name}")
                for one in GROUPS[group](context, name):
                    measured.append(one)
                    say(f"{group}: {name}, after {one.case}")
    minutes = round((time.monotonic() - start) / 60, 1)
    facts = {"date": date.today().isoformat(), **asdict(plan), "minutes": minutes, "machine": machine(plan.device)}
    return Found(facts, measured)


def write(found: Found, output: Path) -> list[Path]:
    """Write benchmark.json, .md, .svg and .png into a folder, in place of older ones."""
    commands = [one for one in found.measured if one.group == "commands"]
    values = {
        **found.facts,
        "targets": judge(found.measured),
        "growth": growth(commands),
        "measured": [to_json(one) for one in found.measured],
    }
    title = (
        f"{found.facts['machine']['processor']}, {found.facts['machine']['threads']} threads, {found.facts['date']}"
    )
    try:
        texts = {"json": json.dumps(values, indent=1) + "\n", "md": to_markdown(found.facts, found.measured)}
        for suffix, text in texts.items():
            write_whole(output / f"benchmark.{suffix}", text)
        pictures = draw(found.measured, title, output)
    except OSError as error:
        raise Problem(f"{output} could not be written: {error}; free some space or choose another --output") from error
    return [*(output / f"benchmark.{suffix}" for suffix in texts), *pictures]
