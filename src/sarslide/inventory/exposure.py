"""What stands on objects and around them, by files of the user: buildings, roads."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from sarslide.grid import RegionGrid
from sarslide.inventory.ground_files import LINES, POINTS, POLYGONS, read_features

log = logging.getLogger(__name__)

# Columns: of the object itself, and within a distance of it.
ON_IT, NEAR = "exposure_{name}_{unit}", "exposure_{name}_{within_m}m_{unit}"
UNITS = {"count": "count", "length": "km"}


@dataclass(frozen=True)
class ExposureFile:
    """How a file of buildings, roads or the like is read, as `config.ground.Exposure` says.

    Attributes
    ----------
    layer, column : str
        Its layer, and its column by which features are chosen; empty: its only one, all features.
    classes : sequence of int or str
        Values of that column.
    measure : str
        count, or length.
    within_m : int
        Distance from an object, m; 0: on it alone.
    """

    layer: str = ""
    column: str = ""
    classes: Sequence[int | str] = ()
    measure: str = "count"
    within_m: int = 100


@dataclass(frozen=True)
class Exposed:
    """Buildings, roads or the like near a region.

    Attributes
    ----------
    name : str
        What they are.
    about : ExposureFile
        How they are counted or measured.
    features : tuple of BaseGeometry
        In the CRS of the region.
    """

    name: str
    about: ExposureFile
    features: tuple[BaseGeometry, ...]

    @cached_property
    def _tree(self) -> STRtree:
        return STRtree(self.features)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that objects get: on the object, and within the distance where there is one."""
        words = {"name": self.name, "within_m": self.about.within_m, "unit": UNITS[self.about.measure]}
        return (ON_IT.format(**words), *([NEAR.format(**words)] if self.about.within_m else []))

    def of(self, outline: BaseGeometry) -> dict[str, float]:
        """What is on an object, and within the distance of it.

        Parameters
        ----------
        outline : BaseGeometry
            Its outline.

        Returns
        -------
        dict of str to float
            By column: features that touch the outline, each once, or km of lines in it; the second
            with the outline widened by the distance.
        """
        widths = (0, self.about.within_m)
        return {
            column: self._measure(outline.buffer(width) if width else outline)
            for column, width in zip(self.columns, widths, strict=False)
        }

    def _measure(self, outline: BaseGeometry) -> float:
        found = self._tree.query(outline, predicate="intersects")
        if self.about.measure == "count":
            return len(found)
        lines = np.array(self.features, dtype=object)[found] if len(found) else np.array([], dtype=object)
        return float(shapely.length(shapely.intersection(lines, outline)).sum() / 1000)


def read(path: str | Path, name: str, about: ExposureFile, grid: RegionGrid) -> Exposed:
    """What a file says of buildings, roads or the like near a region.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        What they are.
    about : ExposureFile
        How it is read.
    grid : RegionGrid
        The region.

    Returns
    -------
    Exposed
        Those in the region and within the distance of it.

    Raises
    ------
    VectorError
        As `ground_files.read_features`.
    """
    kinds = LINES if about.measure == "length" else (*POINTS, *POLYGONS)
    features = read_features(path, grid, kinds, about.layer, about.column, about.classes, about.within_m)
    log.info("%s: %d features in the region and around it", path, len(features))
    return Exposed(name, about, tuple(features))


def give(layers: Mapping[str, Sequence[dict]], exposed: Exposed) -> list[str]:
    """What stands on each object and around it, as attributes.

    Parameters
    ----------
    layers : mapping of str to sequence of dict
        Rows of a release by layer, with outlines.
    exposed : Exposed
        What is counted or measured.

    Returns
    -------
    list of str
        The columns.
    """
    for rows in layers.values():
        for row in rows:
            row |= exposed.of(row["geometry"])
    return list(exposed.columns)
