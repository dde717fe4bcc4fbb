"""Which patches of a scene a data set keeps (D02, D06, D10).

All with landslides, and a stated share of those without.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.dataset.scenes import IGNORE

# Negatives per positive. P0 and P2 speak of patches of landslides only; P3 trains on 7 patches with
# to 3 without.
P3_NEGATIVES = 3 / 7


def select(
    label: np.ndarray,
    windows: Sequence[tuple[int, int]],
    size: int,
    negatives: float,
    seed: int,
    min_cells: int = 1,
    min_counted: float = 0.0,
) -> list[tuple[int, int]]:
    """The windows of a scene that a data set keeps, in their order.

    Kept are all windows with at least `min_cells` landslide cells, and of those without any
    landslide cell `negatives` times as many, or all there are. Windows with fewer landslide cells
    are in neither group.

    Parameters
    ----------
    label : (rows, cols) array
        1 landslide, 0 background, 255 not counted.
    windows : sequence of (int, int)
        Row and column of each.
    size : int
        Side, cells.
    negatives : float
        Windows without a landslide for each with one.
    seed : int
        Draws them.
    min_cells : int
        Landslide cells of a window that is kept for them.
    min_counted : float
        Least share of counted cells of a window that is kept.

    Returns
    -------
    list of (int, int)
        The windows to keep.
    """
    positive, empty = [], []
    for row, col in windows:
        cells = label[row : row + size, col : col + size]
        if (cells != IGNORE).sum() < max(1, min_counted * size**2):
            continue
        count = int((cells == 1).sum())
        if count >= min_cells:
            positive.append((row, col))
        elif not count:
            empty.append((row, col))
    wanted = min(len(empty), round(negatives * len(positive)))
    rng = np.random.default_rng(np.random.SeedSequence([seed, len(windows)]))
    kept = set(positive) | {empty[k] for k in rng.permutation(len(empty))[:wanted]}
    return [window for window in windows if window in kept]
