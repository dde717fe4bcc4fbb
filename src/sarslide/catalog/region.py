"""The region as a search sees it."""

import numpy as np

from sarslide.grid import RegionGrid


def outline(region: RegionGrid, steps: int = 8) -> list[tuple[float, float]]:
    """The outline of a region.

    Parameters
    ----------
    region : RegionGrid
        Grid of the region.
    steps : int
        Points a side.

    Returns
    -------
    list of tuple
        Longitude and latitude, degree, counter-clockwise from the south-west corner, closed.
    """
    from pyproj import Transformer

    west, south, east, north = region.bounds
    along = np.linspace(0, 1, steps, endpoint=False)
    x = np.concatenate([west + (east - west) * along, 0 * along + east, east - (east - west) * along, 0 * along + west])
    y = np.concatenate(
        [0 * along + south, south + (north - south) * along, 0 * along + north, north - (north - south) * along]
    )
    lon, lat = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform(x, y)
    points = [(round(float(a), 6), round(float(b), 6)) for a, b in zip(lon, lat, strict=True)]
    return [*points, points[0]]


def outline_wkt(region: RegionGrid) -> str:
    """The outline of a region as WKT.

    Parameters
    ----------
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    str
        POLYGON in longitude and latitude, degree.
    """
    return f"POLYGON(({','.join(f'{lon:g} {lat:g}' for lon, lat in outline(region))}))"


def bounds_degree(region: RegionGrid) -> tuple[float, float, float, float]:
    """The box around a region.

    Parameters
    ----------
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    tuple of float
        West, south, east, north, degree.
    """
    lon, lat = zip(*outline(region), strict=True)
    return min(lon), min(lat), max(lon), max(lat)
