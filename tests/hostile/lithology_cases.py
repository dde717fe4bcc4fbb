"""Hostile and broken geological maps."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely.geometry import Point, Polygon, box

from sarslide.grid import RegionGrid
from sarslide.retrieve.lithology import rock_classes
from tests.hostile.damaged import damaged

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 60, 80)
ROCKS = [box(500000, 3198200, 501200, 3200000), box(501200, 3198200, 502400, 3200000)]


def read(path: Path, attribute: str = "xx", layer: str = "", classes: dict[str, str] | None = None) -> object:
    """The classes and their legend."""
    return rock_classes(path, layer, attribute, classes or {}, GRID)


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "rocks"
    folder.mkdir()
    scribble = Polygon(np.random.default_rng(1).uniform((500000, 3198200), (502400, 3200000), (20_000, 2)))
    for k, (name, values, shapes) in enumerate((
        ("a word without a class", ["su", "granite"], ROCKS),
        ("a value of 1 MB with line feeds", ["su", "a\n" * 500_000], ROCKS),
        ("numbers", [1, 2], ROCKS),
        ("points", ["su", "su"], [Point(500100, 3199000), Point(500200, 3199000)]),
        ("elsewhere", ["su", "su"], [box(0, 0, 9, 9), box(9, 9, 20, 20)]),
        ("a scribble", ["su", "su"], [ROCKS[0], scribble]),
        ("infinite", ["su", "su"], [ROCKS[0], Polygon([(500000, 3199000), (np.inf, 3199000), (500300, 3199500)])]),
        ("1e15", ["su", "su"], [ROCKS[0], Polygon([(500000, 3199000), (1e15, 3199000), (500300, 3199500)])]),
        ("empty?", ["su", "su"], [ROCKS[0], Polygon()]),
    )):  # fmt: skip
        path = folder / f"r{k}.gpkg"
        gpd.GeoDataFrame({"xx": values}, geometry=shapes, crs=GRID.epsg).to_file(path)
        yield name, partial(read, path)
    good = folder / "good.gpkg"
    gpd.GeoDataFrame({"xx": ["su", "pa"]}, geometry=ROCKS, crs=GRID.epsg).to_file(good)
    yield "no such attribute", partial(read, good, "rock")
    yield "no such layer", partial(read, good, "xx", "rocks\nof")
    yield "a class that is none", partial(read, good, "xx", "", {"su": "granite\n" * 1000})
    yield "no map", partial(read, folder / "absent.gpkg")
    yield "an address", partial(read, "http://127.0.0.1:9/map.gpkg")
    for k, (name, content) in enumerate(damaged(good.read_bytes(), 21, 13)):
        path = folder / f"m{k}.gpkg"
        path.write_bytes(content)
        yield f"mutation: {name}?", partial(read, path)
