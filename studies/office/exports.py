"""Every format of an export, opened by a program that is not ours and compared with the release.

    python -m studies.office.exports FOLDER REGION [--record]

FOLDER holds `results/`. How many objects a layer has is counted by SQLite in the file of the
release, their area is that of GDAL; each format is read by GDAL, Arrow, pycocotools or pystac.
"""

import argparse
import csv
import io
import json
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet
import pyogrio
import pystac
import rasterio
from pycocotools.coco import COCO
from pystac.validation import set_validator
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from rio_cogeo.cogeo import cog_validate

from sarslide.inventory.tables import LAYERS
from sarslide.publish import export, source
from studies.office import put, row
from studies.structure.records import REPOSITORY, keep_or_tell

COMMAND = "python -m studies.office.exports FOLDER REGION --record"
SCHEMAS = REPOSITORY / "tests/data/stac"
AREA = 1e-4  # relative: seven decimals of a degree, on outlines of some hundred metres
Read = Callable[[Path, str], gpd.GeoDataFrame]
READERS: dict[str, tuple[str, Read]] = {
    "gpkg": ("GDAL", lambda to, layer: pyogrio.read_dataframe(to / "landslides.gpkg", layer=layer)),
    "geojson": ("GDAL", lambda to, layer: pyogrio.read_dataframe(to / f"geojson/{layer}.geojson")),
    "shapefile": ("GDAL", lambda to, layer: pyogrio.read_dataframe(to / f"shapefile/{layer}.shp")),
    "geoparquet": ("Arrow", lambda to, layer: gpd.read_parquet(to / f"geoparquet/{layer}.parquet")),
}


def objects(name: str, to: Path, release: Path, epsg: int) -> tuple[str, bool]:
    """Objects of all layers of a vector format beside those of the release."""
    same, count, worst = True, 0, 0.0
    for layer in LAYERS:
        with closing(sqlite3.connect(release)) as database:
            (expected,) = database.execute(f"SELECT count(*) FROM {layer}").fetchone()
        frame = READERS[name][1](to, layer)
        count, same = count + len(frame), same and len(frame) == expected
        if len(frame):
            true = pyogrio.read_dataframe(release, layer=layer).area.sum()
            worst = max(worst, abs(frame.to_crs(epsg).area.sum() / true - 1))
    if name == "geoparquet":
        about = json.loads(pyarrow.parquet.read_schema(to / "geoparquet/landslides.parquet").metadata[b"geo"])
        same = same and about["version"].startswith("1.1")
    return f"{count} objects, area as in the release to {worst:.0e}", same and worst < AREA


def balloons(to: Path, count: int) -> tuple[str, bool]:
    """Placemarks of the KMZ, by the KML driver of GDAL."""
    path = f"/vsizip/{to / 'landslides.kmz'}/doc.kml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = sum(len(pyogrio.read_dataframe(path, layer=layer)) for layer, _ in pyogrio.list_layers(path))
    return f"{found} placemarks", found == count


def registers(to: Path, landslides: int) -> tuple[str, bool]:
    """Rows of the two registers."""
    counts = [len(list(csv.DictReader((to / f"{name}.csv").open(newline="")))) for name in ("coolr", "iffi")]
    return f"{counts[0]} and {counts[1]} rows", counts == [landslides] * 2


def points(to: Path) -> tuple[str, bool]:
    """Points of all tracks beside the cells that have a rate in the rasters of the export."""
    found, expected = [], []
    for path in sorted((to / "points").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            text = io.TextIOWrapper(archive.open(name))
            found.append(sum(1 for _ in csv.DictReader(text)))
        with rasterio.open(to / "rasters" / f"{path.stem}_los_rate_mm_per_yr.tif") as raster:
            expected.append(int((raster.read_masks(1) > 0).sum()))
    return f"{' and '.join(map(str, found))} points", bool(found) and found == expected


def rasters(to: Path) -> tuple[str, bool]:
    """Files that are Cloud-Optimized GeoTIFFs, by rio-cogeo."""
    paths = sorted((to / "rasters").glob("*.tif"))
    good = sum(cog_validate(str(path), quiet=True)[0] for path in paths)
    return f"{good} of {len(paths)} are Cloud-Optimized GeoTIFFs", bool(paths) and good == len(paths)


def instances(to: Path) -> tuple[str, bool]:
    """Annotations whose mask has about the area that they tell, and pictures that have a place."""
    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
    read = COCO(to / "coco" / "annotations.json")
    found = read.loadAnns(read.getAnnIds())
    # A mask of cells of an outline that does not follow cells: half a cell along its edge.
    close = sum(abs(read.annToMask(one).sum() - one["area"]) <= 2 * one["area"] ** 0.5 + 1 for one in found)
    placed = 0
    for image in read.loadImgs(read.getImgIds()):
        with rasterio.open(to / "coco" / image["file_name"]) as picture:
            placed += picture.crs.to_string() == image["crs"] and list(picture.transform)[:6] == image["transform"]
    text = f"{len(found)} annotations, {close} with the mask of their area; {placed} of {len(read.imgs)} pictures at their place"
    return text, bool(found) and close == len(found) and placed == len(read.imgs)


def catalogue(to: Path) -> tuple[str, bool]:
    """The catalogue by pystac's validator, with the schemas of the extensions from the disk."""
    validator = JsonSchemaSTACValidator()
    for path in sorted(SCHEMAS.glob("*.json")):
        content = json.loads(path.read_text())
        validator.schema_cache[content["$id"].rstrip("#")] = content
    set_validator(validator)
    count = pystac.Catalog.from_file(to / "stac" / "catalog.json").validate_all()
    return f"{count} items and their collection valid", bool(count)


def rows(folder: Path, region: str) -> Iterator[dict]:
    """A row a format."""
    publication = source.read(source.find(region, folder))
    package = publication.folder / "landslides.gpkg"
    count = sum(len(frame) for frame in publication.layers.values())
    with tempfile.TemporaryDirectory() as place:
        to = Path(place) / "export"
        export.export(publication, to, list(export.FORMATS))
        for name, (program, _) in READERS.items():
            yield _row(region, f"{name}, read by {program}", *objects(name, to, package, publication.epsg))
        yield _row(region, "kmz, read by GDAL", *balloons(to, count))
        yield _row(region, "coolr and iffi, as CSV", *registers(to, len(publication.layers["landslides"])))
        yield _row(region, "points, as CSV beside rates read by GDAL", *points(to))
        yield _row(region, "rasters, by rio-cogeo", *rasters(to))
        yield _row(region, "coco, read by pycocotools and GDAL", *instances(to))
        yield _row(region, "stac, by pystac's validator without a network", *catalogue(to))


def _row(region: str, what: str, measured: str, met: bool) -> dict:
    return row(f"export of {region}: {what}", measured, COMMAND, "as in the release, valid", bool(met))


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.exports", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("region")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    found = list(rows(chosen.folder, chosen.region))
    keep_or_tell(found, put, chosen.record)


if __name__ == "__main__":
    main()
