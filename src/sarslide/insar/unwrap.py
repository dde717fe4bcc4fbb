"""Phase unwrapping by whirlwind, or by SNAPHU where its licence allows.

Ground in layover and shadow is left out before the cycles are looked for: several slopes or none
answer there, with a coherent phase of their own where the baseline is short, and cycles that run
through it are wrong on the other side. What is left falls into islands. The level of each is read
across the gap to the nearest larger one (NISAR's `bridge_unwrapped_phase` in isce3; Z. Yunjun et
al. 2019, doi:10.1016/j.cageo.2019.104331), right as long as the phase changes by less than half a
cycle across it.
"""

import logging
from contextlib import suppress

import numpy as np

from sarslide.errors import UnwrapError
from sarslide.insar.components import reliable_components
from sarslide.insar.filter import goldstein
from sarslide.layers import hidden
from sarslide.phase import TWO_PI, wrapped

log = logging.getLogger(__name__)

TOLERANCE_RAD = 0.01  # float32 phase of a thousand cycles keeps 5e-4 rad
# Of 192 cuts of up to 1 km through pairs of the demo every one was bridged to the right cycle, of
# 144 of 1.5 to 3 km 138.
BRIDGE_M = 1000.0


def open_ground(values: np.ndarray, layover_shadow: np.ndarray) -> np.ndarray:
    """A layer without the ground that layover or shadow hides.

    Parameters
    ----------
    values : (rows, cols) array
        The layer.
    layover_shadow : (rows, cols) array of int
        0 good.

    Returns
    -------
    (rows, cols) array of float32
        NaN where the ground is hidden.
    """
    return np.where(hidden(layover_shadow), np.nan, values).astype(np.float32)


def unwrap(
    wrapped_rad: np.ndarray, coherence: np.ndarray, looks: float, method: str = "whirlwind", reach: float = 33
) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped phase and its connected components.

    The unwrapped phase differs from the wrapped one by whole cycles, exactly; its level is that
    whose largest component has a median within half a cycle of zero.

    Parameters
    ----------
    wrapped_rad : (rows, cols) array of float
        Filtered wrapped phase, rad, NaN without data.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1.
    looks : float
        Independent looks of the coherence.
    method : str
        `whirlwind` (minimum cost flow) or `snaphu` (started from a minimum spanning tree;
        non-commercial licence).
    reach : float
        Cells without phase across which a component goes on, from an island to the nearest larger
        one (BRIDGE_M); islands farther off are components of their own.

    Returns
    -------
    unwrapped_rad : (rows, cols) array of float32
        Unwrapped phase, rad.
    components : (rows, cols) array of uint16
        Connected components, 0 = not reliable.

    Raises
    ------
    UnwrapError
        When nothing is valid, a package is missing, or cycles are not whole.

    References
    ----------
    C. W. Chen, H. A. Zebker, 2001 (SNAPHU).
    """
    valid = np.isfinite(wrapped_rad) & np.isfinite(coherence)
    if not valid.any():
        raise UnwrapError("no cell has both phase and coherence", "look at the coverage of the two dates")
    ifg = np.where(valid, np.exp(1j * np.nan_to_num(wrapped_rad)), 0).astype(np.complex64)
    # Zero coherence would count as no data; such cells are unwrapped at the lowest weight.
    weights = np.where(valid, np.clip(np.nan_to_num(coherence), 0.01, 1), 0).astype(np.float32)
    solver = {"whirlwind": _whirlwind, "snaphu": _snaphu}.get(method)
    if solver is None:
        raise UnwrapError(f"unwrapper '{method}' is not known", "use whirlwind or snaphu")
    try:
        solution, components = solver(ifg, weights, looks, valid)
    except ImportError as error:
        raise UnwrapError(
            f"unwrapper {method} is not installed ({error})", f"pip install {_PACKAGES[method]}"
        ) from error
    except (RuntimeError, ValueError) as error:
        raise UnwrapError(f"{method} failed ({str(error).splitlines()[0]})", "try the other unwrapper") from error

    valid &= np.isfinite(solution)
    turns = np.where(valid, (solution - wrapped_rad) / TWO_PI, 0)
    whole = np.rint(turns)
    worst = float(np.abs(turns - whole).max()) * TWO_PI
    if worst > TOLERANCE_RAD:
        raise UnwrapError(f"{method} moved the phase by {worst:.2g} rad beyond whole cycles", "try the other unwrapper")
    components = _joined(np.where(valid, components, 0), valid, reach)
    whole -= np.rint(np.median((wrapped_rad / TWO_PI + whole)[_largest(components, valid)]))
    unwrapped = np.where(valid, wrapped_rad + TWO_PI * whole, np.nan).astype(np.float32)
    return unwrapped, np.minimum(components, np.iinfo(np.uint16).max).astype(np.uint16)


def phase_for_cycles(wrapped_rad: np.ndarray, coherence: np.ndarray, alpha: float, window: int) -> np.ndarray:
    """A wrapped phase filtered once more, over a wider window: it decides cycles, nothing else.

    A wide Goldstein filter makes unwrapping safe, and flattens the motion of landslides smaller
    than its window: it takes part of their fringes for noise. So it chooses the cycles, and the
    phase stays that of the narrow filter, or of none (`with_cycles_of`).

    Parameters
    ----------
    wrapped_rad : (rows, cols) array of float
        Wrapped phase, rad.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1.
    alpha : float
        Strength of the filter.
    window : int
        Side of its patches, cells.

    Returns
    -------
    (rows, cols) array of float32
        Wrapped phase, rad, NaN where either has no data.
    """
    known = np.isfinite(wrapped_rad) & np.isfinite(coherence)
    phasor = np.where(known, np.nan_to_num(coherence) * np.exp(1j * np.nan_to_num(wrapped_rad)), 0)
    filtered = np.angle(goldstein(phasor.astype(np.complex64), alpha, window))
    return np.where(known, filtered, np.nan).astype(np.float32)


def with_cycles_of(unwrapped_rad: np.ndarray, wrapped_rad: np.ndarray) -> np.ndarray:
    """A wrapped phase with the whole cycles of an unwrapped one.

    Parameters
    ----------
    unwrapped_rad : (rows, cols) array of float
        Unwrapped phase, rad.
    wrapped_rad : (rows, cols) array of float
        Wrapped phase, rad.

    Returns
    -------
    (rows, cols) array of float32
        Unwrapped phase, rad, NaN where either has no data.
    """
    return (unwrapped_rad + wrapped(wrapped_rad.astype(np.float64) - unwrapped_rad)).astype(np.float32)


_PACKAGES = {"whirlwind": "whirlwind-insar", "snaphu": "snaphu"}


def _whirlwind(ifg, coherence, looks, valid):
    """Phase of `whirlwind.unwrap`, without its components, which take tables to build."""
    import whirlwind
    from whirlwind._native import unwrap_linear

    with suppress(RuntimeError):  # the thread pool of a process is set once; a job has one core
        whirlwind.set_num_threads(1)
    looks = float(np.clip(looks, 1, 300))
    phase = whirlwind.bridge_components(unwrap_linear(ifg, coherence, looks, valid), valid)
    return phase, reliable_components(np.where(valid, phase, np.nan), coherence, looks)


def _snaphu(ifg, coherence, looks, valid):
    import snaphu
    import whirlwind

    phase, components = snaphu.unwrap(ifg, coherence, nlooks=looks, cost="smooth", init="mst", mask=valid)
    return whirlwind.bridge_components(np.where(valid, phase, 0).astype(np.float32), valid), components


def _joined(components: np.ndarray, valid: np.ndarray, reach: float) -> np.ndarray:
    """Components with one number for the largest ones of islands that were bridged.

    Over at most `reach` cells. Islands are those of the `valid` cells; whirlwind's
    `bridge_components` gave each its level from the nearest larger one.
    """
    from whirlwind import label_components

    islands, count = label_components(valid)
    number = _largest_of_each(islands, components, count)
    if np.count_nonzero(number) < 2:
        return components
    from scipy.ndimage import distance_transform_edt, find_objects

    bodies = np.where((components > 0) & (number[islands] == components), islands, 0)
    boxes, pad = find_objects(bodies, count), int(np.ceil(reach)) + 1
    # The largest first; ties by number, so that the order is always the same.
    order = [one for one in np.argsort(-np.bincount(islands.ravel())[1:], kind="stable") + 1 if number[one]]
    rank = np.full(count + 1, count)
    rank[order] = np.arange(len(order))
    for island in order[1:]:
        near = tuple(slice(max(side.start - pad, 0), side.stop + pad) for side in boxes[island - 1])
        larger = rank[bodies[near]] < rank[island]
        if not larger.any():
            continue
        distance, nearest = distance_transform_edt(~larger, return_indices=True)
        distance[bodies[near] != island] = np.inf
        cell = np.unravel_index(distance.argmin(), distance.shape)
        if distance[cell] - 1 <= reach:  # neighbours are 1 apart with no cell between
            number[island] = number[bodies[near][tuple(nearest[(slice(None), *cell)])]]
    return np.where(bodies > 0, number[bodies], components)


def _largest_of_each(islands: np.ndarray, components: np.ndarray, count: int) -> np.ndarray:
    """Number of the largest component of each of `count` islands, by the island's number.

    0 for one without.
    """
    known, size = components > 0, int(components.max()) + 1
    names, cells = np.unique(islands[known].astype(np.int64) * size + components[known], return_counts=True)
    found, number = np.divmod(names, size)
    order = np.argsort(cells, kind="stable")  # the last one written is the largest
    largest = np.zeros(count + 1, np.int64)
    largest[found[order]] = number[order]
    return largest


def _largest(components: np.ndarray, valid: np.ndarray) -> np.ndarray:
    labels, counts = np.unique(components[components > 0], return_counts=True)
    return components == labels[counts.argmax()] if labels.size else valid
