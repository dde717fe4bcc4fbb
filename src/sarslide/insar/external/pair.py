"""A pair that another processor made, on the region grid with our signs.

An engine of ready files reads its product, gives the layers and the sign of their phase to
`assemble`, adds what the product states (`with_metadata`) and calls `write`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import __version__, names
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.contract import PAIR_LAYERS, PairRecord, mean_coherence
from sarslide.insar.external.sensor import SENTINEL1_WAVELENGTH_M
from sarslide.io import raster
from sarslide.io.sidecar import write_json

TIGHT = 1e-4  # coherence may exceed 1 by rounding
# More than 20 m of motion in C band: what is larger is a void that was not declared, or a unit.
MAX_PHASE_RAD = 5000.0
MAX_COMPONENT = 65535
SIGNS = {"away": 1.0, "towards": -1.0}
OTHER_DATES = "correct files.folder or the pattern"


@dataclass(frozen=True)
class PairMetadata:
    """What the files state of a pair; None where they do not.

    Attributes
    ----------
    utc : tuple of str or None
        ISO times of the earlier and the later date.
    bperp_m : float or None
        Perpendicular baseline, m, with the sign of `PairRecord`.
    wavelength_m : float or None
        Radar wavelength, m.
    processor : str or None
        What made the files.
    version : str or None
        Its version; None stands for that of this package.
    looks, coherence_looks : float or None
        Independent looks of a cell's phase, and of the coherence window.
    filter : dict or None
        Name and parameters of the phase filter.
    absent : tuple of str
        As in `PairRecord`.
    free_level : bool
        As in `PairRecord`.
    """

    utc: tuple[str | None, str | None] = (None, None)
    bperp_m: float | None = None
    wavelength_m: float | None = None
    processor: str | None = None
    version: str | None = None
    looks: float | None = None
    coherence_looks: float | None = None
    filter: dict[str, Any] | None = None
    absent: tuple[str, ...] = ()
    free_level: bool = False


@dataclass(frozen=True)
class ExternalPair:
    """Layers of the engine contract, each on the region grid, and what the files state of the pair.

    Attributes
    ----------
    unwrapped_rad : (rows, cols) array of float
        Unwrapped phase, rad, grows when the ground moves away from the satellite.
    wrapped_rad : (2, rows, cols) array of float
        Wrapped phase, rad, unfiltered and filtered.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1.
    conncomp : (rows, cols) array of uint16
        Connected components, 0 where not reliable.
    metadata : PairMetadata
        What the files state of the pair.
    """

    unwrapped_rad: np.ndarray
    wrapped_rad: np.ndarray
    coherence: np.ndarray
    conncomp: np.ndarray
    metadata: PairMetadata = PairMetadata()

    def with_metadata(self, **changes: Any) -> "ExternalPair":
        """The same pair with other metadata.

        Parameters
        ----------
        **changes
            Fields of `PairMetadata`.

        Returns
        -------
        ExternalPair
            Same layers, changed metadata.
        """
        return replace(self, metadata=replace(self.metadata, **changes))

    def record(self, engine: str, stack: str, pair: str, wavelength_m: float = SENTINEL1_WAVELENGTH_M) -> PairRecord:
        """The JSON record of the pair.

        Parameters
        ----------
        engine, stack, pair : str
            Their names.
        wavelength_m : float
            Radar wavelength, m, where the files state none.

        Returns
        -------
        PairRecord
            Record of the engine contract.
        """
        about = self.metadata
        return PairRecord(
            engine=engine,
            engine_version=about.version or __version__,
            stack=stack,
            dates=names.split_pair(pair),
            utc=about.utc,
            bperp_m=about.bperp_m,
            wavelength_m=about.wavelength_m or wavelength_m,
            looks=about.looks,
            coherence_window=None,
            coherence_looks=about.coherence_looks,
            mean_coherence=mean_coherence(self.coherence),
            filter=about.filter,
            absent=about.absent,
            free_level=about.free_level,
        )

    def write(self, files: Mapping[str, str | Path], grid: RegionGrid, about: Mapping[str, Any]) -> None:
        """Write the files of the engine contract.

        Parameters
        ----------
        files : mapping
            Paths as `wrapped`, `unwrapped`, `coherence`, `conncomp` and `sidecar`.
        grid : RegionGrid
            Grid of the region.
        about : mapping
            Content of the JSON: the record of the pair and where it comes from.
        """
        arrays = {
            "unwrapped": self.unwrapped_rad,
            "wrapped": self.wrapped_rad,
            "coherence": self.coherence,
            "conncomp": self.conncomp,
        }
        for kind, values in arrays.items():
            raster.write(files[kind], values, grid, PAIR_LAYERS[kind])
        write_json(files["sidecar"], about)


def sign(path: str | Path, declared: str | None, recognised: str | None, because: str) -> float:
    """Factor that turns the phase of a file to ours, which grows when the ground moves away.

    Parameters
    ----------
    path : str or Path
        File, for messages.
    declared : str or None
        Motion that makes its phase grow by the configuration: "away" or "towards".
    recognised : str or None
        The same by the product.
    because : str
        What of the product states it.

    Returns
    -------
    float
        +1 for "away", -1 for "towards".

    Raises
    ------
    InterferogramError
        When they contradict each other, or when there is neither.
    """
    if declared and recognised and declared != recognised:
        raise InterferogramError(
            f"{path}: files.positive_phase is {declared}, but the phase grows {recognised}: {because}",
            "correct files.positive_phase, or leave it out",
        )
    known = declared or recognised
    if known is None:
        raise InterferogramError(f"{path}: nothing tells the sign of its phase", "set files.positive_phase")
    return SIGNS[known]


def sign_by_dates(
    path: str | Path, dates: tuple[str, str], pair: str, declared: str | None, cure: str = OTHER_DATES
) -> float:
    """The same for a product of reference x conj(secondary): by the order of its dates.

    Parameters
    ----------
    path : str or Path
        The product, for messages.
    dates : tuple of str
        Its reference and secondary date, YYYYMMDD.
    pair : str
        Name of the pair that it should be.
    declared : str or None
        As of `sign`.
    cure : str
        What to do about other dates.

    Returns
    -------
    float
        +1 where the reference is the earlier date, else -1.

    Raises
    ------
    InterferogramError
        As `sign`, and for other dates than those of the pair.
    """
    reference, secondary = dates
    if set(dates) != set(names.split_pair(pair)):
        raise InterferogramError(f"{path}: is of {reference} and {secondary}, not of {pair}", cure)
    recognised = "away" if reference < secondary else "towards"
    return sign(path, declared, recognised, f"its reference date is {reference}")


def assemble(
    path: str | Path,
    grid: RegionGrid,
    phase: np.ndarray,
    coherence: np.ndarray,
    factor: float,
    components: np.ndarray | None = None,
    unfiltered: np.ndarray | None = None,
    filtered: np.ndarray | None = None,
) -> ExternalPair:
    """The pair from layers on the region grid.

    Parameters
    ----------
    path : str or Path
        File, for messages.
    grid : RegionGrid
        Grid of the region.
    phase : (rows, cols) array of float
        Unwrapped phase, rad, with the sign of the product, NaN without data.
    coherence : (rows, cols) array of float
        Coherence, 0 to 1, NaN without data.
    factor : float
        Of `sign`: turns the sign of the phases.
    components : (rows, cols) array, optional
        Labels, NaN or 0 where not reliable. Without, one component covers all that is valid.
    unfiltered, filtered : (rows, cols) array of float, optional
        Wrapped phases, rad. Where there is none it is the unwrapped phase, wrapped.

    Returns
    -------
    ExternalPair
        Layers of the engine contract, without metadata.

    Raises
    ------
    InterferogramError
        For coherence outside 0 to 1, phase that no interferogram has, more components than can be
        counted, and for a pair without any valid cell in the region.
    """
    valid = np.isfinite(phase) & np.isfinite(coherence)
    if unfiltered is not None:
        valid &= np.isfinite(unfiltered)
    if not valid.any():
        raise InterferogramError(
            f"{path}: no cell of the region {grid.bounds} (EPSG:{grid.epsg}) has phase and coherence",
            "give files that cover the region, or correct grid.bounds",
        )
    _check_range(path, "coherence", coherence, 0, 1 + TIGHT, "give coherence between 0 and 1")
    check_phase(path, phase)
    if components is not None:
        _check_range(path, "components", components, -MAX_COMPONENT, MAX_COMPONENT, "label components from 1 on")
    phase = np.where(valid, factor * phase, np.nan)
    wrapped = np.angle(np.exp(1j * phase))
    if filtered is not None:
        wrapped = np.where(valid, wrapped, np.where(np.isfinite(coherence), factor * filtered, np.nan))
    raw = wrapped if unfiltered is None else np.where(np.isfinite(coherence), factor * unfiltered, np.nan)
    found = np.ones(grid.shape) if components is None else np.nan_to_num(components)
    return ExternalPair(
        unwrapped_rad=phase,
        wrapped_rad=np.stack([raw, wrapped]),
        coherence=np.where(np.isfinite(wrapped), np.clip(coherence, 0, 1), np.nan),
        conncomp=np.where(valid & (found > 0), found, 0).astype(np.uint16),
    )


def check_phase(path: str | Path, phase: np.ndarray) -> None:
    """Check that a phase is one that an interferogram can have.

    Parameters
    ----------
    path : str or Path
        File, for messages.
    phase : array of float
        Phase, rad, NaN without data.

    Raises
    ------
    InterferogramError
        For values beyond `MAX_PHASE_RAD`, such as a void that was not declared.
    """
    cure = "declare the nodata value of the file, and give unwrapped phase in radians"
    _check_range(path, "phase", phase, -MAX_PHASE_RAD, MAX_PHASE_RAD, cure)


def _check_range(path: str | Path, what: str, values: np.ndarray, low: float, high: float, cure: str) -> None:
    least, most = np.nanmin(values, initial=high), np.nanmax(values, initial=low)
    if least < low or most > high:
        raise InterferogramError(f"{path}: {what} up to {most if most > high else least:g}", cure)
