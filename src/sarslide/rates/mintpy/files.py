"""What MintPy reads and writes: HDF5 in its layout.

Pairs and geometry go to it, time series and rates come back.

Signs: MintPy's unwrapped phase grows when the ground moves away and its displacement is positive
towards the satellite, as ours; its perpendicular baselines have our sign too (a test on a simulated
DEM error pins it). Metres become millimetres here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.errors import ProcessorError
from sarslide.grid import RegionGrid
from sarslide.layers import hidden
from sarslide.names import split_pair
from sarslide.rates.phase_variance import LOOKS_WHEN_UNKNOWN

# MintPy takes zero for "no value", before and after it subtracts the phase of the reference cell.
# That cell gets this phase in every pair, so that the zero is the median of the whole reference
# area instead of one cell's speckle; zeros get its opposite.
REFERENCE_RAD = 1e-6


@dataclass(frozen=True)
class StackMetadata:
    """What MintPy needs of a stack.

    Attributes
    ----------
    stack : str
        Name of the stack (A128, D062).
    wavelength_m : float
        Radar wavelength, m.
    looks : float, optional
        Independent looks of the phase; None where unknown.
    utc_s : float
        Time of day, s.
    """

    stack: str
    wavelength_m: float
    looks: float | None
    utc_s: float = 0.0


def attributes(
    grid: RegionGrid, about: StackMetadata, geometry: Mapping[str, np.ndarray], file_type: str, unit: str
) -> dict:
    """MintPy's attributes of a geocoded file.

    Parameters
    ----------
    grid : RegionGrid
        Grid of the file.
    about : StackMetadata
        The stack.
    geometry : mapping of str to (rows, cols) array
        Layers of the engine contract.
    file_type, unit : str
        As MintPy names them.

    Returns
    -------
    dict of str to str
        All of them text.
    """
    looks = max(1, round(about.looks or LOOKS_WHEN_UNKNOWN))
    zone = {326: "N", 327: "S"}.get(grid.epsg // 100)
    values = {
        "FILE_TYPE": file_type, "UNIT": unit, "DATA_TYPE": "float32", "PROCESSOR": "isce", "PLATFORM": "Sen",
        "LENGTH": grid.rows, "WIDTH": grid.cols, "X_FIRST": grid.west, "Y_FIRST": grid.north, "X_STEP": grid.cell_m,
        "Y_STEP": -grid.cell_m, "X_UNIT": "meters", "Y_UNIT": "meters", "EPSG": grid.epsg,
        "WAVELENGTH": about.wavelength_m, "ALOOKS": 1, "RLOOKS": looks, "NCORRLOOKS": looks,
        "ORBIT_DIRECTION": "ASCENDING" if about.stack.startswith("A") else "DESCENDING",
        "HEADING": float(np.nanmean(geometry["heading_deg"])), "ANTENNA_SIDE": _antenna_side(geometry),
        "EARTH_RADIUS": 6371000.0,
        "HEIGHT": 693000.0, "STARTING_RANGE": float(np.nanmin(geometry["slant_range_m"])), "RANGE_PIXEL_SIZE": 2.33,
        "AZIMUTH_PIXEL_SIZE": 13.9, "CENTER_LINE_UTC": about.utc_s,
    }  # fmt: skip
    if zone:
        values["UTM_ZONE"] = f"{grid.epsg % 100}{zone}"
    return {key: str(value) for key, value in values.items()}


def _antenna_side(geometry: Mapping[str, np.ndarray]) -> int:
    """MintPy's -1 of a radar that looks to the right, 1 of one that looks to the left (NISAR)."""
    heading = np.radians(geometry["heading_deg"])
    across = np.sin(heading) * geometry["los_north"] - np.cos(heading) * geometry["los_east"]
    return 1 if np.nanmean(across) < 0 else -1


def write_geometry(
    path: Path, grid: RegionGrid, about: StackMetadata, elevation_m: np.ndarray, geometry: Mapping[str, np.ndarray]
) -> None:
    """Write geometryGeo.h5.

    azimuthAngle is that of the vector from the ground to the satellite, from the north,
    counter-clockwise, degrees.

    Parameters
    ----------
    path : Path
        The file.
    grid : RegionGrid
        Its grid.
    about : StackMetadata
        The stack.
    elevation_m : (rows, cols) array of float
        Height, m.
    geometry : mapping of str to (rows, cols) array
        Layers of the engine contract.
    """
    import h5py

    layers = {
        "height": elevation_m,
        "incidenceAngle": geometry["incidence_deg"],
        "azimuthAngle": np.degrees(np.arctan2(-geometry["los_east"], geometry["los_north"])),
        "slantRangeDistance": geometry["slant_range_m"],
    }
    with h5py.File(path, "w") as file:
        for name, values in layers.items():
            file.create_dataset(name, data=values.astype(np.float32))
        file.create_dataset("shadowMask", data=hidden(geometry["layover_shadow"]))
        file.attrs.update(attributes(grid, about, geometry, "geometry", "1"))


@contextmanager
def create_stack(
    path: Path, pairs: Sequence[str], bperp_m: Sequence[float], shape: tuple[int, int], attrs: Mapping[str, str]
) -> Iterator[Callable[[slice, slice, np.ndarray, np.ndarray, np.ndarray], None]]:
    """Write ifgramStack.h5 block by block.

    Parameters
    ----------
    path : Path
        The file.
    pairs : sequence of str
        Names of the pairs.
    bperp_m : sequence of float
        Of the pairs, m: (later - earlier) . n, n up and away from the track.
    shape : tuple of int
        Rows and columns.
    attrs : mapping of str to str
        From `attributes`.

    Yields
    ------
    callable
        `put(rows, cols, phase, coherence, components)`, each (pairs, rows, cols); phase in rad,
        referenced, NaN where not valid.
    """
    import h5py

    whole = (len(pairs), *shape)
    with h5py.File(path, "w") as file:
        file.create_dataset("date", data=np.array([split_pair(pair) for pair in pairs], "S8"))
        file.create_dataset("bperp", data=np.asarray(bperp_m, np.float32))
        file.create_dataset("dropIfgram", data=np.ones(len(pairs), bool))
        phases = file.create_dataset("unwrapPhase", whole, np.float32)
        coherences = file.create_dataset("coherence", whole, np.float32)
        labels = file.create_dataset("connectComponent", whole, np.int16)
        file.attrs.update(attrs)

        def put(rows: slice, cols: slice, phase: np.ndarray, coherence: np.ndarray, components: np.ndarray) -> None:
            phases[:, rows, cols] = np.where(phase == 0, -REFERENCE_RAD, phase)
            coherences[:, rows, cols] = np.nan_to_num(coherence)
            labels[:, rows, cols] = components

        yield put


def set_reference_cell(path: Path, row: int, col: int) -> None:
    """Give MintPy's reference cell the value of the reference area in every pair.

    Parameters
    ----------
    path : Path
        ifgramStack.h5.
    row, col : int
        The cell.
    """
    import h5py

    with h5py.File(path, "r+") as file:
        file["unwrapPhase"][:, row, col] = REFERENCE_RAD
        file["coherence"][:, row, col] = 1.0
        file["connectComponent"][:, row, col] = 1


def read_layer(path: Path, name: str, shape: tuple[int, int]) -> np.ndarray:
    """A dataset of a MintPy file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Name of the dataset.
    shape : tuple of int
        Rows and columns that it must have.

    Returns
    -------
    (rows, cols) or (dates, rows, cols) array
        Its values.

    Raises
    ------
    ProcessorError
        It is absent, not readable or of another shape.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            values = file[name][:]
    except (OSError, KeyError) as error:
        raise ProcessorError(
            f"{path.name}: no readable dataset {name} ({error})", "remove the file and run again"
        ) from error
    if values.shape[-2:] != shape:
        raise ProcessorError(
            f"{path.name}: {name} of {values.shape} on a grid of {shape}", "remove the file and run again"
        )
    return values


def read_dates(path: Path) -> list[str]:
    """Dates of a MintPy time series.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of str
        Dates in order.
    """
    import h5py

    with h5py.File(path) as file:
        return [date.decode() for date in file["date"][:]]
