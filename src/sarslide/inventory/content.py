"""The content hash of an inventory: the same objects, the same hash, whatever the order, the time
or the folder.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from sarslide.inventory.tables import CHANGES, OBJECTS, significant

# A uid follows from the rest of an inventory and the name of its region.
HASHED, HASHED_CHANGES = (
    {name: kind for name, kind in columns.items() if name != "uid"} for columns in (OBJECTS, CHANGES)
)


def content_hash(
    layers: Mapping[str, Sequence[Mapping]], changes: Sequence[Mapping], further: Mapping[str, type] | None = None
) -> str:
    """Hash over canonical rows: outlines to 1 mm, numbers to 6 significant digits, sorted by
    outline.

    Times, paths and uids have no part in it.

    Parameters
    ----------
    layers : mapping of str to sequence of Mapping
        Rows by layer.
    changes : sequence of Mapping
        Rows of CHANGES.csv.
    further : mapping of str to type, optional
        Columns that objects have beside `tables.OBJECTS`.

    Returns
    -------
    str
        sha256, hexadecimal.
    """
    digest = hashlib.sha256()
    for name in sorted(layers):
        rows = sorted((outline(row), values(row, HASHED | dict(further or {}))) for row in layers[name])
        digest.update(json.dumps([name, rows], sort_keys=True).encode())
    digest.update(json.dumps(["changes", sorted(values(row, HASHED_CHANGES) for row in changes)]).encode())
    return digest.hexdigest()


def outline(row: Mapping) -> str:
    """A row's outline, rounded to 1 mm, in normal form.

    Parameters
    ----------
    row : mapping
        Row with `geometry`.

    Returns
    -------
    str
        Hexadecimal WKB.
    """
    # Adding zero turns the -0.0 that rounding may leave into 0.0.
    rounded = shapely.transform(row["geometry"], lambda xy: np.round(xy, 3) + 0.0)
    return shapely.to_wkb(shapely.normalize(rounded), hex=True)


def values(row: Mapping, columns: Mapping[str, type]) -> str:
    """A row's values in the order of the columns.

    Parameters
    ----------
    row : mapping
        A row of a table.
    columns : mapping of str to type
        Name and type of each column.

    Returns
    -------
    str
        JSON; an unknown number is null.
    """
    return json.dumps([_canonical(row[name]) for name in columns])


def _canonical(value):
    if isinstance(value, float):
        return significant(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
