"""Rules about what the code does besides computing: it must leave the machine alone."""

from collections.abc import Iterator

from ..model import Finding
from ..registry import rule
from .facts import Facts
from .phases import DOING


@rule(
    summary="The code ended the process, or did not come to an end within the limits.",
    why="""Whoever loads the model loses the program that loads it, on every version: os._exit and a crash cannot be
        caught, an endless loop cannot be left.""",
    repair="Remove what exits, loops or takes memory without bound; code of a model only computes.",
    bad="os._exit(0)",
    good='raise ValueError("expected ..., found ...")',
)
def stays_alive(facts: Facts) -> Iterator[Finding]:
    for phase, how in facts.deaths.items():
        yield Finding(f"while {DOING[phase]} the process {how}")
    for phase, outcome in facts.outcomes.items():
        error = outcome.get("error", {})
        if error.get("type") in ("SystemExit", "KeyboardInterrupt", "MemoryError"):
            yield facts.finding(f"{DOING[phase]} ended", error)


def _attempts(facts: Facts, what: str, words: str) -> Iterator[Finding]:
    for seen in facts.attempts:
        if seen["what"] == what:
            detail = f" ({seen['event']} {seen['detail']})".replace(" )", ")")
            yield Finding(f"the code {words} at {seen['stage']}{detail}; it was refused", *facts.place(seen))


@rule(
    summary="The code uses the network.",
    why="""It fails offline and behind proxies, it tells a stranger who loads the model, and what it fetches is not
        pinned by the revision. Remote code is scanned and reviewed for exactly this.""",
    repair="Put what is fetched into the repository, and load it from there.",
    bad='weights = requests.get("https://example.com/weights").content',
    good="weights are tensors of model.safetensors",
)
def no_network(facts: Facts) -> Iterator[Finding]:
    yield from _attempts(facts, "network", "opens a network connection")


@rule(
    summary="The code starts, forks or kills processes.",
    why="It runs with the rights of whoever loads the model; sandboxes and clusters refuse it.",
    repair="Do in Python what the process did, or leave it out.",
    bad='subprocess.run(["nvidia-smi"])',
    good="torch.cuda.is_available()",
)
def no_processes(facts: Facts) -> Iterator[Finding]:
    yield from _attempts(facts, "process", "touches processes")


@rule(
    summary="The code writes, moves or removes files.",
    why="""Caches are shared and often read-only, so a load fails or damages what others use; a save is the only time
        at which a model may write, and only into the folder that it is given.""",
    repair="Keep in memory what was written, or write it in save_pretrained into the folder that it is given.",
    bad='open("cache.txt", "w").write(text)',
    good="self.cache = text",
)
def no_file_writes(facts: Facts) -> Iterator[Finding]:
    yield from _attempts(facts, "write", "changes files")
    for name in facts.changed:
        yield Finding(f"{name} was changed while the model was loaded and run", name)
