"""The content hash of an inventory: the same objects, the same hash, whatever the order, the time or the folder."""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from sarslide.inventory.tables import CHANGES, OBJECTS, significant


def content_hash(layers: Mapping[str, Sequence[Mapping]], changes: Sequence[Mapping]) -> str:
    """sha256 over canonical rows: outlines to 1 mm, numbers to 6 significant digits, sorted by outline; no times, no paths."""
    digest = hashlib.sha256()
    for name in sorted(layers):
        rows = sorted((outline(row), values(row, OBJECTS)) for row in layers[name])
        digest.update(json.dumps([name, rows], sort_keys=True).encode())
    digest.update(json.dumps(["changes", sorted(values(row, CHANGES) for row in changes)]).encode())
    return digest.hexdigest()


def outline(row: Mapping) -> str:
    """The row's outline as hexadecimal WKB, rounded to 1 mm, in normal form."""
    # Adding zero turns the -0.0 that rounding may leave into 0.0.
    rounded = shapely.transform(row["geometry"], lambda xy: np.round(xy, 3) + 0.0)
    return shapely.to_wkb(shapely.normalize(rounded), hex=True)


def values(row: Mapping, columns: Mapping[str, type]) -> str:
    """The row's values in the order of `columns`, as JSON; an unknown number is null."""
    return json.dumps([_canonical(row[name]) for name in columns])


def _canonical(value):
    if isinstance(value, float):
        return significant(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
