"""Does what an engine wrote keep the engine contract? One check for all engines, usable on any stack's folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sarslide import layers, names
from sarslide.errors import NamingError, SarslideError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.layers import GEOMETRY

AMPLITUDE = "mean_amplitude_db"
MIN_LOOKS = 40
UNIT_TIGHT = 1e-4  # float32 components of a unit vector
ANGLE_TIGHT_DEG = 0.01  # float32 degrees, and arccos near the vertical
HEADING_TIGHT_DEG = 1.0  # zero-Doppler look directions are not quite at right angles to the track
CYCLES_TIGHT_RAD = 5e-3  # float32 of some hundred radians
CODES = {0.0, 1.0, 2.0, 3.0, 255.0}  # good, layover, shadow, both, not acquired
NUMBER = (int, float)
# Key of a pair's JSON: types, and whether null is allowed.
KEYS: dict[str, tuple[tuple[type, ...], bool]] = {
    "engine": ((str,), False),
    "engine_version": ((str,), False),
    "stack": ((str,), False),
    "dates": ((list,), False),
    "utc": ((list,), False),
    "bperp_m": (NUMBER, True),
    "wavelength_m": (NUMBER, False),
    "looks": (NUMBER, True),
    "coherence_window": ((int,), True),
    "coherence_looks": (NUMBER, True),
    "mean_coherence": (NUMBER, True),
    "filter": ((dict,), True),
    "absent": ((list,), False),
    "free_level": ((bool,), False),
}


def broken(folder: str | Path, pairs: Sequence[str], grid: RegionGrid) -> list[str]:
    """What does not keep the contract below `folder` (`ifg/`, `geometry/`, `amplitude/`), one line each, with the file's name.

    Names, grid, dtype, nodata, plausible range, JSON keys and types; inside components the unwrapped phase is the filtered
    wrapped one, or the unfiltered one, up to whole cycles; the line of sight is a unit vector that agrees with incidence and
    heading; layover and shadow have their codes. The unwrapped phase with its components and the amplitude are checked where
    they are.
    """
    folder = Path(folder)
    found = _geometry(folder / "geometry", grid)
    for pair in pairs:
        found += _pair(folder / "ifg", pair, grid)
    if (amplitude := folder / "amplitude" / f"{AMPLITUDE}.tif").exists():
        found += _read(amplitude, AMPLITUDE, grid)[1]
    return found


def _read(path: Path, name: str, grid: RegionGrid) -> tuple[np.ndarray | None, list[str]]:
    """Bands of a layer (bands, rows, cols), NaN or its nodata where void, and what is wrong with the file."""
    spec = layers.get(name)
    try:
        values = raster.read_all(path, grid)
        with raster.opened(path) as source:
            dtype, nodata, tags, bands = source.dtypes[0], source.nodata, source.tags(), source.descriptions
    except SarslideError as error:
        return None, [error.problem]
    found = []
    if dtype != spec.dtype:
        found.append(f"{path}: is {dtype}, not {spec.dtype}")
    if not (nodata == spec.nodata or (nodata is not None and np.isnan(nodata) and np.isnan(spec.nodata))):
        found.append(f"{path}: nodata is {nodata}, not {spec.nodata}")
    if (tags.get("layer"), tags.get("unit")) != (spec.name, spec.unit):
        found.append(f"{path}: is tagged {tags.get('layer')} in {tags.get('unit')}, not {spec.name} in {spec.unit}")
    if spec.bands and tuple(bands) != spec.bands:
        found.append(f"{path}: bands are {bands}, not {spec.bands}")
    valid = values[np.isfinite(values) & (values != spec.nodata)] if spec.nodata is not None else values
    low, high = spec.valid or (-np.inf, np.inf)
    if not valid.size:
        found.append(f"{path}: holds no valid cell")
    elif valid.min() < low or valid.max() > high:
        found.append(f"{path}: values from {valid.min():g} to {valid.max():g}, outside {low:g} to {high:g}")
    elif np.isinf(values).any():
        found.append(f"{path}: holds infinite values")
    return values, found


def _pair(folder: Path, pair: str, grid: RegionGrid) -> list[str]:
    def path(kind: str) -> Path:
        return folder / f"{pair}.{kind}"

    wrapped, found = _read(path("wrapped_rad.tif"), "wrapped_rad", grid)
    coherence, more = _read(path("cor.tif"), "cor", grid)
    found += more + _record(path("json"), pair)
    if wrapped is not None and coherence is not None and (np.isfinite(wrapped[1]) & ~np.isfinite(coherence[0])).any():
        found.append(f"{path('cor.tif')}: has no coherence where there is a filtered phase")
    both = [path(kind).exists() for kind in ("unw_rad.tif", "conncomp.tif")]
    if any(both) and not all(both):
        found.append(f"{path('unw_rad.tif')}: unwrapped phase and components go together")
    if all(both):
        unwrapped, more = _read(path("unw_rad.tif"), "unw_rad", grid)
        components, yet_more = _read(path("conncomp.tif"), "conncomp", grid)
        found += more + yet_more
        if wrapped is not None and unwrapped is not None and components is not None:
            found += _congruent(path("unw_rad.tif"), wrapped, unwrapped[0], components[0])
    return found


def _congruent(path: Path, wrapped: np.ndarray, unwrapped: np.ndarray, components: np.ndarray) -> list[str]:
    inside = components > 0
    if not np.isfinite(unwrapped[inside]).all():
        return [f"{path}: has components where it has no phase"]
    both = inside & np.isfinite(wrapped).all(axis=0)
    if (inside & ~both).any():
        return [f"{path}: is unwrapped where the wrapped phase is void"]
    if not both.any():
        return []
    off = [np.abs(np.angle(np.exp(1j * (unwrapped[both].astype(float) - band[both])))).max() for band in wrapped]
    if min(off) > CYCLES_TIGHT_RAD:
        return [f"{path}: differs from the filtered phase by up to {off[1]:.3f} rad beside whole cycles"]
    return []


def _record(path: Path, pair: str) -> list[str]:
    try:
        about: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        return [f"{path}: cannot be read ({error})"]
    found = []
    for key, (types, null) in KEYS.items():
        if key not in about:
            found.append(f"{path}: has no key {key}")
            continue
        value = about[key]
        wrong = not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
        if (value is None and not null) or (value is not None and wrong):
            found.append(f"{path}: {key} is {value!r}")
    if found:
        return found
    try:
        names.check_stack(about["stack"])
    except NamingError as error:
        found.append(f"{path}: {error.problem}")
    if tuple(about["dates"]) != names.split_pair(pair):
        found.append(f"{path}: dates are {about['dates']}, in its name stands {pair}")
    for date, utc in zip(about["dates"], about["utc"], strict=False):
        if utc is not None and str(utc)[:10].replace("-", "") != date:
            found.append(f"{path}: UTC {utc} is not on {date}")
    if len(about["utc"]) != 2:
        found.append(f"{path}: utc is {about['utc']}")
    if not 0.02 < about["wavelength_m"] < 0.3:
        found.append(f"{path}: wavelength_m is {about['wavelength_m']}")
    if about["coherence_looks"] is not None and about["coherence_looks"] < MIN_LOOKS:
        found.append(f"{path}: coherence over {about['coherence_looks']:.1f} looks, at least {MIN_LOOKS} are promised")
    if not all(isinstance(text, str) for text in about["absent"]):
        found.append(f"{path}: absent is {about['absent']!r}")
    return found


def _geometry(folder: Path, grid: RegionGrid) -> list[str]:
    values, found = {}, []
    for name in GEOMETRY:
        bands, wrong = _read(folder / f"{name}.tif", name, grid)
        found += wrong
        if bands is not None:
            values[name] = bands[0].astype(np.float64)
    if len(values) < len(GEOMETRY):
        return found
    flags = values["layover_shadow"]
    seen = np.isfinite(values["los_up"])
    if not set(np.unique(flags[seen])) <= CODES:
        found.append(f"{folder / 'layover_shadow.tif'}: codes {sorted(set(np.unique(flags[seen])) - CODES)}")
    east, north, up = (values[name][seen] for name in ("los_east", "los_north", "los_up"))
    incidence, heading = values["incidence_deg"][seen], values["heading_deg"][seen]
    off_unit = np.abs(np.sqrt(east**2 + north**2 + up**2) - 1)
    off_angle = np.abs(np.degrees(np.arccos(np.clip(up, -1, 1))) - incidence)
    # The radar looks to the right: the satellite lies to the left of its flight direction.
    off_heading = np.abs((np.degrees(np.arctan2(east, north)) + 90 - heading + 180) % 360 - 180)
    for name, off, tight, what in (
        ("los_up", off_unit, UNIT_TIGHT, "the line of sight is no unit vector"),
        ("incidence_deg", off_angle, ANGLE_TIGHT_DEG, "disagrees with los_up"),
        ("heading_deg", off_heading, HEADING_TIGHT_DEG, "disagrees with los_east and los_north"),
    ):
        if off.size and not off.max() <= tight:
            found.append(f"{folder / f'{name}.tif'}: {what}, by up to {off.max():.4f}")
    return found
