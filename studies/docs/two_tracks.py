"""One landslide as both tracks see it: maps of its LOS rates, and a section through its slope."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sarslide.inventory.changes import LANDSLIDES
from sarslide.report.figures import (
    DPI,
    FONTS,
    INK,
    QUIET,
    Outlines,
    Panel,
    draw_colour_bar,
    draw_panel,
    draw_scale_bar,
    png,
)
from sarslide.report.scales import Scale, scale_for, tick_text
from sarslide.report.stages import TRACK_COLOURS
from studies.docs.finished import Finished
from studies.docs.pictures import WIDTH_IN

Window = tuple[slice, slice]
MOTION_COLOUR = "#c62828"
HALF_M = 1200.0  # half the side of the maps, and of the section
HEIGHT_IN, SECTION_IN, MAP_IN = 7.75, 2.6, 3.6


@dataclass(frozen=True)
class View:
    """How a track sees the landslide: mean rate towards the satellite, mm/yr, and geometry."""

    stack: str
    colour: str
    rate: np.ndarray
    mean: float
    heading_deg: float
    incidence_deg: float
    los: tuple[float, float]  # east and up, of the unit vector to the satellite


def two_tracks(region: Finished) -> bytes:
    """The landslide whose rates in the two tracks are most opposite."""
    landslide = most_opposite(region)
    centre = landslide.geometry.representative_point()
    window = around(region, centre.x, centre.y)
    views = [view(region, stack, window, landslide, TRACK_COLOURS[k]) for k, stack in enumerate(region.stacks)]
    scale = scale_for("los_rate_mm_per_yr", [each.rate for each in views])
    with rc_context(FONTS):
        figure = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor="white")
        for k, each in enumerate(views):
            _map(figure, k, each, region, window, landslide, scale)
        _section(
            figure.add_axes((0.085, 0.07, 0.905, SECTION_IN / HEIGHT_IN)), region, views, window, landslide.geometry
        )
    return png(figure)


def most_opposite(region: Finished) -> Any:
    """Of the landslides that both tracks see, far enough from the edge, that with the most opposite
    mean rates.
    """
    found = region.objects(LANDSLIDES)
    west, south, east, north = region.bounds
    inner = found.cx[west + HALF_M : east - HALF_M, south + HALF_M : north - HALF_M]
    rates = [json.loads(text) for text in inner.los_rate_by_track]
    opposite = [min(one.values()) * max(one.values()) if len(one) > 1 else 0.0 for one in rates]
    return inner.iloc[int(np.argmin(opposite))]


def around(region: Finished, x: float, y: float) -> Window:
    """Rows and columns of a square around a place."""
    grid, half = region.grid, round(HALF_M / region.grid.cell_m)
    row, col = int((grid.north - y) / grid.cell_m), int((x - grid.west) / grid.cell_m)
    return slice(max(row - half, 0), row + half + 1), slice(max(col - half, 0), col + half + 1)


def view(region: Finished, stack: str, window: Window, landslide: Any, colour: str) -> View:
    """What a track's files hold in a window."""
    here = {
        layer: float(np.nanmean(region.track(layer, stack, all_cells=True)[window]))
        for layer in ("heading_deg", "incidence_deg", "los_east", "los_up")
    }
    rate = region.track("los_rate_mm_per_yr", stack)[window]
    mean = json.loads(landslide.los_rate_by_track)[stack]
    return View(
        stack, colour, rate, mean, here["heading_deg"], here["incidence_deg"], (here["los_east"], here["los_up"])
    )


def _bounds(region: Finished, window: Window) -> tuple[float, float, float, float]:
    grid, (rows, cols) = region.grid, window
    return (
        grid.west + cols.start * grid.cell_m,
        grid.north - rows.stop * grid.cell_m,
        grid.west + cols.stop * grid.cell_m,
        grid.north - rows.start * grid.cell_m,
    )


def _map(
    figure: Figure, number: int, seen: View, region: Finished, window: Window, landslide: Any, scale: Scale
) -> None:
    """LOS rate with outline, section line, and the directions of flight and of view."""
    bounds = _bounds(region, window)
    left, bottom = 0.01 + number * 0.5, (HEIGHT_IN - 0.3 - MAP_IN) / HEIGHT_IN
    axes = figure.add_axes((left, bottom, MAP_IN / WIDTH_IN, MAP_IN / HEIGHT_IN))
    shape = region.objects(LANDSLIDES).loc[lambda frame: frame.ls_id == landslide.ls_id]
    outlines = Outlines(shape, width=1.4)
    draw_panel(axes, Panel("", seen.rate, scale, region.shade[window], (outlines,)), bounds)
    words = "ascending" if seen.stack.startswith("A") else "descending"
    sense = "towards" if seen.mean > 0 else "away"
    title = f"{seen.stack}, {words}: {'+' * (seen.mean > 0)}{tick_text(round(seen.mean, 1))} mm/yr, {sense}"
    axes.set_title(title, loc="left", fontsize=9.5, fontweight="bold", pad=6, color=seen.colour)
    axes.axhline(landslide.geometry.representative_point().y, color=INK, linewidth=0.7, linestyle=":")
    _directions(axes, seen)
    if number == 0:
        draw_scale_bar(axes, bounds)
    draw_colour_bar(figure.add_axes((left, bottom - 0.16 / HEIGHT_IN, MAP_IN / WIDTH_IN, 0.10 / HEIGHT_IN)), scale)


def _directions(axes: Axes, seen: View) -> None:
    """Arrows of flight and of the look to the right of it, in the upper corner of the near side."""
    flight, look = (np.radians(seen.heading_deg + turn) for turn in (0, 90))
    x, y = (0.12, 0.74) if seen.stack.startswith("A") else (0.88, 0.86)
    for angle, length, text in ((flight, 0.15, "flight"), (look, 0.13, "look")):
        end = (x + length * np.sin(angle), y + length * np.cos(angle))
        arrow = {"arrowstyle": "-|>", "color": seen.colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", end, (x, y), xycoords="axes fraction", textcoords="axes fraction", arrowprops=arrow)
        beyond = (x + (length + 0.06) * np.sin(angle), y + (length + 0.05) * np.cos(angle))
        axes.annotate(text, beyond, xycoords="axes fraction", ha="center", va="center", fontsize=8, color=seen.colour)


def _section(axes: Axes, region: Finished, views: list[View], window: Window, outline: Any) -> None:
    """Heights from west to east at true scale, the landslide, and the way to the satellites."""
    grid, cols = region.grid, window[1]
    place = outline.representative_point()
    row = int((grid.north - place.y) / grid.cell_m)
    height = region.ground("elevation_m")[row, cols]
    x = (grid.west + (np.arange(cols.start, cols.stop) + 0.5) * grid.cell_m) - place.x
    axes.fill_between(x, height, height.min() - 60, color="#d9d2c5")
    axes.plot(x, height, color=INK, linewidth=1)
    on = shapely.contains_xy(outline, x + place.x, np.full(x.shape, place.y))
    axes.plot(x, np.where(on, height, np.nan), color=MOTION_COLOUR, linewidth=4, solid_capstyle="butt")
    middle = float(np.interp(0, x, height))
    length = 520.0
    for seen in views:
        direction = np.array(seen.los) / np.hypot(*seen.los)
        tip = (length * direction[0], middle + length * direction[1])
        arrow = {"arrowstyle": "-|>", "color": seen.colour, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tip, (0, middle), arrowprops=arrow)
        side = "right" if direction[0] < 0 else "left"
        axes.annotate(
            f" to the satellite of {seen.stack} \n incidence {seen.incidence_deg:.0f}° ",
            tip, ha=side, va="bottom", fontsize=8, color=seen.colour,
        )  # fmt: skip
    _downslope(axes, x, height, middle)
    axes.set(xlim=(x[0], x[-1]), ylim=(height.min() - 60, max(height.max(), middle + length) + 60), aspect="equal")
    axes.set_xlabel("Metres east of the landslide, along the dotted line", fontsize=8, color=QUIET)
    axes.set_ylabel("Height (m)", fontsize=8, color=QUIET)
    axes.tick_params(labelsize=8, length=2, color=QUIET)
    axes.spines[["top", "right"]].set_visible(False)


def _downslope(axes: Axes, x: np.ndarray, height: np.ndarray, middle: float) -> None:
    """The motion down the slope, in the plane of the section."""
    slope = np.interp(0, x, np.gradient(height, x))
    along = -np.sign(slope) * np.array([1, slope]) / np.hypot(1, slope)
    off = np.array([-slope, 1]) / np.hypot(1, slope)  # out of the ground
    start = np.array([0, middle]) + 110 * along + 110 * off
    end = start + 240 * along
    arrow = {"arrowstyle": "-|>", "color": MOTION_COLOUR, "linewidth": 2.4, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", tuple(end), tuple(start), arrowprops=arrow)
    side = "left" if along[0] > 0 else "right"
    axes.annotate("  slides down  ", tuple(end), ha=side, va="bottom", fontsize=8, color=MOTION_COLOUR)
