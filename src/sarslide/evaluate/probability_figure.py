"""What the probabilities of a network are worth, as a figure.

Reliability curve and precision-recall curve.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide.io.atomic import atomic_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET = "#1c2529", "#5b6a70"
COLOURS = ("#4477aa", "#cc6677", "#228833", "#ccbb44", "#aa3377", "#66ccee")
F1_LINES = (0.2, 0.4, 0.6, 0.8)
MIN_CELLS = 30  # a tenth with fewer cells is no measure of its probability


def probability_figure(summaries: Mapping[str, Mapping[str, Any]]) -> "Figure":
    """Reliability (left) and precision against recall (right) of networks or parts.

    The dot on the right curve is the threshold in use; grey lines have equal F1.

    Parameters
    ----------
    summaries : mapping of str to mapping
        Up to six of `scores.summary`, by the name of their line.

    Returns
    -------
    Figure
        Two panels.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"font.size": 8.5}):
        figure = Figure(figsize=(8.6, 4.0), dpi=110, facecolor="white", layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
        for value in F1_LINES:
            recall = np.linspace(value / (2 - value), 1, 60)
            right.plot(recall, value * recall / (2 * recall - value), color="#dfe4e6", linewidth=0.8, zorder=0)
            right.text(1.01, value / (2 - value), f"F1 {value:g}", fontsize=7, color=QUIET, va="center")
        for (name, summary), colour in zip(summaries.items(), COLOURS, strict=False):
            draw_reliability(left, summary["reliability"], name, colour)
            draw_precision_recall(right, summary, name, colour)
        left.set(xlabel="probability that the map gives", ylabel="share of landslide cells", title="Reliability")
        right.set(xlabel="recall", ylabel="precision", title="Precision and recall by cell")
        for axes in (left, right):
            axes.set(xlim=(0, 1), ylim=(0, 1))
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, fontsize=7.5, loc="upper left" if axes is left else "lower left")
    return figure


def write_probabilities(path: str | Path, summaries: Mapping[str, Mapping[str, Any]]) -> None:
    """`probability_figure` as PNG, without the date that matplotlib would add.

    Parameters
    ----------
    path : str or Path
        File.
    summaries : mapping of str to mapping
        As in `probability_figure`.
    """
    figure = probability_figure(summaries)
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def draw_reliability(axes: "Axes", curve: Mapping[str, list], name: str, colour: str) -> None:
    """Share of landslide cells against mean probability, in tenths with at least `MIN_CELLS` cells.

    Parameters
    ----------
    axes : Axes
        Drawn upon.
    curve : mapping of str to list
        Of `reliability.reliability`.
    name, colour : str
        Of the line.
    """
    known = [k for k, cells in enumerate(curve["cells"]) if cells >= MIN_CELLS]
    points = [[curve[key][k] for k in known] for key in ("probability", "landslide")]
    label = f"{name}, calibration error {curve['expected_calibration_error']:.4f}"
    axes.plot(*points, color=colour, marker="o", markersize=3.5, linewidth=1.2, label=label)


def draw_precision_recall(axes: "Axes", summary: Mapping[str, Any], name: str, colour: str) -> None:
    """The curve over all thresholds, and the scores at the one in use.

    Parameters
    ----------
    axes : Axes
        Drawn upon.
    summary : mapping of str to Any
        Of `scores.summary`.
    name, colour : str
        Of the line.
    """
    curve = summary["precision_recall"]
    label = f"{name}, average precision {summary['average_precision']:.3f}"
    axes.plot(curve["recall"], curve["precision"], color=colour, linewidth=1.2, label=label)
    axes.plot(
        summary["pixel"]["recall"], summary["pixel"]["precision"], "o", color=colour, markeredgecolor=INK, markersize=6
    )
