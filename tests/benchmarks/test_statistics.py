"""What is made of measured rounds: order, ratios, intervals, verdicts, tables and the picture."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scripts.benchmarks.measure import Measurement, in_rounds, rotated, time_calls
from scripts.benchmarks.picture import draw
from scripts.benchmarks.report import best_peer, growth, judge, to_json, to_markdown
from scripts.benchmarks.statistics import Ratio, ratio

FACTS = {
    "date": "2026-01-02",
    "device": "cpu",
    "rounds": 3,
    "machine": {
        "processor": "A Processor",
        "cores": 2,
        "threads": 2,
        "gpu": None,
        "system": "Linux",
        "versions": {"torch": "2.15"},
    },
}


def measurement(case: str = "warm", group: str = "load", **values: list[float]) -> Measurement:
    peers = {"ours": [1.0, 1.1, 1.2], "native": [2.0, 2.2, 2.4], "timm": [4.0, 4.0, 4.0], "floor": [0.5, 0.5, 0.5]}
    return Measurement(group, "resnet18", case, "s", values or peers)


def test_every_peer_has_every_place_in_the_order() -> None:
    orders = list(rotated(["a", "b", "c"], 6))
    assert all(Counter(order[i] for order in orders) == {"a": 2, "b": 2, "c": 2} for i in range(3))


def test_each_round_calls_each_peer_once_and_keeps_what_it_gave() -> None:
    called: list[str] = []

    def peer(name: str) -> float:
        called.append(name)
        return float(len(called))

    values = in_rounds({name: lambda name=name: peer(name) for name in "ab"}, 3)
    assert "".join(called) == "abbaab" and values == {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]}


def test_a_timed_call_waits_for_the_device() -> None:
    log: list[str] = []
    values = time_calls({"a": lambda: log.append("call")}, 2, lambda: log.append("wait"))
    assert len(values["a"]) == 2 and min(values["a"]) > 0
    assert set(zip(log[::3], log[1::3], log[2::3])) == {("wait", "call", "wait")}


def test_what_disturbs_a_whole_round_leaves_the_ratio_alone() -> None:
    load = np.random.default_rng(0).uniform(1, 10, 9)
    found = ratio((1.1 * load).tolist(), load.tolist())
    assert found.value == pytest.approx(1.1) and found.high - found.low < 1e-9


def test_the_interval_holds_the_ratio_that_is_so() -> None:
    random = np.random.default_rng(0)
    drawn = [random.normal([[1.05], [1.0]], 0.02, (2, 15)) for _ in range(100)]
    held = [found.low <= 1.05 <= found.high for found in (ratio(*pair.tolist()) for pair in drawn)]
    assert 85 <= sum(held) <= 100 and ratio(*drawn[0].tolist()).high < 1.15


def test_ratios_agree_when_their_intervals_meet() -> None:
    assert Ratio(1, 0.9, 1.1).overlaps(Ratio(1.15, 1.05, 1.2)) and Ratio(1.15, 1.05, 1.2).overlaps(Ratio(1, 0.9, 1.1))
    assert not Ratio(1, 0.9, 1.1).overlaps(Ratio(1.3, 1.2, 1.4))


def test_a_target_is_missed_where_the_whole_interval_is_beyond_it() -> None:
    slow = measurement("warm a", ours=[3.0, 3.1], native=[2.0, 2.0])
    noisy = measurement("warm b", ours=[1.0, 3.2], native=[2.0, 2.0])
    other = measurement("cold", ours=[9.0, 9.0], native=[2.0, 2.0])
    (found,) = judge([slow, noisy, other])
    assert (found["what"], found["against"], found["limit"]) == ("load warm", "native", 1.0)
    assert list(found["missed"]) == ["resnet18: warm a"] and found["worst"] == pytest.approx(1.525)


def test_the_floor_and_we_ourselves_are_no_peers() -> None:
    assert best_peer(measurement()) == "native" and best_peer(measurement(ours=[1.0], floor=[1.0])) is None


def test_growth_is_what_all_pay_and_what_a_hundred_megabytes_more_cost() -> None:
    sizes = [(5.0, 50_000_000), (14.5, 1_000_000_000)]
    runs = [Measurement("commands", f"m{size}", "port", "s", {"ours": [t]}, size=size) for t, size in sizes]
    assert growth(runs) == {"port": {"fixed": pytest.approx(4.5), "per_100_mb": pytest.approx(1.0)}}
    assert growth(runs[:1]) == {}


def test_the_tables_say_what_was_measured_where() -> None:
    command = Measurement("commands", "resnet18", "port", "s", {"ours": [5.0]}, size=47_000_000)
    text = to_markdown(FACTS, [measurement(), command])
    assert "A Processor, 2 cores, 2 threads" in text and "torch 2.15" in text and "2026-01-02" in text
    row = r"\| resnet18 \| warm \| \d \| 1\.10 s ± 5 % \| 2\.20 s .*\| 500 ms .*0\.500 \(.*\) of native \|"
    assert re.search(row, text)
    assert "| port | 5.00 s |" in text and "resnet18 (47 MB)" in text
    assert "| load warm / floor | 1.60 | 2.200 | resnet18: warm |" in text


def test_the_gain_of_a_mode_is_over_the_plain_one_of_the_same_batch() -> None:
    modes = [
        ("batch 1, eager", 1, 0.5),
        ("batch 32, eager", 32, 8.0),
        ("batch 1, fast", 1, 0.25),
        ("batch 32, fast", 32, 2.0),
    ]
    measured = [
        Measurement("forward", "resnet18", case, "s", {"ours": [t, t], "timm": [t, t]}, items)
        for case, items, t in modes
    ]
    text = to_markdown(FACTS, measured)
    assert "| batch 1, fast | 4.0 | 2.00 |" in text and "| batch 32, fast | 16.0 | 4.00 |" in text


def test_the_json_holds_rounds_and_what_is_made_of_them() -> None:
    found = json.loads(json.dumps(to_json(measurement())))
    assert found["values"]["ours"] == [1.0, 1.1, 1.2] and found["median"]["native"] == 2.2
    assert found["ratios"]["native"]["value"] == pytest.approx(0.5) and found["best_peer"] == "native"


def test_the_picture_shows_every_case_and_is_the_same_again(tmp_path: Path) -> None:
    measured = [measurement("warm one"), measurement("cold", ours=[3.0, 3.0], native=[1.0, 1.0])]
    svg, png = draw(measured, "a title", tmp_path)
    first = svg.read_bytes()
    assert png.read_bytes().startswith(b"\x89PNG") and b"<svg" in first
    texts = re.findall(r"<!-- (.*?) -->", first.decode())
    assert {"resnet18: warm one", "resnet18: cold", "0.50 of native", "3.00 of native", "a title"} <= set(texts)
    draw(measured, "a title", tmp_path)
    assert svg.read_bytes() == first
