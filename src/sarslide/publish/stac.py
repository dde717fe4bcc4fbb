"""A static STAC catalogue of an export (STAC 1.1; extensions File 2.1, Projection 2.0, Raster 2.0):
a collection for the region, an item for the release and one for each track with rasters.

Links and assets are relative, so that the folder can be put on any server. Checksums are SHA-256 as
multihashes.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import pystac
from shapely.geometry import box, mapping
from shapely.geometry.polygon import orient

from sarslide import layers, names
from sarslide.io import raster
from sarslide.io.hashes import sha256
from sarslide.publish.results import RASTERS
from sarslide.publish.source import Publication

FOLDER = "stac"
EXTENSIONS = "https://stac-extensions.github.io"
FILE, PROJECTION, RASTER = (
    f"{EXTENSIONS}/{word}/schema.json" for word in ("file/v2.1.0", "projection/v2.0.0", "raster/v2.0.0")
)
SHA2_256 = "1220"  # code and length of a multihash, before the digest
MEDIA_TYPES = {
    ".gpkg": pystac.MediaType.GEOPACKAGE,
    ".geojson": pystac.MediaType.GEOJSON,
    ".kmz": "application/vnd.google-earth.kmz",
    ".parquet": pystac.MediaType.PARQUET,
    ".tif": pystac.MediaType.COG,
    ".csv": "text/csv",
    ".shp": "application/vnd.shp",
    ".qgz": "application/zip",
    ".png": pystac.MediaType.PNG,
    ".json": pystac.MediaType.JSON,
}
CORNERS = 20  # of an edge of the region, in longitude and latitude


def catalogue(publication: Publication, folder: Path) -> None:
    """`stac/catalog.json` and what it links to, of all files that the folder holds.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        The export.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in MEDIA_TYPES)
    save([collection(publication, folder, files)], folder)


def collection(publication: Publication, folder: Path, files: Sequence[Path]) -> pystac.Collection:
    """The collection of a region: its release, and each of its tracks that has rasters.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        The export.
    files : sequence of Path
        Its files of this region.

    Returns
    -------
    pystac.Collection
        With its items.
    """
    outline, bounds = footprint(publication)
    release = publication.manifest.release
    items = [_item(publication, release, publication.dates, outline, bounds)]
    by_track = {
        stack: [path for path in files if path.parent.name == RASTERS and path.name.startswith(f"{stack}_")]
        for stack in publication.manifest.dates
    }
    for stack, paths in by_track.items():
        if paths:
            item = _item(publication, f"{release}-{stack}", publication.manifest.dates[stack], outline, bounds)
            item.properties["sarslide:track"] = stack
            _add_assets(item, folder, paths, len(f"{stack}_"))
            items.append(item)
    taken = {path for paths in by_track.values() for path in paths}
    _add_assets(items[0], folder, [path for path in files if path not in taken])
    return _collection(publication, items, bounds)


def save(collections: Sequence[pystac.Collection], folder: Path) -> None:
    """Write `stac/catalog.json` and what it links to.

    Parameters
    ----------
    collections : sequence of pystac.Collection
        One a region.
    folder : Path
        The export.
    """
    top = pystac.Catalog("sarslide", "Releases of landslide inventories", title="Landslide inventories")
    top.add_children(collections)
    top.normalize_hrefs(str(folder / FOLDER))
    top.make_all_asset_hrefs_relative()
    top.save(pystac.CatalogType.SELF_CONTAINED)


def footprint(publication: Publication) -> tuple[dict[str, Any], list[float]]:
    """Where the region lies.

    Parameters
    ----------
    publication : Publication
        The release.

    Returns
    -------
    dict of str to Any
        GeoJSON polygon, longitude and latitude.
    list of float
        West, south, east, north, degree.
    """
    west, south, east, north = publication.bounds
    region = box(west, south, east, north).segmentize(max(east - west, north - south) / CORNERS)
    outline = gpd.GeoSeries([region], crs=publication.epsg).to_crs(4326).set_precision(1e-7)
    return mapping(orient(outline.iloc[0])), [round(float(value), 7) for value in outline.total_bounds]


def _collection(publication: Publication, items: list[pystac.Item], bounds: list[float]) -> pystac.Collection:
    first, last = _times(publication.dates)
    found = pystac.Collection(
        publication.region,
        f"Active landslides of {publication.region}, seen by radar interferometry",
        pystac.Extent(pystac.SpatialExtent([bounds]), pystac.TemporalExtent([[first, last]])),
        title=publication.region,
        license="other",
        keywords=["landslide", "InSAR", "Sentinel-1"],
    )
    found.add_items(items)
    return found


def _item(
    publication: Publication, name: str, dates: list[str], outline: dict[str, Any], bounds: list[float]
) -> pystac.Item:
    first, last = _times(dates)
    about = {
        "proj:code": f"EPSG:{publication.epsg}",
        "sarslide:release": publication.manifest.release,
        "sarslide:content_hash": publication.manifest.content_hash,
        "sarslide:counts": publication.manifest.counts,
        "sarslide:dates": [names.parse_date(date).isoformat() for date in dates],
    }
    return pystac.Item(name, outline, bounds, None, about, first, last, stac_extensions=[PROJECTION])


def _times(dates: list[str]) -> tuple[datetime, datetime]:
    """From the first second of the first day to the last of the last."""
    first, last = (datetime.combine(names.parse_date(dates[end]), datetime.min.time(), UTC) for end in (0, -1))
    return first, last + timedelta(days=1, seconds=-1)


def _add_assets(item: pystac.Item, folder: Path, paths: list[Path], after: int = 0) -> None:
    """Files of an export; keys are their paths, or their layers after so many characters."""
    # An extension is named where one of its fields is there.
    item.stac_extensions += [FILE] if paths else []
    item.stac_extensions += [RASTER] if any(path.suffix == ".tif" for path in paths) else []
    for path in paths:
        key = path.stem[after:] if after else path.relative_to(folder).as_posix()
        fields: dict[str, Any] = {"file:checksum": SHA2_256 + sha256(path), "file:size": path.stat().st_size}
        if path.suffix == ".tif":
            fields |= _of_raster(path)
        item.add_asset(
            key, pystac.Asset(str(path), media_type=MEDIA_TYPES[path.suffix], roles=["data"], extra_fields=fields)
        )


def _of_raster(path: Path) -> Mapping[str, Any]:
    grid, spec = raster.grid_of(path), layers.get(raster.tags_of(path)["layer"])
    nodata: Any = "nan" if isinstance(spec.nodata, float) and math.isnan(spec.nodata) else spec.nodata
    known = {} if nodata is None else {"nodata": nodata}
    return known | {
        "title": spec.meaning,
        "data_type": spec.dtype,
        "unit": spec.unit,
        "proj:shape": list(grid.shape),
        "proj:transform": list(grid.transform)[:6],
        "raster:spatial_resolution": grid.cell_m,
        "raster:sampling": "area",
    }
