"""Ground of a file of the user on which objects are masked (G04): glaciers, snow, mines, cut and
fill, each with its reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide import names
from sarslide.errors import VectorError
from sarslide.grid import RegionGrid
from sarslide.io import bounded, vector
from sarslide.io.outlines import on_grid

SHARE = 0.5  # of an object's cells, above which its ground is that of a mask
LONGEST_EDGE_CELLS = 10  # straight edges are cut this fine before they are projected
MAX_REASONS = 255
TEXT = "more than half of it lies on ground that the user masks: {}"


@dataclass(frozen=True)
class MaskedGround:
    """Masked cells of a region.

    Attributes
    ----------
    reasons : sequence of str
        Words of the file.
    index : (rows, cols) array of uint8
        Place of a cell's reason in `reasons`, from 1; 0: not masked.
    """

    reasons: Sequence[str]
    index: np.ndarray

    def of(self, labels: np.ndarray) -> dict[int, str]:
        """The objects on masked ground.

        Parameters
        ----------
        labels : (rows, cols) array of int
            Numbered objects, 0 none.

        Returns
        -------
        dict of int to str
            By number the reason of which an object has most cells, where more than half of its
            cells are masked.
        """
        count, size = int(labels.max(initial=0)), len(self.reasons) + 1
        cells = np.bincount(labels.ravel() * size + self.index.ravel(), minlength=(count + 1) * size)
        cells = cells.reshape(count + 1, size)
        return {
            number: self.reasons[int(row[1:].argmax())]
            for number, row in enumerate(cells)
            if number and row[1:].sum() > SHARE * row.sum()
        }

    def texts(self, labels: np.ndarray) -> dict[int, dict[str, str]]:
        """The same with its text, as `ground.GroundReason.texts`.

        Parameters
        ----------
        labels : (rows, cols) array of int
            Numbered objects, 0 none.

        Returns
        -------
        dict of int to dict of str to str
            By number the reason and its text.
        """
        return {number: {word: TEXT.format(word.replace("_", " "))} for number, word in self.of(labels).items()}


def read(path: str | Path, column: str, grid: RegionGrid) -> MaskedGround:
    """Masked ground of a vector file.

    Parameters
    ----------
    path : str or Path
        Polygons, any CRS.
    column : str
        Its column with the reasons.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    MaskedGround
        A cell belongs to the polygon in which its centre lies, of several to the last one; none
        where no polygon touches the region.

    Raises
    ------
    VectorError
        For a file that cannot be read, has no such column or no polygons, and for a reason that is
        no word.
    """
    from rasterio.features import rasterize

    frame = vector.read_layer(path)
    words = ["" if value is None or value != value else str(value) for value in vector.column(path, frame, column)]
    if wrong := [word for word in words if not re.fullmatch(names.IDENTIFIER, word)]:
        raise VectorError(
            f"{path}: {column} '{bounded.shown(wrong[0])}' is no reason",
            "give each polygon a word of small letters, digits and _, such as glacier, snow or mining",
        )
    reasons = sorted(set(words))
    if len(reasons) > MAX_REASONS:
        raise VectorError(f"{path}: has {len(reasons)} reasons, more than {MAX_REASONS}", "use fewer")
    outlines = on_grid(path, frame, grid, LONGEST_EDGE_CELLS * grid.cell_m)
    shapes = [(outline, reasons.index(word) + 1) for outline, word in zip(outlines, words, strict=True)]
    return MaskedGround(reasons, rasterize(shapes, grid.shape, transform=grid.transform, dtype="uint8"))
