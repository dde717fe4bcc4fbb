"""A region of a displacement product for engine `files`: pairs, rate and configuration.

The workflow reads pairs. A series gives one a step between its dates, as phase, in LiCSAR's layout;
a rate alone gives three steps of 12 days before the end of its period, as far apart as its error.
The rate of the inventory is the product's own: `rates.method: own` reads it and takes off what it
shows on stable ground. Both directions of the way from mm to phase are the same factor, so nothing
is rounded but float32.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from rasterio.windows import from_bounds

from sarslide import names
from sarslide.constants import DAYS_PER_YEAR
from sarslide.displacement.contract import Declared, Displacement
from sarslide.displacement.formats import FORMATS
from sarslide.grid import RegionGrid
from sarslide.insar.external.line_of_sight import from_angles
from sarslide.insar.external.sensor import SENTINEL1_WAVELENGTH_M
from sarslide.io.atomic import atomic_file
from sarslide.io.hashes import sha256
from sarslide.rates.level_samples import spread
from sarslide.rates.los import mm_per_rad
from sarslide.rates.own import OwnStack

STEP_DAYS, STEPS = 12, 3  # of a rate alone
# They lie apart so that the scatter of the three gives their mean the standard error of the rate:
# pairs without scatter would call all ground moving.
APART = (-(3**0.5), 0.0, 3**0.5)
QUALITY = 0.7  # stands for a coherence that the product does not hold
NEVER_VOID_RAD = 1e-6  # in place of an exact 0, which is void in LiCSAR's files
METHOD = '''"""The rate of {title}, sha256 {digest} of rate.tif, on the stable ground that sarslide finds."""

from pathlib import Path

from sarslide.displacement.region import delivered


def rates(stack):
    return delivered(Path(__file__).with_name("rate.tif"), stack)
'''


def steps(found: Displacement) -> tuple[list[str], np.ndarray]:
    """Dates, and the displacement from each to the next.

    Parameters
    ----------
    found : Displacement
        A product.

    Returns
    -------
    dates : list of str
        YYYYMMDD.
    steps_mm : (dates - 1, rows, cols) array of float
        mm, positive towards the satellite.
    """
    if found.series_mm is not None:
        return list(found.dates), np.diff(found.series_mm, axis=0)
    last = names.parse_date(found.dates[-1])
    days = [f"{last - timedelta(days=STEP_DAYS * k):%Y%m%d}" for k in range(STEPS, -1, -1)]
    rates = [found.rate_mm_per_yr + part * error_of(found) for part in APART]
    return days, np.stack(rates) * STEP_DAYS / DAYS_PER_YEAR


def error_of(found: Displacement) -> np.ndarray:
    """Standard error of the rate.

    Parameters
    ----------
    found : Displacement
        A product.

    Returns
    -------
    (rows, cols) array of float
        mm/yr: the product's; without one, the robust spread of all rates, which is too large where
        much moves.
    """
    rate, std = found.rate_mm_per_yr, found.rate_std_mm_per_yr
    known = np.full(rate.shape, np.nan) if std is None else std
    return np.where(np.isfinite(rate) & ~np.isfinite(known), spread(rate[np.isfinite(rate)]), known)


def delivered(path: str | Path, stack: OwnStack) -> tuple[np.ndarray, np.ndarray]:
    """The product's rate and its error, on the ground of a run.

    Parameters
    ----------
    path : str or Path
        `rate.tif` of `write`.
    stack : OwnStack
        What the method `own` reads.

    Returns
    -------
    rate, std : (rows, cols) array of float
        mm/yr, towards the satellite; zero is the median of the reference area.
    """
    with rasterio.open(path) as source:
        window = from_bounds(*stack.grid.bounds, source.transform)
        rate, std = source.read(window=window, boundless=True, fill_value=np.nan).astype(float)
    inside = rate[stack.ground.reference.mask]
    level = np.nanmedian(inside) if np.isfinite(inside).any() else 0.0
    return rate - level, std


def write(
    name: str, stack: str, form: str, found: Displacement, declared: Declared, ground: dict[str, Any], folder: Path
) -> Path:
    """The files of a region and its configuration.

    Parameters
    ----------
    name, stack : str
        Of the region, and of its track, such as A117.
    form : str
        Key of `FORMATS`.
    found : Displacement
        The product on the grid of the region.
    declared : Declared
        Angles of products that have none by cell.
    ground : dict
        Section `grid` of the configuration.
    folder : Path
        Working folder: `products/{name}` and `regions/{name}.yaml` are written there.

    Returns
    -------
    Path
        The configuration.
    """
    grid = RegionGrid.from_bounds(ground["epsg"], tuple(ground["bounds"]), ground["cell_m"])
    place = folder / "products" / name
    place.mkdir(parents=True, exist_ok=True)
    known = np.isfinite(found.rate_mm_per_yr)
    days, moved = steps(found)
    quality = np.where(known, QUALITY, np.nan) if found.coherence is None else np.where(known, found.coherence, np.nan)
    pairs = [names.pair_name(*ends) for ends in pairwise(days)]
    for pair, mm in zip(pairs, moved, strict=True):
        phase = mm / mm_per_rad(SENTINEL1_WAVELENGTH_M)
        _raster(place / f"{pair}.geo.unw.tif", [np.where(phase == 0, NEVER_VOID_RAD, phase)], grid)
        _raster(place / f"{pair}.geo.cc.tif", [np.clip(quality, 0.01, 1)], grid)
    angles: dict[str, Any] = {}
    if found.incidence_deg is not None and found.heading_deg is not None:
        vector = from_angles(found.incidence_deg, found.heading_deg)
        for axis, layer in (("E", "los_east"), ("N", "los_north"), ("U", "los_up")):
            _raster(place / f"{name}.geo.{axis}.tif", [vector[layer]], grid)
    else:
        stated = {"incidence_deg": declared.incidence_deg, "heading_deg": declared.heading_deg}
        angles = {key: value for key, value in stated.items() if value is not None}
    _raster(place / "rate.tif", [found.rate_mm_per_yr, error_of(found)], grid)
    digest = sha256(place / "rate.tif")
    (place / "rates.py").write_text(METHOD.format(title=FORMATS[form], digest=digest))
    (place / "about.json").write_text(json.dumps(about(form, found), indent=1))
    config = {
        "source": "files",
        "engine": "files",
        "stacks": [stack],
        "grid": ground,
        "files": {"naming": "licsar", "folder": str(place.resolve()), **angles},
        # The product is corrected: what is fitted to height again would take motion away.
        "rates": {
            "method": "own",
            "own": str((place / "rates.py").resolve()),
            "height_correlated": False,
            "plane": False,
        },
        "network": {"pairs": pairs},
    }
    made = folder / "regions" / f"{name}.yaml"
    made.parent.mkdir(exist_ok=True)
    with atomic_file(made) as temporary:
        temporary.write_text(yaml.safe_dump(config, sort_keys=False))
    return made


def about(form: str, found: Displacement) -> dict[str, Any]:
    """What the product states, and what stands for what it does not.

    Parameters
    ----------
    form : str
        Key of `FORMATS`.
    found : Displacement
        The product.

    Returns
    -------
    dict
        JSON-ready.
    """
    filled = {
        "coherence": (found.coherence, f"{QUALITY} stands for it"),
        "standard error": (found.rate_std_mm_per_yr, "the robust spread of all rates stands for it"),
        "series": (found.series_mm, f"{STEPS} steps of {STEP_DAYS} days of the rate stand for it"),
    }
    return {
        "format": FORMATS[form],
        "period": [found.dates[0], found.dates[-1]],
        "dates": len(found.dates) if found.series_mm is not None else 0,
        "reference": found.reference,
        "cells with a rate": int(np.isfinite(found.rate_mm_per_yr).sum()),
        "absent": [*found.absent, *(f"{what}: {text}" for what, (values, text) in filled.items() if values is None)],
    }


def _raster(path: Path, bands: Sequence[np.ndarray], grid: RegionGrid) -> None:
    """A GeoTIFF of float32 on the region grid, NaN void."""
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "nodata": np.nan,
        "compress": "deflate",
        "count": len(bands),
        "height": grid.rows,
        "width": grid.cols,
        "crs": f"EPSG:{grid.epsg}",
        "transform": grid.transform,
    }
    with atomic_file(path) as temporary, rasterio.open(temporary, "w", **profile) as target:
        target.write(np.stack(bands).astype(np.float32))
