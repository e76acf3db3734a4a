"""Interleaved measurement: every case in every round, in a rotated order, so that what disturbs one disturbs all."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Measured = Callable[[], float]
_SLICE = 0.1  # seconds of calls that one round of one case should come to
_MOST_CALLS = 20
_ENOUGH = 20.0  # seconds of one case after which a round beyond the third is not begun


@dataclass
class Measurement:
    """One case, of every peer.

    Attributes:
        group: for instance "forward".
        model: timm's name.
        case: what was done, for instance "batch 32, bf16".
        unit: "s" or "bytes"; less is better.
        values: peer to one value a round.
        items: how many images one value stands for, for rates; 0 where it stands for none.
        size: bytes of the weights that were worked on, for growth.
    """

    group: str
    model: str
    case: str
    unit: str
    values: dict[str, list[float]] = field(default_factory=dict)
    items: int = 0
    size: int = 0


def rotated(names: list[str], rounds: int) -> Iterator[list[str]]:
    """The order of each round: A B C, B C A, C A B, A B C ..."""
    for i in range(rounds):
        start = i % len(names)
        yield names[start:] + names[:start]


def in_rounds(peers: Mapping[str, Measured], rounds: int) -> dict[str, list[float]]:
    """Call every peer once a round and collect what each returns."""
    values: dict[str, list[float]] = {name: [] for name in peers}
    for order in rotated(list(peers), rounds):
        for name in order:
            values[name].append(peers[name]())
    return values


def seconds_of(call: Callable[[], Any], synchronize: Callable[[], Any]) -> float:
    """Seconds of one call, until the device has done it."""
    synchronize()
    start = time.perf_counter()
    call()
    synchronize()
    return time.perf_counter() - start


def time_calls(
    peers: Mapping[str, Callable[[], Any]], rounds: int, synchronize: Callable[[], Any] = lambda: None
) -> dict[str, list[float]]:
    """Seconds a call of each peer, one value a round: the fastest of a few calls, for what is slower was disturbed.

    How few is settled once for all peers, after a warm-up of two calls: so many that they take 0.1 s. Of calls that
    take seconds there are fewer rounds.
    """
    warm = [min(seconds_of(call, synchronize) for _ in range(2)) for call in peers.values()]
    calls = max(1, min(_MOST_CALLS, round(_SLICE / max(*warm, 1e-6))))
    rounds = min(rounds, max(3, int(_ENOUGH / (calls * sum(warm)))))

    def timed(call: Callable[[], Any]) -> Measured:
        return lambda: min(seconds_of(call, synchronize) for _ in range(calls))

    return in_rounds({name: timed(call) for name, call in peers.items()}, rounds)
