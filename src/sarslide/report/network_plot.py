"""The network of a stack: acquisitions in time against perpendicular baseline, pairs as lines
coloured by mean coherence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarslide import names
from sarslide.report.figures import DPI, FONTS, INK, QUIET, WIDTH_IN
from sarslide.report.scales import Scale

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COHERENCE = Scale("viridis", 0.0, 1.0, "Mean coherence")
UNKNOWN = "#8a979c"


@dataclass(frozen=True)
class NetworkPair:
    """A pair of a stack's network. None: unknown.

    Attributes
    ----------
    earlier, later : str
        Dates, YYYYMMDD.
    bperp_m : float or None
        Perpendicular baseline, (orbit of the later - orbit of the earlier) . n, m.
    coherence : float or None
        Mean coherence.
    earlier_utc, later_utc : str or None
        Times, ISO 8601.
    """

    earlier: str
    later: str
    bperp_m: float | None = None
    coherence: float | None = None
    earlier_utc: str | None = None
    later_utc: str | None = None


def baselines(pairs: Sequence[NetworkPair]) -> dict[str, float | None]:
    """Perpendicular baseline of every date, from those of the pairs by least squares.

    Parameters
    ----------
    pairs : sequence of NetworkPair
        The network.

    Returns
    -------
    dict of str to float or None
        By date, m. The first date of each connected part of the network is zero; None for dates
        that only pairs of unknown baseline reach.
    """
    dates = sorted({date for pair in pairs for date in (pair.earlier, pair.later)})
    known = [pair for pair in pairs if pair.bperp_m is not None]
    column = {date: k for k, date in enumerate(dates)}
    design = np.zeros((len(known), len(dates)))
    for row, pair in enumerate(known):
        design[row, column[pair.later]], design[row, column[pair.earlier]] = 1, -1
    if not known:
        return dict.fromkeys(dates)
    # The shortest least-squares solution leaves one free constant per part; it is chosen so that
    # the part starts at zero.
    solution = np.linalg.lstsq(design, np.array([pair.bperp_m for pair in known], float), rcond=None)[0]
    first = _first_of_part(dates, known)
    reached = {date for pair in known for date in (pair.earlier, pair.later)}
    return {
        date: float(solution[column[date]] - solution[column[first[date]]]) if date in reached else None
        for date in dates
    }


def _first_of_part(dates: Sequence[str], pairs: Sequence[NetworkPair]) -> dict[str, str]:
    first = {date: date for date in dates}
    for _ in dates:
        before = dict(first)
        for pair in pairs:
            first[pair.earlier] = first[pair.later] = min(first[pair.earlier], first[pair.later])
        if first == before:
            break
    return first


def network_figure(pairs: Sequence[NetworkPair], height_in: float = 2.9, width_in: float = WIDTH_IN) -> "Figure":
    """Time against perpendicular baseline relative to the first date.

    Parameters
    ----------
    pairs : sequence of NetworkPair
        The network; grey lines have no known coherence, empty points on the zero line no known
        baseline.
    height_in, width_in : float
        Size of the figure, inches.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import colormaps, rc_context
    from matplotlib.collections import LineCollection
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.figure import Figure

    place = baselines(pairs)
    point = {date: (date2num(names.parse_date(date)), value or 0.0) for date, value in place.items()}
    known = [value is not None for value in place.values()]
    cmap = colormaps[COHERENCE.cmap]
    with rc_context(FONTS):
        figure = Figure(figsize=(width_in, height_in), dpi=DPI, facecolor="white")
        left, wide = 0.66 / width_in, 1 - 2.2 / width_in
        axes = figure.add_axes((left, 0.15, wide, 0.80))
        lines = [(point[pair.earlier], point[pair.later]) for pair in pairs]
        colours = [UNKNOWN if pair.coherence is None else cmap(pair.coherence) for pair in pairs]
        axes.add_collection(LineCollection(lines, colors=colours, linewidths=1.1, zorder=1))
        days, baselines_m = np.transpose(list(point.values()))
        faces = [INK if one else "white" for one in known]
        axes.scatter(
            days,
            baselines_m,
            s=20,
            c=faces,
            edgecolors=["white" if one else INK for one in known],
            linewidths=0.6,
            zorder=2,
        )
        axes.xaxis_date()
        locator = AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.set_ylabel("Perpendicular baseline (m)" if any(known) else "Perpendicular baseline unknown")
        if not any(known):
            axes.set_yticks([])
        axes.grid(color="#e4e8ea", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        if any(pair.coherence is not None for pair in pairs):
            _coherence_bar(figure.add_axes((left + wide + 0.44 / width_in, 0.15, 0.154 / width_in, 0.72)))
    return figure


def _coherence_bar(axes) -> None:
    axes.imshow(COHERENCE.palette()[::-1, None], aspect="auto", extent=(0, 1, 0, 1))
    axes.set(xticks=[], yticks=[0, 0.5, 1])
    axes.yaxis.tick_right()
    axes.tick_params(length=2, color=QUIET)
    axes.set_title("Mean\ncoherence", fontsize=8, loc="left", pad=4)
