"""A map of a region and of the swaths that see it, drawn from the repeat orbit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide.catalog.ground_track import SWATH_DEG, Track, view
from sarslide.catalog.region import outline
from sarslide.grid import RegionGrid
from sarslide.io.atomic import atomic_file
from sarslide.report.figures import DPI, FONTS, INK, QUIET, round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

COLOURS = {"A": "#1f6fb4", "D": "#c8641c"}
AREA, LAND = "#b3123f", "#f5f7f7"
KM_PER_DEG = 111.2
REACH_KM = 330.0  # shown around the centre: a swath is 250 km wide
SAMPLES = 121  # points a side on which the swaths are computed
ROWS = 7  # of tracks in the table
AWAY = {"A": -0.55, "D": 0.55}  # where a pass has its arrows, of half the height of the map


def write_track_map(
    path: str | Path,
    name: str,
    area: "BaseGeometry",
    grid: RegionGrid,
    tracks: Sequence[Track],
    stacks: Sequence[str],
) -> None:
    """The map as PNG, without the date that matplotlib would add.

    Parameters
    ----------
    path : str or Path
        File.
    name : str
        Of the region.
    area : shapely geometry
        What was asked for, longitude and latitude, degree.
    grid : RegionGrid
        Grid of the region.
    tracks : sequence of Track
        Those that see the region.
    stacks : sequence of str
        The chosen ones, whose swaths are filled.
    """
    figure = track_map(name, area, grid, tracks, stacks)
    with atomic_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


def track_map(
    name: str, area: "BaseGeometry", grid: RegionGrid, tracks: Sequence[Track], stacks: Sequence[str]
) -> "Figure":
    """Left the swaths around the region, right the region itself.

    Parameters
    ----------
    name, area, grid, tracks, stacks
        As for `write_track_map`.

    Returns
    -------
    Figure
        The figure.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(FONTS):
        figure = Figure(figsize=(11, 6.2), facecolor="white")
        zone = f"UTM zone {grid.epsg % 100} {'north' if grid.epsg < 32700 else 'south'}"
        km = f"{grid.cols * grid.cell_m / 1e3:.1f} x {grid.rows * grid.cell_m / 1e3:.1f} km"
        figure.text(0.06, 0.945, name, fontsize=15, fontweight="bold")
        figure.text(0.06, 0.91, f"{km}, {zone} (EPSG {grid.epsg}), cells of {grid.cell_m:g} m", color=QUIET)
        around = figure.add_axes((0.06, 0.06, 0.50, 0.79))
        close = figure.add_axes((0.64, 0.39, 0.34, 0.46))
        _draw_swaths(around, grid, [track for track in tracks if track.stack in stacks])
        _draw_area(close, area, grid)
        _draw_table(figure, tracks, stacks)
    return figure


def _frame(axes: "Axes", lon: float, lat: float, east_km: float, north_km: float) -> tuple[float, float]:
    """A map of so many km around a centre, true to scale there; half its sides, degree."""
    stretch = 1 / np.cos(np.radians(lat))
    half_lon, half_lat = east_km / KM_PER_DEG * stretch, north_km / KM_PER_DEG
    axes.set_xlim(lon - half_lon, lon + half_lon)
    axes.set_ylim(lat - half_lat, lat + half_lat)
    axes.set_aspect(stretch)
    axes.set_anchor("NW")
    axes.set_facecolor(LAND)
    axes.grid(color="white", lw=1.1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=8, labelcolor=QUIET)
    axes.xaxis.set_major_formatter(lambda value, _: _degrees(value, "EW"))
    axes.yaxis.set_major_formatter(lambda value, _: _degrees(value, "NS"))
    return half_lon, half_lat


def _degrees(value: float, signs: str) -> str:
    value = (value + 180) % 360 - 180 if signs == "EW" else value
    text = f"{abs(value):.3f}".rstrip("0").rstrip(".")
    return f"{text}° {signs[int(value < 0)]}" if text != "0" else "0°"


def _draw_swaths(axes: "Axes", grid: RegionGrid, tracks: Sequence[Track]) -> None:
    from matplotlib.colors import to_rgba

    ring = np.array(outline(grid))
    lon, lat = ring[:-1].mean(axis=0)
    reach = max(REACH_KM, grid.cols * grid.cell_m / 1e3, grid.rows * grid.cell_m / 1e3)
    half_lon, half_lat = _frame(axes, lon, lat, reach, reach)
    lons, lats = np.meshgrid(
        np.linspace(lon - half_lon, lon + half_lon, SAMPLES), np.linspace(lat - half_lat, lat + half_lat, SAMPLES)
    )
    for track in tracks:
        colour = COLOURS[track.stack[0]]
        looks = view(track.stack, lons.ravel(), lats.ravel())
        beam = looks.beam_deg.reshape(lons.shape)
        axes.contourf(lons, lats, beam, levels=SWATH_DEG, colors=[colour], alpha=0.16)
        axes.contour(lons, lats, beam, levels=SWATH_DEG, colors=[colour], linewidths=1.4, linestyles="solid")
        _draw_arrows(axes, track, lons, lats, beam, half_lat)
    axes.fill(*ring.T, facecolor=to_rgba(AREA, 0.35), edgecolor=AREA, lw=1.8)
    axes.set_title("Chosen tracks: swaths at sea level, incidence at the region", loc="left", fontsize=9.5)
    _scale_bar(axes, 100)


def _draw_arrows(
    axes: "Axes", track: Track, lons: np.ndarray, lats: np.ndarray, beam: np.ndarray, half_lat: float
) -> None:
    """Flight along the near edge and look away from it."""
    middle = lats[:, 0].mean()
    row = np.abs(lats[:, 0] - middle - AWAY[track.stack[0]] * half_lat).argmin()
    known = np.flatnonzero(np.isfinite(beam[row]))
    known = known[beam[row][known].argsort()]
    if not known.size or not beam[row][known[0]] < SWATH_DEG[0]:
        return  # the near edge lies beyond the map
    colour, lat = COLOURS[track.stack[0]], lats[row, 0]
    near = np.array([np.interp(SWATH_DEG[0], beam[row][known], lons[row][known]), lat])
    flight, look = (half_lat * 0.4 * _unit(track.heading_deg + turn, lat) for turn in (0, 90))
    for start, step in ((near - flight / 2, flight), (near, look)):
        style = {"arrowstyle": "-|>", "color": colour, "lw": 2.4, "mutation_scale": 17, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tuple(start + step), tuple(start), arrowprops=style)
    inward, outward = ("left", "right") if look[0] > 0 else ("right", "left")
    track_name = f"{track.stack}\n{track.incidence_deg:.1f}°"
    for along, text, size, align in (
        (-0.12, "flight", 8.5, outward), (0.45, "look\n\n", 8.5, "center"), (1.08, track_name, 11, inward)
    ):  # fmt: skip
        x, y = near + along * look
        weight = "bold" if size > 10 else "normal"
        axes.text(x, y, text, color=colour, ha=align, va="center", fontsize=size, fontweight=weight)


def _unit(azimuth_deg: float, lat: float) -> np.ndarray:
    """A degree of latitude in some direction, as longitude and latitude."""
    angle = np.radians(azimuth_deg)
    return np.array([np.sin(angle) / np.cos(np.radians(lat)), np.cos(angle)])


def _draw_area(axes: "Axes", area: "BaseGeometry", grid: RegionGrid) -> None:
    ring = np.array(outline(grid))
    lon, lat = (ring.min(axis=0) + ring.max(axis=0)) / 2
    _frame(axes, lon, lat, 0.66 * grid.cols * grid.cell_m / 1e3, 0.7 * grid.rows * grid.cell_m / 1e3)
    axes.locator_params(nbins=4)
    axes.plot(*ring.T, color=AREA, lw=1.8)
    for part in getattr(area, "geoms", [area]):
        axes.fill(*np.array(part.exterior.coords)[:, :2].T, facecolor=AREA, edgecolor="none", alpha=0.18)
    axes.set_title("The region: area, and the grid around it", loc="left", fontsize=9.5)
    _scale_bar(axes, round_length(grid.cols * grid.cell_m / 3) / 1e3)


def _scale_bar(axes: "Axes", km: float) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    length = km / KM_PER_DEG / np.cos(np.radians((south + north) / 2))
    left, low = west + 0.04 * (east - west), south + 0.05 * (north - south)
    axes.plot([left, left + length], [low, low], color=INK, lw=3, solid_capstyle="butt")
    axes.text(left + length / 2, low + 0.012 * (north - south), f"{km:g} km", ha="center", va="bottom")


def _draw_table(figure: "Figure", tracks: Sequence[Track], stacks: Sequence[str]) -> None:
    """The chosen tracks, then as many others as there is room for."""
    order = sorted(tracks, key=lambda track: (track.stack not in stacks, track.stack[0]))
    rows, left, top, line = order[:ROWS], 0.64, 0.30, 0.03
    columns = ((0, "track", "left"), (0.16, "incidence", "right"), (0.25, "flight", "right"), (0.33, "sees", "right"))
    for shift, word, align in columns:
        figure.text(left + shift, top, word, ha=align, color=QUIET)
    for k, track in enumerate(rows, start=1):
        here = track.stack in stacks
        colour, weight = (COLOURS[track.stack[0]], "bold") if here else (QUIET, "normal")
        cells = (track.stack, f"{track.incidence_deg:.1f}°", f"{track.heading_deg:.0f}°", track.share_text)
        for (shift, _, align), cell in zip(columns, cells, strict=True):
            figure.text(left + shift, top - k * line, cell, ha=align, color=colour, fontweight=weight)
    if len(order) > len(rows):
        more = f"and {len(order) - len(rows)} more, in the region's file"
        figure.text(left, top - (len(rows) + 1) * line, more, color=QUIET)
