"""How an object shows in the averaged wrapped phase: its cycles and its brightness (P2 4.2.3; G06,
G07, B12). Nothing is unwrapped but the object and the ground around it.
"""

import math

import numpy as np

RIM_CELLS = 3  # of the ground around an object, from which its phase is counted
CYCLE_RAD = 2 * math.pi


def cycles(phase_rad: np.ndarray, inside: np.ndarray, around: np.ndarray) -> float:
    """Cycles between an object and the ground around it.

    Phase is unwrapped from cell to cell over the object and its rim; steps of more than half a
    cycle between neighbouring cells are counted as smaller ones.

    Parameters
    ----------
    phase_rad : (rows, cols) array
        Wrapped phase, rad, NaN where unknown.
    inside : (rows, cols) array of bool
        Cells of the object.
    around : (rows, cols) array of bool
        Its rim, as `rim` gives it.

    Returns
    -------
    float
        95th percentile of the unwrapped phase against the median of the rim, either way; NaN where
        object or rim are unknown.
    """
    from skimage.restoration import unwrap_phase

    known = np.isfinite(phase_rad) & (inside | around)
    if not (known & inside).any() or not (known & around).any():
        return math.nan
    unwrapped = unwrap_phase(np.ma.array(np.nan_to_num(phase_rad).astype(float), mask=~known), rng=0).data
    moved = unwrapped[known & inside] - np.median(unwrapped[known & around])
    return float(np.percentile(np.abs(moved), 95)) / CYCLE_RAD


def brightness(phase_rad: np.ndarray, inside: np.ndarray, around: np.ndarray) -> float:
    """Contrast of an object's colours with those of the ground around it.

    P2 reads "the intensity of change" from the brightness of a patch and defines neither. Here it
    is the mean distance on the colour wheel, |sin(d / 2)| of the phase difference d to the mean
    direction of the rim: 0 for the ground's own colour, 1 for the opposite one, 0.64 over whole
    cycles.

    Parameters
    ----------
    phase_rad, inside, around : array
        As in `cycles`.

    Returns
    -------
    float
        0 to 1; NaN where object or rim are unknown.
    """
    known = np.isfinite(phase_rad)
    if not (known & inside).any() or not (known & around).any():
        return math.nan
    ground = np.angle(np.exp(1j * phase_rad[known & around]).mean())
    return float(np.abs(np.sin((phase_rad[known & inside] - ground) / 2)).mean())


def rim(labels: np.ndarray, number: int, cells: int = RIM_CELLS) -> np.ndarray:
    """Ground around an object that belongs to no other one.

    Parameters
    ----------
    labels : (rows, cols) array of int
        Numbered objects, 0 none.
    number : int
        The object.
    cells : int
        Width of the rim.

    Returns
    -------
    (rows, cols) array of bool
        True in the rim.
    """
    from scipy.ndimage import binary_dilation

    return binary_dilation(labels == number, np.ones((3, 3)), cells) & (labels == 0)


def window_around(window: tuple[slice, slice], shape: tuple[int, int]) -> tuple[slice, slice]:
    """The window of an object with room for its rim.

    Parameters
    ----------
    window : tuple of slice
        Rows and columns of the object.
    shape : tuple of int
        Of the whole raster.

    Returns
    -------
    tuple of slice
        Rows and columns, cut at the raster's edge.
    """
    rows, cols = (
        slice(max(part.start - RIM_CELLS, 0), min(part.stop + RIM_CELLS, size))
        for part, size in zip(window, shape, strict=True)
    )
    return rows, cols
