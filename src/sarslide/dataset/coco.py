"""COCO annotations read back to polygons on the ground (D07).

`coco_write` writes the place of each image; `sarslide coco` writes the polygons.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from rasterio.features import shapes
from shapely import affinity, make_valid, union_all
from shapely.geometry import MultiPolygon, Polygon, shape

from sarslide.errors import VectorError


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
    content = _load(path)
    reference = None if images is None else _load(images)
    dataset = content
    if isinstance(content, list):
        if reference is None:
            raise VectorError(f"{path}: is a list of results without images", "name the data set of the images")
        dataset = {**reference, "annotations": content}
    try:
        rows = _rows(path, dataset, reference)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise VectorError(
            f"{path}: is incomplete ({type(error).__name__}: {error})", "give a COCO file of objects"
        ) from None
    if not rows:
        raise VectorError(f"{path}: has no annotations", "give a data set with annotated objects")
    systems = sorted({row.pop("crs") for row in rows})
    if len(systems) > 1:
        raise VectorError(f"{path}: images in {' and '.join(systems)}", "read the images of each CRS by themselves")
    return _joined(gpd.GeoDataFrame(rows, crs=systems[0]))


def _rows(path: str | Path, dataset: Mapping[str, Any], reference: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """One row an annotation that is no crowd."""
    places = _places(path, dataset, reference)
    categories = {entry["id"]: str(entry.get("name", entry["id"])) for entry in dataset.get("categories", ())}
    rows = []
    for entry in dataset["annotations"]:
        if entry.get("iscrowd"):
            continue
        if entry["image_id"] not in places:
            raise VectorError(f"{path}: annotation of image {entry['image_id']}, which it has not", "repair the file")
        place = places[entry["image_id"]]
        rows.append(
            {
                "object": int(entry.get("object", 0)),
                "category": categories.get(entry["category_id"], str(entry["category_id"])),
                "score": float(entry.get("score", np.nan)),
                "region": str(place.get("region", "")),
                "crs": place["crs"],
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


def _load(path: str | Path) -> Any:
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise VectorError(f"{path}: cannot be read ({error})", "give a COCO file (JSON)") from None
    whole = isinstance(content, dict) and {"images", "annotations"} <= set(content)
    if not whole and not isinstance(content, list):
        raise VectorError(f"{path}: has no images and annotations", "give a COCO file of objects")
    return content


def _places(
    path: str | Path, dataset: Mapping[str, Any], reference: Mapping[str, Any] | None
) -> dict[int, dict[str, Any]]:
    """By id of an image: its entry, with place of its own or of its namesake in the reference."""
    known = {} if reference is None else {Path(entry["file_name"]).name: entry for entry in reference["images"]}
    places = {}
    for entry in dataset["images"]:
        named = known.get(Path(entry.get("file_name", "")).name, entry)
        if "transform" not in named or "crs" not in named:
            raise VectorError(
                f"{path}: image '{entry.get('file_name')}' has no transform and CRS",
                "name the data set that the images come from, or add both to the image's entry",
            )
        places[entry["id"]] = entry | {key: named[key] for key in ("transform", "crs")}
    return places


def _on_ground(path: str | Path, entry: Mapping[str, Any], place: Mapping[str, Any]) -> Polygon | MultiPolygon:
    """The polygon of an annotation in the CRS of its image."""
    code, size = entry["segmentation"], (place["height"], place["width"])
    if isinstance(code, list):
        outlines = [Polygon(np.reshape(ring, (-1, 2))) for ring in code if len(ring) >= 6]
        outline = union_all([make_valid(ring, method="structure", keep_collapsed=False) for ring in outlines])
    else:
        cells = _decoded(code, size)
        outline = union_all([shape(g) for g, _ in shapes(cells, mask=cells > 0, connectivity=4)])
    if outline.is_empty:
        raise VectorError(f"{path}: annotation {entry.get('id', '')} of image {place['id']} is empty", "delete it")
    a, b, c, d, e, f = place["transform"]
    return affinity.affine_transform(outline, [a, b, d, e, c, f])


def _decoded(code: Mapping[str, Any], size: tuple[int, int]) -> np.ndarray:
    """uint8 cells (rows, cols) of a run-length code, compressed or not."""
    from pycocotools import mask

    packed = mask.frPyObjects(code, *size) if isinstance(code["counts"], list) else code
    with warnings.catch_warnings():
        # pycocotools 2.0 answers numpy 2 without the keyword `copy`; the array is right.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        return mask.decode(packed)
