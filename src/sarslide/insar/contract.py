"""The engine contract: a pair's record, the same for every engine, and the geometry's writer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import write_json

# Kind of file of a pair, as rules name their outputs -> layer.
PAIR_LAYERS = {"wrapped": "wrapped_rad", "unwrapped": "unw_rad", "coherence": "cor", "conncomp": "conncomp"}


@dataclass(frozen=True)
class PairRecord:
    """A pair as in `ifg/{pair}.json`, the same keys for every engine.

    None where an engine does not know.

    Attributes
    ----------
    engine, engine_version : str
        Engine, and the version of the processor that made the pair.
    stack : str
        Stack of both dates, such as A128.
    dates : tuple of str
        Earlier and later date, YYYYMMDD.
    utc : tuple of str or None
        ISO times of the same.
    bperp_m : float or None
        Perpendicular baseline, m: (later - earlier) . n, n up and away from the track.
    wavelength_m : float
        Radar wavelength, m.
    looks : float or None
        Independent looks of a cell's phase.
    coherence_window : int or None
        Side of the coherence window, cells.
    coherence_looks : float or None
        Independent looks of that window.
    mean_coherence : float or None
        Mean over the valid cells, 0 to 1.
    filter : dict or None
        Name and parameters of the phase filter.
    absent : tuple of str
        What the engine does not deliver, or derives.
    free_level : bool
        The unfiltered wrapped phase has the level that the processor gave the unwrapped one of
        this pair, from which it is derived.
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
    """Mean coherence of the valid cells.

    Parameters
    ----------
    coherence : (rows, cols) array of float
        Coherence, 0 to 1, NaN without data.

    Returns
    -------
    float or None
        Mean, 4 digits; None without a valid cell.
    """
    valid = coherence[np.isfinite(coherence)]
    return round(float(valid.mean()), 4) if valid.size else None


def write_geometry(
    files: Mapping[str, str | Path],
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write the geometry layers of a stack.

    Parameters
    ----------
    files : mapping
        Path of each layer by its name, and of the JSON as `sidecar`.
    layers : mapping
        (rows, cols) array of each layer.
    grid : RegionGrid
        Grid of the region.
    about : mapping, optional
        Content of the JSON; none is written without.
    """
    for layer, values in layers.items():
        raster.write(files[layer], values, grid, layer)
    if about is not None:
        write_json(files["sidecar"], about)
