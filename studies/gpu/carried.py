"""Scenes and plan of the parts, as `prepare` writes them and `run` reads them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.dataset.scenes import TrainingScene

PLAN = "plan.json"
MAX_BYTES = 64 << 20  # of all that is carried
MANTISSA = 12  # bits that are kept of features: a relative error below 2e-4
ARRAYS = ("features", "label", "full_label", "decoy", "landslide_kind", "true_rate")


def rounded(values: np.ndarray) -> np.ndarray:
    """float32 whose last bits are zero, so that it compresses; infinite and unknown values stay."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    drop = 23 - MANTISSA
    kept = (bits + np.uint32(1 << (drop - 1))) & np.uint32(~((1 << drop) - 1) & 0xFFFFFFFF)
    return np.where(np.isfinite(values), kept.view(np.float32), values).astype(np.float32)


def write_scene(path: Path, scene: TrainingScene) -> None:
    """A scene without its grid, compressed."""
    arrays = {name: getattr(scene, name) for name in ARRAYS if getattr(scene, name) is not None}
    arrays |= {name: rounded(arrays[name]) for name in ("features", "true_rate") if name in arrays}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays, names=np.array([scene.region, scene.name]))


def read_scene(path: Path, side: int = 0) -> TrainingScene:
    """A scene; side: only so many cells along each side, those around most landslides."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    region, name = (str(one) for one in arrays.pop("names"))
    if side:
        rows, cols = _densest(arrays["label"] == 1, side)
        arrays = {key: value[..., rows, cols] for key, value in arrays.items()}
    return TrainingScene(region, name, **arrays)


def _densest(landslide: np.ndarray, side: int) -> tuple[slice, slice]:
    starts = [range(0, max(1, size - side + 1), side // 2) for size in landslide.shape]
    places = [(row, col) for row in starts[0] for col in starts[1]]
    row, col = max(places, key=lambda place: landslide[place[0] : place[0] + side, place[1] : place[1] + side].sum())
    return slice(row, row + side), slice(col, col + side)


def write_plan(folder: Path, parts: Sequence[Mapping[str, Any]]) -> None:
    """The parts in their order."""
    (folder / PLAN).write_text(json.dumps(list(parts), indent=1, sort_keys=True) + "\n")


def read_plan(folder: Path) -> list[dict[str, Any]]:
    """The parts in their order. Raises SystemExit where nothing was prepared."""
    path = folder / PLAN
    if not path.is_file():
        raise SystemExit(f"{path} is not there; run python -m studies.gpu.prepare --out {folder}")
    return json.loads(path.read_text())


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


assert set(ARRAYS) < {field.name for field in fields(TrainingScene)}
