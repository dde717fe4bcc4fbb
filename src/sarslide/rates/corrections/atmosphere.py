"""Height-correlated atmosphere of a pair (P2 3.1, B09): fitted on stable ground.

Model: phase = constant + k * height (+ a plane, for what is longer than the region: turbulence,
orbits). A plane also takes a deformation that tilts the whole region; switch it off where the
region itself deforms.
"""

import math
from dataclasses import asdict, dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.phase import wrapped

MIN_CELLS = 200
LAG_CELLS = 10  # 300 m at 30 m cells: long enough for height to differ, short enough for the phase not to wrap
OUTLIER_SIGMA = 3.0
MAX_ROUNDS = 6
MAX_SAMPLES = 30_000  # neighbouring cells share their noise: more of them cost time and add little


@dataclass(frozen=True)
class AtmosphereFit:
    """Coefficients of one pair.

    Attributes
    ----------
    constant_rad : float
        Constant, rad.
    height_rad_per_km : float
        Of height, rad/km.
    east_rad, north_rad : float
        Of the plane, rad from the west to the east edge, and from the south to the north edge.
    cells : int
        Cells that could be used.
    """

    constant_rad: float
    height_rad_per_km: float
    east_rad: float
    north_rad: float
    cells: int

    def to_dict(self) -> dict[str, float]:
        """Coefficients by name, JSON-ready."""
        return asdict(self)


def remove_height_correlated(
    phase_rad: np.ndarray, elevation_m: np.ndarray, mask: np.ndarray, height: bool = True, plane: bool = True
) -> tuple[np.ndarray, AtmosphereFit]:
    """Unwrapped phase without its height-correlated part.

    Least squares with residuals above 3 robust sigma left out round by round.

    Parameters
    ----------
    phase_rad : (rows, cols) array of float
        Unwrapped phase, rad, NaN where not valid.
    elevation_m : (rows, cols) array of float
        Height, m, NaN where not valid.
    mask : (rows, cols) array of bool
        True where the ground is coherent and does not move: only there the model is fitted.
    height, plane : bool
        Terms of the model.

    Returns
    -------
    phase : (rows, cols) array of float
        Phase without the model, rad.
    fit : AtmosphereFit
        The coefficients.

    Raises
    ------
    RateError
        Fewer than 200 cells can be used.
    """
    use = mask & np.isfinite(phase_rad) & np.isfinite(elevation_m)
    _check_cells(use)
    terms = terms_of(elevation_m, height, plane)
    thin = _thinned(use, MAX_SAMPLES)
    coefficients = _robust_fit(np.stack([term[thin] for term in terms.values()], axis=1), phase_rad[thin])
    return _corrected(phase_rad, terms, coefficients, int(use.sum()))


def remove_height_correlated_wrapped(
    phase_rad: np.ndarray, elevation_m: np.ndarray, mask: np.ndarray, height: bool = True, plane: bool = True
) -> tuple[np.ndarray, AtmosphereFit]:
    """The same for a wrapped phase.

    Slopes are fitted on differences between cells 10 apart, which do not wrap where k times the
    height difference stays below pi; the constant is the direction of the mean phasor. Nothing has
    to be unwrapped (B05).

    Parameters
    ----------
    phase_rad : (rows, cols) array of float
        Wrapped phase, rad, NaN where not valid.
    elevation_m : (rows, cols) array of float
        Height, m, NaN where not valid.
    mask : (rows, cols) array of bool
        True where the ground is coherent and does not move: only there the model is fitted.
    height, plane : bool
        Terms of the model.

    Returns
    -------
    phase : (rows, cols) array of float
        Phase without the model, rad, (-pi, pi].
    fit : AtmosphereFit
        The coefficients.

    Raises
    ------
    RateError
        Fewer than 200 cells can be used.
    """
    use = mask & np.isfinite(phase_rad) & np.isfinite(elevation_m)
    _check_cells(use)
    terms = terms_of(elevation_m, height, plane)
    slopes = [term for name, term in terms.items() if name != "constant"]
    coefficients = np.zeros(len(terms))
    if slopes:
        cells = np.arange(use.size).reshape(use.shape)
        thin = [_thinned(_both(use, axis), MAX_SAMPLES // 2) for axis in (0, 1)]
        later, earlier = np.concatenate([np.stack(_shifted(cells, axis))[:, thin[axis]] for axis in (0, 1)], axis=1)
        differences = wrapped(phase_rad.flat[later] - phase_rad.flat[earlier])
        design = np.stack([term.flat[later] - term.flat[earlier] for term in slopes], axis=1)
        coefficients[1:] = _robust_fit(design, differences)
    corrected, fit = _corrected(phase_rad, terms, coefficients, int(use.sum()))
    constant_rad = float(np.arctan2(np.sin(corrected[use]).sum(), np.cos(corrected[use]).sum()))
    return wrapped(corrected - constant_rad), replace(fit, constant_rad=constant_rad)


def _check_cells(use: np.ndarray) -> None:
    if use.sum() < MIN_CELLS:
        raise RateError(
            f"only {int(use.sum())} coherent cells on stable ground for the height-correlated atmosphere",
            "lower rates.pair_coherence, enlarge the region, or switch the correction off",
        )


def terms_of(elevation_m: np.ndarray, height: bool, plane: bool) -> dict[str, np.ndarray]:
    """Regressors of the model.

    Parameters
    ----------
    elevation_m : (rows, cols) array of float
        Height, m.
    height, plane : bool
        Terms of the model.

    Returns
    -------
    dict of str to (rows, cols) array of float
        In the order constant, height, east, north: heights in km about their mean, plane
        coordinates in fractions of the region about its centre.
    """
    rows, cols = elevation_m.shape
    terms = {"constant": np.ones(elevation_m.shape)}
    if height:
        terms["height"] = (elevation_m - np.nanmean(elevation_m)) / 1e3
    if plane:
        terms["east"] = np.broadcast_to((np.arange(cols) + 0.5) / cols - 0.5, elevation_m.shape)
        terms["north"] = np.broadcast_to((0.5 - (np.arange(rows) + 0.5) / rows)[:, None], elevation_m.shape)
    return terms


def _thinned(use: np.ndarray, samples: int) -> np.ndarray:
    """Those cells of `use` that lie on every n-th row and column, about `samples` of them at most.

    Samples follow from their places, not from their order: a cell more or less draws no others,
    which would change every fit by its noise.
    """
    step = max(math.ceil(math.sqrt(np.count_nonzero(use) / samples)), 1)
    thin = np.zeros_like(use)
    thin[::step, ::step] = use[::step, ::step]
    return thin


def _robust_fit(design: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least squares without residuals above 3 robust sigma, until the samples stay the same."""
    keep = np.ones(len(values), bool)
    for _ in range(MAX_ROUNDS):
        used = design[keep]
        # A term without variation (flat ground) gets the minimum-norm answer, zero, instead of
        # noise.
        solution = np.linalg.lstsq(used.T @ used, used.T @ values[keep], rcond=1e-9)[0]
        residual = values - design @ solution
        centre = np.median(residual[keep])
        sigma = 1.4826 * np.median(np.abs(residual[keep] - centre))
        new = np.abs(residual - centre) <= max(OUTLIER_SIGMA * sigma, 1e-9)
        if np.array_equal(new, keep):
            break
        keep = new
    return solution


def _corrected(
    phase_rad: np.ndarray, terms: dict[str, np.ndarray], coefficients: np.ndarray, cells: int
) -> tuple[np.ndarray, AtmosphereFit]:
    value = {name: float(c) for name, c in zip(terms, coefficients, strict=True)}
    fit = AtmosphereFit(
        value["constant"], value.get("height", 0.0), value.get("east", 0.0), value.get("north", 0.0), cells
    )
    return phase_rad - sum(c * term for c, term in zip(coefficients, terms.values(), strict=True)), fit


def _shifted(array: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of the cells and of those LAG_CELLS before them along `axis`."""
    moved = np.moveaxis(array, axis, 0)
    return moved[LAG_CELLS:], moved[:-LAG_CELLS]


def _both(use: np.ndarray, axis: int) -> np.ndarray:
    """Whether both of the cells that `_shifted` gives are used."""
    return np.logical_and(*_shifted(use, axis))
