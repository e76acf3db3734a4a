"""What was measured as a picture: one bar a case, the ratio to the best peer, with its interval and the floor."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from .measure import Measurement
from .report import FLOOR, OURS, against, best_peer
from .statistics import median

# Okabe and Ito's colours, which people of every colour vision tell apart; hatches say the same without colour.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
_LABEL = "ours / best peer (below 1 is better)"
_MOST = 1.6  # ratios beyond are cut off, and written


def draw(measured: list[Measurement], title: str, folder: Path) -> list[Path]:
    """Write `benchmark.svg` and `benchmark.png` into `folder`; cases without a peer are left out."""
    shown = [one for one in measured if best_peer(one)]
    figure = Figure(figsize=(9, 1.6 + 0.24 * len(shown)), layout="constrained")
    axes = figure.subplots()
    groups = list(dict.fromkeys(one.group for one in shown))
    for row, one in enumerate(shown):
        peer = best_peer(one)
        found, colour = against(one, peer), _COLOURS[groups.index(one.group) % len(_COLOURS)]
        label = one.group if [other.group for other in shown[:row]].count(one.group) == 0 else None
        whiskers = [[found.value - found.low], [found.high - found.value]]
        axes.barh(row, found.value, color=colour, xerr=whiskers, capsize=2, height=0.7, label=label)
        end = min(max(found.high, found.value), _MOST) + 0.01
        axes.text(end, row, f"{found.value:.2f} of {peer}", va="center", fontsize=7, clip_on=False)
        if FLOOR in one.values:
            floor = median(one.values[FLOOR]) / median(one.values[peer])
            axes.plot([floor, floor], [row - 0.4, row + 0.4], color="black", linewidth=2)
    axes.axvline(1, color="black", linestyle="--", linewidth=0.8)
    axes.set(xlim=(0, _MOST), xlabel=f"{_LABEL}; whiskers: 95 % interval; black: the floor", title=title)
    axes.set_yticks(range(len(shown)), [f"{one.model}: {one.case}" for one in shown], fontsize=7)
    axes.invert_yaxis()
    axes.legend(loc="lower right", fontsize=7)
    paths = [folder / f"benchmark.{suffix}" for suffix in ("svg", "png")]
    # The same numbers give the same file.
    with matplotlib.rc_context({"svg.hashsalt": OURS}):
        figure.savefig(paths[0], metadata={"Date": None})
        figure.savefig(paths[1], dpi=120)
    return paths
