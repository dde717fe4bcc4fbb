"""Samples of cells for the analysis of factors: drawn without preference over a whole region, with bounded memory."""

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
    """values: (cells, factors), float32. label: (cells,), 1 landslide, 0 background. plot: (cells,), number of the plot."""

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
    """Two samples of the cells at which every factor is known: the region as it is, and as many landslide as background cells.

    read: layers (rows, cols) of a range of rows, NaN where unknown. label: uint8 (rows, cols): 1 landslide, 0 background, 255 not
    counted. cells: most cells of a sample (all that there are, where there are fewer). Every set of cells of that size is equally
    likely, whatever the strips. Deterministic by seed. Raises VectorError, which names `source`, without cells of both classes.
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
    for strip, *wanted in zip(ranges, of_region, balanced, strict=True):
        layers = read(strip)
        usable = _usable(layers, label[strip], factors)
        stack = np.stack([np.asarray(layers[name], np.float32) for name in factors], axis=-1)
        for part, numbers in zip(parts, wanted, strict=True):
            for kind, number in enumerate(numbers):
                places = np.flatnonzero(usable & (label[strip] == kind))
                row, col = np.divmod(np.sort(rng.choice(places, number, replace=False)), cols)
                plot = (row + strip.start) // PLOT_CELLS * -(-cols // PLOT_CELLS) + col // PLOT_CELLS
                part.append((stack[row, col], np.full(number, kind, np.uint8), plot))
    return tuple(Sample(*(np.concatenate(column) for column in zip(*part, strict=True))) for part in parts)


def _usable(layers: Mapping[str, np.ndarray], label: np.ndarray, factors: list[str]) -> np.ndarray:
    known = label != NOT_COUNTED
    for name in factors:
        known = known & np.isfinite(layers[name])
    return known


def _counts(usable: np.ndarray, label: np.ndarray) -> tuple[int, int]:
    return int((usable & (label == BACKGROUND)).sum()), int((usable & (label == LANDSLIDE)).sum())
