"""Several ports: one after the other, or the whole family in parallel."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from transformers.utils import logging as transformers_logging

from scripts.hub_ready.console import messages
from scripts.hub_ready.export import missing_files
from scripts.hub_ready.finish import Options
from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.interrupts import scratch_folder
from scripts.hub_ready.manifest import ROOT, Manifest, read_manifest
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import check_target

from .describe import origin
from .port import port, repository_name
from .source import check_name, family


def quiet() -> None:
    """The libraries' own bars and notes would drown the one line that matters."""
    for library in ("timm", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages, transient=True) as progress:
        progress.add_task("porting", total=total)
        yield progress


def port_in_turn(models: list[str], options: Options) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Port some models with one stranger's interpreter for all of them.

    Returns:
        What was ported (see `Exported.to_json`), and the problems of what was not.

    Raises:
        Misuse: a name is unknown, or a folder exists: nothing is begun then.
    """
    for model in models:
        check_name(model)
        check_target(options.output / repository_name(model), options.overwrite)
    names = [repository_name(model) for model in models]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Misuse(f"two of the models would be written to the same folder: {', '.join(twice)}")
    quiet()
    ported, problems, manifest = [], [], read_manifest()
    with FreshInterpreter((*LIBRARIES, "timm")) as interpreter, _progress(len(models)) as progress:
        for model in models:
            try:
                ported.append(port(model, options, manifest, interpreter).to_json())
            except Problem as problem:
                problems.append(problem)
            progress.advance(progress.task_ids[0])
    return ported, problems


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def unfinished(options: Options, manifest: Manifest) -> list[str]:
    """The models of the family whose folders are not whole yet; all of them where they are to be overwritten."""
    folders = {model: options.output / repository_name(model) for model in family()}
    return [m for m, folder in folders.items() if options.overwrite or not _is_done(m, folder, options, manifest)]


def _is_done(model: str, folder: Path, options: Options, manifest: Manifest) -> bool:
    """Whether a folder is whole, and its card names the weights that are asked for."""
    wanted = origin(model, options.weights, options.seed)
    return not missing_files(folder, manifest) and wanted in (folder / "README.md").read_text(encoding="utf-8")


def _worker(models: list[str], options: Options, threads: int, log: Path) -> subprocess.Popen:
    """This same command for a share of the models, in a process that only this one interrupts."""
    flags = ["--json", "--weights", options.weights, "--seed", str(options.seed), "--output", str(options.output)]
    flags += ["--license", options.license] if options.license else []
    # A folder that is not whole was not made by this command's rename; only --overwrite may replace it.
    flags += ["--overwrite"] if options.overwrite else []
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.port_timm_weights", *models, *flags],
        stdout=log.with_suffix(".json").open("w"),
        stderr=log.open("w"),
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        cwd=ROOT,
        start_new_session=True,
    )


def _watch(workers: list[subprocess.Popen], models: list[str], options: Options, manifest: Manifest) -> None:
    """Show how many folders are whole until all workers end; when interrupted, have them clear up first."""
    folders = [options.output / repository_name(model) for model in models]
    try:
        with _progress(len(models)) as progress:
            while any(worker.poll() is None for worker in workers):
                whole = sum(not missing_files(folder, manifest) for folder in folders)
                progress.update(progress.task_ids[0], completed=whole)
                time.sleep(0.5)
    except BaseException:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait()
        raise


def port_family(options: Options) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Port the whole family, a share of it on each core; folders that are whole already are skipped.

    Much of a port (fresh weights, hashing, writing) uses one core whatever torch does.

    Returns:
        What was ported (see `Exported.to_json`), and the problems of what was not.
    """
    if options.weights not in ("pretrained", "random"):
        raise Misuse("--all takes --weights pretrained or random; a file holds the weights of one model")
    if options.labels:
        raise Misuse("--all takes no --labels; the heads of the family differ in size")
    manifest = read_manifest()
    models = unfinished(options, manifest)
    jobs = min(cores(), len(models))
    with scratch_folder("port-") as scratch:
        logs = [scratch / f"worker{i}.log" for i in range(jobs)]
        workers = [_worker(models[i::jobs], options, max(1, cores() // jobs), log) for i, log in enumerate(logs)]
        _watch(workers, models, options, manifest)
        ported = [one for log in logs for one in json.loads(log.with_suffix(".json").read_text() or "[]")]
        texts = [log.read_text().strip().removeprefix("error: ") for log in logs]
    return ported, [Problem(text) for text, worker in zip(texts, workers, strict=True) if worker.returncode]


def port_many(models: list[str], options: Options, everything: bool) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Port the named models, or the whole family; see `port_in_turn` and `port_family`.

    Raises:
        Misuse: neither or both of names and `everything`, an unknown name, a folder that exists.
    """
    if everything == bool(models):
        raise Misuse("name one or more models, or give --all; for instance: resnet50d --weights random")
    return port_family(options) if everything else port_in_turn(models, options)
