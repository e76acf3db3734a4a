"""The table as a picture: versions down, properties across. Each state has a mark, so that no colour is needed."""

from pathlib import Path
from typing import Any

from .properties import ABSENT, FAILS, HOLDS, UNTESTED
from .report import caption, label, newest_pins

# Of Okabe and Ito's palette, which the colour-blind tell apart; then the marker and its colour.
_STYLE = {
    HOLDS: ("#009E73", "check", "white"),
    FAILS: ("#D55E00", "x", "white"),
    ABSENT: ("#D0D0D0", "_", "#606060"),
    UNTESTED: ("#F0E442", "$?$", "black"),
}
_WORDS = {HOLDS: "holds", FAILS: "fails", ABSENT: "no such thing", UNTESTED: "could not be tried"}
_SETTINGS = {"svg.hashsalt": "compatibility", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9}


def _draw_cell(axes: Any, x: float, y: float, state: str) -> None:
    from matplotlib.patches import Rectangle

    colour, marker, ink = _STYLE[state]
    axes.add_patch(Rectangle((x - 0.47, y - 0.44), 0.94, 0.88, facecolor=colour, linewidth=0))
    if marker == "check":
        axes.plot([x - 0.12, x - 0.03, x + 0.14], [y + 0.02, y + 0.2, y - 0.2], color=ink, linewidth=1.5)
    else:
        axes.plot([x], [y], marker=marker, color=ink, markersize=6, markeredgewidth=1.5)


def draw(summary: dict[str, Any], paths: list[Path]) -> None:
    """Write the picture to each path, in the format of its suffix; the same summary gives the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names, newest = list(summary["properties"]), newest_pins(summary)
    labels = [label(row, newest) for row in summary["rows"]]
    with matplotlib.rc_context(_SETTINGS):
        figure, axes = pyplot.subplots(figsize=(9.5, 1.9 + 0.22 * len(labels)), layout="constrained")
        for y, row in enumerate(summary["rows"]):
            for x, name in enumerate(names):
                _draw_cell(axes, x, y, row["cells"][name]["state"])
        axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(labels) + 0.9, -0.5), frame_on=False)
        axes.set_xticks(range(len(names)), names, rotation=35, ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(labels)), labels)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        for place, state in enumerate(_STYLE):
            x = place * len(names) / len(_STYLE) - 0.4
            _draw_cell(axes, x, len(labels) + 0.3, state)
            axes.text(x + 0.6, len(labels) + 0.3, _WORDS[state], va="center")
        figure.supxlabel(caption(summary), fontsize=8)
        for path in paths:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else {"Software": None})
        pyplot.close(figure)
