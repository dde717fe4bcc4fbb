"""A sheet as PDF: pages of A4, lines as lines, text as text that can be searched and copied."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sarslide.report.figures import FONTS, INK, QUIET, round_length
from sarslide.report.sheets import Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE_MM = (210.0, 297.0)
LEFT, RIGHT, TOP, BOTTOM = 14.0, 196.0, 13.0, 285.0  # of what is printed, mm from the upper left corner
GAP = 8.0
SIZE, LINE = 7.5, 3.7  # of text: points, and mm from line to line
EM_MM = 0.3528  # of a point
WIDE = 0.56  # of a letter of DejaVu Sans on average, em
OBJECT = "#a3135f"  # on the profile, as on the page
# After that of all figures, the first that has a letter: names are in any script.
FALLBACK = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei")
MAP_MM, BAR_MM, PLOT_MM = 84.0, 3.0, 40.0


def pdf(sheet: Sheet, colours: Mapping[str, str], head: Mapping[str, Any]) -> bytes:
    """A sheet as PDF.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    colours : mapping of str to str
        By track.
    head : mapping of str to Any
        region, release and simulated.

    Returns
    -------
    bytes
        One page of A4, and more where reviewers wrote much; the same bytes for the same sheet.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_pdf import PdfPages

    raw = io.BytesIO()
    title = f"{sheet.row['ls_id']}, {head['region']}, release {head['release']}"
    # Type 42: whole letters of the font, so that text stays text.
    with rc_context(FONTS | {"pdf.fonttype": 42, "font.family": _families(), "font.size": SIZE}):
        paper = _Paper(title)
        _fill(paper, sheet, colours, head)
        with PdfPages(raw, metadata={"Title": title, "Creator": "sarslide", "CreationDate": None}) as pages:
            for figure in paper.pages:
                pages.savefig(figure)
    return raw.getvalue()


class _Paper:
    """Pages that are filled from the top; `y` is where the next thing goes, mm."""

    def __init__(self, title: str) -> None:
        self.title, self.y = title, BOTTOM
        self.pages: list[Figure] = []
        self.room(LINE)

    def room(self, height: float) -> None:
        """A new page where this one has not so much room."""
        from matplotlib.figure import Figure

        if self.y + height <= BOTTOM:
            return
        self.pages.append(Figure(figsize=(PAGE_MM[0] / 25.4, PAGE_MM[1] / 25.4)))
        self.y = TOP
        if len(self.pages) > 1:
            self.text(LEFT, f"{self.title}, page {len(self.pages)}", color=QUIET)
            self.y += 2 * LINE

    def text(self, x: float, words: str, size: float = SIZE, **style: Any) -> None:
        """Text whose upper left corner is at x, y."""
        words = words.replace("$", r"\$")  # no formula
        place = x / PAGE_MM[0], 1 - self.y / PAGE_MM[1]
        self.pages[-1].text(*place, words, fontsize=size, va=style.pop("va", "top"), **style)

    def heading(self, x: float, words: str, width: float) -> None:
        """A heading below a line."""
        from matplotlib.lines import Line2D

        height = 1 - self.y / PAGE_MM[1]
        line = Line2D(np.array([x, x + width]) / PAGE_MM[0], [height, height], color="#dde3e6", linewidth=0.7)
        self.pages[-1].add_artist(line)
        self.y += 1.2
        self.text(x, words, 9, weight="bold")
        self.y += 4.6

    def paragraph(self, x: float, words: str, width: float, **style: Any) -> None:
        """Wrapped text."""
        for line in wrapped(words, width):
            self.room(LINE)
            self.text(x, line, **style)
            self.y += LINE

    def row(self, cells: Sequence[str], places: Sequence[float], styles: Sequence[Mapping[str, Any]]) -> None:
        """Cells beside each other; each ends where the next begins."""
        ends = (*places[1:], RIGHT)
        lines = [wrapped(text, end - x - 2) for text, x, end in zip(cells, places, ends, strict=True)]
        self.room(LINE * max(map(len, lines)))
        start = self.y
        for column, x, style in zip(lines, places, styles, strict=True):
            self.y = start
            for line in column:
                self.text(x, line, **style)
                self.y += LINE
        self.y = start + LINE * max(map(len, lines))

    def axes(self, x: float, y: float, width: float, height: float) -> "Axes":
        """A plot, mm."""
        place = x / PAGE_MM[0], 1 - (y + height) / PAGE_MM[1], width / PAGE_MM[0], height / PAGE_MM[1]
        return self.pages[-1].add_axes(place)


def wrapped(words: str, width_mm: float) -> list[str]:
    """Text in lines of a width.

    Parameters
    ----------
    words : str
        The text.
    width_mm : float
        Width of a line.

    Returns
    -------
    list of str
        At least one line.
    """
    return textwrap.wrap(words, max(1, int(width_mm / (WIDE * SIZE * EM_MM)))) or [""]


def _families() -> list[str]:
    from matplotlib import font_manager

    known = set(font_manager.get_font_names())
    return [FONTS["font.family"], *(name for name in FALLBACK if name in known)]


def _fill(paper: _Paper, sheet: Sheet, colours: Mapping[str, str], head: Mapping[str, Any]) -> None:
    row = sheet.row
    place = f"{str(head['region']).replace('_', ' ').title()} · release {head['release']}"
    paper.text(LEFT, place + (" · simulated data: no real place" if head["simulated"] else ""), color=QUIET)
    paper.y += LINE + 1
    paper.text(LEFT, f"{row['ls_id']} {row.get('name') or ''}".strip(), 15, weight="bold")
    paper.text(RIGHT, f"{row['object_class']}, {row['change']}", 9, color=QUIET, ha="right")
    paper.y += 8
    start, middle = paper.y, (LEFT + RIGHT) / 2
    half = middle - LEFT - GAP / 2
    _facts(paper, sheet, half)
    left_end, right = paper.y, middle + GAP / 2
    if sheet.map:
        paper.y = start
        _map(paper, sheet, right, min(half, MAP_MM))
    paper.y = max(left_end, paper.y) + 2
    _plots(paper, sheet, colours, half, right)
    _rules(paper, sheet)
    _evidence(paper, sheet)


def _facts(paper: _Paper, sheet: Sheet, width: float) -> None:
    rates = [*sheet.rates, *sheet.motion] or [("Rates", "none: nothing was unwrapped here")]
    for title, rows in (("Motion", rates), ("Object", sheet.facts)):
        paper.heading(LEFT, title, width)
        for label, value in rows:
            paper.text(LEFT, label, color=QUIET)
            for line in wrapped(value, width / 2):
                paper.text(LEFT + width / 2, line)
                paper.y += LINE
        paper.y += 1.5


def _map(paper: _Paper, sheet: Sheet, x: float, side: float) -> None:
    from matplotlib.colors import ListedColormap

    assert sheet.map is not None  # others have none
    drawn = sheet.map
    axes = paper.axes(x, paper.y, side, side)
    axes.imshow(drawn["picture"], extent=(0, drawn["size"], drawn["size"], 0), interpolation="nearest")
    for ring in drawn["rings"]:
        axes.plot(*ring.T, color="#111111", linewidth=1.1)
    axes.set(xlim=(0, drawn["size"]), ylim=(drawn["size"], 0), xticks=[], yticks=[])
    _scale_bar(axes, drawn["size"], drawn["metres"])
    paper.y += side + 1.5
    bar = paper.axes(x, paper.y, side, BAR_MM)
    bar.imshow(np.arange(len(drawn["palette"]))[None], cmap=ListedColormap(drawn["palette"]), aspect="auto")
    bar.set(xticks=[], yticks=[])
    paper.y += BAR_MM + 0.8
    paper.text(x, f"{drawn['low']:.0f} away".replace("-", "−"), 6.5)
    paper.text(x + side / 2, f"LOS rate {drawn['track']}, mm/yr", 6.5, ha="center")
    paper.text(x + side, f"towards {drawn['high']:.0f}", 6.5, ha="right")
    paper.y += LINE
    paper.text(x, f"{drawn['metres']:.0f} m wide, north up.", 6.5, color=QUIET)
    paper.y += LINE


def _scale_bar(axes: "Axes", size: float, metres: float) -> None:
    """A bar of a round length, about a quarter of the map."""
    length = round_length(metres / 4)
    cells, edge = length / metres * size, 0.04 * size
    axes.plot([edge, edge + cells], [size - edge] * 2, color="white", linewidth=4, solid_capstyle="butt")
    axes.plot([edge, edge + cells], [size - edge] * 2, color=INK, linewidth=2, solid_capstyle="butt")
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8}
    axes.text(edge, size - 1.5 * edge, f"{length:.0f} m", fontsize=6.5, bbox=box)


def _plots(paper: _Paper, sheet: Sheet, colours: Mapping[str, str], width: float, right: float) -> None:
    paper.room(PLOT_MM + 16)
    start = paper.y
    paper.heading(LEFT, "Time series", width)
    if sheet.series:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, datestr2num

        axes = _bare(paper.axes(LEFT + 9, paper.y + 3, width - 10, PLOT_MM - 10), "mm")
        for track, one in sorted(sheet.series.items()):
            days = datestr2num(one["dates"])
            spread = [np.nan if value is None else value for value in one["spread"]]
            axes.errorbar(days, one["mm"], spread, fmt=".-", color=colours[track], label=track, linewidth=0.9)
        axes.legend(fontsize=6.5, frameon=False, loc="best")
        few = AutoDateLocator(minticks=3, maxticks=5)
        axes.xaxis.set_major_locator(few)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(few))
        note = "mm towards the satellite since the first date. Bars: spread over the cells of the object."
    else:
        note = "This release has no series of the object."
    paper.y += PLOT_MM if sheet.series else 0
    paper.paragraph(LEFT, note, width, color=QUIET)
    left_end, paper.y = paper.y, start
    paper.heading(right, "Profile", width)
    if sheet.profile:
        distance, height, inside = sheet.profile
        axes = _bare(paper.axes(right + 9, paper.y + 3, width - 10, PLOT_MM - 10), "m")
        axes.plot(distance, height, color=QUIET, linewidth=0.9)
        axes.plot(distance, np.where(inside, height, np.nan), color=OBJECT, linewidth=2.4)
        axes.xaxis.set_major_formatter("{x:.0f} m")
        aspect = sheet.row["aspect_mean_deg"]
        note = (
            f"Ellipsoidal height down the mean direction of the slope ({aspect:.0f}°) through the object, drawn thick."
        )
    else:
        note = "The ground is flat or its height unknown."
    paper.y += PLOT_MM if sheet.profile else 0
    paper.paragraph(right, note, width, color=QUIET)
    paper.y = max(left_end, paper.y) + 2


def _bare(axes: "Axes", unit: str) -> "Axes":
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dde3e6", linewidth=0.6)
    axes.tick_params(labelsize=6.5, length=2)
    axes.set_title(unit, fontsize=6.5, loc="left", pad=2)
    return axes


def _rules(paper: _Paper, sheet: Sheet) -> None:
    paper.room(5 * LINE)
    paper.heading(LEFT, "Why it is what it is", RIGHT - LEFT)
    places, plain = (LEFT, LEFT + 54, LEFT + 98, LEFT + 146), {"color": INK}
    paper.row(("Rule", "This object", "Limit", "So"), places, [{"color": QUIET}] * 4)
    for line in sheet.rules:
        paper.row((line.rule, line.number, line.limit, line.outcome), places, [{"color": QUIET}, plain, plain, plain])
    if sheet.row.get("reason_text"):
        paper.paragraph(LEFT, str(sheet.row["reason_text"]).capitalize() + ".", RIGHT - LEFT)
    paper.y += 2


def _evidence(paper: _Paper, sheet: Sheet) -> None:
    row, width = sheet.row, RIGHT - LEFT
    paper.room(4 * LINE)
    paper.heading(LEFT, "Evidence", width)
    review = str(row.get("review") or "").replace("_", " ")
    said = ". ".join(text for text in (review, str(row.get("comment") or "")) if text)
    none = "" if said or sheet.evidence else "No reviewer has looked at it."
    paper.paragraph(LEFT, f"Reviewer: {said}" if said else none, width)
    for address in (*sheet.evidence, *sheet.links):
        paper.paragraph(LEFT, address, width, url=address, color="#0d5c75")
