"""ARIA-S1-GUNW products (NetCDF 4): phase, coherence, components and the imaging geometry.

Layout and meaning as in the packaging of the processor (ACCESS-Cloud-Based-InSAR/DockerizedTopsApp:
nc_packaging_template.json, makeGeocube.py), the HyP3 guide (hyp3-docs, gunw_product_guide.md) and
MintPy's prep_aria.py: `/science/grids/data` in EPSG:4326 by the centres of the cells; nodata 0, of
components -1; the reference is the *later* acquisition, so that the phase, reference x
conj(secondary), grows towards the satellite. `/science/grids/imagingGeometry` is a cube over
height, latitude, longitude: incidenceAngle (degree), azimuthAngle (degree, vector from target to
satellite, counter-clockwise from east), perpendicularBaseline (m) with the sign of ISCE2's cross
product, (target - reference) x (secondary - reference) . velocity: minus that of `PairRecord` for a
radar that looks right. Both minus signs meet: (secondary - reference) is (earlier - later), so the
value is bperp_m as it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import from_origin

from sarslide import names
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid
from sarslide.insar.external.pair import ExternalPair, assemble, sign

NAME = re.compile(r"S1-GUNW-[AD]-R-\d{3}-\w+-(\d{8})_(\d{8})-(\d{6})-")
DATA, CUBE, SLC = "science/grids/data", "science/grids/imagingGeometry", "science/radarMetaData/inputSLC"
EVERYWHERE_VOID = (0.0, -9999.0)
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the delivered phase, wrapped)",
    "mean amplitude",
    "slant range by cell (from the incidence over a sphere)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)
AGAIN = "download the product again"


def ingest(path: str | Path, pair: str, grid: RegionGrid, positive_phase: str | None = None) -> ExternalPair:
    """One product on the region grid.

    Parameters
    ----------
    path : str or Path
        The product.
    pair : str
        Name of the pair.
    grid : RegionGrid
        Grid of the region.
    positive_phase : str, optional
        As declared, must agree with the order of the dates in the product.

    Returns
    -------
    ExternalPair
        The pair with our signs.

    Raises
    ------
    InterferogramError
        For other dates, a contradicting sign, missing layers, an unreadable file, no valid cell.
    """
    with _opened(path) as product:
        reference, secondary = _dates(path, product)
        if {reference, secondary} != set(names.split_pair(pair)):
            raise InterferogramError(
                f"{path}: is of {reference} and {secondary}, not of {pair}", "correct files.folder or the pattern"
            )
        later_first = reference > secondary
        recognised = "towards" if later_first else "away"
        factor = sign(path, positive_phase, recognised, f"its reference date is {reference}")
        unit = _text(_layer(path, product, f"{DATA}/unwrappedPhase").attrs.get("units", "rad"))
        if unit not in ("rad", "radian", "radians"):
            raise InterferogramError(f"{path}: unwrappedPhase is in {unit}", "give unwrapped phase in radians")
        phase = regrid.smooth(_band(path, product, "unwrappedPhase", 0, grid), grid)
        unfiltered = "unfilteredCoherence" in product[DATA]
        quality = _band(path, product, "unfilteredCoherence" if unfiltered else "coherence", 0, grid)
        components = regrid.labels(_band(path, product, "connectedComponents", -1, grid), grid)
        bperp = _cube(path, product, "perpendicularBaseline")
        wavelength = product.get("science/radarMetaData/wavelength")
        wavelength_m = None if wavelength is None else float(np.ravel(wavelength[()])[0])
        coherence = regrid.smooth(quality, grid)
    made = assemble(path, grid, phase, coherence, factor, components)
    absent = ABSENT if unfiltered else (*ABSENT, "coherence of unfiltered data (the delivered one saw the filter)")
    time = NAME.search(Path(path).name)
    clock = f"{time[3][:2]}:{time[3][2:4]}:{time[3][4:]}" if time else None
    return made.with_metadata(
        utc=tuple(clock and f"{d[:4]}-{d[4:6]}-{d[6:]}T{clock}Z" for d in names.split_pair(pair)),
        bperp_m=float(np.nanmean(bperp)) * (1 if later_first else -1),
        wavelength_m=wavelength_m,
        processor="ISCE2",
        absent=absent,
        free_level=True,
    )


def line_of_sight(path: str | Path, height_m: np.ndarray, grid: RegionGrid) -> dict[str, np.ndarray]:
    """Six geometry layers, linear in the cube at the place and height of each cell.

    Parameters
    ----------
    path : str or Path
        The product.
    height_m : (rows, cols) array of float
        Heights, m.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    dict of array
        As of `line_of_sight.from_angles`.
    """
    from pyproj import Transformer
    from scipy.interpolate import RegularGridInterpolator

    with _opened(path) as product:
        axes = [_layer(path, product, f"{CUBE}/{name}Meta")[()] for name in ("heights", "latitude", "longitude")]
        incidence = np.radians(_cube(path, product, "incidenceAngle"))
        azimuth = np.radians(_cube(path, product, "azimuthAngle"))
    lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(*np.meshgrid(grid.x(), grid.y()))
    upwards = [np.argsort(axis) for axis in axes]
    axes = [axis[order] for axis, order in zip(axes, upwards, strict=True)]
    vector = (np.sin(incidence) * np.cos(azimuth), np.sin(incidence) * np.sin(azimuth), np.cos(incidence))
    at = np.stack([np.clip(height_m, axes[0][0], axes[0][-1]), lat, lon], axis=-1)
    return los.from_vector(
        *(RegularGridInterpolator(axes, part[np.ix_(*upwards)], bounds_error=False)(at) for part in vector)
    )


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    import h5py

    try:
        with h5py.File(path, "r") as product:
            yield product
    except OSError as error:
        problem = "does not exist" if not Path(path).exists() else f"cannot be read ({str(error).splitlines()[0]})"
        raise InterferogramError(f"{path}: {problem}", AGAIN) from error


def _layer(path: str | Path, product: Any, name: str) -> Any:
    if name not in product:
        raise InterferogramError(f"{path}: has no {name}", "give an ARIA-S1-GUNW product, version 2 or later")
    return product[name]


def _dates(path: str | Path, product: Any) -> tuple[str, str]:
    """Reference and secondary date, from the granules used, else from the product's name."""
    found = []
    for which in ("reference", "secondary"):
        granules = product.get(f"{SLC}/{which}/L1InputGranules")
        names_in = [] if granules is None else [_text(name) for name in np.ravel(granules[()])]
        dates = sorted(match[1] for match in (re.search(r"_(\d{8})T\d{6}", name) for name in names_in) if match)
        found += dates[:1]
    if len(found) == 2:
        return found[0], found[1]
    match = NAME.search(Path(path).name)
    if match is None:
        raise InterferogramError(
            f"{path}: neither its granules nor its name tell its dates", "keep the product's own name"
        )
    return match[1], match[2]


def _band(path: str | Path, product: Any, name: str, void: float, grid: RegionGrid) -> regrid.GeocodedBand:
    """A 2D layer with NaN for void, where its coordinate vectors, the centres of the cells, put it.

    Rows from north to south.
    """
    values = _layer(path, product, f"{DATA}/{name}")[()].astype(np.float64)
    lat, lon = (np.asarray(_layer(path, product, f"{DATA}/{axis}")[()], float) for axis in ("latitude", "longitude"))
    if values.shape != (lat.size, lon.size):
        raise InterferogramError(f"{path}: {name} is {values.shape}, its axes {(lat.size, lon.size)}", AGAIN)
    if lat[0] < lat[-1]:
        lat, values = lat[::-1], values[::-1]
    values[(values == void) | ~np.isfinite(values)] = np.nan
    step_x, step_y = (lon[-1] - lon[0]) / (lon.size - 1), (lat[0] - lat[-1]) / (lat.size - 1)
    return regrid.GeocodedBand(
        values, from_origin(lon[0] - step_x / 2, lat[0] + step_y / 2, step_x, step_y), "EPSG:4326"
    )


def _cube(path: str | Path, product: Any, name: str) -> np.ndarray:
    values = _layer(path, product, f"{CUBE}/{name}")[()].astype(np.float64)
    values[np.isin(values, EVERYWHERE_VOID)] = np.nan
    return values


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
