"""The only reader and writer of vectors: GeoPackage with styles inside, GeoParquet beside it, atomic like the rasters."""

from pathlib import Path

import geopandas as gpd

from sarslide.errors import VectorError
from sarslide.io.raster import atomic

FORMAT_VERSION = 1


def read(path: str | Path, layer: str | None = None) -> gpd.GeoDataFrame:
    """A vector layer in its own CRS; VectorError names a file that is missing, unreadable or without a CRS."""
    try:
        frame = gpd.read_file(path, layer=layer, engine="pyogrio")
    except Exception as error:  # pyogrio raises several unrelated types for a corrupt file
        problem = "does not exist" if not Path(path).exists() else f"cannot be read ({str(error).splitlines()[0]})"
        raise VectorError(f"{path}: {problem}", "give a GeoPackage, Shapefile or GeoJSON") from error
    if frame.crs is None:
        raise VectorError(f"{path}: has no CRS", "assign the coordinate reference system before use")
    return frame


def write(path: str | Path, frame: gpd.GeoDataFrame, layer: str) -> None:
    """Write one layer as a GeoPackage whose bytes do not depend on the time of writing."""
    write_layers(path, {layer: frame})


def write_layers(path: str | Path, frames: dict[str, gpd.GeoDataFrame]) -> None:
    """Write several layers into one GeoPackage."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    with atomic(path) as temporary:
        for name, frame in frames.items():
            frame.to_file(temporary, layer=name, driver="GPKG", engine="pyogrio", append=temporary.exists())
