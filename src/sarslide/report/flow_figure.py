"""The processing flow as a figure: a box a rule, from the sources at the top to the report (P0 Fig.
2; B07).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sarslide.report.figures import DPI, FONTS, INK, QUIET, WIDTH_IN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Edge = tuple[str, str]
Node = str | tuple[str, str, int]  # a rule, or the bend of a line: maker, reader, row
ROW_IN, BOX_IN = 0.56, 0.27
BOX, EDGE = "#e8f0f2", "#8fa3aa"
MARGIN = 0.07
SWEEPS = 12  # of the boxes of a row to where their lines lead
LETTER, BEND = 0.0085, 0.035  # width of a letter with its share of the box, and of a bend
ARROW = {"arrowstyle": "-|>", "color": EDGE, "lw": 0.9, "shrinkA": 0, "shrinkB": 0}
NOT_SHOWN = frozenset({"all"})


def flow_figure(edges: Iterable[Sequence[str]]) -> "Figure":
    """Rules as boxes, files between them as lines; a line that a longer way shows is left out.

    Parameters
    ----------
    edges : iterable of (str, str)
        Rule that makes a file, rule that reads it.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    shown = reduced((maker, reader) for maker, reader in edges if reader not in NOT_SHOWN)
    place = layout(shown)
    rows = max(row for row, _ in place.values()) + 1
    with rc_context(FONTS):
        figure = Figure(figsize=(WIDTH_IN, rows * ROW_IN), dpi=DPI, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, 1), ylim=(rows - 0.5, -0.5))
        axes.axis("off")
        half = BOX_IN / ROW_IN / 2
        for chain in _chains(shown, {name: row for name, (row, _) in place.items()}):
            points = [(place[name][1], place[name][0]) for name in chain]
            axes.plot(*zip(*points[:-1], strict=True), color=EDGE, linewidth=0.9, zorder=1)
            head = (points[-1][0], points[-1][1] - half)
            axes.annotate("", head, points[-2], arrowprops=ARROW, zorder=1)
        box = {"boxstyle": "round,pad=0.35", "facecolor": BOX, "edgecolor": QUIET, "linewidth": 0.7}
        for name, (row, x) in place.items():
            if not isinstance(name, tuple):
                axes.text(x, row, name.replace("_", " "), ha="center", va="center", color=INK, bbox=box, zorder=2)
    return figure


def reduced(edges: Iterable[Edge]) -> list[Edge]:
    """The edges that no longer way stands for.

    Parameters
    ----------
    edges : iterable of (str, str)
        Of a graph without circles.

    Returns
    -------
    list of (str, str)
        In order.
    """
    readers: dict[str, set[str]] = {}
    for maker, reader in edges:
        readers.setdefault(maker, set()).add(reader)
    below: dict[str, set[str]] = {}

    def all_below(name: str) -> set[str]:
        if name not in below:
            direct = readers.get(name, set())
            below[name] = direct.union(*(all_below(one) for one in direct))
        return below[name]

    return sorted(
        (maker, reader)
        for maker, direct in readers.items()
        for reader in direct
        if not any(reader in all_below(other) for other in direct)
    )


def layout(edges: Sequence[Edge]) -> dict[Node, tuple[int, float]]:
    """Row and place across of each rule, and of the bends of lines that pass rows.

    Parameters
    ----------
    edges : sequence of (str, str)
        Of a graph without circles.

    Returns
    -------
    dict
        By rule, or by (maker, reader, row) of a bend: row, 0 to 1 across. Each rule stands one row
        above the first that reads it.
    """
    readers: dict[str, list[str]] = {}
    for maker, reader in edges:
        readers.setdefault(maker, []).append(reader)
        readers.setdefault(reader, [])
    height: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in height:
            height[name] = 1 + max((of(one) for one in readers[name]), default=-1)
        return height[name]

    top = max(map(of, readers))
    rows: dict[Node, int] = {name: top - of(name) for name in readers}
    chains = _chains(edges, rows)
    row_of = rows | {bend: bend[2] for chain in chains for bend in chain if isinstance(bend, tuple)}
    near: dict[Node, list[Node]] = {name: [] for name in row_of}
    for chain in chains:
        for one, other in zip(chain, chain[1:], strict=False):
            near[one].append(other)
            near[other].append(one)
    order = [[name for name in near if row_of[name] == row] for row in range(top + 1)]
    place = {name: (k + 0.5) / len(names) for names in order for k, name in enumerate(names)}
    for _ in range(SWEEPS):
        for names in (*order, *reversed(order)):
            place |= _apart({name: sum(place[one] for one in near[name]) / len(near[name]) for name in names})
    left, right = min(place.values()), max(place.values())
    wide = (right - left) / (1 - 2 * MARGIN) or 1.0
    return {name: (row_of[name], MARGIN + (place[name] - left) / wide) for name in near}


def _apart(wanted: Mapping[Node, float]) -> dict[Node, float]:
    """Places of the boxes of a row near those that are wanted, none upon another."""
    names = sorted(wanted, key=lambda name: (wanted[name], str(name)))
    room = [BEND if isinstance(name, tuple) else max(BEND, len(name) * LETTER) for name in names]
    shrink = min(1.0, 1 / sum(room))
    place, end = {}, 0.0
    for name, wide in zip(names, room, strict=True):
        place[name] = max(wanted[name], end + shrink * wide / 2)
        end = place[name] + shrink * wide / 2
    # What was pushed to the right goes back by half, and all of it into the figure.
    back = (sum(place.values()) - sum(wanted.values())) / len(place)
    back = min(max(back, end - 1), place[names[0]] - shrink * room[0] / 2)
    return {name: x - back for name, x in place.items()}


def _chains(edges: Sequence[Edge], rows: Mapping[Node, int]) -> list[list[Node]]:
    """Each edge with the bends on its way, by the rows of the rules."""
    return [
        [maker, *((maker, reader, row) for row in range(rows[maker] + 1, rows[reader])), reader]
        for maker, reader in edges
    ]
