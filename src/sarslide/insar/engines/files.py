"""Engine `files`: interferograms that another processor made, brought to the engine contract on the region grid (DESIGN 2).

Taken: unwrapped phase (rad, float) and coherence (0..1), one GeoTIFF each, in any CRS, in the naming of GAMMA
(`..._YYYYMMDD-YYYYMMDD_..._unw.tif`, `..._cc.tif`); nodata as the file declares it, and exact zero, GAMMA's mark. What such
files do not have is derived or recorded as absent: the wrapped phase is the unwrapped one, wrapped; one component covers every
valid cell; the geometry is constant.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import reproject

from sarslide import names
from sarslide.errors import InterferogramError, NamingError, RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster

PAIR_IN_NAME = re.compile(r"(?<!\d)(\d{8})[-_](\d{8})(?!\d)")
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the delivered phase, wrapped)",
    "connected components (one component covers all valid cells)",
    "mean amplitude",
    "incidence, heading and slant range by cell (constant)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)
UNITS = {"unwrapped": {"RADIANS", "RADIAN", "RAD"}, "coherence": None}  # GAMMA exports label coherence RADIANS too
TIGHT = 1e-4  # coherence may exceed 1 by rounding


@dataclass(frozen=True)
class ForeignPair:
    """Layers of the engine contract, each on the region grid, and what the files' tags told.

    unwrapped_rad: grows when the ground moves away. wrapped_rad: (2, rows, cols). conncomp: 1 where valid.
    """

    unwrapped_rad: np.ndarray
    wrapped_rad: np.ndarray
    coherence: np.ndarray
    conncomp: np.ndarray
    tags: dict[str, str]


def ingest_pair(
    unwrapped: str | Path, coherence: str | Path, pair: str, grid: RegionGrid, positive_phase: str
) -> ForeignPair:
    """One pair on the region grid, bilinear; a cell is valid where the source cell at its centre is.

    positive_phase: "away" or "towards", the motion that makes the delivered phase grow (GAMMA: away, J10).
    Raises InterferogramError naming the file for: dates that are not those of `pair`; no CRS; several bands, complex or integer
    samples; another unit than radians; coherence outside 0..1; no valid cell inside the region; unreadable files.
    """
    phase, tags = _read(unwrapped, "unwrapped", pair, grid)
    cor, _ = _read(coherence, "coherence", pair, grid)
    if (out := np.nanmax(cor)) > 1 + TIGHT or np.nanmin(cor) < 0:
        raise InterferogramError(f"{coherence}: coherence up to {out:g}", "give coherence between 0 and 1")
    valid = np.isfinite(phase) & np.isfinite(cor)
    if not valid.any():
        raise InterferogramError(
            f"{unwrapped}: no cell of the region {grid.bounds} (EPSG:{grid.epsg}) has phase and coherence",
            "give files that cover the region, or correct grid.bounds",
        )
    phase = np.where(valid, phase if positive_phase == "away" else -phase, np.nan)
    wrapped = np.angle(np.exp(1j * phase))
    return ForeignPair(
        unwrapped_rad=phase,
        wrapped_rad=np.stack([wrapped, wrapped]),
        coherence=np.where(valid, np.clip(cor, 0, 1), np.nan),
        conncomp=valid.astype(np.uint16),
        tags=tags,
    )


def pair_of(path: str | Path) -> str:
    """The pair in a file's name; InterferogramError where there is none."""
    match = PAIR_IN_NAME.search(Path(path).name)
    try:
        if match is None:
            raise NamingError("no dates", "")
        return names.pair_name(*match.groups())
    except NamingError:
        raise InterferogramError(
            f"{path}: its name holds no pair of dates", "name it ..._YYYYMMDD-YYYYMMDD_..., the earlier date first"
        ) from None


def utc(tags: dict[str, str], which: str) -> str | None:
    """Acquisition time of the FIRST or SECOND date from GAMMA-style tags, ISO 8601, or None."""
    day, time = tags.get(f"{which}_DATE"), tags.get(f"{which}_TIME")
    return f"{day}T{time}Z" if day and time else None


def _read(path: str | Path, kind: str, pair: str, grid: RegionGrid) -> tuple[np.ndarray, dict[str, str]]:
    """Band 1 on the region grid, NaN where not valid, and the file's tags."""
    if pair_of(path) != pair:
        raise InterferogramError(f"{path}: is of pair {pair_of(path)}, not {pair}", "correct files.folder or patterns")
    try:
        with raster.opened(path) as source:
            _check_file(path, kind, source)
            values, tags, nodata = source.read(1).astype(np.float64), source.tags(), source.nodata
            transform, crs = source.transform, source.crs
    except RasterError as error:
        raise InterferogramError(error.problem, "export the interferogram again as GeoTIFF") from error
    _check_tags(path, pair, tags)
    invalid = ~np.isfinite(values) | (values == 0) | (values == nodata)
    values[invalid] = np.nan
    target = {"dst_transform": grid.transform, "dst_crs": f"EPSG:{grid.epsg}"}
    on_grid, known = np.full(grid.shape, np.nan), np.zeros(grid.shape, np.uint8)
    reproject(
        values, on_grid, src_transform=transform, src_crs=crs, src_nodata=np.nan, dst_nodata=np.nan,
        resampling=Resampling.bilinear, **target,
    )  # fmt: skip
    # Bilinear weights reach half a cell into the void; the nearest source cell decides.
    reproject(
        (~invalid).astype(np.uint8),
        known,
        src_transform=transform,
        src_crs=crs,
        resampling=Resampling.nearest,
        **target,
    )
    return np.where(known == 1, on_grid, np.nan), tags


def _check_file(path: str | Path, kind: str, source) -> None:
    problem = cure = ""
    unit = (source.tags().get("DATA_UNITS") or source.units[0] or "").upper()
    if source.crs is None:
        problem, cure = "has no CRS", "geocode the interferogram"
    elif source.count != 1:
        problem, cure = f"has {source.count} bands", f"give one band of {kind}"
    elif source.dtypes[0] not in ("float32", "float64"):
        problem, cure = f"holds {source.dtypes[0]}", "give unwrapped phase in radians, or coherence, as float32"
    elif unit and UNITS[kind] and unit not in UNITS[kind]:
        problem, cure = f"is in {unit}", "give unwrapped phase in radians"
    if problem:
        raise InterferogramError(f"{path}: {problem}", cure)


def _check_tags(path: str | Path, pair: str, tags: dict[str, str]) -> None:
    """The dates inside the file, where it has them, must be those of its name."""
    for which, date in zip(("FIRST", "SECOND"), names.split_pair(pair), strict=True):
        inside = tags.get(f"{which}_DATE", "").replace("-", "")
        if inside and inside != date:
            raise InterferogramError(
                f"{path}: its tag {which}_DATE is {inside}, its name says {date}", "rename the file or export it again"
            )
