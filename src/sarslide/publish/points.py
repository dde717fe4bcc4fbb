"""Rates cell by cell as points, with the columns of the European Ground Motion Service (EGMS) that
a cell has; time series are those of landslides (`results.series`).

EGMS calibrated product: pid, latitude, longitude, easting, northing, height_wgs84, incidence_angle,
track_angle, los_east, los_north, los_up, mean_velocity, mean_velocity_std. Easting and northing are
in the region's CRS, named in `epsg`; EGMS uses EPSG:3035. Velocities are positive towards the
satellite in both. Beside them the mean coherence of the pairs, and the landslide on which a cell
lies.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from pyproj import Transformer
from rasterio.features import rasterize
from rasterio.merge import merge

from sarslide import layers
from sarslide.grid import RegionGrid, part_of
from sarslide.io import raster
from sarslide.io.blocks import blocks
from sarslide.publish.results import of_tracks, results_of
from sarslide.publish.source import Publication

POINTS = "points"
BLOCK = 512  # cells
OLDEST = (1980, 1, 1, 0, 0, 0)  # of a member: the same points are the same bytes
# Columns of EGMS by the layers whose values they hold, with their decimals.
GEOMETRY = {
    "height_wgs84": ("elevation_m", 1),
    "incidence_angle": ("incidence_deg", 3),
    "track_angle": ("heading_deg", 3),
    **{name: (name, 5) for name in layers.LINE_OF_SIGHT},
}
RATES = {
    "mean_velocity": ("los_rate_mm_per_yr", 2),
    "mean_velocity_std": ("los_rate_std_mm_per_yr", 2),
    "mean_coherence": ("mean_coherence", 3),
}
FRAMED = ("incidence_deg", "heading_deg", *layers.LINE_OF_SIGHT)


def points(publication: Publication, folder: Path) -> None:
    """`points/{track}.zip`: one CSV with a row for each cell that has a rate, of the tracks of a
    current release.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where they are written.
    """
    results = results_of(publication)
    for stack, base in of_tracks(publication):
        geometry = {
            name: sorted((results / stack).glob(f"f*/{base.parent.name}/geometry/{name}.tif")) for name in FRAMED
        }
        geometry["elevation_m"] = sorted((results / "terrain").glob("f*/elevation_m.tif"))
        (folder / POINTS).mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / POINTS / f"{stack}.zip", "w") as archive:
            member = zipfile.ZipInfo(f"{publication.region}_{stack}.csv", OLDEST)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as stream:
                for number, table in enumerate(_tables(publication, stack, base, geometry)):
                    stream.write(table.to_csv(index=False, header=not number, lineterminator="\n").encode())


def _tables(
    publication: Publication, stack: str, base: Path, geometry: Mapping[str, Sequence[Path]]
) -> Iterator[pd.DataFrame]:
    """The points of each block of the region, a row each; the first block is written even if empty.

    base: folder of the rates. geometry: files of the frames by layer.
    """
    grid = raster.grid_of(base / "los_rate_mm_per_yr.tif")
    to_degrees = Transformer.from_crs(grid.epsg, 4326, always_xy=True)
    for place in blocks(grid.shape, BLOCK, BLOCK):
        block, origin = part_of(grid, *place), [[axis.start] for axis in place]
        rates = {name: raster.read_block(base / f"{layer}.tif", *place) for name, (layer, _) in RATES.items()}
        rows, cols = np.nonzero(np.isfinite(rates["mean_velocity"]))
        east, north = block.x()[cols], block.y()[rows]
        longitude, latitude = to_degrees.transform(east, north)
        framed = {name: _mosaic(geometry[layer], block)[rows, cols] for name, (layer, _) in GEOMETRY.items()}
        yield pd.DataFrame(
            {
                "pid": [f"{stack}-{row}-{col}" for row, col in np.add((rows, cols), origin).T],
                "epsg": grid.epsg,
                "latitude": latitude.round(7),
                "longitude": longitude.round(7),
                "easting": east,
                "northing": north,
                **{name: values.astype(float).round(GEOMETRY[name][1]) for name, values in framed.items()},
                **{name: values[rows, cols].astype(float).round(RATES[name][1]) for name, values in rates.items()},
                "landslide": _landslides(publication.layers["landslides"], block)[rows, cols],
            }
        )


def _mosaic(paths: Sequence[Path], block: RegionGrid) -> np.ndarray:
    """Layer of the frames that reach a block, on its cells; NaN where none has a value."""
    if not paths:
        return np.full(block.shape, np.nan)
    with ExitStack() as stack:
        sources = [stack.enter_context(rasterio.open(path)) for path in paths]
        reaching = [one for one in sources if not rasterio.coords.disjoint_bounds(one.bounds, block.bounds)]
        if not reaching:
            return np.full(block.shape, np.nan)
        return merge(reaching, bounds=block.bounds, nodata=np.nan, dtype="float32")[0][0]


def _landslides(objects: gpd.GeoDataFrame, block: RegionGrid) -> np.ndarray:
    """Id of the landslide whose outline holds the centre of each cell, or an empty text."""
    ids = np.array(["", *objects["ls_id"]], dtype=object)
    shapes = zip(objects.geometry, range(1, len(ids)), strict=True)
    numbers = rasterize(shapes, block.shape, transform=block.transform, dtype="int32") if len(objects) else 0
    return ids[np.broadcast_to(numbers, block.shape)]
