"""COCO annotations read back to polygons on the ground (D07).

`coco_write` writes the place of each image; `sarslide coco` writes the polygons.
"""

from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
from pydantic import BaseModel, Field, FiniteFloat, NonNegativeInt
from pyproj.exceptions import CRSError
from rasterio.features import shapes
from shapely import affinity, make_valid, union_all
from shapely.geometry import MultiPolygon, Polygon, shape

from sarslide.errors import VectorError
from sarslide.io.bounded import json, shown, typed
from sarslide.io.outlines import is_tangled
from sarslide.io.vector import listed

COCO = "give a COCO file of objects (JSON)"
Metres = Annotated[FiniteFloat, Field(ge=-1e8, le=1e8)]  # of a transform: beyond all CRSs
Place = Annotated[FiniteFloat, Field(ge=-1e6, le=1e6)]  # of a vertex, cells
Side = Annotated[int, Field(gt=0, le=10_000)]  # of an image, cells


def read_dataset(path: str | Path, images: str | Path | None = None) -> gpd.GeoDataFrame:
    """The annotations of a COCO file as polygons on the ground.

    Polygons follow the outline as annotated, run-length codes the cell edges. Pieces of one of our
    objects in overlapping images become one polygon.

    Parameters
    ----------
    path : str or Path
        A COCO data set, or a list of COCO results (with `score`).
    images : str, Path or None
        A data set of ours with the same images, for files that do not hold the place of their
        images; images are found by their file name, those of results by their id.

    Returns
    -------
    GeoDataFrame
        object (0 unknown), category, score (NaN where there is none), region, geometry; crowds are
        left out.

    Raises
    ------
    VectorError
        For what is no COCO file, images without a place, or more than one CRS.
    """
    content = json(path, VectorError, cure=COCO)
    reference = (
        None if images is None else typed(_Dataset, json(images, VectorError, cure=COCO), images, VectorError, COCO)
    )
    if isinstance(content, list):
        if reference is None:
            raise VectorError(f"{path}: is a list of results without images", "name the data set of the images")
        results = typed(_Results, {"annotations": content}, path, VectorError, COCO)
        dataset = reference.model_copy(update={"annotations": results.annotations})
    else:
        dataset = typed(_Dataset, content, path, VectorError, COCO)
    rows = _rows(path, dataset, reference)
    if not rows:
        raise VectorError(f"{path}: has no annotations", "give a data set with annotated objects")
    systems = sorted({row.pop("crs") for row in rows})
    if len(systems) > 1:
        raise VectorError(f"{path}: images in {listed(systems)}", "read the images of each CRS by themselves")
    try:
        return _joined(gpd.GeoDataFrame(rows, crs=systems[0]))
    except CRSError:
        raise VectorError(f"{path}: CRS {shown(systems[0])} does not exist", "repair the file") from None


class _Code(BaseModel):
    """A mask as lengths of runs, 0 first, column by column; as text in COCO's own packing."""

    size: tuple[Side, Side]
    counts: list[NonNegativeInt] | str


class _Annotation(BaseModel):
    id: int = 0
    image_id: int
    category_id: int
    segmentation: _Code | list[list[Place]]
    iscrowd: bool = False
    object: Annotated[int, Field(ge=0, lt=2**31)] = 0
    score: FiniteFloat | None = None


class _Image(BaseModel):
    id: int
    width: Side
    height: Side
    file_name: str = ""
    region: str = ""
    crs: str | None = None
    transform: tuple[Metres, Metres, Metres, Metres, Metres, Metres] | None = None


class _Category(BaseModel):
    id: int
    name: str | None = None


class _Results(BaseModel):
    annotations: list[_Annotation]


class _Dataset(_Results):
    images: list[_Image]
    categories: list[_Category] = []


def _rows(path: str | Path, dataset: _Dataset, reference: _Dataset | None) -> list[dict[str, Any]]:
    """One row an annotation that is no crowd."""
    places = _places(path, dataset, reference)
    categories = {entry.id: entry.name or str(entry.id) for entry in dataset.categories}
    rows = []
    for entry in dataset.annotations:
        if entry.iscrowd:
            continue
        if entry.image_id not in places:
            raise VectorError(f"{path}: annotation of image {entry.image_id}, which it has not", "repair the file")
        place = places[entry.image_id]
        rows.append(
            {
                "object": entry.object,
                "category": categories.get(entry.category_id, str(entry.category_id)),
                "score": np.nan if entry.score is None else entry.score,
                "region": place.region,
                "crs": place.crs,
                "geometry": _on_ground(path, entry, place),
            }
        )
    return rows


def _joined(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Pieces of one object made one polygon, in the order of the file."""
    keys = [
        (row.region, row.object, row.category) if row.object else (None, number, None)
        for number, row in enumerate(frame.itertuples())
    ]
    pieces: dict[tuple, list[int]] = {}
    for number, key in enumerate(keys):
        pieces.setdefault(key, []).append(number)
    whole = frame.iloc[[numbers[0] for numbers in pieces.values()]].copy()
    whole["geometry"] = [union_all(frame.geometry.values[numbers]) for numbers in pieces.values()]
    whole["score"] = [frame["score"].values[numbers].max() for numbers in pieces.values()]
    return whole.reset_index(drop=True)


def _places(path: str | Path, dataset: _Dataset, reference: _Dataset | None) -> dict[int, _Image]:
    """By id of an image: its entry, with place of its own or of its namesake in the reference."""
    known = {} if reference is None else {Path(entry.file_name).name: entry for entry in reference.images}
    places = {}
    for entry in dataset.images:
        named = known.get(Path(entry.file_name).name, entry)
        if named.transform is None or named.crs is None:
            raise VectorError(
                f"{path}: image '{shown(entry.file_name)}' has no transform and CRS",
                "name the data set that the images come from, or add both to the image's entry",
            )
        places[entry.id] = entry.model_copy(update={"transform": named.transform, "crs": named.crs})
    return places


def _on_ground(path: str | Path, entry: _Annotation, place: _Image) -> Polygon | MultiPolygon:
    """The polygon of an annotation in the CRS of its image."""
    name = f"{path}: annotation {entry.id} of image {place.id}"
    if isinstance(entry.segmentation, _Code):
        cells = _decoded(name, entry.segmentation, (place.height, place.width))
        outline = union_all([shape(g) for g, _ in shapes(cells, mask=cells > 0, connectivity=4)])
    else:
        if odd := [ring for ring in entry.segmentation if len(ring) % 2]:
            raise VectorError(f"{name} has {len(odd[0])} coordinates", "repair the file")
        outlines = [Polygon(np.reshape(ring, (-1, 2))) for ring in entry.segmentation if len(ring) >= 6]
        if any(is_tangled(ring) for ring in outlines):
            raise VectorError(f"{name} crosses itself too often", "redraw it, or simplify it")
        outline = union_all([make_valid(ring, method="structure", keep_collapsed=False) for ring in outlines])
    if outline.is_empty:
        raise VectorError(f"{name} is empty", "delete it")
    assert place.transform is not None  # others are refused
    a, b, c, d, e, f = place.transform
    return affinity.affine_transform(outline, [a, b, d, e, c, f])


def _decoded(name: str, code: _Code, size: tuple[int, int]) -> np.ndarray:
    """uint8 cells (rows, cols) of a run-length code, packed or not."""
    counts = _unpacked(code.counts) if isinstance(code.counts, str) else code.counts
    if tuple(code.size) != size or min(counts, default=0) < 0 or sum(counts) != size[0] * size[1]:
        raise VectorError(f"{name} is no mask of {size} cells", "repair the file")
    return np.repeat((np.arange(len(counts)) % 2).astype(np.uint8), counts).reshape(size, order="F")


def _unpacked(text: str) -> list[int]:
    """Run lengths of COCO's text: five bits a character, low ones first, from the fourth on as the
    difference to the one before the last.
    """
    counts: list[int] = []
    value = shift = 0
    for char in text:
        bits = ord(char) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20 and shift < 60:
            continue
        if bits & 0x10:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts
