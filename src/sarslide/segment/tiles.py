"""The sliding window (G01): a scene read once from north to south in tiles, blended again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sarslide.dataset.features import observable
from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.patches import cut, starts
from sarslide.segment.stream import ahead

Reader = Callable[[slice, slice], np.ndarray]
CHUNK_ROWS = 256  # read at a time: the blocks of our rasters, so that none is decompressed twice


@dataclass(frozen=True)
class Strip:
    """One row of tiles.

    Attributes
    ----------
    row : int
        Its first row in the scene.
    done : int
        Rows of it that no later row of tiles touches.
    known : (rows, cols) array of bool
        Cells in which every channel is known; fewer rows than a tile at the end of a small scene.
    tiles : list of (int, array)
        First column and normalised tile (channels, tile, tile) of those that see anything at all.
    """

    row: int
    done: int
    known: np.ndarray
    tiles: list[tuple[int, np.ndarray]]


def strips(
    read: Reader, shape: tuple[int, int], normalisation: Normalisation, tile: int, overlap: float, workers: int = 1
) -> Iterator[Strip]:
    """The rows of tiles of a scene, north to south; every cell is read and normalised once.

    Held are the chunks that are read ahead and one row of tiles, whatever the scene's height.
    Windows that reach beyond the scene hold 0 there, which is what a normalisation makes of unknown
    cells.

    Parameters
    ----------
    read : callable
        As in `infer.predict_bands`.
    shape : tuple of int
        Rows and columns of the scene.
    normalisation : Normalisation
        That of the training.
    tile : int
        Side of the window, cells.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    workers : int
        Chunks of CHUNK_ROWS rows that are read at the same time.

    Yields
    ------
    Strip
        Each row of tiles.
    """
    rows, cols = shape
    by_tile = normalisation.method == "zscore_sample"

    def chunk(first: int) -> tuple[np.ndarray, np.ndarray]:
        features = read(slice(first, min(first + CHUNK_ROWS, rows)), slice(0, cols))
        return features if by_tile else normalisation(features), observable(features)

    row_starts, col_starts = starts(rows, tile, overlap), starts(cols, tile, overlap)
    chunks = ahead(chunk, range(0, rows, CHUNK_ROWS), workers)
    features, known, top = *next(chunks), 0
    for row, following in zip(row_starts, [*row_starts[1:], rows], strict=True):
        while top + len(known) < min(row + tile, rows):
            more, more_known = next(chunks)
            features = np.concatenate([features[:, row - top :], more], axis=1)
            known = np.concatenate([known[row - top :], more_known])
            top = row
        here, seen = features[:, row - top :][:, :tile], known[row - top :][:tile]
        parts = [
            (col, cut(here, 0, col, tile, np.nan if by_tile else 0.0)) for col in col_starts if seen_by(seen, col, tile)
        ]
        if by_tile:
            parts = [(col, normalisation(part)) for col, part in parts]
        yield Strip(row, following - row, seen, parts)


def seen_by(known: np.ndarray, col: int, tile: int) -> bool:
    """Whether a tile sees a cell in which every channel is known.

    Parameters
    ----------
    known : (rows, cols) array of bool
        Known cells of a row of tiles.
    col : int
        First column of the tile.
    tile : int
        Its side, cells.

    Returns
    -------
    bool
        True for at least one cell.
    """
    return bool(known[:, col : col + tile].any())


def hann(tile: int) -> np.ndarray:
    """Weights of a tile, positive everywhere, near zero at its border.

    Parameters
    ----------
    tile : int
        Side, cells.

    Returns
    -------
    (tile, tile) array of float32
        Weights.
    """
    profile = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2
    return np.outer(profile, profile).astype(np.float32)


class Blend:
    """Tiles of one row of tiles and what the rows above left, weighted so that no seam shows.

    Parameters
    ----------
    tile : int
        Side of a tile, cells.
    cols : int
        Columns of the scene.
    """

    def __init__(self, tile: int, cols: int):
        self.tile, self.cols, self.window = tile, cols, hann(tile)
        self.total, self.weight = (np.zeros((tile, max(cols, tile)), np.float32) for _ in range(2))

    def add(self, col: int, probability: np.ndarray) -> None:
        """Add a tile of the present row of tiles.

        Parameters
        ----------
        col : int
            Its first column.
        probability : (tile, tile) array of float32
            Its map.
        """
        self.total[:, col : col + self.tile] += self.window * probability
        self.weight[:, col : col + self.tile] += self.window

    def take(self, strip: Strip) -> np.ndarray:
        """The finished rows; the next row of tiles begins below them.

        Parameters
        ----------
        strip : Strip
            The present row of tiles.

        Returns
        -------
        (strip.done, cols) array of float32
            Probability, NaN where unknown.
        """
        done = strip.done
        blended = self.total[:done, : self.cols] / np.maximum(
            self.weight[:done, : self.cols], np.finfo(np.float32).tiny
        )
        for array in (self.total, self.weight):
            array[:-done] = array[done:].copy()
            array[-done:] = 0
        return np.where(strip.known[:done], blended, np.float32(np.nan))
