"""Scenes as a data set of images with COCO annotations that keep their place (D06, D07).

The folder is laid out as P2's SLD: `image/<part>/*.png` (three channels, uint8),
`mask/<part>/*.png` (1 landslide, 0 background, 255 not counted), `json/<part>.json` (COCO). A
channel's value is `low + (byte - 1) / 254 * (high - low)`, byte 0 is unknown; low, high and unit
are under `info.channels`. Each image carries `crs` and `transform` (a, b, c, d, e, f: the upper
left corner of cell (row, col) is at x = a col + b row + c, y = d col + e row + f). Masks follow
cell edges, so that they come back cell by cell. What is not counted in an image is one crowd
annotation, which the scores of COCO pass over.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.features import shapes
from rasterio.transform import Affine
from shapely.geometry import shape

from sarslide.dataset import splits
from sarslide.dataset.images import Stretch, stretches, write_png
from sarslide.dataset.patches import cut, windows
from sarslide.dataset.scenes import IGNORE, TrainingScene
from sarslide.dataset.selection import select
from sarslide.errors import ConfigError, TrainingError
from sarslide.io.atomic import atomic_folder

CATEGORY = {"id": 1, "name": "active landslide", "supercategory": "landslide"}
MIN_COUNTED = 0.1  # least share of an image that is counted


@dataclass(frozen=True)
class Design:
    """What is cut from scenes; the defaults are P2's (D06), but for the split.

    Attributes
    ----------
    patch : int
        Side of an image, cells.
    overlap : float
        Of neighbouring images, 0 to < 1.
    negatives : float
        Images without a landslide for each with one.
    split : str
        `blocks`, which share no cell, or `random` (leaks where windows overlap).
    block : int
        Side of a block, cells.
    fractions : tuple of float
        Training, validation and perhaps test.
    annotations : str
        `rle` or `polygon`.
    seed : int
        Of split and selection.
    """

    patch: int = 256
    overlap: float = 0.5
    negatives: float = 0.0
    split: str = "blocks"
    block: int = 128
    fractions: tuple[float, ...] = splits.P2_FRACTIONS
    annotations: str = "rle"
    seed: int = 7


def write_dataset(
    folder: str | Path, scenes: Sequence[TrainingScene], channels: Sequence[str], design: Design
) -> dict[str, Any]:
    """Cut scenes of three channels into images, masks and annotations.

    The folder gets its name when it is complete. All tracks of a region are split alike.

    Parameters
    ----------
    folder : str or Path
        Folder of the data set.
    scenes : sequence of TrainingScene
        With `objects` and `grid`.
    channels : sequence of str
        Three channels.
    design : Design
        What is cut.

    Returns
    -------
    dict of str to dict
        By part the counts of images, annotations and objects.

    Raises
    ------
    ConfigError
        For another number of channels.
    TrainingError
        For scenes without a grid, and where a part stays without landslides.
    """
    if len(channels) != 3:
        raise ConfigError(
            f"{len(channels)} channels for an image: {', '.join(channels)}", "choose a set of three channels"
        )
    if lost := [scene.name for scene in scenes if scene.grid is None or scene.objects is None]:
        raise TrainingError(f"scene {lost[0]} does not know where it lies", "make it by the rule label_scene")
    stretch = stretches(channels, [scene.features for scene in scenes])
    counts = {}
    with atomic_folder(folder) as temporary:
        for part, patches in _parts(scenes, design).items():
            dataset = _write_part(temporary, part, patches, stretch, design)
            counts[part] = {
                "images": len(dataset["images"]),
                "annotations": sum(not entry["iscrowd"] for entry in dataset["annotations"]),
                "objects": len({(e["region"], e["object"]) for e in dataset["annotations"] if not e["iscrowd"]}),
            }
    return counts


def _parts(scenes: Sequence[TrainingScene], design: Design) -> dict[str, list[tuple[TrainingScene, int, int]]]:
    """Scene, row and column of the images of each part."""
    if design.split == "random":
        places = [(scene, *place) for scene in scenes for place in _selected(scene, design)]
        split = splits.random_split(len(places), design.fractions, design.seed)
        patches = [[places[k] for k in part] for part in split]
    elif design.split == "blocks":
        parted = [_parted(scene, design) for scene in scenes]
        patches = [
            [(scene[k], *place) for scene in parted for place in _selected(scene[k], design)]
            for k in range(len(design.fractions))
        ]
    else:
        raise ConfigError(f"split '{design.split}' does not exist", "use blocks or random")
    parts = dict(zip(splits.PARTS, patches, strict=False))
    for name, images in parts.items():
        if not any((cut(scene.label, row, col, design.patch, IGNORE) == 1).any() for scene, row, col in images):
            raise TrainingError(
                f"no image of {design.patch} cells of the {name} part has a landslide",
                "label more, or use smaller images",
            )
    return parts


def _parted(scene: TrainingScene, design: Design) -> list[TrainingScene]:
    """The scene once a part, each knowing nothing of the cells of the others."""
    assert scene.objects is not None  # others are refused
    part = splits.deal_blocks(scene.label.shape, design.block, design.fractions, design.seed, scene.full_label)
    label = np.where(splits.strangers_of(scene.objects, part), np.uint8(IGNORE), scene.label)
    return [
        replace(
            scene,
            features=np.where(part == k, scene.features, np.float32(np.nan)),
            label=np.where(part == k, label, np.uint8(IGNORE)),
        )
        for k in range(len(design.fractions))
    ]


def _selected(scene: TrainingScene, design: Design) -> list[tuple[int, int]]:
    places = windows(scene.label.shape, design.patch, design.overlap)
    return select(scene.label, places, design.patch, design.negatives, design.seed, min_counted=MIN_COUNTED)


def _write_part(
    folder: Path,
    part: str,
    patches: Sequence[tuple[TrainingScene, int, int]],
    stretch: Sequence[Stretch],
    design: Design,
) -> dict[str, Any]:
    """Images, masks and the COCO file of one part; returns the content of the latter."""
    dataset: dict[str, Any] = {
        "info": {
            "description": f"active landslides, {part}",
            "channels": [channel.to_dict() for channel in stretch],
            "value": "low + (byte - 1) / 254 * (high - low); byte 0: unknown",
            "mask": {"1": "active landslide", "0": "background", "255": "not counted"},
            "design": {"split": design.split, "patch": design.patch, "overlap": design.overlap, "seed": design.seed},
        },
        "licenses": [],
        "images": [],
        "annotations": [],
        "categories": [CATEGORY],
    }
    for scene, row, col in patches:
        name = f"{scene.name.replace('/', '_')}_r{row:05d}_c{col:05d}.png"
        size = design.patch
        assert scene.grid is not None and scene.objects is not None  # others are refused
        image = np.stack(
            [
                channel.to_bytes(cut(layer, row, col, size, np.nan))
                for channel, layer in zip(stretch, scene.features, strict=True)
            ]
        )
        label = cut(scene.label, row, col, size, IGNORE)
        write_png(folder / "image" / part / name, image)
        write_png(folder / "mask" / part / name, label[None])
        corner = scene.grid.transform * Affine.translation(col, row)
        entry = {
            "id": len(dataset["images"]) + 1,
            "file_name": f"image/{part}/{name}",
            "mask_name": f"mask/{part}/{name}",
            "width": size,
            "height": size,
            "crs": f"EPSG:{scene.grid.epsg}",
            "transform": list(corner)[:6],
            "region": scene.region,
            "scene": scene.name,
        }
        dataset["images"].append(entry)
        objects = cut(scene.objects, row, col, size, 0)
        for annotation in _annotations(label, objects, design.annotations):
            number = len(dataset["annotations"]) + 1
            dataset["annotations"].append({"id": number, "image_id": entry["id"], "region": scene.region} | annotation)
    (folder / "json").mkdir(parents=True, exist_ok=True)
    (folder / "json" / f"{part}.json").write_text(json.dumps(dataset, sort_keys=True, allow_nan=False) + "\n")
    return dataset


def _annotations(label: np.ndarray, objects: np.ndarray, kind: str) -> Iterator[dict[str, Any]]:
    """One annotation a landslide in the image, and one crowd of all cells that are not counted."""
    for number in np.unique(objects[label == 1]):
        yield {"object": int(number), "iscrowd": 0} | _annotation((label == 1) & (objects == number), kind)
    if (label == IGNORE).any():
        yield {"iscrowd": 1} | _annotation(label == IGNORE, "rle")


def _annotation(cells: np.ndarray, kind: str) -> dict[str, Any]:
    """Segmentation, area (cells) and box (column, row, width, height) of a mask."""
    from pycocotools import mask

    code = mask.encode(np.asfortranarray(cells, dtype=np.uint8))
    outlines = [shape(geometry) for geometry, _ in shapes(cells.astype(np.uint8), mask=cells, connectivity=4)]
    if kind == "polygon" and not any(outline.interiors for outline in outlines):
        segmentation: Any = [[float(v) for xy in outline.exterior.coords[:-1] for v in xy] for outline in outlines]
    else:
        segmentation = {"size": [int(n) for n in cells.shape], "counts": code["counts"].decode("ascii")}
    return {
        "category_id": CATEGORY["id"],
        "segmentation": segmentation,
        "area": float(mask.area(code)),
        "bbox": [float(v) for v in mask.toBbox(code)],
    }
