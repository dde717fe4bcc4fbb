"""The figures of the papers, drawn of what the run made: a row a figure in `DRAWN`.

A run that lacks what a figure needs draws none; the page then says what that is (papers/*.yaml).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
from shapely.affinity import translate

from sarslide import papers
from sarslide.io import raster, vector
from sarslide.layers import LITHOLOGY
from sarslide.report.figures import Outlines, Panel, png
from sarslide.report.inputs import ReportInputs
from sarslide.report.reading import MAX_SIDE
from sarslide.report.scales import Scale, scale_for
from sarslide.report.stages import TRACK_COLOURS, StackMaps, StageFigure, panels_stage
from sarslide.report.webmap import data_uri
from sarslide.terrain.curvature import total_curvature

PATCH_CELLS = 128  # P0 3.2
LARGEST = 3  # landslides that are shown
FACTORS = ("elevation_m", "slope_deg", "curvature_total_per_m", "aspect_deg", "reflectance_b04", "lithology")
ROCK = Scale("tab20", 1, len(LITHOLOGY), "Class of rock", classes=True)
SEEN = Scale("cividis", 0, 4, "Tracks that acquired the cell", classes=True)
NOT_ACQUIRED = 1  # of the layer observable_class


@dataclass(frozen=True)
class Material:
    """What the figures are drawn of.

    Attributes
    ----------
    inputs : ReportInputs
        Files of the report.
    stacks : sequence of StackMaps
        Rasters of each track for the screen.
    ground : mapping of str to (rows, cols) array
        Terrain, and optical and lithology layers as far as there are any.
    landslides : GeoDataFrame
        Of the release.
    published : sequence of mapping of str to Any
        Tables of the benchmark.
    """

    inputs: ReportInputs
    stacks: Sequence[StackMaps]
    ground: Mapping[str, np.ndarray]
    landslides: gpd.GeoDataFrame
    published: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the region, m."""
        return self.inputs.grid.bounds


Drawing = Callable[[Material], StageFigure | None]


def _seven_layers(of: Material) -> StageFigure | None:
    """P3 Fig. 2."""
    panels = [_map(f"LOS rate {maps.stack}", "los_rate_mm_per_yr", maps.layers) for maps in of.stacks[:1]]
    ground, kinds = dict(of.ground), ("curvature_profile_per_m", "curvature_plan_per_m")
    if set(kinds) <= set(ground):
        ground["curvature_total_per_m"] = total_curvature(*(ground[kind] for kind in kinds))
    panels += [_map("", layer, ground) for layer in FACTORS]
    caption = "The factors of P3 Fig. 2 that the region has: of the optical bands the red one, and ArcGIS's curvature."
    return _figure("Layers of the factors", caption, panels, of.bounds)


def _four_layers(of: Material) -> StageFigure | None:
    """P4 Fig. 2."""
    panels = []
    for maps in of.stacks:
        if "phase_rate_rad_per_yr" in maps.layers:
            for layer, title in (("phase_rate_rad_per_yr", "Phase rate"), ("los_rate_mm_per_yr", "LOS rate")):
                panels.append(_map(f"{title} {maps.stack}", layer, maps.layers))
    panels += [_map("", layer, of.ground) for layer in ("elevation_m", "slope_deg")] if panels else []
    caption = "Phase rate (rad/yr, positive away from the satellite), LOS rate (mm/yr, positive towards it), height and slope."
    return _figure("Input layers", caption, panels, of.bounds)


def _coverage(of: Material) -> StageFigure | None:
    """P4 Fig. 1: how many tracks see a cell."""
    seen = [maps.layers["observable_class"] for maps in of.stacks if "observable_class" in maps.layers]
    if not seen:
        return None
    count = np.sum([np.isfinite(one) & (one != NOT_ACQUIRED) for one in seen], axis=0).astype(float)
    names = ", ".join(maps.stack for maps in of.stacks)
    return _figure("Coverage", f"Tracks with data in a cell, of {names}.", [Panel("", count, SEEN)], of.bounds)


def _patches_with_outlines(of: Material) -> StageFigure | None:
    """P0 Fig. 4: patches of 128 x 128 cells and the outlines in them."""
    side = min(PATCH_CELLS, *of.inputs.grid.shape)
    panels = [
        _close_up(of, row, stack, "avg_phase_rad", side)
        for row in _largest(of.landslides, LARGEST)
        for stack in of.stacks[:1]
    ]
    caption = "Averaged phase in patches of 128 x 128 cells around the largest landslides, with the released outlines as labels."
    return _patches("Patches and outlines", caption, panels, of, side)


def _fusion(of: Material) -> StageFigure | None:
    """P0 Fig. 13: objects of each track, then of both."""
    shade = of.ground.get("hillshade")
    if shade is None or of.inputs.candidates is None or len(of.stacks) < 2:
        return None
    joined = vector.read(of.inputs.candidates, "by_track")
    found = {maps.stack: joined[joined.track == maps.stack] for maps in of.stacks}
    before = [
        Outlines(frame, colour, f"{stack} ({len(frame)})")
        for (stack, frame), colour in zip(found.items(), TRACK_COLOURS, strict=False)
    ]
    after = (Outlines(of.landslides, label=f"released ({len(of.landslides)})"),)
    grey, background = scale_for("hillshade"), np.where(shade > 0, shade, np.nan).astype(float)
    panels = [
        Panel(title, background, grey, None, outlines, bar=False)
        for title, outlines in (("Before: by track", tuple(before)), ("After", after))
    ]
    caption = "Candidates of each track, and the landslides of the release: of those that intersect, the largest."
    return _figure("Fusion of tracks", caption, panels, of.bounds)


def _by_shape(of: Material) -> StageFigure | None:
    """P2 Fig. 11: the largest object of each shape."""
    return _examples(of, "shape", "The largest landslide of each shape", "perimeter_over_area_per_km", "1/km")


def _by_brightness(of: Material) -> StageFigure | None:
    """P2 Fig. 12: objects of little, middle and great brightness."""
    if "patch_brightness" not in of.landslides or of.landslides.patch_brightness.notna().sum() < LARGEST:
        return None
    known = of.landslides[of.landslides.patch_brightness.notna()]
    words = np.array(["dark", "middle", "bright"])
    third = np.minimum(known.patch_brightness.rank(pct=True).to_numpy() * LARGEST, LARGEST - 1e-9).astype(int)
    frame = known.assign(third=words[third])
    title = "The largest landslide of each third of brightness"
    return _examples(of, "third", title, "patch_brightness", "", frame)


def _on_tracks(of: Material) -> StageFigure | None:
    """P4 Figs. 8 and 10: the largest landslides on every track."""
    side = _side(of)
    panels = [
        _close_up(of, row, stack, "los_rate_mm_per_yr", side)
        for row in _largest(of.landslides, LARGEST)
        for stack in of.stacks
    ]
    caption = (
        "LOS rate (mm/yr, positive towards the satellite) of each track around the largest landslides, a row each."
    )
    return _patches("Large landslides on each track", caption, panels, of, side, len(of.stacks))


def _curves(of: Material) -> StageFigure | None:
    """P0 Figs. 8 and 9."""
    if of.inputs.curves is None:
        return None
    caption = "Learning rate, loss and F1 over the epochs of the training of these weights."
    return StageFigure("Training", caption, data_uri(of.inputs.curves.read_bytes()), "Curves of the training")


def _channels(of: Material) -> StageFigure | None:
    """P4 Fig. 5: seven sets of channels by two networks, ours beside the printed F1."""
    from matplotlib.figure import Figure

    found = [one for one in of.published if one["key"].startswith(("p4_t5.", "p4_t6."))]
    if not found:
        return None
    figure = Figure(figsize=(11, 3.2), dpi=110, facecolor="white", layout="constrained")
    for axes, one in zip(figure.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        place = np.arange(len(one["rows"]))
        for shift, column, colour in ((-0.2, "F1, paper", "#c58a2d"), (0.2, "F1, ours", "#2b6c8f")):
            values = [_first_number(row[one["columns"].index(column)]) for row in one["rows"]]
            axes.bar(place + shift, values, 0.38, color=colour, label=column)
        axes.set_xticks(place, [row[0] for row in one["rows"]], rotation=30, ha="right", fontsize=8)
        axes.set_ylabel("F1 (%)")
        axes.set_title(one["title"], fontsize=9, loc="left")
    axes.legend(fontsize=8)
    caption = (
        "F1 by cell: as printed, and ours on simulated regions, by smaller networks that learnt from fewer samples."
    )
    return StageFigure("Sets of channels", caption, data_uri(png(figure)), "Bars of F1")


DRAWN: dict[str, Drawing] = {
    "seven_layers": _seven_layers,
    "four_layers": _four_layers,
    "coverage": _coverage,
    "patches": _patches_with_outlines,
    "fusion": _fusion,
    "by_shape": _by_shape,
    "by_brightness": _by_brightness,
    "on_tracks": _on_tracks,
    "curves": _curves,
    "channels": _channels,
}


def of_paper(paper: str, of: Material) -> dict[str, StageFigure]:
    """The figures of a paper that the run can draw.

    Parameters
    ----------
    paper : str
        Key of the paper; empty: none.
    of : Material
        What they are drawn of.

    Returns
    -------
    dict of str to StageFigure
        By key of `DRAWN`, in the order of the paper.
    """
    figures = papers.papers()[paper].figures if paper in papers.papers() else ()
    asked = dict.fromkeys(figure.drawn for figure in figures if figure.drawn in DRAWN)
    found = {key: DRAWN[key](of) for key in asked}
    return {key: figure for key, figure in found.items() if figure is not None}


def _map(title: str, layer: str, layers: Mapping[str, np.ndarray]) -> Panel | None:
    if layer not in layers:
        return None
    values = layers[layer]
    if layer == "lithology":
        return Panel(title or "Lithology", np.where(values > 0, values, np.nan), ROCK)
    scale = scale_for(layer, [values])
    return Panel(title or scale.label.partition(" (")[0], values, scale)


def _figure(
    title: str, caption: str, panels: Sequence[Panel | None], bounds: tuple, columns: int | None = None
) -> StageFigure | None:
    return panels_stage(title, caption, [panel for panel in panels if panel is not None], bounds, columns)


def _largest(frame: gpd.GeoDataFrame, count: int) -> list[Any]:
    return list(frame.sort_values("area_km2", ascending=False).head(count).itertuples())


def _side(of: Material) -> int:
    """Cells of a close-up: twice the largest landslide, at least 32, at most `MAX_SIDE`."""
    west, south, east, north = of.landslides.bounds.T.to_numpy() if len(of.landslides) else np.zeros((4, 1))
    longest = max(np.max(east - west), np.max(north - south))
    return min(max(32, round(2 * longest / of.inputs.grid.cell_m)), MAX_SIDE, *of.inputs.grid.shape)


def _examples(
    of: Material, column: str, title: str, number: str, unit: str, frame: gpd.GeoDataFrame | None = None
) -> StageFigure | None:
    """Close-ups of the largest object of each value of a column, with a number of it."""
    frame = of.landslides if frame is None else frame
    if column not in frame or not of.stacks:
        return None
    side, panels = _side(of), []
    for value, rows in frame[frame[column].astype(bool)].groupby(column, sort=True):
        row = _largest(rows, 1)[0]
        known = getattr(row, number, None)
        text = f"{value} ({len(rows)})" + (f", {known:.3g} {unit}".rstrip() if known is not None else "")
        panels.append(_close_up(of, row, of.stacks[0], "avg_phase_rad", side, text))
    what = number.replace("_", " ")
    caption = (
        f"Averaged phase (rad, positive away) around the largest one; in brackets how many there are, then its {what}."
    )
    return _patches(title, caption, panels, of, side)


def _close_up(of: Material, row: Any, maps: StackMaps, layer: str, side: int, title: str = "") -> Panel | None:
    """A square of a track's layer around an object, in its own metres; at full resolution."""
    stack = next((one for one in of.inputs.stacks if one.stack == maps.stack), None)
    if stack is None or layer not in stack.rasters:
        return None
    grid = of.inputs.grid
    west, _, _, north = grid.bounds
    centre = row.geometry.centroid
    cells = [round((centre.x - west) / grid.cell_m - side / 2), round((north - centre.y) / grid.cell_m - side / 2)]
    col, line = (min(max(0, first), max(0, size - side)) for first, size in zip(cells, grid.shape[::-1], strict=True))
    values = raster.read_block(stack.rasters[layer], slice(line, line + side), slice(col, col + side)).astype(float)
    shift = (-west - col * grid.cell_m, -(north - (line + side) * grid.cell_m))
    shape = gpd.GeoDataFrame(geometry=[translate(row.geometry, *shift)])
    name = f"{getattr(row, 'ls_id', '')} {maps.stack}".strip()
    scale = scale_for(layer, [maps.layers[layer]] if layer in maps.layers else [values])
    return Panel(title or name, values, scale, None, (Outlines(shape),))


def _patches(
    title: str, caption: str, panels: Sequence[Panel | None], of: Material, side: int, columns: int | None = None
) -> StageFigure | None:
    metres = side * of.inputs.grid.cell_m
    return _figure(title, caption, panels, (0.0, 0.0, metres, metres), columns if columns and columns > 1 else None)


def _first_number(text: str) -> float:
    """The score before its interval; NaN where nothing was run."""
    try:
        return float(text.split()[0])
    except (ValueError, IndexError):
        return float("nan")
