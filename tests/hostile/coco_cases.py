"""Hostile and broken COCO files."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.dataset.coco import read_dataset
from tests.hostile.changed import changed

IMAGE: dict[str, Any] = {
    "id": 1, "width": 20, "height": 10, "file_name": "a.png", "crs": "EPSG:32647", "region": "valley",
    "transform": [30.0, 0.0, 500000.0, 0.0, -30.0, 3200000.0],
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "id": 1, "image_id": 1, "category_id": 1, "object": 3, "iscrowd": 0,
    "segmentation": [[1.0, 1.0, 5.0, 1.0, 5.0, 5.0, 1.0, 5.0]],
}  # fmt: skip


def dataset(image: dict[str, Any] | None = None, **entry: Any) -> dict[str, Any]:
    """A good file with changes."""
    return {
        "images": [IMAGE | (image or {})],
        "annotations": [ENTRY | entry],
        "categories": [{"id": 1, "name": "active landslide"}],
    }


def mask(counts: Any, size: Any = (10, 20)) -> dict[str, Any]:
    """A run-length code."""
    return {"size": list(size), "counts": counts}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder = folder / "coco"
    folder.mkdir()
    scribble = np.random.default_rng(1).uniform(0, 20, 40_000).tolist()
    contents: dict[str, object] = {
        "a list of words": ["a"],
        "a number": 7,
        "no annotations": {"images": [IMAGE]},
        "no images": {"annotations": [ENTRY]},
        "images of words": {"images": "a", "annotations": []},
        "an image of 1e6 x 1e6": dataset(
            {"width": 10**6, "height": 10**6}, segmentation=mask([10**12], (10**6, 10**6))
        ),
        "an image without cells": dataset({"width": 0}),
        "a transform of words": dataset({"transform": ["a"] * 6}),
        "an infinite transform": dataset({"transform": [1e999, 0, 0, 0, -1, 0]}),
        "a transform of five": dataset({"transform": [1, 0, 0, 0, -1]}),
        "an unknown CRS": dataset({"crs": "EPSG:99999"}),
        "a CRS of 1 MB": dataset({"crs": "x" * 1_000_000}),
        "no place": dataset({"crs": None}),
        "another image": dataset(image_id=2),
        "an odd ring": dataset(segmentation=[[1.0, 1.0, 5.0, 1.0, 5.0, 5.0, 1.0]]),
        "a ring of words": dataset(segmentation=[["a"] * 8]),
        "a ring of no numbers": dataset(segmentation=[[1e999] * 8]),
        "an empty ring": dataset(segmentation=[]),
        "a scribble": dataset(segmentation=[scribble]),
        "runs beyond the mask": dataset(segmentation=mask([10**9])),
        "negative runs": dataset(segmentation=mask([-5, 205])),
        "runs too short": dataset(segmentation=mask([5, 5])),
        "packed runs beyond the mask": dataset(segmentation=mask("oooooooooooooooooooooo0")),
        "packed runs of other letters": dataset(segmentation=mask("\u2028äöü\n")),
        "a mask of another size": dataset(segmentation=mask([200], (20, 10))),
        "an object of 1e30": dataset(object=10**30),
        "a score of words": dataset(score="high"),
    }
    for k, (name, content) in enumerate(contents.items()):
        path = folder / f"{k}.json"
        path.write_text(json.dumps(content))
        yield name, partial(read_dataset, path)
    (folder / "nested.json").write_text("[" * 100_000)
    (folder / "latin.json").write_bytes(b'{"images": "\xe4"}')
    for name in ("nested.json", "latin.json", "absent.json"):
        yield name, partial(read_dataset, folder / name)
    yield "an address", partial(read_dataset, "http://127.0.0.1:9/a.json")
    for k, (name, data) in enumerate(changed(json.dumps(dataset(), indent=0), 40, 6)):
        path = folder / f"m{k}.json"
        path.write_bytes(data)
        yield f"mutation: {name}?", partial(read_dataset, path)
