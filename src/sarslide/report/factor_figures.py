"""Pictures of the analysis of factors: correlation heat maps (P3 Fig. 8) and bars of importance (P3
Fig. 9).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sarslide.report.figures import FONTS, INK, QUIET
from sarslide.report.scales import tick_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110
CELL_IN, MARGIN_IN = 0.62, 1.35
GINI, PERMUTATION = "#2b6c8f", "#c58a2d"


def correlation_figure(
    title: str, factors: Sequence[str], matrices: Mapping[str, np.ndarray], note: str = ""
) -> "Figure":
    """Heat maps side by side.

    Parameters
    ----------
    title : str
        Above the maps.
    factors : sequence of str
        Names of rows and columns.
    matrices : mapping of str to (factors, factors) array
        Name of the coefficient -> -1 to 1, NaN where unknown.
    note : str, optional
        Below the maps.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    side = CELL_IN * len(factors)
    width, height = len(matrices) * (side + MARGIN_IN) + 0.3, side + MARGIN_IN + 0.75
    with rc_context(FONTS):
        figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, y=1 - 0.08 / height)
        for k, (name, matrix) in enumerate(matrices.items()):
            left = k * (side + MARGIN_IN) + MARGIN_IN
            axes = figure.add_axes((left / width, (0.3 + MARGIN_IN - 0.35) / height, side / width, side / height))
            axes.imshow(matrix, cmap="RdBu", vmin=-1, vmax=1)
            axes.set_title(name, loc="left", fontsize=9.5, fontweight="bold")
            axes.set_xticks(range(len(factors)), factors, rotation=45, ha="right")
            axes.set_yticks(range(len(factors)), factors)
            axes.tick_params(length=0)
            for (row, col), value in np.ndenumerate(matrix):
                text = tick_text(round(float(value), 2)) if np.isfinite(value) else "–"
                axes.text(
                    col, row, text, ha="center", va="center", color="white" if abs(value) > 0.6 else INK, fontsize=8
                )
        figure.text(0.01, 0.08 / height, note, fontsize=7.5, color=QUIET)
    return figure


def importance_figure(title: str, rows: Sequence[Mapping], auc: float, note: str = "") -> "Figure":
    """Gini and permutation importance of each factor, strongest Gini first.

    Parameters
    ----------
    title : str
        Above the bars.
    rows : sequence of Mapping
        factor, gini, permutation, permutation_std, as in `factors.analysis.importances`.
    auc : float
        Area under the ROC curve on the plots that tested the forest.
    note : str, optional
        Below the bars.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    rows = sorted(rows, key=lambda row: row["gini"])
    place = np.arange(len(rows))
    height = 0.42 * len(rows) + 1.3
    with rc_context(FONTS):
        figure = Figure(figsize=(8.6, height), dpi=DPI, facecolor="white")
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, y=1 - 0.08 / height)
        tall, low = 1 - 1.2 / height, 0.72 / height
        left = figure.add_axes((0.15, low, 0.37, tall))
        left.barh(place, [row["gini"] for row in rows], color=GINI, height=0.66)
        left.set_yticks(place, [row["factor"] for row in rows])
        left.set_xlabel("Gini importance (sums to 1)")
        right = figure.add_axes((0.57, low, 0.39, tall))
        spread = [row["permutation_std"] for row in rows]
        right.barh(place, [row["permutation"] for row in rows], xerr=spread, color=PERMUTATION, height=0.66, ecolor=INK)
        right.set_yticks([])
        right.axvline(0, color=QUIET, linewidth=0.6)
        right.set_xlabel(f"Loss of AUC when shuffled; it is {auc:.3f} on unseen plots")
        for axes in (left, right):
            axes.tick_params(length=2, color=QUIET)
            for edge in ("top", "right"):
                axes.spines[edge].set_visible(False)
        figure.text(0.01, 0.08 / height, note, fontsize=7.5, color=QUIET)
    return figure
