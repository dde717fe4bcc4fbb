"""Phase unwrapping by whirlwind, or by SNAPHU where its licence allows."""

import logging
from contextlib import suppress

import numpy as np

from sarslide.errors import UnwrapError
from sarslide.insar.filter import goldstein

log = logging.getLogger(__name__)

TWO_PI = 2 * np.pi
TOLERANCE_RAD = 0.01  # float32 phase of a thousand cycles keeps 5e-4 rad


def unwrap(
    wrapped_rad: np.ndarray, coherence: np.ndarray, looks: float, method: str = "whirlwind"
) -> tuple[np.ndarray, np.ndarray]:
    """Unwrapped phase, float32 rad (rows, cols), and connected components, uint16, 0 = not reliable.

    wrapped_rad: filtered wrapped phase, NaN without data. coherence: 0..1 from `looks` independent looks. method: `whirlwind`
    (minimum cost flow) or `snaphu` (C. W. Chen, H. A. Zebker 2001, started from a minimum spanning tree; non-commercial licence).
    The unwrapped phase differs from the wrapped one by whole cycles, exactly; its level is that whose largest component has a
    median within half a cycle of zero. Raises UnwrapError when nothing is valid, a package is missing, or cycles are not whole.
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
    components = np.where(valid, components, 0)
    whole -= np.rint(np.median((wrapped_rad / TWO_PI + whole)[_largest(components, valid)]))
    unwrapped = np.where(valid, wrapped_rad + TWO_PI * whole, np.nan).astype(np.float32)
    return unwrapped, np.minimum(components, np.iinfo(np.uint16).max).astype(np.uint16)


def phase_for_cycles(wrapped_rad: np.ndarray, coherence: np.ndarray, alpha: float, window: int) -> np.ndarray:
    """A wrapped phase filtered once more, by Goldstein's filter over a wider window: what decides cycles, and nothing else.

    A wide filter makes unwrapping safe, and flattens the motion of landslides smaller than its window: it takes part of their
    fringes for noise. So it chooses the cycles, and the phase stays that of the narrow filter, or of none (`with_cycles_of`).
    """
    known = np.isfinite(wrapped_rad) & np.isfinite(coherence)
    phasor = np.where(known, np.nan_to_num(coherence) * np.exp(1j * np.nan_to_num(wrapped_rad)), 0)
    filtered = np.angle(goldstein(phasor.astype(np.complex64), alpha, window))
    return np.where(known, filtered, np.nan).astype(np.float32)


def with_cycles_of(unwrapped_rad: np.ndarray, wrapped_rad: np.ndarray) -> np.ndarray:
    """A wrapped phase with the whole cycles of an unwrapped one, float32 rad (rows, cols), NaN where either has no data."""
    beside = np.angle(np.exp(1j * (wrapped_rad.astype(np.float64) - unwrapped_rad)))
    return (unwrapped_rad + beside).astype(np.float32)


_PACKAGES = {"whirlwind": "whirlwind-insar", "snaphu": "snaphu"}


def _whirlwind(ifg, coherence, looks, valid):
    import whirlwind

    with suppress(RuntimeError):  # the thread pool of a process is set once; a job has one core
        whirlwind.set_num_threads(1)
    return whirlwind.unwrap(ifg, coherence, float(min(looks, 300)), mask=valid)


def _snaphu(ifg, coherence, looks, valid):
    import snaphu

    return snaphu.unwrap(ifg, coherence, nlooks=looks, cost="smooth", init="mst", mask=valid)


def _largest(components: np.ndarray, valid: np.ndarray) -> np.ndarray:
    labels, counts = np.unique(components[components > 0], return_counts=True)
    return components == labels[counts.argmax()] if labels.size else valid
