"""Linked phases of cells from their covariance, strip by strip."""

from collections.abc import Callable

import numpy as np

from sarslide.io.blocks import strips
from sarslide.linking.looks import moving_apart, similar_weights, window_looks

SHRINK = 0.2  # share of identity in the magnitude of the coherence: with 0.05 noise rules the inverse
BLOCK_BYTES = 64 << 20  # of the sums of a strip of cells
Link = Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]


def program(device: str = "cpu") -> Link:
    """What links cells on a device.

    Parameters
    ----------
    device : str
        `cpu`, or the name of a torch device.

    Returns
    -------
    callable
        `cpu.link_cells`, the compiled loops, or the tensor program of the same meaning.
    """
    if device == "cpu":
        from sarslide.linking.cpu import link_cells

        return link_cells
    from sarslide.linking.tensor import TensorLinking

    return TensorLinking(device).link_cells


def link_strips(
    covariance: Callable[[slice], np.ndarray],
    hidden: np.ndarray,
    looks: float,
    years: np.ndarray,
    seen: np.ndarray,
    method: str,
    link_cells: Link,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Phases, bounds and temporal coherence of a block of cells.

    Relative motion is that of the dates, the last sources: a compressed SLC has lost it.

    Parameters
    ----------
    covariance : callable
        Lines of the block with its margin -> (lines, cols + 2, n, n) array of complex64, of
        `looks.cell_covariance`.
    hidden : (rows + 2, cols + 2) array of bool
        Cells in layover or shadow, with a margin of one cell.
    looks : float
        Independent looks of a cell.
    years : (dates,) array of float
        Times of the last sources, those that are dates.
    seen : (n,) array of bool
        Set where a source has a look on open ground.
    method : str
        `emi` or `evd`.
    link_cells : callable
        Of `program`.

    Returns
    -------
    phase, std : (n, rows, cols) array of float32
        As of `cpu.link_cells`, rad.
    agreement : (rows, cols) array of float32
        Temporal coherence.
    """
    count = len(seen)
    rows, cols = hidden.shape[0] - 2, hidden.shape[1] - 2
    phase, std = (np.full((count, rows, cols), np.nan, np.float32) for _ in range(2))
    agreement = np.full((rows, cols), np.nan, np.float32)
    for part in strips(rows, max(1, BLOCK_BYTES // (8 * count**2 * (cols + 2)))):
        lines = slice(part.start, part.stop + 2)
        sums, around = covariance(lines), hidden[lines]
        open_power = np.einsum("rcii->rci", sums[1:-1, 1:-1]).real[~around[1:-1, 1:-1]]
        seen |= (open_power > 0).any(0)
        weights = similar_weights(sums, looks, around)
        weights[moving_apart(sums[..., -len(years) :, -len(years) :], years)] = 0
        found = link_cells(sums, weights, window_looks(weights, looks), method == "emi", SHRINK)
        phase[:, part], std[:, part], agreement[part] = found
    return phase, std, agreement
