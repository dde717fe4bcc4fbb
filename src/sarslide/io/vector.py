"""The only reader and writer of vectors: GeoPackage with styles inside, GeoParquet beside it."""

from pathlib import Path
from typing import Any

import geopandas as gpd

from sarslide.errors import VectorError
from sarslide.io.atomic import atomic_file

FORMAT_VERSION = 1


def read(path: str | Path, layer: str | None = None) -> gpd.GeoDataFrame:
    """A vector layer in its own CRS.

    Parameters
    ----------
    path : str or Path
        The file.
    layer : str, optional
        Its layer; None for the first.

    Returns
    -------
    geopandas.GeoDataFrame
        Its features.

    Raises
    ------
    VectorError
        For a file that is missing, unreadable or without a CRS; it names the file.
    """
    try:
        frame = gpd.read_file(path, layer=layer, engine="pyogrio")
    except Exception as error:  # pyogrio raises several unrelated types for a corrupt file
        raise _unreadable(path, error) from error
    if frame.crs is None:
        raise VectorError(f"{path}: has no CRS", "assign the coordinate reference system before use")
    return frame


def layer_names(path: str | Path) -> list[str]:
    """Names of the layers with a geometry.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    list of str
        In the order of the file.

    Raises
    ------
    VectorError
        For a file that is missing or unreadable.
    """
    import pyogrio

    try:
        return [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    except Exception as error:  # pyogrio raises several unrelated types for a corrupt file
        raise _unreadable(path, error) from error


def write(path: str | Path, frame: gpd.GeoDataFrame, layer: str) -> None:
    """Write one layer as a GeoPackage whose bytes do not depend on the time of writing.

    Parameters
    ----------
    path : str or Path
        The file.
    frame : geopandas.GeoDataFrame
        Its features.
    layer : str
        Name of the layer.
    """
    write_layers(path, {layer: frame})


def write_layers(
    path: str | Path, frames: dict[str, gpd.GeoDataFrame], styles: list[dict[str, Any]] | None = None
) -> None:
    """Write several layers into one GeoPackage; empty ones keep their columns.

    Parameters
    ----------
    path : str or Path
        The file.
    frames : dict
        Features by name of the layer.
    styles : list of dict, optional
        Rows of the `layer_styles` table, in which QGIS and others look for the style of a layer.
    """
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    with atomic_file(path) as temporary:
        for name, frame in frames.items():
            _add(temporary, name, frame, geometry_type=_geometry_type(frame))
        if styles:
            _add(temporary, "layer_styles", gpd.GeoDataFrame(styles), layer_options={"FID": "id"})


def write_parquet(path: str | Path, frame: gpd.GeoDataFrame) -> None:
    """Write a table as GeoParquet, without an index.

    Parameters
    ----------
    path : str or Path
        The file.
    frame : geopandas.GeoDataFrame
        Its features.
    """
    with atomic_file(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def _unreadable(path: str | Path, error: Exception) -> VectorError:
    problem = "does not exist" if not Path(path).exists() else f"cannot be read ({str(error).splitlines()[0]})"
    return VectorError(f"{path}: {problem}", "give a GeoPackage, Shapefile or GeoJSON")


def _add(path: Path, name: str, frame: gpd.GeoDataFrame, **options: Any) -> None:
    import pyogrio

    pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists(), **options)


def _geometry_type(frame: gpd.GeoDataFrame) -> str | None:
    """Polygons and their multiples share one type; other layers have that of their features."""
    kinds = set(frame.geom_type)
    if kinds <= {"Polygon"}:
        return "Polygon"
    return "MultiPolygon" if kinds <= {"Polygon", "MultiPolygon"} else None
