"""The codes of `loop_error_cycles`, and what readers of unwrapped phase do with that layer."""

import numpy as np

from sarslide.errors import RateError

TWO_PI = 2 * np.pi
UNKNOWN = -128  # of a triplet: not judged in this cell; of a pair: in no judged triplet
AMBIGUOUS = 127  # of a pair: it or another one is wrong, closure cannot tell which
MAX_CYCLES = 100


def is_wrong(error_cycles: np.ndarray) -> np.ndarray:
    """Cells that closure calls wrong, ambiguous ones among them.

    Parameters
    ----------
    error_cycles : array of int8
        Values of `loop_error_cycles`.

    Returns
    -------
    array of bool
        Where they are neither 0 nor UNKNOWN.
    """
    return (error_cycles != 0) & (error_cycles != UNKNOWN)


def apply(unwrapped_rad: np.ndarray, error_cycles: np.ndarray, correct: bool = False) -> np.ndarray:
    """Unwrapped phase without the cells that closure calls wrong.

    Parameters
    ----------
    unwrapped_rad : (rows, cols) array of float
        Unwrapped phase of a pair, rad.
    error_cycles : (rows, cols) array of int8
        The pair's band of `loop_error_cycles`.
    correct : bool
        Errors that closure can tell are taken out instead of the cells; ambiguous cells are left
        out.

    Returns
    -------
    (rows, cols) array of float
        Unwrapped phase, rad, NaN where left out.

    Raises
    ------
    RateError
        For arrays of different shapes.
    """
    if error_cycles.shape != unwrapped_rad.shape:
        raise RateError(
            f"loop errors of {error_cycles.shape} for a phase of {unwrapped_rad.shape}", "run closure again"
        )
    wrong = is_wrong(error_cycles)
    if not correct:
        return np.where(wrong, np.nan, unwrapped_rad)
    known = wrong & (error_cycles != AMBIGUOUS)
    corrected = unwrapped_rad - TWO_PI * np.where(known, error_cycles, 0)
    return np.where(wrong & ~known, np.nan, corrected)
