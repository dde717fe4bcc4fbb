"""One pair from the sums over its samples to its files: what native and isce2 have in common."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sarslide.grid import RegionGrid
from sarslide.insar.contract import PairRecord, mean_coherence
from sarslide.insar.native.acquisition import Acquisition
from sarslide.insar.native.interferogram import PairSums, coherence_window, form_pair
from sarslide.io import raster


def write_pair(
    sums: PairSums,
    earlier: Acquisition,
    later: Acquisition,
    bperp_m: float,
    looks: float,
    engine: tuple[str, str],
    params: Mapping,
    grid: RegionGrid,
    wrapped: str | Path,
    coherence: str | Path,
    linked_rad: np.ndarray | None = None,
) -> PairRecord:
    """Form a pair and write its wrapped phase, unfiltered and filtered, and its coherence.

    Parameters
    ----------
    sums : PairSums
        Sums over the samples of each cell.
    earlier, later : Acquisition
        Both dates.
    bperp_m : float
        Perpendicular baseline, m.
    looks : float
        Independent looks of a cell.
    engine : tuple of str
        Name and version of the engine.
    params : mapping
        coherence_window, cells; goldstein_alpha and goldstein_window, cells, or of linked phases
        linking and ministack.
    grid : RegionGrid
        Grid of the region.
    wrapped, coherence : str or Path
        Files to write: wrapped phase, rad, and coherence.
    linked_rad : (rows, cols) array of float, optional
        Linked phase of the pair, which takes the place of Goldstein's.

    Returns
    -------
    PairRecord
        Record of the pair.
    """
    window = coherence_window(params["coherence_window"], looks)
    if linked_rad is None:
        strength = params["goldstein_alpha"], params["goldstein_window"]
        made_by = {"name": "goldstein", "alpha": strength[0], "window": strength[1]}
    else:
        strength = 0, 0
        made_by = {"name": params["linking"], "ministack": params["ministack"]}
    formed = form_pair(sums, looks, window, *strength, linked_rad)
    raster.write(wrapped, np.stack([formed.unfiltered_rad, formed.filtered_rad]), grid, "wrapped_rad")
    raster.write(coherence, formed.coherence, grid, "cor")
    return PairRecord(
        engine=engine[0],
        engine_version=engine[1],
        stack=earlier.stack,
        dates=(earlier.date, later.date),
        utc=(earlier.utc, later.utc),
        bperp_m=bperp_m,
        wavelength_m=earlier.wavelength_m,
        looks=looks,
        coherence_window=window,
        coherence_looks=looks * window**2,
        mean_coherence=mean_coherence(formed.coherence),
        filter=made_by,
    )
