"""What was measured, as JSON values and as tables in Markdown."""

from dataclasses import asdict, fields
from typing import Any

from .measure import Measurement
from .statistics import Ratio, median, ratio, spread

OURS, FLOOR = "ours", "floor"
# What a case is to cost at most, as a ratio to a peer: group, words that the case holds, peer, limit.
TARGETS = [
    ("forward", "", "timm", 1.01),
    ("load", "warm", "native", 1.00),
    ("load", "warm", FLOOR, 1.60),
    ("load", "first logits", "native", 1.00),
    ("load", "first logits", "TimmWrapper", 0.80),
    ("memory", "load", "native", 1.02),
    ("preprocess", "", "timm", 1.00),
]


def best_peer(one: Measurement) -> str | None:
    """The fastest or smallest of the others, the floor aside; None when there are no others."""
    others = [name for name in one.values if name not in (OURS, FLOOR)]
    return min(others, key=lambda name: median(one.values[name]), default=None)


def against(one: Measurement, peer: str) -> Ratio:
    """Ours over a peer's: below 1 is better."""
    return ratio(one.values[OURS], one.values[peer])


def to_json(one: Measurement) -> dict[str, Any]:
    """The measurement with its medians, quartiles and ratios."""
    peers = [name for name in one.values if name != OURS]
    return {
        **asdict(one),
        "median": {name: median(values) for name, values in one.values.items()},
        "quartiles": {name: spread(values) for name, values in one.values.items()},
        "ratios": {peer: asdict(against(one, peer)) for peer in peers},
        "best_peer": best_peer(one),
    }


def judge(measured: list[Measurement]) -> list[dict[str, Any]]:
    """Each target that was measured, with every case beyond it: missed only where the whole interval is."""
    judged = []
    for group, words, peer, limit in TARGETS:
        cases = [one for one in measured if one.group == group and words in one.case and peer in one.values]
        found = {f"{one.model}: {one.case}": against(one, peer) for one in cases}
        if found:
            missed = {case: asdict(value) for case, value in found.items() if value.low > limit}
            worst = max(value.value for value in found.values())
            what = f"{group} {words}".strip()
            judged.append({"what": what, "against": peer, "limit": limit, "worst": worst, "missed": missed})
    return judged


def amount(value: float, unit: str) -> str:
    """For instance "12.3 ms" or "47 MB"."""
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    return f"{value:.2f} s" if value >= 1 else f"{1e3 * value:.{1 if value < 0.1 else 0}f} ms"


def _cell(one: Measurement, peer: str) -> str:
    if peer not in one.values:
        return ""
    low, high = spread(one.values[peer])
    middle = median(one.values[peer])
    half = 100 * (high - low) / 2 / middle
    return f"{amount(middle, one.unit)} ± {half:.0f} %"


def _ratio_cell(one: Measurement, peer: str) -> str:
    found = against(one, peer)
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _table(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


def _comparison(measured: list[Measurement]) -> str:
    peers = list(dict.fromkeys(name for one in measured for name in one.values))
    rows = []
    for one in measured:
        best = best_peer(one)
        rate = f"{one.items / median(one.values[OURS]):.1f}" if one.items else ""
        last = f"{_ratio_cell(one, best)} of {best}"
        rounds = str(len(one.values[OURS]))
        rows.append([one.model, one.case, rounds, *(_cell(one, peer) for peer in peers), rate, last])
    return _table(["model", "case", "rounds", *peers, "our images/s", "ours / best peer"], rows)


def growth(measured: list[Measurement]) -> dict[str, dict[str, float]]:
    """Of each command: seconds that every model costs, and seconds for each further 100 MB of weights."""
    grown = {}
    for case in dict.fromkeys(one.case for one in measured):
        ends = sorted((one for one in measured if one.case == case), key=lambda one: one.size)
        small, large = (median(one.values[OURS]) for one in (ends[0], ends[-1]))
        if ends[-1].size > ends[0].size:
            slope = (large - small) / (ends[-1].size - ends[0].size)
            grown[case] = {"fixed": small - slope * ends[0].size, "per_100_mb": slope * 1e8}
    return grown


def _commands(measured: list[Measurement]) -> str:
    models = {one.model: one.size for one in measured}
    grown = growth(measured)
    header = ["command", *(f"{name} ({size / 1e6:.0f} MB)" for name, size in models.items())]
    rows = []
    for case in dict.fromkeys(one.case for one in measured):
        found = {one.model: amount(median(one.values[OURS]), "s") for one in measured if one.case == case}
        more = f"{grown[case]['fixed']:.1f} s + {grown[case]['per_100_mb']:.2f} s" if case in grown else ""
        rows.append([case, *(found.get(name, "") for name in models), more])
    return _table([*header, "fixed + each 100 MB"], rows)


def _gains(measured: list[Measurement]) -> str:
    """Our own images a second in each mode, and how much more that is than in the first, plain mode."""
    cases = {(one.model, one.items, one.case): one.items / median(one.values[OURS]) for one in measured}
    plain: dict[tuple[str, int], float] = {}
    rows = []
    for (model, items, case), rate in cases.items():
        gain = rate / plain.setdefault((model, items), rate)
        rows.append([model, case, f"{rate:.1f}", f"{gain:.2f}"])
    return _table(["model", "mode", "our images/s", "gain"], rows)


def gains_of(values: dict[str, Any]) -> str:
    """For the README: the gain of each mode in the values of a benchmark.json, and where it was measured."""
    names = [field.name for field in fields(Measurement)]
    measured = [Measurement(**{name: one[name] for name in names}) for one in values["measured"]]
    machine = values["machine"]
    where = f"Measured on {machine['processor']} with {machine['threads']} threads"
    versions = ", ".join(f"{name} {machine['versions'][name]}" for name in ("torch", "transformers", "timm"))
    return f"{_gains([one for one in measured if one.group == 'forward'])}\n\n{where}, {versions}, {values['date']}."


def _targets(judged: list[dict[str, Any]]) -> str:
    header = ["target", "at most", "worst found", "missed in"]
    rows = [
        [f"{one['what']} / {one['against']}", f"{one['limit']:.2f}", f"{one['worst']:.3f}", "; ".join(one["missed"])]
        for one in judged
    ]
    return _table(header, rows)


def to_markdown(facts: dict[str, Any], measured: list[Measurement]) -> str:
    """Every table, below a line that says where, when and with what."""
    machine = facts["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['threads']} threads"
    where += f", {machine['gpu']}" if machine["gpu"] else ""
    parts = [
        "# Benchmark",
        f"{facts['date']}, {facts['device']}: {where}; {machine['system']}; {versions}.",
        "Medians of interleaved rounds ± half the distance of the quartiles; a round is the fastest of a few calls; "
        "ratios with intervals from a bootstrap over the rounds (95 % with 5 rounds, smallest to largest with 3 or "
        "fewer), below 1 is better. The floor is the least that could be: the mapped file in an empty module, "
        "importing torch, the size of the weights.",
    ]
    for group in dict.fromkeys(one.group for one in measured):
        ones = [one for one in measured if one.group == group]
        parts += [f"## {group}", _commands(ones) if group == "commands" else _comparison(ones)]
        parts += ["### What each mode gains", _gains(ones)] if group == "forward" else []
    judged = judge(measured)
    parts += ["## Targets", _targets(judged)] if judged else []
    return "\n\n".join(parts) + "\n"
