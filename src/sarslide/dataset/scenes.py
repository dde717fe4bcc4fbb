"""Training scenes: one track over one region, as rasters of registered layers with a label."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sarslide import layers
from sarslide.dataset.features import PICTURE, feature_array, observable
from sarslide.dataset.fusion import fuse
from sarslide.errors import TrainingError
from sarslide.io.bounded import shown

if TYPE_CHECKING:
    from sarslide.grid import RegionGrid

IGNORE = 255
AGAIN = "simulate the training region, or label the scene, again"
PICTURE_PERCENT = (2.0, 98.0)  # of the intensity, from dark to bright


@dataclass(frozen=True)
class TrainingScene:
    """One track over one region; what a file does not have is None.

    Attributes
    ----------
    region : str
        What a split must keep together.
    name : str
        `<region>/<stack>`.
    features : (channels, rows, cols) array of float32
        NaN where unknown.
    label : (rows, cols) array of uint8
        1 landslide, 0 not, 255 not counted; 255 wherever a feature is unknown.
    full_label : array or None
        For scoring: the label as stored, also where a feature is unknown.
    decoy : array of uint8 or None
        For scoring: code of `sarsim.codes.DECOYS`, 0 none.
    landslide_kind : array of uint8 or None
        For scoring: P2's type 1 to 3 of every landslide, seen or not, 0 none.
    true_rate : array or None
        For scoring: LOS rate without error, mm/yr, positive towards the satellite.
    objects : array of int32 or None
        For data sets: number of the labelled landslide in each cell, 0 none.
    grid : RegionGrid or None
        For data sets: where the cells lie.
    block : array of int32 or None
        For scoring a part of a region: number of the group of blocks of each cell, 0 outside.
    """

    region: str
    name: str
    features: np.ndarray
    label: np.ndarray
    full_label: np.ndarray | None = None
    decoy: np.ndarray | None = None
    landslide_kind: np.ndarray | None = None
    true_rate: np.ndarray | None = None
    objects: np.ndarray | None = None
    grid: "RegionGrid | None" = None
    block: np.ndarray | None = None


def load(path: str | Path, channels: Sequence[str]) -> TrainingScene:
    """The scene of an npz file.

    The file has stored layers under their registered names, `label`, and `meta` (JSON with region,
    stack). `decoy`, `landslide_kind` and `true_los_rate_mm_per_yr` are read where the file has
    them; the fused picture of phase and intensity (P0 3.2, B06) is made where it has none.

    Parameters
    ----------
    path : str or Path
        The file.
    channels : sequence of str
        Channels of the features.

    Returns
    -------
    TrainingScene
        The scene.

    Raises
    ------
    TrainingError
        For a file that cannot be read, lacks a layer, or has a label that is not 0, 1 or 255.
    """
    from sarslide.dataset.scene_meta import scene_meta
    from sarslide.grid import RegionGrid
    from sarslide.io.arrays import read_npz

    arrays = read_npz(path, TrainingError, AGAIN)

    def read(name: str) -> np.ndarray:
        if name == PICTURE and name not in arrays:
            return fuse(read("avg_phase_rad"), read("mean_amplitude_db"), "hsv", PICTURE_PERCENT)
        if name not in arrays:
            raise TrainingError(
                f"{path}: has no '{name}'", "simulate the training region again, or choose other channels"
            )
        return arrays[name]

    meta = scene_meta(path, read("meta"), AGAIN)
    grid = None if meta.grid is None else RegionGrid(**meta.grid.model_dump())
    _check_cells(path, arrays, grid)
    features, label = feature_array(channels, read), read("label")
    if label.shape != features.shape[1:] or not np.isin(label, (0, 1, IGNORE)).all():
        raise TrainingError(f"{path}: label is not 0, 1 or {IGNORE} on the features' grid", "label the scene again")
    label, region = label.astype(np.uint8), meta.region
    counted = np.where(observable(features), label, np.uint8(IGNORE))
    return TrainingScene(
        region,
        f"{region}/{meta.stack}",
        features,
        counted,
        full_label=label,
        decoy=arrays.get("decoy"),
        landslide_kind=arrays.get("landslide_kind"),
        true_rate=arrays.get("true_los_rate_mm_per_yr"),
        objects=arrays.get("objects"),
        grid=grid,
        block=arrays.get("block"),
    )


def _check_cells(path: str | Path, arrays: Mapping[str, np.ndarray], grid: "RegionGrid | None") -> None:
    """TrainingError unless every layer has numbers of the cells of one grid."""
    layer = {name: array for name, array in arrays.items() if name != "meta"}
    shape = grid.shape if grid else next((array.shape[-2:] for array in layer.values()), ())
    for name, array in layer.items():
        if array.dtype.kind not in "biuf" or array.ndim not in (2, 3) or array.shape[-2:] != shape:
            raise TrainingError(f"{path}: {shown(name)} is {array.dtype} {array.shape} on a grid of {shape}", AGAIN)


def arrays_of(
    stored: Mapping[str, np.ndarray],
    label: np.ndarray,
    objects: np.ndarray,
    grid: "RegionGrid",
    region: str,
    stack: str,
) -> dict[str, np.ndarray]:
    """What `load` reads, ready for `io.arrays.write_npz`.

    Parameters
    ----------
    stored : mapping of str to array
        Stored layers by their registered names.
    label : (rows, cols) array of uint8
        1 landslide, 0 background, 255 not counted.
    objects : (rows, cols) array of int32
        Number of the labelled landslide in each cell, 0 none.
    grid : RegionGrid
        Where the cells lie.
    region, stack : str
        Region and track.

    Returns
    -------
    dict of str to array
        Layers, label, objects, `meta`.

    Raises
    ------
    TrainingError
        Where a layer's codes are beyond its registered range.
    """
    for name, layer in stored.items():
        spec = layers.get(name)
        if spec.dtype != "uint8" or spec.valid is None:
            continue
        codes = layer[layer != spec.nodata]
        if codes.size and codes.max() > spec.valid[1]:
            raise TrainingError(
                f"layer '{name}' holds class {codes.max()}", f"group its classes into 1 to {spec.valid[1]:g}"
            )
    meta = {"region": region, "stack": stack, "grid": grid.to_dict()}
    return {**stored, "label": label, "objects": objects, "meta": np.array(json.dumps(meta, sort_keys=True))}


def part_of(arrays: Mapping[str, np.ndarray], inside: np.ndarray, part: str) -> dict[str, np.ndarray]:
    """The arrays of a scene that knows only some cells: beside them each layer has its nodata.

    No cell is shared: a network that is trained on one part has seen neither labels nor features of
    another.

    Parameters
    ----------
    arrays : mapping of str to array
        Of the whole scene, as `arrays_of`.
    inside : (rows, cols) array of bool
        The cells of the part.
    part : str
        Its region becomes `<region>/<part>`, so that parts of one region count as the regions of a
        split.

    Returns
    -------
    dict of str to array
        Of the part.
    """
    meta = json.loads(str(arrays["meta"]))
    meta |= {"region": f"{meta['region']}/{part}", "part": part}
    return known_in(arrays, inside) | {"meta": np.array(json.dumps(meta, sort_keys=True))}


def known_in(arrays: Mapping[str, np.ndarray], inside: np.ndarray) -> dict[str, np.ndarray]:
    """The arrays of a scene with the nodata of each layer outside some cells.

    Parameters
    ----------
    arrays : mapping of str to array
        Of the whole scene, as `arrays_of`.
    inside : (rows, cols) array of bool
        The cells that stay known.

    Returns
    -------
    dict of str to array
        Of the same scene.
    """

    def kept(name: str) -> np.ndarray:
        void = 0 if name == "objects" else layers.get(name).nodata
        return np.where(inside, arrays[name], np.asarray(void, arrays[name].dtype))

    return {name: array if name == "meta" else kept(name) for name, array in arrays.items()}


def data_hash(scenes: Sequence[TrainingScene]) -> str:
    """Hash of names, features and labels, for the model card.

    Parameters
    ----------
    scenes : sequence of TrainingScene
        In their order.

    Returns
    -------
    str
        sha256.
    """
    digest = hashlib.sha256()
    for scene in scenes:
        digest.update(f"{scene.name} {scene.features.shape}".encode())
        digest.update(np.ascontiguousarray(scene.features).tobytes())
        digest.update(np.ascontiguousarray(scene.label).tobytes())
    return digest.hexdigest()
