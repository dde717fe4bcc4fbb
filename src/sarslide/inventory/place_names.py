"""Names of known landslides for the objects of a release (G11): of points or polygons in a file of
the user, by place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from sarslide.errors import VectorError
from sarslide.io import bounded, vector

LONGEST = 200  # characters of a name
JOINED = "; "


@dataclass(frozen=True)
class Places:
    """Named places in the CRS of the region.

    Attributes
    ----------
    names : tuple of str
        Their names.
    geometries : tuple of BaseGeometry
        Their points or outlines.
    within_m : float
        How far from an object a place may lie that names it.
    """

    names: tuple[str, ...]
    geometries: tuple[BaseGeometry, ...]
    within_m: float

    def of(self, outlines: Sequence[BaseGeometry]) -> list[str]:
        """Names of objects.

        Parameters
        ----------
        outlines : sequence of BaseGeometry
            Outlines of the objects.

        Returns
        -------
        list of str
            Of each object all names that lie in it or overlap it, in alphabetical order; without
            any the nearest one within `within_m`; empty without one.
        """
        if not outlines or not self.geometries:
            return ["" for _ in outlines]
        shapes = np.array(outlines, dtype=object)
        tree = STRtree(self.geometries)
        found: list[list[str]] = [[] for _ in outlines]
        for index, place in zip(*tree.query(shapes, predicate="intersects").tolist(), strict=True):
            found[index].append(self.names[place])
        indexes, places = tree.query_nearest(shapes, max_distance=self.within_m, all_matches=False)
        for index, place in zip(indexes.tolist(), places.tolist(), strict=True):
            found[index] = found[index] or [self.names[place]]
        return [JOINED.join(sorted(set(names))) for names in found]


def read(path: str, column: str, within_m: float, crs) -> Places:
    """Named places of a file.

    Parameters
    ----------
    path : str
        Vector file with points or polygons, any CRS.
    column : str
        Its column with the names.
    within_m : float
        As of `Places`.
    crs : CRS
        That of the region.

    Returns
    -------
    Places
        Those with a name.

    Raises
    ------
    VectorError
        For a file that cannot be read, has no such column, lacks a geometry, or has a name that is
        none.
    """
    frame = vector.read_layer(path)
    named = vector.column(path, frame, column)
    if (frame.geometry.isna() | frame.geometry.is_empty).any():
        raise VectorError(f"{path}: a named place has no geometry", "give each row a point or an outline")
    known = named.notna() & (named.astype(str).str.strip() != "")
    names = tuple(text.strip() for text in named[known].astype(str))
    if wrong := [name for name in names if len(name) > LONGEST or not name.isprintable()]:
        raise VectorError(
            f"{path}: column {column} holds {bounded.shown(wrong[0])}",
            f"give names of at most {LONGEST} characters that can be printed",
        )
    return Places(names, tuple(frame.geometry[known].to_crs(crs)), within_m)


def give(layers: Mapping[str, Sequence[dict]], places: Places) -> None:
    """Name the objects of a release that the reviewer has not named.

    Parameters
    ----------
    layers : mapping of str to sequence of dict
        Rows by layer, whose `name` is set.
    places : Places
        The named places.
    """
    for rows in layers.values():
        for row, name in zip(rows, places.of([row["geometry"] for row in rows]), strict=True):
            if not (row["review"] and row["name"]):
                row["name"] = name
