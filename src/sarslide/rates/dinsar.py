"""D-InSAR of one pair as a product of its own: LOS displacement between two dates, with the error that its coherence predicts."""

from dataclasses import dataclass, replace

import numpy as np

from sarslide.errors import RateError
from sarslide.rates import los
from sarslide.rates.passes import RateSettings, ready_pairs
from sarslide.rates.phase_variance import LOOKS_WHEN_UNKNOWN, phase_variance
from sarslide.rates.pipeline import settled
from sarslide.rates.reference import ReferenceArea
from sarslide.rates.stacking import Stacked


@dataclass(frozen=True)
class Displacement:
    """displacement_mm: LOS, positive towards the satellite, later against earlier date, relative to the reference. std_mm:
    predicted from coherence. Both (rows, cols), NaN where the pair cannot be used. removed: atmosphere and level, in numbers."""

    displacement_mm: np.ndarray
    std_mm: np.ndarray
    stable: np.ndarray
    reference: ReferenceArea
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
    """Corrected for height-correlated atmosphere on ground that does not move, referenced, in mm.

    phase_rad: unwrapped, grows away; all arrays (rows, cols). looks: independent looks of a cell's phase. exclude: True in
    layover and shadow. Cells below `settings.min_coherence` are masked. The moving ground is found from this pair alone, so that
    another acquisition never changes the map; the delays of single dates cannot be told from motion in one pair and stay.
    The predicted standard deviation (Tough et al. 1995) is that of the speckle of unfiltered phase: filtering before unwrapping
    lowers it, atmosphere adds to it. Raises RateError when the pair has no usable ground.
    """
    settings = replace(settings, atmosphere="none", pair_coherence=settings.min_coherence)
    allowed = np.isfinite(elevation_m) if exclude is None else np.isfinite(elevation_m) & ~exclude
    known = np.isfinite(phase_rad) & np.isfinite(coherence)
    variance = phase_variance(np.where(known, coherence, 0), looks or LOOKS_WHEN_UNKNOWN)
    std_rad = np.where(known, np.sqrt(variance), np.nan)

    def read(_: str):
        return phase_rad, coherence, components

    def once(stable: np.ndarray, reference: np.ndarray, with_settings: RateSettings = settings):
        removed: dict[str, dict] = {}
        ready = list(ready_pairs(read, [pair], elevation_m, stable, reference, with_settings, removed))
        if not ready:
            raise RateError(
                f"pair {pair}: {removed[pair]['skipped']}", "choose another pair, or lower rates.min_coherence"
            )
        phase = ready[0][1]
        valid = np.isfinite(phase)
        return Stacked(phase, np.where(valid, std_rad, np.nan), valid.astype(np.uint16), coherence), removed

    first, _ = once(allowed, allowed, replace(settings, ring=None))
    found = settled(first, once, allowed, settings)
    return Displacement(
        found.stack.estimate * los.mm_per_rad(wavelength_m),
        found.stack.std * -los.mm_per_rad(wavelength_m),
        found.stable,
        found.reference,
        found.removed[pair],
        found.changes,
    )
