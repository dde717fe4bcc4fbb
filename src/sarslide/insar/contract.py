"""What every engine says of a pair in `ifg/{pair}.json`: one record, the same keys."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class PairRecord:
    """A pair. None: the engine does not know.

    dates: earlier and later, YYYYMMDD. utc: ISO times of the same. bperp_m: perpendicular baseline, (later - earlier) .
    n, n up and away from the track. looks: independent looks of a cell's phase. coherence_window: side of the coherence
    window, cells, holding coherence_looks. absent: what the engine does not deliver, or derives. free_level: the unfiltered
    wrapped phase has the level that the processor gave the unwrapped one of this pair, from which it is derived.
    """

    engine: str
    engine_version: str
    stack: str
    dates: tuple[str, str]
    utc: tuple[str | None, str | None]
    bperp_m: float | None
    wavelength_m: float
    looks: float | None
    coherence_window: int | None
    coherence_looks: float | None
    mean_coherence: float | None
    filter: dict[str, Any] | None
    absent: tuple[str, ...] = ()
    free_level: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def mean_coherence(coherence: np.ndarray) -> float | None:
    """Mean over the valid cells, 4 digits; None without any."""
    valid = coherence[np.isfinite(coherence)]
    return round(float(valid.mean()), 4) if valid.size else None
