"""A sheet of each landslide of a release: rates of all tracks, series, profile, reasons, evidence,
a small map, on one page of paper.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from sarslide.grid import RegionGrid
from sarslide.report import better_track, look_up, object_series, sheet_rules, svg_plots, tables, webmap
from sarslide.report.scales import Scale, light
from sarslide.report.stages import StackMaps

if TYPE_CHECKING:
    from jinja2 import Template

MAX_SHEETS = 500  # as many as the page has outlines
MARGIN = 0.6  # of the map around an object, of its longer side
MIN_MAP_M = 900.0
PROFILE_POINTS, PROFILE_MARGIN = 121, 0.3
MAX_MAP_CELLS = 420
FACTS = (
    *("area_km2", "elevation_mean_m", "slope_mean_deg", "aspect_mean_deg", "coherence_mean", "probability_mean"),
    *("landslide_probability", "change", "first_seen", "last_seen", "lat", "lon"),
)


@dataclass(frozen=True)
class Ground:
    """What the maps and profiles of the sheets are cut from.

    Attributes
    ----------
    grid : RegionGrid
        The region grid; arrays may be coarser.
    stacks : sequence of StackMaps
        Rasters of each track.
    terrain : mapping of str to (rows, cols) array
        `elevation_m` and `hillshade`, where they are there.
    scale : Scale
        Colours of the LOS rates.
    colours : mapping of str to str
        By track.
    """

    grid: RegionGrid
    stacks: Sequence[StackMaps]
    terrain: Mapping[str, np.ndarray]
    scale: Scale
    colours: Mapping[str, str]


def name_of(ls_id: str) -> str:
    """Name of a sheet's file.

    Parameters
    ----------
    ls_id : str
        Of the landslide.

    Returns
    -------
    str
        In the folder beside the page.
    """
    return f"sheet-{ls_id}.html"


def sheets(
    landslides: gpd.GeoDataFrame,
    ground: Ground,
    series: object_series.Series,
    motion: Mapping[str, Mapping],
    head: Mapping[str, Any],
    template: "Template",
) -> dict[str, bytes]:
    """The sheets of a release.

    Parameters
    ----------
    landslides : GeoDataFrame
        Layer of the release.
    ground : Ground
        Of the region.
    series : dict
        Of `object_series.read`.
    motion : mapping
        As for `tables.rates_by_track`.
    head : mapping of str to Any
        region, release, simulated, settings and css.
    template : Template
        sheet.html.

    Returns
    -------
    dict of str to bytes
        HTML by ls_id; of more than `MAX_SHEETS` landslides the largest have one.
    """
    rules, found = sheet_rules.mask_rules(head["settings"]), {}
    facts = [column for column in tables.POPUP if column.key in FACTS]
    facts += tables.ground_columns(landslides.columns)
    rows = tables.landslide_rows(look_up.placed(landslides))
    kept = {row["ls_id"] for row in tables.largest(rows, MAX_SHEETS)}
    for row, outline, links in zip(rows, landslides.geometry, look_up.addresses(landslides), strict=True):
        if row["ls_id"] not in kept:
            continue
        known, profile = series.get(row["ls_id"], {}), _profile(row, outline, ground)
        page = template.render(
            head,
            row=row,
            outline=outline,
            rates=tables.rates_by_track(row, motion),
            motion=tables.motion_rows(row),
            facts=tables.popup_rows(row, facts),
            rules=sheet_rules.lines(row, outline, rules, (head["settings"].get("ground") or {}).get("masks") or {}),
            map=_map(row, outline, ground),
            series=svg_plots.series_plot(known, ground.colours) if known else "",
            tracks=sorted(known),
            colours=ground.colours,
            profile=svg_plots.profile_plot(*profile) if profile else "",
            links=links.split(),
            evidence=str(row.get("evidence") or "").split(),
        )
        found[row["ls_id"]] = page.encode()
    return found


def _profile(row: Mapping[str, Any], outline, ground: Ground) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Distance, height, whether it is inside, down the mean slope through the object."""
    import shapely

    aspect, elevation = row.get("aspect_mean_deg", math.nan), ground.terrain.get("elevation_m")
    if elevation is None or not math.isfinite(aspect):
        return None
    down = np.array([math.sin(math.radians(aspect)), math.cos(math.radians(aspect))])
    middle = np.array(outline.representative_point().coords[0][:2])
    along = (shapely.get_coordinates(outline) - middle) @ down
    reach = (1 + 2 * PROFILE_MARGIN) * (along.max() - along.min())
    start = along.min() - PROFILE_MARGIN * (along.max() - along.min())
    distance = np.linspace(0, reach, PROFILE_POINTS)
    x, y = (middle + (start + distance)[:, None] * down).T
    return distance, _sample(elevation, x, y, ground.grid), shapely.contains_xy(outline, x, y)


def _sample(values: np.ndarray, x: np.ndarray, y: np.ndarray, grid: RegionGrid) -> np.ndarray:
    """Bilinear values at places, NaN outside."""
    from scipy.ndimage import map_coordinates

    west, south, east, north = grid.bounds
    rows, cols = values.shape
    places = (north - y) / (north - south) * rows - 0.5, (x - west) / (east - west) * cols - 0.5
    return map_coordinates(values.astype(float), places, order=1, cval=np.nan)


def _map(row: Mapping[str, Any], outline, ground: Ground) -> dict[str, Any] | None:
    """LOS rate of the better track over the hillshade, and the outline to draw over it."""
    track, shade = better_track.of_object(row), ground.terrain.get("hillshade")
    rates = {maps.stack: maps.layers[better_track.RATE] for maps in ground.stacks if better_track.RATE in maps.layers}
    if not rates or shade is None:
        return None
    track = track if track in rates else next(iter(rates))
    west, south, east, north = outline.bounds
    half = max((0.5 + MARGIN) * max(east - west, north - south), MIN_MAP_M / 2)
    cells = min(MAX_MAP_CELLS, math.ceil(2 * half / ground.grid.cell_m))
    step = max(ground.grid.cell_m, 2 * half / cells)
    left = ground.grid.west + step * math.floor(((west + east) / 2 - half - ground.grid.west) / step)
    top = ground.grid.north - step * math.floor((ground.grid.north - (south + north) / 2 - half) / step)
    x, y = np.meshgrid(left + step * (np.arange(cells) + 0.5), top - step * (np.arange(cells) + 0.5))
    rate, grey = (_nearest(values, x, y, ground.grid) for values in (rates[track], shade))
    colours = np.concatenate([ground.scale.palette(), [[255, 255, 255]]])[ground.scale.indices(rate)]
    picture = np.where(np.isfinite(grey)[..., None], colours * light(np.nan_to_num(grey))[..., None], 255)
    rings = [ring for part in _parts(outline) for ring in (part.exterior, *part.interiors)]
    paths = [" ".join(f"{(a - left) / step:.1f},{(top - b) / step:.1f}" for a, b, *_ in ring.coords) for ring in rings]
    return {
        "track": track,
        "uri": webmap.data_uri(webmap.colour_png(picture.astype(np.uint8))),
        "rings": paths,
        "size": cells,
        "metres": cells * step,
        "low": ground.scale.low,
        "high": ground.scale.high,
        "palette": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in ground.scale.palette()[::16].tolist()],
    }


def _nearest(values: np.ndarray, x: np.ndarray, y: np.ndarray, grid: RegionGrid) -> np.ndarray:
    west, south, east, north = grid.bounds
    rows = np.floor((north - y) / (north - south) * values.shape[0]).astype(int)
    cols = np.floor((x - west) / (east - west) * values.shape[1]).astype(int)
    inside = (rows >= 0) & (rows < values.shape[0]) & (cols >= 0) & (cols < values.shape[1])
    found = np.full(x.shape, np.nan)
    found[inside] = values[rows[inside], cols[inside]]
    return found


def _parts(outline) -> Iterable:
    return getattr(outline, "geoms", [outline])
