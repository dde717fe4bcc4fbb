"""The map of the report: images and outlines for Leaflet in a flat metric plane, so that nothing is
warped and nothing is loaded.

Map coordinates are metres from the south-west corner of the region grid. Longitude and latitude
under the pointer come from a cubic polynomial fitted to the projection, good to a metre over a
region.
"""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from sarslide.grid import RegionGrid
from sarslide.report.scales import Scale, light

if TYPE_CHECKING:
    import geopandas as gpd

MAX_OUTLINES = 500  # of a layer in the page
MAX_CORNERS = 50_000  # of their outlines
MAX_TOLERANCE_CELLS = 64
POWERS = tuple((i, total - i) for total in range(4) for i in range(total, -1, -1))


@dataclass(frozen=True)
class VectorLayer:
    """Outlines or points with one style, in Leaflet's terms.

    Attributes
    ----------
    key : str
        Name of the layer.
    label : str
        In the list of layers.
    frame : GeoDataFrame
        The outlines.
    style : mapping of str to Any
        Of all outlines.
    popups : sequence of (str, list of (str, str)) or None
        For each row a title and (label, value) pairs; None for a layer that does not answer a
        click.
    ids : sequence of str
        Id of each row.
    own : sequence of mapping of str to Any
        Style of each row, over `style`.
    shown : bool
        Whether it is on at first.
    facts : sequence of mapping of str to Any
        Of each row what else the script reads: `track`, which shows it best, and `classes` by which
        it can be coloured.
    """

    key: str
    label: str
    frame: "gpd.GeoDataFrame"
    style: Mapping[str, Any]
    popups: Sequence[tuple[str, list[tuple[str, str]]]] | None = None
    ids: Sequence[str] = ()
    own: Sequence[Mapping[str, Any]] = ()
    shown: bool = True
    facts: Sequence[Mapping[str, Any]] = ()


def raster_layer(
    key: str, label: str, values: np.ndarray, scale: Scale, note: str = "", track: str = ""
) -> dict[str, Any]:
    """An image with its legend; unknown cells are transparent.

    Parameters
    ----------
    key : str
        Registered layer; that of a track is named with it.
    label : str
        In the list of layers.
    values : (rows, cols) array
        NaN where unknown.
    scale : Scale
        Colours of the values.
    note : str, optional
        Below the legend.
    track : str, optional
        Whose it is; empty for what is of none or of all.

    Returns
    -------
    dict
        What the page's script reads.
    """
    return {
        "key": f"{key}-{track}" if track else key,
        "kind": key,
        "track": track,
        "title": label,
        "choice": track,
        "label": f"{label} {track}".strip(),
        "image": data_uri(indexed_png(values, scale)),
        **legend(scale, note),
    }


def legend(scale: Scale, note: str = "") -> dict[str, Any]:
    """What stands below an image.

    Parameters
    ----------
    scale : Scale
        Its colours.
    note : str, optional
        Below them.

    Returns
    -------
    dict
        gradient, ticks, ends, quantity, note, for the page's script.
    """
    return {
        "gradient": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in scale.palette()[::16].tolist()],
        "ticks": scale.tick_labels(),
        "ends": list(scale.ends),
        "quantity": scale.label,
        "note": note,
    }


def vector_layer(layer: VectorLayer, grid: RegionGrid) -> dict[str, Any]:
    """Outlines in map coordinates, and what a click shows.

    Parameters
    ----------
    layer : VectorLayer
        The outlines.
    grid : RegionGrid
        The region grid.

    Returns
    -------
    dict
        What the page's script reads; (x, y) rounded to 1 m.
    """
    west, south = grid.bounds[:2]
    features = []
    for index, shape in enumerate(layer.frame.geometry):
        title, rows = layer.popups[index] if layer.popups else ("", [])
        features.append(
            {
                "id": layer.ids[index] if layer.ids else "",
                "title": title,
                "rows": rows,
                **(layer.facts[index] if layer.facts else {}),
                "style": dict(layer.own[index]) if layer.own else {},
                "polygons": [
                    [_ring(ring, west, south) for ring in (part.exterior, *part.interiors)] for part in _polygons(shape)
                ],
                "point": _point(shape, west, south),
            }
        )
    return {
        "key": layer.key,
        "label": layer.label,
        "style": dict(layer.style),
        "shown": layer.shown,
        "answers": layer.popups is not None,
        "features": features,
    }


def in_page(layer: VectorLayer, cell_m: float) -> VectorLayer:
    """What the page has of a layer: at most `MAX_OUTLINES`, with at most `MAX_CORNERS`.

    Parameters
    ----------
    layer : VectorLayer
        The layer.
    cell_m : float
        Side of a cell, m: outlines of more corners are simplified by half of it, or twice that, or
        four times, and so on.

    Returns
    -------
    VectorLayer
        The layer itself where it is small enough, else its largest objects.
    """
    frame = layer.frame
    if len(frame) <= MAX_OUTLINES and shapely.get_num_coordinates(frame.geometry.to_numpy()).sum() <= MAX_CORNERS:
        return layer
    chosen = np.sort(np.argsort(-frame.area.to_numpy(), kind="stable")[:MAX_OUTLINES])
    shapes, tolerance = frame.geometry.to_numpy()[chosen], cell_m / 2
    while shapely.get_num_coordinates(shapes).sum() > MAX_CORNERS and tolerance < MAX_TOLERANCE_CELLS * cell_m:
        shapes, tolerance = shapely.simplify(shapes, tolerance), 2 * tolerance

    def of(values: Sequence) -> list:
        return [values[index] for index in chosen] if values else []

    return replace(
        layer,
        frame=frame.iloc[chosen].set_geometry(shapes),
        popups=None if layer.popups is None else of(layer.popups),
        ids=of(layer.ids),
        own=of(layer.own),
        facts=of(layer.facts),
    )


def map_data(
    grid: RegionGrid,
    hillshade: np.ndarray | None,
    rasters: Iterable[dict],
    vectors: Iterable[VectorLayer],
    shown: str = "",
) -> dict[str, Any]:
    """Everything the page's script draws.

    Parameters
    ----------
    grid : RegionGrid
        The region grid.
    hillshade : (rows, cols) array or None
        1-255, 0 unknown.
    rasters : iterable of dict
        Of `raster_layer`.
    vectors : iterable of VectorLayer
        Outlines.
    shown : str, optional
        Key of the raster that is on at first.

    Returns
    -------
    dict
        What the page's script reads; in `whole` all outlines of the layers of which the page has a
        part, by key.
    """
    west, south, east, north = grid.bounds
    layers = list(vectors)
    thinned = [in_page(layer, grid.cell_m) for layer in layers]
    return {
        "width": east - west,
        "height": north - south,
        "west": west,
        "south": south,
        "epsg": grid.epsg,
        "lonlat": lonlat_polynomial(grid),
        "hillshade": data_uri(grey_png(hillshade)) if hillshade is not None else "",
        "rasters": list(rasters),
        "shown": shown,
        "vectors": [vector_layer(layer, grid) for layer in thinned],
        "whole": {
            layer.key: vector_layer(layer, grid)
            for layer, part in zip(layers, thinned, strict=True)
            if part is not layer
        },
    }


def lonlat_polynomial(grid: RegionGrid) -> dict[str, Any]:
    """Longitude and latitude over a grid as polynomials.

    Parameters
    ----------
    grid : RegionGrid
        The region grid.

    Returns
    -------
    dict
        Powers and coefficients, degree, in u, v = -1..1 across the grid, and the largest error
        found, m.
    """
    from pyproj import Transformer

    west, south, east, north = grid.bounds
    u, v = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, 13), np.linspace(-1, 1, 13)))
    x, y = west + (u + 1) / 2 * (east - west), south + (v + 1) / 2 * (north - south)
    lonlat = np.stack(Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(x, y), axis=1)
    design = np.stack([u**i * v**j for i, j in POWERS], axis=1)
    centre = lonlat.mean(axis=0)
    solution = np.linalg.lstsq(design, lonlat - centre, rcond=None)[0]
    metres = np.abs(design @ solution + centre - lonlat) * 111e3
    solution[0] += centre
    return {
        "powers": [list(power) for power in POWERS],
        "lon": [float(f"{c:.12g}") for c in solution[:, 0]],
        "lat": [float(f"{c:.12g}") for c in solution[:, 1]],
        "error_m": float(f"{metres.max():.2g}"),
    }


def indexed_png(values: np.ndarray, scale: Scale) -> bytes:
    """Values as a palette PNG whose last colour is transparent: exactly the scale's colours, small.

    Parameters
    ----------
    values : (rows, cols) array
        NaN where unknown.
    scale : Scale
        Colours of the values.

    Returns
    -------
    bytes
        PNG.
    """
    from PIL import Image

    image = Image.fromarray(scale.indices(values)).convert("P")
    image.putpalette([*scale.palette().ravel().tolist(), 255, 255, 255])
    return _png(image, transparency=255)


def colour_png(colours: np.ndarray) -> bytes:
    """A coloured picture as a PNG.

    Parameters
    ----------
    colours : (rows, cols, 3) array of uint8
        Red, green, blue.

    Returns
    -------
    bytes
        PNG.
    """
    from PIL import Image

    return _png(Image.fromarray(colours))


def grey_png(shade: np.ndarray) -> bytes:
    """A hillshade as a grey PNG.

    Parameters
    ----------
    shade : (rows, cols) array
        1-255, 0 unknown.

    Returns
    -------
    bytes
        PNG.
    """
    from PIL import Image

    return _png(Image.fromarray(np.where(shade > 0, 255 * light(shade), 235).astype(np.uint8)))


def data_uri(png: bytes) -> str:
    """A PNG as a `data:` address.

    Parameters
    ----------
    png : bytes
        The PNG.

    Returns
    -------
    str
        The address.
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _png(image, **options) -> bytes:
    packed = io.BytesIO()
    image.save(packed, format="PNG", optimize=True, **options)
    return packed.getvalue()


def _polygons(shape) -> list:
    if shape is None or shape.is_empty:
        return []
    parts = getattr(shape, "geoms", [shape])
    return [part for part in parts if part.geom_type == "Polygon"]


def _point(shape, west: float, south: float) -> list[int] | None:
    """Place of a point in Leaflet's order; None of an outline."""
    return [round(shape.y - south), round(shape.x - west)] if getattr(shape, "geom_type", "") == "Point" else None


def _ring(ring, west: float, south: float) -> list[list[int]]:
    """Leaflet's order is (y, x); the closing point is left out."""
    return [[round(y - south), round(x - west)] for x, y, *_ in list(ring.coords)[:-1]]
