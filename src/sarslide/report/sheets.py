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
    """

    grid: RegionGrid
    stacks: Sequence[StackMaps]
    terrain: Mapping[str, np.ndarray]
    scale: Scale


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


@dataclass(frozen=True)
class Sheet:
    """What stands on the sheet of an object.

    Attributes
    ----------
    row : mapping of str to Any
        Of the release.
    rates, motion, facts : sequence of (str, str)
        Label, and value with unit: mean LOS rate of each track, what they tell together, the rest.
    rules : sequence of sheet_rules.RuleLine
        Why it is what it is.
    map : mapping of str to Any or None
        `picture`, (cells, cells, 3) uint8; `rings`, (points, 2) each, cells from its upper left
        corner; `size` in cells and `metres`; `track`, `low`, `high` and `palette` of its colours.
    series : mapping
        Of `object_series.read`, of the object.
    profile : (array, array, array) or None
        Distance, height, whether it is in the object.
    links, evidence : sequence of str
        Addresses: of services, and of reviewers.
    """

    row: Mapping[str, Any]
    rates: Sequence[tuple[str, str]]
    motion: Sequence[tuple[str, str]]
    facts: Sequence[tuple[str, str]]
    rules: Sequence[sheet_rules.RuleLine]
    map: Mapping[str, Any] | None
    series: Mapping[str, Mapping[str, Any]]
    profile: tuple[np.ndarray, np.ndarray, np.ndarray] | None
    links: Sequence[str]
    evidence: Sequence[str]


def contents(
    objects: gpd.GeoDataFrame,
    ground: Ground,
    series: object_series.Series,
    motion: Mapping[str, Mapping],
    settings: Mapping[str, Any],
) -> dict[str, Sheet]:
    """What stands on the sheets of objects.

    Parameters
    ----------
    objects : GeoDataFrame
        Of a layer of the release.
    ground : Ground
        Of the region.
    series : dict
        Of `object_series.read`.
    motion : mapping
        As for `tables.rates_by_track`.
    settings : mapping of str to Any
        The configuration as nested plain values.

    Returns
    -------
    dict of str to Sheet
        By ls_id; of more than `MAX_SHEETS` objects the largest have one.
    """
    rules, masks = sheet_rules.mask_rules(settings), (settings.get("ground") or {}).get("masks") or {}
    facts = [column for column in tables.POPUP if column.key in FACTS]
    facts += tables.ground_columns(objects.columns)
    rows = tables.landslide_rows(look_up.placed(objects))
    kept = {row["ls_id"] for row in tables.largest(rows, MAX_SHEETS)}
    return {
        row["ls_id"]: Sheet(
            row,
            tables.rates_by_track(row, motion),
            tables.motion_rows(row),
            tables.popup_rows(row, facts),
            sheet_rules.lines(row, outline, rules, masks),
            _map(row, outline, ground),
            series.get(row["ls_id"], {}),
            _profile(row, outline, ground),
            links.split(),
            str(row.get("evidence") or "").split(),
        )
        for row, outline, links in zip(rows, objects.geometry, look_up.addresses(objects), strict=True)
        if row["ls_id"] in kept
    }


def page(sheet: Sheet, colours: Mapping[str, str], head: Mapping[str, Any], template: "Template") -> bytes:
    """A sheet as a page of its own.

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    colours : mapping of str to str
        By track.
    head : mapping of str to Any
        region, release, simulated, css; `links`, label and address of what lies beside the page.
    template : Template
        sheet.html.

    Returns
    -------
    bytes
        HTML.
    """
    drawn = None
    if sheet.map:
        rings = [" ".join(f"{x:.1f},{y:.1f}" for x, y in ring) for ring in sheet.map["rings"]]
        uri = webmap.data_uri(webmap.colour_png(sheet.map["picture"]))
        drawn = dict(sheet.map) | {"rings": rings, "uri": uri, "palette": sheet.map["palette"][::16]}
    return template.render(
        head,
        sheet=sheet,
        row=sheet.row,
        map=drawn,
        series=svg_plots.series_plot(sheet.series, colours) if sheet.series else "",
        tracks=sorted(sheet.series),
        colours=colours,
        profile=svg_plots.profile_plot(*sheet.profile) if sheet.profile else "",
    ).encode()


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
    places = [np.array([((a - left) / step, (top - b) / step) for a, b, *_ in ring.coords]) for ring in rings]
    return {
        "track": track,
        "picture": picture.astype(np.uint8),
        "rings": places,
        "size": cells,
        "metres": cells * step,
        "low": ground.scale.low,
        "high": ground.scale.high,
        "palette": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in ground.scale.palette().tolist()],
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
