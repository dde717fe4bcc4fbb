"""D-InSAR of one pair as a product of its own: LOS displacement between two dates and its error."""

from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.rates import los
from sarslide.rates.ground import Ground
from sarslide.rates.passes import Corrector
from sarslide.rates.phase_variance import LOOKS_WHEN_UNKNOWN, phase_variance
from sarslide.rates.pipeline import converge
from sarslide.rates.settings import RateSettings
from sarslide.rates.stacking import Stacked


@dataclass(frozen=True)
class Displacement:
    """Displacement map of one pair.

    Attributes
    ----------
    displacement_mm : (rows, cols) array of float
        LOS displacement, mm, positive towards the satellite, later against earlier date, relative
        to the reference. NaN where the pair cannot be used.
    std_mm : (rows, cols) array of float
        Standard deviation predicted from coherence, mm. NaN as above.
    ground : Ground
        Stable ground and reference area.
    removed : dict
        Atmosphere and level, in numbers.
    changes : tuple of float
        Part of the stable cells that each pass found changed.
    """

    displacement_mm: np.ndarray
    std_mm: np.ndarray
    ground: Ground
    removed: dict
    changes: tuple[float, ...]


def displacement(
    pair: str,
    phase_rad: np.ndarray,
    coherence: np.ndarray,
    components: np.ndarray | None,
    elevation_m: np.ndarray,
    wavelength_m: float,
    looks: float | None,
    settings: RateSettings,
    exclude: np.ndarray | None = None,
) -> Displacement:
    """Displacement of one pair, corrected for height-correlated atmosphere on stable ground.

    The moving ground is found from this pair alone, so that another acquisition never changes the
    map; the delays of single dates cannot be separated from motion in one pair and stay. The
    predicted standard deviation is that of the speckle of unfiltered phase: filtering before
    unwrapping lowers it, atmosphere adds to it.

    Parameters
    ----------
    pair : str
        Name of the pair.
    phase_rad : (rows, cols) array of float
        Unwrapped phase, rad, grows when the ground moves away.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1. Cells below `settings.min_coherence` are masked.
    components : (rows, cols) array of int, optional
        Connected components, 0 where not reliable.
    elevation_m : (rows, cols) array of float
        Height, m.
    wavelength_m : float
        Radar wavelength, m.
    looks : float, optional
        Independent looks of a cell's phase; None where unknown.
    settings : RateSettings
        What is masked and removed.
    exclude : (rows, cols) array of bool, optional
        True in layover and shadow.

    Returns
    -------
    Displacement
        The map.

    Raises
    ------
    RateError
        The pair has no usable ground.

    References
    ----------
    Tough et al. 1995 (Proc. R. Soc. Lond. A 449), for the standard deviation.
    """
    settings = replace(settings, atmosphere="none", pair_coherence=settings.min_coherence)
    known = np.isfinite(phase_rad) & np.isfinite(coherence)
    variance = phase_variance(np.where(known, coherence, 0), looks or LOOKS_WHEN_UNKNOWN)
    std_rad = np.where(known, np.sqrt(variance), np.nan)

    def one_pass(ground: Ground, with_settings: RateSettings = settings) -> tuple[Stacked, dict[str, dict]]:
        corrector = Corrector(lambda _: (phase_rad, coherence, components), ground, with_settings)
        ready = list(corrector.ready([pair]))
        if not ready:
            problem = corrector.removed[pair]["skipped"]
            cure = "choose another pair, or lower rates.min_coherence"
            raise RateError(f"pair {pair}: {problem}", cure, of_ground=True)
        phase = ready[0].phase_rad
        valid = np.isfinite(phase)
        stack = Stacked(phase, np.where(valid, std_rad, np.nan), valid.astype(np.uint16), coherence)
        return stack, corrector.removed

    usable = Ground.usable(elevation_m, exclude)
    first, _ = one_pass(usable, settings.first_pass())
    found = converge(first, one_pass, usable, settings)
    return Displacement(
        found.stack.estimate * los.mm_per_rad(wavelength_m),
        found.stack.std * -los.mm_per_rad(wavelength_m),
        found.ground,
        found.removed[pair],
        found.changes,
    )
