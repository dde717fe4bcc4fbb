"""The rates contract from a product: rate layers on ground that it confirms, geometry, series.

What a product lacks is not made up. Its rate is set to zero on stable ground, as every rate is; a
standard error is held to what stable ground shows (`rates.held_errors`); a series without dates is
unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sarslide.displacement.contract import Declared, Displacement
from sarslide.displacement.formats import FORMATS
from sarslide.displacement.placed import as_rate_errors
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.insar.external.line_of_sight import from_angles, where_acquired, with_layover
from sarslide.insar.external.sensor import (
    SENTINEL1_HEADING_DEG,
    SENTINEL1_INCIDENCE_DEG,
    SENTINEL1_WAVELENGTH_M,
    flies,
)
from sarslide.rates import los
from sarslide.rates.ground import Ground, find_ground
from sarslide.rates.held_errors import held_to_stable_ground
from sarslide.rates.level_samples import spread
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stacked

SELECTED = 0.7  # for masks: cells that a product without any quality has are those that it trusts

MIN_ERROR_MM = 0.5  # mm/yr: smaller errors are formal ones, of a filtered series; they tell no motion


@dataclass(frozen=True)
class Rates:
    """Rate layers of a product.

    Attributes
    ----------
    layers : dict of str to (rows, cols) array
        `layers.RATES` but `stable_ground`, by name.
    ground : Ground
        Stable ground and reference area.
    series_mm : (dates, rows, cols) array of float or None
        Displacement since the first date, mm, zero in the reference area.
    notes : dict
        For the sidecar: level that was taken off, limit of motion, factors of the errors.
    """

    layers: dict[str, np.ndarray]
    ground: Ground
    series_mm: np.ndarray | None
    notes: dict[str, Any]


def quality_of(found: Displacement, declared: Declared) -> np.ndarray:
    """Layer `mean_coherence` of a product.

    Parameters
    ----------
    found : Displacement
        The product.
    declared : Declared
        A coherence that is stated stands for one that is missing.

    Returns
    -------
    (rows, cols) array of float
        0 to 1; NaN without a rate. Without any quality `SELECTED`.
    """
    stated = SELECTED if declared.coherence is None else declared.coherence
    quality = np.full(found.rate_mm_per_yr.shape, stated) if found.coherence is None else found.coherence
    return np.where(np.isfinite(found.rate_mm_per_yr), np.clip(quality, 0, 1), np.nan)


def error_of(found: Displacement) -> np.ndarray:
    """Standard error of the rate, mm/yr.

    Parameters
    ----------
    found : Displacement
        A product.

    Returns
    -------
    (rows, cols) array of float
        The product's; where it has none, the robust spread of all rates, which is too large where
        much moves.
    """
    rate, std = found.rate_mm_per_yr, found.rate_std_mm_per_yr
    known = np.full(rate.shape, np.nan) if std is None else std
    return np.where(np.isfinite(rate) & ~(known > 0), spread(rate[np.isfinite(rate)]), known)


def rates_of(
    found: Displacement,
    declared: Declared,
    elevation_m: np.ndarray,
    settings: RateSettings,
    exclude: np.ndarray,
) -> Rates:
    """Rate layers and series, zero in a reference area.

    Parameters
    ----------
    found : Displacement
        The product.
    declared : Declared
        What it does not state.
    elevation_m : (rows, cols) array of float
        Height, m.
    settings : RateSettings
        Limits of coherence and motion; a reference that is named.
    exclude : (rows, cols) array of bool
        True where a cell must not enter the reference (layover, shadow).

    Returns
    -------
    Rates
        LOS rate and error, mm/yr, positive TOWARDS the satellite. `pair_count` is the number of
        steps between the dates of a series, 1 of a rate alone, 0 without a rate.

    Raises
    ------
    RateError
        Without a reference area.
    """
    rate, std, coherence = found.rate_mm_per_yr, error_of(found), quality_of(found, declared)
    known = np.isfinite(rate)
    count = np.where(known, len(found.dates) - 1 if found.series_mm is not None else 1, 0)
    trusted = np.maximum(std, MIN_ERROR_MM)
    ground, limit = find_ground(Stacked(rate, trusted, count, coherence), Ground.usable(elevation_m, exclude), settings)
    reference = ground.reference.mask & known
    level = float(np.median(rate[reference]))
    rate = rate - level
    held, factors = held_to_stable_ground(rate, std, coherence, ground.stable)
    layers = {"los_rate_mm_per_yr": rate, "los_rate_std_mm_per_yr": held}
    layers |= los.phase_layers(layers, SENTINEL1_WAVELENGTH_M)
    layers |= {"mean_coherence": coherence, "pair_count": count}
    series = found.series_mm
    if series is not None:
        series = series - np.nanmedian(series[:, reference], axis=1)[:, None, None]
    notes = {"level_mm_per_yr": level, "moving_limit_mm_per_yr": limit, "error_factors": factors}
    return Rates(layers, ground, series, notes)


def geometry_of(
    found: Displacement, declared: Declared, heights_m: np.ndarray, grid: RegionGrid, stack: str, path: str
) -> dict[str, np.ndarray]:
    """Geometry layers of a track.

    Parameters
    ----------
    found : Displacement
        The product.
    declared : Declared
        Angles where it has none by cell.
    heights_m : (rows + 2, cols + 2) array of float
        Heights, m, one cell more on each side.
    grid : RegionGrid
        The region.
    stack : str
        Pass and relative orbit, such as A117.
    path : str
        The product, for messages.

    Returns
    -------
    dict of str to (rows, cols) array
        `layers.GEOMETRY` by name; `layover_shadow` is 255 without a rate.

    Raises
    ------
    RateError
        For a heading against the pass, a track that is another, and angles that no radar has.
    """
    if found.track and int(found.track) != int(stack[1:]):
        raise RateError(
            f"{path}: is of track {int(found.track)}, the stack is {stack}", "correct displacement.products"
        )
    incidence, heading = _angles(found, declared, stack)
    middle = np.degrees(np.angle(np.nanmean(np.exp(1j * np.radians(heading)))))
    if np.isfinite(middle) and flies(middle) != stack[0]:
        raise RateError(
            f"{path}: heading {middle % 360:.0f} degrees contradicts the pass of stack {stack}",
            "correct the pass (A or D) in stacks and displacement.products, or heading_deg",
        )
    with as_rate_errors():
        layers = with_layover(from_angles(incidence, heading), heights_m, grid, path)
    return where_acquired(layers, np.isfinite(found.rate_mm_per_yr))


def _angles(found: Displacement, declared: Declared, stack: str) -> tuple[np.ndarray, np.ndarray]:
    """Incidence and heading by cell; without the product's what is stated, or Sentinel-1's."""
    if found.incidence_deg is not None and found.heading_deg is not None:
        return found.incidence_deg, found.heading_deg
    stated = (declared.incidence_deg, declared.heading_deg)
    usual = (SENTINEL1_INCIDENCE_DEG, SENTINEL1_HEADING_DEG[stack[0]])
    shape = found.rate_mm_per_yr.shape
    incidence, heading = (np.full(shape, b if a is None else a) for a, b in zip(stated, usual, strict=True))
    return incidence, heading


def about(form: str, found: Displacement, declared: Declared) -> dict[str, Any]:
    """What a product states, and what stands for what it does not.

    Parameters
    ----------
    form : str
        Key of `FORMATS`.
    found : Displacement
        The product.
    declared : Declared
        What it does not state.

    Returns
    -------
    dict
        JSON-ready: format, period, dates, reference, absent.
    """
    quality = "the masks take its cells as coherent, and networks that read it are refused"
    if declared.coherence is not None:
        quality = f"{declared.coherence:g} is stated for all cells"
    angles = found.incidence_deg is not None and found.heading_deg is not None or None
    stated = declared.incidence_deg is not None and declared.heading_deg is not None
    missing: Mapping[str, tuple[Any, str]] = {
        "coherence": (found.coherence, quality),
        "standard error": (found.rate_std_mm_per_yr, "the robust spread of all rates stands for it"),
        "series": (found.series_mm, "objects have rates alone"),
        "line of sight by cell": (angles, f"constant, as {'stated' if stated else 'Sentinel-1 has it'}"),
    }
    return {
        "format": FORMATS[form],
        "period": [found.dates[0], found.dates[-1]],
        "dates": len(found.dates) if found.series_mm is not None else 0,
        "reference": found.reference,
        "absent": [*found.absent, *(f"{what}: {text}" for what, (values, text) in missing.items() if values is None)],
    }
