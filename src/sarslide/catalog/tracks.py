"""Where and when a stack sees a region, from the repeat orbit alone: no product, no network.

Ground is placed to a kilometre at sea level, dates to the minute (`sarslide.catalog.ground_track`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from sarslide import names
from sarslide.catalog.ground_track import NODE_RELATIVE_ORBIT, NODE_UTC, PERIOD, REPEAT_DAYS, closest, view
from sarslide.grid import RegionGrid

EDGE_STEP_M = 2000  # between points on the edge of an area
HIGH_GROUND_DEG = 0.5  # ground 9 km high is seen as far beyond the far edge of the swath
AFTER_S1A = {"S1A": 0, "S1B": 6}  # days; S1B flew half a cycle after S1A (A16)


def _lattice(region: RegionGrid, steps: int) -> tuple[np.ndarray, np.ndarray]:
    from pyproj import Transformer

    west, south, east, north = region.bounds
    x, y = np.meshgrid(np.linspace(west, east, steps), np.linspace(south, north, steps))
    lon, lat = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform(x.ravel(), y.ravel())
    return np.asarray(lon), np.asarray(lat)


def seen_share(stack: str, region: RegionGrid, steps: int = 21) -> float:
    """Share of a region that the three swaths of a stack see, at height zero.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    region : RegionGrid
        Grid of the region.
    steps : int
        Points a side.

    Returns
    -------
    float
        0 to 1.
    """
    return float(view(stack, *_lattice(region, steps)).seen.mean())


def seen_areas(stack: str, areas: Sequence[RegionGrid]) -> list[bool]:
    """Which parts of a region the swaths of a stack touch; each is narrower than they are.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    areas : sequence of RegionGrid
        Grids of the parts, of one CRS; any of their ground may be up to 9 km high.

    Returns
    -------
    list of bool
        Whether a point of its edge, of those every two kilometres, may lie in the swaths.
    """
    if not areas:
        return []
    import shapely
    from pyproj import Transformer

    edges = [shapely.segmentize(shapely.box(*area.bounds).exterior, EDGE_STEP_M) for area in areas]
    places, index = shapely.get_coordinates(edges, return_index=True)
    lon, lat = Transformer.from_crs(areas[0].epsg, 4326, always_xy=True).transform(*places.T)
    # One view for all of them: the orbit is fitted once.
    seen = view(stack, np.asarray(lon), np.asarray(lat), HIGH_GROUND_DEG).seen
    return (np.bincount(index[seen], minlength=len(areas)) > 0).tolist()


def passes(stack: str, region: RegionGrid, first: str, last: str, platform: str = "S1A") -> list[str]:
    """Dates on which a platform flies a stack over the centre of a region.

    They are those of the repeat orbit: which of them were acquired, only a catalogue knows.

    Parameters
    ----------
    stack : str
        Pass and relative orbit.
    region : RegionGrid
        Grid of the region.
    first, last : str
        `YYYYMMDD`, inclusive.
    platform : str
        S1A or S1B.

    Returns
    -------
    list of str
        `YYYYMMDD`, UTC.
    """
    lon, lat = _lattice(region, 3)
    seconds, _ = closest(stack, lon[4], lat[4])
    orbits = int(stack[1:]) - NODE_RELATIVE_ORBIT
    time = NODE_UTC + orbits * PERIOD + timedelta(seconds=seconds, days=AFTER_S1A[platform])
    start = datetime.combine(names.parse_date(first), datetime.min.time(), UTC)
    stop = datetime.combine(names.parse_date(last), datetime.min.time(), UTC) + timedelta(days=1)
    repeat = timedelta(days=REPEAT_DAYS)
    time += repeat * -((time - start) // repeat)
    found = []
    while time < stop:
        found.append(f"{time:%Y%m%d}")
        time += repeat
    return found
