"""Goes through the phases in one process and writes what it sees into the journal."""

import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
import transformers.dynamic_module_utils as dynamic
from transformers.utils import logging

from . import configuring, loading, running, saving, training
from .errors import CannotFeed, NotApplicable, Places
from .journal import Journal
from .subject import Subject
from .watch import Watch

_PHASES = {
    "config": configuring.config,
    "processors": configuring.processors,
    "load": loading.load,
    "buffers": loading.buffers,
    "fresh": loading.fresh,
    "meta": loading.meta,
    "labels": loading.labels,
    "save": saving.save,
    "inputs": running.inputs,
    "forward": running.forward,
    "batch": running.batch,
    "backward": training.backward,
    "checkpointing": training.checkpointing,
    "bfloat16": running.bfloat16,
    "pickle": running.pickled,
    "export": running.export,
    "pipeline": running.pipeline,
}
_LARGEST_FILE = 1 << 28  # bytes beyond the weights; also what a loop of prints may fill


def _limit(folder: Path, memory: int) -> None:
    """Bound the address space and the size of files by what the weights need and `memory` bytes."""
    weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        room = pages * resource.getpagesize() + memory + 12 * weights
        resource.setrlimit(resource.RLIMIT_AS, (room, room))
        resource.setrlimit(resource.RLIMIT_FSIZE, (weights * 3 + _LARGEST_FILE,) * 2)
    except (OSError, ValueError):
        # macOS has no /proc, and no limit on address space that holds.
        pass


def _quiet() -> None:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore")


def _outcome(name: str, subject: Subject) -> dict[str, Any]:
    """What a phase found, why it does not apply, or how it failed."""
    try:
        return {"facts": _PHASES[name](subject)}
    except CannotFeed as reason:
        return {"skipped": str(reason), "unfed": True}
    except NotApplicable as reason:
        return {"skipped": str(reason)}
    # A repository's code may raise SystemExit too.
    except BaseException as error:
        traceback.print_exc()
        return {"error": subject.places.describe(error)}


def guard(folder: str, workspace: str, memory: int, record: Callable[[dict[str, Any]], None]) -> Places:
    """Watch and limit the rest of this process, see `Watch` and `work`; returns what knows the repository's code."""
    os.makedirs(f"{workspace}/tmp", exist_ok=True)
    tempfile.tempdir = f"{workspace}/tmp"
    sys.dont_write_bytecode = True
    cache = dynamic.HF_MODULES_CACHE
    places = Places([folder, os.path.realpath(folder), cache, os.path.realpath(cache)])
    Watch(places, f"{workspace}/saves/", [f"{workspace}/tmp/", os.environ["HF_HOME"]], record).install()
    _limit(Path(folder), memory)
    _quiet()
    return places


def work(
    folder: str,
    workspace: str,
    journal: str,
    seal: str,
    phases: Mapping[str, Sequence[str]],
    seconds: int,
    memory: int,
) -> list[str]:
    """Run phases on a repository.

    Args:
        folder: the repository, an absolute path.
        workspace: an empty folder that may be written.
        journal: a file for what is seen: lines of JSON with `kind` begin, end or attempt, each behind `seal`.
        phases: name to the names of those that must have gone well.
        seconds: limit of each phase; beyond it the process ends with SIGALRM.
        memory: bytes of address space that may be taken beyond what the libraries and copies of the weights need.

    Returns:
        The names of the phases that came to an end.
    """
    out = Journal(journal, seal)
    places = guard(folder, workspace, memory, lambda seen: out.write("attempt", **seen))
    out.write("versions", transformers=transformers.__version__, torch=torch.__version__)
    subject, ended = Subject(folder, workspace, places), []
    failed: set[str] = set()
    for name, needed in phases.items():
        if failed & set(needed):
            failed.add(name)
            continue
        out.write("begin", phase=name)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        outcome = _outcome(name, subject)
        signal.setitimer(signal.ITIMER_REAL, 0)
        out.write("end", phase=name, **outcome)
        failed |= set() if "facts" in outcome else {name}
        ended.append(name)
    return ended
