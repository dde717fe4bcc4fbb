"""A pair that another processor made, on the region grid with our signs, and what its files told about it."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import __version__, names
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.contract import PairRecord, mean_coherence

TIGHT = 1e-4  # coherence may exceed 1 by rounding
SENTINEL1_WAVELENGTH_M = 0.05546576
SIGNS = {"away": 1.0, "towards": -1.0}


@dataclass(frozen=True)
class About:
    """What the files say of a pair; None where they do not. absent, free_level: as in `PairRecord`."""

    utc: tuple[str | None, str | None] = (None, None)
    bperp_m: float | None = None
    wavelength_m: float | None = None
    processor: str | None = None
    filter: dict[str, Any] | None = None
    absent: tuple[str, ...] = ()
    free_level: bool = False


@dataclass(frozen=True)
class ForeignPair:
    """Layers of the engine contract, each on the region grid, and what the files' tags told.

    unwrapped_rad: grows when the ground moves away. wrapped_rad: (2, rows, cols), unfiltered and filtered. conncomp: 0 where
    not reliable.
    """

    unwrapped_rad: np.ndarray
    wrapped_rad: np.ndarray
    coherence: np.ndarray
    conncomp: np.ndarray
    tags: dict[str, str] = field(default_factory=dict)
    about: About = About()

    def record(self, engine: str, stack: str, pair: str, wavelength_m: float = SENTINEL1_WAVELENGTH_M) -> PairRecord:
        """The JSON record of the pair. wavelength_m: where the files do not say."""
        return PairRecord(
            engine=engine,
            engine_version=__version__,
            stack=stack,
            dates=names.split_pair(pair),
            utc=self.about.utc,
            bperp_m=self.about.bperp_m,
            wavelength_m=self.about.wavelength_m or wavelength_m,
            looks=None,
            coherence_window=None,
            coherence_looks=None,
            mean_coherence=mean_coherence(self.coherence),
            filter=self.about.filter,
            absent=self.about.absent,
            free_level=self.about.free_level,
        )

    def told(self, **changes: Any) -> "ForeignPair":
        """The same pair with more known about it."""
        return replace(self, about=replace(self.about, **changes))


def sign(path: str | Path, declared: str | None, recognised: str | None, because: str) -> float:
    """Factor that turns a delivered phase to ours: +1 where it grows when the ground moves "away", -1 for "towards".

    declared: by the configuration; recognised: by the product, `because` of what. InterferogramError when they contradict each
    other, or when there is neither.
    """
    if declared and recognised and declared != recognised:
        raise InterferogramError(
            f"{path}: files.positive_phase is {declared}, but the phase grows {recognised}: {because}",
            "correct files.positive_phase, or leave it out",
        )
    if not (declared or recognised):
        raise InterferogramError(f"{path}: nothing tells the sign of its phase", "set files.positive_phase")
    return SIGNS[declared or recognised]


def assemble(
    path: str | Path,
    grid: RegionGrid,
    phase: np.ndarray,
    coherence: np.ndarray,
    factor: float,
    components: np.ndarray | None = None,
    unfiltered: np.ndarray | None = None,
    filtered: np.ndarray | None = None,
) -> ForeignPair:
    """The pair from layers on `grid`, with the sign still as delivered; `factor` of `sign` turns it.

    components: labels, NaN or 0 where not reliable; none: one component covers all that is valid. unfiltered, filtered: wrapped
    phase; where there is none it is the unwrapped phase, wrapped. Raises InterferogramError, naming `path`, for coherence outside
    0..1 and for a pair without any valid cell in the region.
    """
    valid = np.isfinite(phase) & np.isfinite(coherence)
    if unfiltered is not None:
        valid &= np.isfinite(unfiltered)
    if not valid.any():
        raise InterferogramError(
            f"{path}: no cell of the region {grid.bounds} (EPSG:{grid.epsg}) has phase and coherence",
            "give files that cover the region, or correct grid.bounds",
        )
    if (highest := np.nanmax(coherence)) > 1 + TIGHT or np.nanmin(coherence) < 0:
        raise InterferogramError(f"{path}: coherence up to {highest:g}", "give coherence between 0 and 1")
    phase = np.where(valid, factor * phase, np.nan)
    wrapped = np.angle(np.exp(1j * phase))
    if filtered is not None:
        wrapped = np.where(valid, wrapped, np.where(np.isfinite(coherence), factor * filtered, np.nan))
    raw = wrapped if unfiltered is None else np.where(np.isfinite(coherence), factor * unfiltered, np.nan)
    found = np.ones(grid.shape) if components is None else np.nan_to_num(components)
    return ForeignPair(
        unwrapped_rad=phase,
        wrapped_rad=np.stack([raw, wrapped]),
        coherence=np.where(np.isfinite(wrapped), np.clip(coherence, 0, 1), np.nan),
        conncomp=np.where(valid & (found > 0), found, 0).astype(np.uint16),
    )
