"""A release as a COCO data set: pictures of its tracks with the outlines that each of them shows.

`coco/images/{track}_r{row}_c{col}.png` have three bands, LOS rate, coherence and relief, stretched
to bytes: a value is `low + (byte - 1) / 254 * (high - low)`, byte 0 is unknown; low, high and unit
are under `info.channels`. Each keeps its place: in a world file and GDAL's own file beside it, and
as `crs` and `transform` of its entry in `coco/annotations.json`, so that `sarslide coco` brings
objects back to the ground. Categories are the layers of the release.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from sarslide.dataset.images import Stretch, write_png
from sarslide.grid import RegionGrid, part_of
from sarslide.inventory.tables import LANDSLIDES, MASKED, PLAIN
from sarslide.io import raster
from sarslide.io.blocks import blocks
from sarslide.publish.results import HILLSHADE, hillshade, of_tracks
from sarslide.publish.source import Publication
from sarslide.report.reading import read_display
from sarslide.report.scales import scale_for

FOLDER, FILE = "coco", "annotations.json"
CATEGORIES = {LANDSLIDES: 1, PLAIN: 2, MASKED: 3}  # what has vanished is in no picture
NAMES = {LANDSLIDES: "active landslide", PLAIN: "deformation that is no landslide", MASKED: "masked candidate"}
RATE, COHERENCE = "los_rate_mm_per_yr", "mean_coherence"
CHANNELS = (RATE, COHERENCE, HILLSHADE)
TILE = 1024  # cells
# Columns of an object that its annotation has.
KEPT = ("uid", "ls_id", "name", "object_type", "confidence", "change", "reason", "tracks")


def coco(publication: Publication, folder: Path) -> None:
    """`coco/annotations.json` and `coco/images/`: one data set of all tracks of a current release
    that have rates.

    An object is annotated in the pictures of the tracks that it was found in. Where it was found in
    others only, its cells are a crowd, which the scores of COCO pass over: that track shows nothing
    there, or a part of it.

    Parameters
    ----------
    publication : Publication
        The release.
    folder : Path
        Where it is written.
    """
    tracks = dict(of_tracks(publication))
    if not tracks:
        return
    stretch = _stretches(list(tracks.values()))
    dataset: dict[str, Any] = {
        "info": {
            "description": f"{publication.region}, release {publication.release}",
            "release": publication.release,
            "content_hash": publication.content_hash,
            "dates": dict(publication.manifest.dates),
            "channels": [channel.to_dict() for channel in stretch],
            "value": "low + (byte - 1) / 254 * (high - low); byte 0: unknown",
        },
        "licenses": [],
        "categories": [
            {"id": number, "name": NAMES[layer], "supercategory": layer} for layer, number in CATEGORIES.items()
        ],
        "images": [],
        "annotations": [],
    }
    for stack, base in tracks.items():
        for part, bands in _tiles(publication, base):
            if not np.isfinite(bands[0]).any():
                continue
            image = _image(publication, stack, part, len(dataset["images"]) + 1)
            path = folder / FOLDER / image["file_name"]
            write_png(path, np.stack([one.to_bytes(band) for one, band in zip(stretch, bands, strict=True)]))
            _write_place(path, part)
            dataset["images"].append(image)
            for found in _annotations(publication, stack, part):
                number = len(dataset["annotations"]) + 1
                dataset["annotations"].append({"id": number, "image_id": image["id"]} | found)
    (folder / FOLDER / FILE).write_text(json.dumps(dataset, sort_keys=True, allow_nan=False) + "\n")


def without_holes(outline: BaseGeometry) -> list[Polygon]:
    """Polygons without holes that cover the same ground, as polygons of COCO have none.

    Parameters
    ----------
    outline : Polygon or MultiPolygon
        What is covered.

    Returns
    -------
    list of Polygon
        An outline with holes is cut through the middle of each.
    """
    if isinstance(outline, Polygon) and outline.interiors:
        west, south, east, north = outline.bounds
        middle = Polygon(outline.interiors[0]).centroid.x
        sides = (box(west, south, middle, north), box(middle, south, east, north))
        return [one for side in sides for one in without_holes(outline.intersection(side))]
    if isinstance(outline, Polygon):
        return [outline] if outline.area > 0 else []
    return [one for part in getattr(outline, "geoms", ()) for one in without_holes(part)]


def _stretches(bases: Sequence[Path]) -> list[Stretch]:
    """Of each channel for all tracks alike, by the colours of the report."""
    rates = scale_for(RATE, [read_display(base / f"{RATE}.tif", RATE) for base in bases])
    return [Stretch(RATE, rates.low, rates.high), Stretch(COHERENCE, 0.0, 1.0), Stretch(HILLSHADE, 1.0, 255.0)]


def _tiles(publication: Publication, base: Path) -> Iterator[tuple[RegionGrid, list[np.ndarray]]]:
    """Grid and channels of each picture of a track, NaN where unknown."""
    grid = raster.grid_of(base / f"{RATE}.tif")
    paths = [base / f"{RATE}.tif", base / f"{COHERENCE}.tif", hillshade(publication)]
    known = [path if path and path.is_file() and raster.grid_of(path) == grid else None for path in paths]
    for place in blocks(grid.shape, TILE, TILE):
        part = part_of(grid, *place)
        bands = [raster.read_block(path, *place) if path else np.full(part.shape, np.nan) for path in known]
        bands[-1] = np.where(bands[-1] == 0, np.nan, bands[-1])  # of the relief 0 is unknown
        yield part, bands


def _image(publication: Publication, stack: str, part: RegionGrid, number: int) -> dict[str, Any]:
    west, _, _, north = publication.bounds
    row, col = round((north - part.north) / part.cell_m), round((part.west - west) / part.cell_m)
    return {
        "id": number,
        "file_name": f"images/{stack}_r{row:05d}_c{col:05d}.png",
        "width": part.cols,
        "height": part.rows,
        "crs": f"EPSG:{part.epsg}",
        "transform": list(part.transform)[:6],
        "region": publication.region,
        "scene": stack,
        "date_captured": max(publication.manifest.dates[stack]),
    }


def _write_place(path: Path, part: RegionGrid) -> None:
    """Where a picture lies: a world file, and with the CRS what GDAL keeps beside a PNG."""
    a, b, c, d, e, f = list(part.transform)[:6]
    centre = (c + (a + b) / 2, f + (d + e) / 2)
    path.with_suffix(".pgw").write_text("".join(f"{value!r}\n" for value in (a, d, b, e, *centre)))
    place = ", ".join(map(repr, (c, a, b, f, d, e)))
    path.with_name(f"{path.name}.aux.xml").write_text(
        f"<PAMDataset>\n  <SRS>EPSG:{part.epsg}</SRS>\n  <GeoTransform>{place}</GeoTransform>\n</PAMDataset>\n"
    )


def _annotations(publication: Publication, stack: str, part: RegionGrid) -> Iterator[dict[str, Any]]:
    """What a picture of a track shows of the objects."""
    a, b, c, d, e, f = list(~part.transform)[:6]
    ground, frame = box(*part.bounds), box(0, 0, part.cols, part.rows)
    for layer, category in CATEGORIES.items():
        objects = publication.layers[layer]
        for row in objects[objects.intersects(ground)].to_dict("records"):
            outline = affinity.affine_transform(row["geometry"], [a, b, d, e, c, f]).intersection(frame)
            pieces = without_holes(outline)
            if pieces:
                seen = stack in (row["tracks"] or row["track"]).split("+")
                yield _annotation(MultiPolygon(pieces), row, category, seen, part.shape)


def _annotation(
    pieces: MultiPolygon, row: Mapping[str, Any], category: int, seen: bool, shape: tuple[int, int]
) -> dict[str, Any]:
    """One object in one picture; places are columns and rows from its upper left corner."""
    left, top, right, bottom = pieces.bounds
    rings = [[round(float(v), 3) for xy in one.exterior.coords[:-1] for v in xy] for one in pieces.geoms]
    return {
        "category_id": category,
        "segmentation": rings if seen else _cells(rings, shape),
        "area": round(sum(one.area for one in pieces.geoms), 3),
        "bbox": [round(value, 3) for value in (left, top, right - left, bottom - top)],
        "iscrowd": 0 if seen else 1,
        "object": int(row["ls_id"].removeprefix("LS")),
        "attributes": {name: row[name] for name in KEPT},
    }


def _cells(rings: list[list[float]], shape: tuple[int, int]) -> dict[str, Any]:
    """The same as lengths of runs, which a crowd has."""
    from pycocotools import mask

    code = mask.merge(mask.frPyObjects(rings, *shape))
    return {"size": list(shape), "counts": code["counts"].decode("ascii")}
