"""Samples of cells, drawn without preference over a whole region, with bounded memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sarslide.errors import VectorError
from sarslide.io.blocks import strips

STRIP_ROWS = 256  # rows of the region in memory at once
PLOT_CELLS = 64  # side of the square plots that a test of the forest keeps together
LANDSLIDE, BACKGROUND, NOT_COUNTED = 1, 0, 255


@dataclass(frozen=True)
class Sample:
    """Cells for the analysis.

    Attributes
    ----------
    values : (cells, factors) array of float32
        Values of the factors.
    label : (cells,) array of uint8
        1 landslide, 0 background.
    plot : (cells,) array of int
        Number of the plot.
    """

    values: np.ndarray
    label: np.ndarray
    plot: np.ndarray


def draw(
    read: Callable[[slice], Mapping[str, np.ndarray]],
    label: np.ndarray,
    factors: list[str],
    cells: int,
    seed: int,
    source: str,
) -> tuple[Sample, Sample]:
    """Two samples of the cells at which every factor is known: the region, and balanced classes.

    Every set of cells of that size is equally likely, whatever the strips.

    Parameters
    ----------
    read : callable
        Range of rows -> layers by name, (rows, cols), NaN where unknown.
    label : (rows, cols) array of uint8
        1 landslide, 0 background, 255 not counted.
    factors : list of str
        Factors, the columns of the samples.
    cells : int
        Size of a sample; all cells where there are fewer.
    seed : int
        Of the random numbers.
    source : str
        Where the landslides are from, for the error.

    Returns
    -------
    of_region : Sample
        The region as it is.
    balanced : Sample
        As many landslide as background cells.

    Raises
    ------
    VectorError
        Without cells of both classes.
    """
    rows, cols = label.shape
    ranges = list(strips(rows, STRIP_ROWS))
    counts = np.array([_counts(_usable(read(strip), label[strip], factors), label[strip]) for strip in ranges])
    background, landslide = counts.sum(axis=0)
    if not landslide or not background:
        raise VectorError(
            f"{source}: {landslide} landslide and {background} background cells at which every factor is known",
            "give landslides inside the region, and layers that are known there",
        )
    rng = np.random.default_rng(seed)
    each = min(cells // 2, landslide, background)
    of_region = rng.multivariate_hypergeometric(
        counts.ravel(), min(cells, landslide + background), method="marginals"
    ).reshape(counts.shape)
    balanced = np.stack(
        [rng.multivariate_hypergeometric(counts[:, k], each, method="marginals") for k in (BACKGROUND, LANDSLIDE)],
        axis=1,
    )
    parts: tuple[list, list] = ([], [])
    for strip, *per_part in zip(ranges, of_region, balanced, strict=True):
        layers = read(strip)
        usable = _usable(layers, label[strip], factors)
        values = np.stack([np.asarray(layers[name], np.float32) for name in factors], axis=-1)
        for part, numbers in zip(parts, per_part, strict=True):
            for kind, number in enumerate(numbers):
                places = np.flatnonzero(usable & (label[strip] == kind))
                row, col = np.divmod(np.sort(rng.choice(places, number, replace=False)), cols)
                plot = (row + strip.start) // PLOT_CELLS * -(-cols // PLOT_CELLS) + col // PLOT_CELLS
                part.append((values[row, col], np.full(number, kind, np.uint8), plot))
    region, even = (Sample(*(np.concatenate(column) for column in zip(*part, strict=True))) for part in parts)
    return region, even


def _usable(layers: Mapping[str, np.ndarray], label: np.ndarray, factors: list[str]) -> np.ndarray:
    known = label != NOT_COUNTED
    for name in factors:
        known = known & np.isfinite(layers[name])
    return known


def _counts(usable: np.ndarray, label: np.ndarray) -> tuple[int, int]:
    return int((usable & (label == BACKGROUND)).sum()), int((usable & (label == LANDSLIDE)).sum())
