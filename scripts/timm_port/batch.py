"""Several ports: one after the other, or the whole family in parallel."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from transformers.utils import logging as transformers_logging

from scripts.hub_ready.console import messages
from scripts.hub_ready.export import missing_files
from scripts.hub_ready.fresh import LIBRARIES, FreshInterpreter
from scripts.hub_ready.manifest import Manifest, read_manifest
from scripts.hub_ready.problems import Misuse, Problem
from scripts.hub_ready.staging import check_target

from .port import Options, Ported, port, repository_name
from .source import check_name, family

_LIBRARIES = (*LIBRARIES, "timm")
_interpreter: FreshInterpreter | None = None


def _quiet() -> None:
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


def _start_worker(threads: int) -> None:
    """In a worker: one interpreter for all of its ports, on the worker's share of the cores."""
    global _interpreter
    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)
    _quiet()
    _interpreter = FreshInterpreter(_LIBRARIES)
    _interpreter.start()


def _port_in_worker(model: str, options: Options, manifest: Manifest) -> Ported:
    return port(model, options, manifest, _interpreter)


def _attempts(futures: dict[Future, str]) -> Iterator[Ported | Problem]:
    for future in as_completed(futures):
        try:
            yield future.result()
        except Problem as problem:
            yield problem


def _in_parallel(models: list[str], options: Options, manifest: Manifest, jobs: int) -> Iterator[Ported | Problem]:
    """Port in `jobs` processes: much of a port (fresh weights, hashing, writing) uses one core whatever torch does."""
    context, threads = multiprocessing.get_context("spawn"), max(1, _cores() // jobs)
    with ProcessPoolExecutor(jobs, context, initializer=_start_worker, initargs=(threads,)) as pool:
        futures = {pool.submit(_port_in_worker, model, options, manifest): model for model in models}
        try:
            yield from _attempts(futures)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # A signal to this process alone must reach the ports under way, which then clear up.
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGINT)
            raise


def _in_turn(models: list[str], options: Options, manifest: Manifest) -> Iterator[Ported | Problem]:
    _quiet()
    with FreshInterpreter(_LIBRARIES) as interpreter:
        for model in models:
            try:
                yield port(model, options, manifest, interpreter)
            except Problem as problem:
                yield problem


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _to_do(models: list[str], options: Options, everything: bool, manifest: Manifest) -> list[str]:
    """The models to port; with `everything`, those of the family that are not whole in the output yet."""
    if everything == bool(models):
        raise Misuse("name one or more models, or give --all; for instance: resnet50d --weights random")
    if not everything:
        for model in models:
            check_name(model)
            check_target(options.output / repository_name(model), options.overwrite)
        return models
    if options.weights not in ("pretrained", "random"):
        raise Misuse("--all takes --weights pretrained or random; a file holds the weights of one model")
    folders = {model: options.output / repository_name(model) for model in family()}
    return [m for m, folder in folders.items() if options.overwrite or missing_files(folder, manifest)]


def port_many(models: list[str], options: Options, everything: bool) -> tuple[list[Ported], list[Problem]]:
    """Port the named models one after the other, or, with `everything`, the family in parallel.

    With `everything` a folder that is whole already is skipped, so that a run can be resumed.

    Returns:
        What was ported, and the problems of what was not.

    Raises:
        Misuse: neither or both of names and `everything`, an unknown name, a folder that exists.
    """
    manifest = read_manifest()
    models = _to_do(models, options, everything, manifest)
    jobs = min(_cores(), len(models)) if everything else 1
    work = _in_parallel(models, options, manifest, jobs) if jobs > 1 else _in_turn(models, options, manifest)
    ported, problems = [], []
    with _progress(len(models)) as progress:
        for outcome in work:
            (problems if isinstance(outcome, Problem) else ported).append(outcome)
            progress.advance(progress.task_ids[0])
    return ported, problems
