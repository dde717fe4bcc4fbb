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
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import from_origin
from rasterio.windows import transform as window_transform

from sarslide import names
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid, values
from sarslide.insar.external.pair import ExternalPair, assemble, sign
from sarslide.io import hdf5
from sarslide.io.bounded import shown

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
MAX_SAMPLES = 1_000_000  # of a cube, an axis or a list of granules: a cube has 30,000


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
            raise InterferogramError(f"{path}: unwrappedPhase is in {shown(unit)}", "give unwrapped phase in radians")
        phase = regrid.smooth(_band(path, product, "unwrappedPhase", 0, grid), grid)
        unfiltered = "unfilteredCoherence" in product[DATA]
        quality = _band(path, product, "unfilteredCoherence" if unfiltered else "coherence", 0, grid)
        components = regrid.labels(_band(path, product, "connectedComponents", -1, grid), grid)
        baselines = _cube(path, product, "perpendicularBaseline", values.BASELINE_M)
        wavelength_m = _wavelength_m(path, product)
        coherence = regrid.smooth(quality, grid)
    made = assemble(path, grid, phase, coherence, factor, components)
    absent = ABSENT if unfiltered else (*ABSENT, "coherence of unfiltered data (the delivered one saw the filter)")
    time = NAME.search(Path(path).name)
    clock = f"{time[3][:2]}:{time[3][2:4]}:{time[3][4:]}" if time else None
    earlier, later = (values.iso_utc(path, "the time in its name", day, clock) for day in names.split_pair(pair))
    return made.with_metadata(
        utc=(earlier, later),
        bperp_m=float(np.nanmean(baselines)) * (1 if later_first else -1),
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

    Raises
    ------
    InterferogramError
        For a cube that is missing, damaged, or holds angles that no radar has.
    """
    from pyproj import Transformer
    from scipy.interpolate import RegularGridInterpolator

    with _opened(path) as product:
        axes = [_axis(path, product, f"{CUBE}/{name}Meta") for name in ("heights", "latitude", "longitude")]
        incidence = np.radians(_cube(path, product, "incidenceAngle", values.INCIDENCE_DEG))
        azimuth = np.radians(_cube(path, product, "azimuthAngle", values.HEADING_DEG))
    lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(*np.meshgrid(grid.x(), grid.y()))
    upwards = [np.argsort(axis) for axis in axes]
    axes = [axis[order] for axis, order in zip(axes, upwards, strict=True)]
    if incidence.shape != tuple(map(len, axes)) or azimuth.shape != incidence.shape:
        raise InterferogramError(f"{path}: its cubes are not those of their axes", AGAIN)
    vector = (np.sin(incidence) * np.cos(azimuth), np.sin(incidence) * np.sin(azimuth), np.cos(incidence))
    at = np.stack([np.clip(height_m, axes[0][0], axes[0][-1]), lat, lon], axis=-1)
    return los.from_vector(
        path, *(RegularGridInterpolator(axes, part[np.ix_(*upwards)], bounds_error=False)(at) for part in vector)
    )


def _opened(path: str | Path) -> Any:
    return hdf5.opened(path, InterferogramError, AGAIN)


def _layer(path: str | Path, product: Any, name: str) -> Any:
    """A dataset that lies in the file itself, with chunks that can be held."""
    if not hdf5.inside(product, name):
        raise InterferogramError(f"{path}: has no {name}", "give an ARIA-S1-GUNW product, version 2 or later")
    return hdf5.dataset(path, product, name, InterferogramError, AGAIN)


def _small(path: str | Path, product: Any, name: str) -> np.ndarray:
    """All of a small dataset."""
    layer = _layer(path, product, name)
    if layer.size > MAX_SAMPLES:
        raise InterferogramError(f"{path}: {name} has {layer.shape} samples, too many to be read", AGAIN)
    return np.asarray(layer[()])


def _axis(path: str | Path, product: Any, name: str) -> np.ndarray:
    """Coordinates, which grow or fall."""
    axis = _small(path, product, name)
    if axis.ndim != 1 or axis.size < 2 or axis.dtype.kind not in "iuf":
        raise InterferogramError(f"{path}: {name} is no axis", AGAIN)
    axis = axis.astype(float)
    steps = np.diff(axis)
    if not (np.isfinite(axis).all() and (np.all(steps > 0) or np.all(steps < 0))):
        raise InterferogramError(f"{path}: {name} neither grows nor falls", AGAIN)
    return axis


def _wavelength_m(path: str | Path, product: Any) -> float | None:
    name = "science/radarMetaData/wavelength"
    if name not in product:
        return None
    stated = np.ravel(_small(path, product, name))
    return values.number(path, name, stated[0] if stated.size else None, values.WAVELENGTH_M, AGAIN)


def _dates(path: str | Path, product: Any) -> tuple[str, str]:
    """Reference and secondary date, from the granules used, else from the product's name."""
    found = []
    for which in ("reference", "secondary"):
        name = f"{SLC}/{which}/L1InputGranules"
        names_in = [_text(one) for one in np.ravel(_small(path, product, name))] if name in product else []
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
    layer = _layer(path, product, f"{DATA}/{name}")
    lat, lon = (_axis(path, product, f"{DATA}/{axis}") for axis in ("latitude", "longitude"))
    if layer.shape != (lat.size, lon.size) or layer.dtype.kind not in "iuf":
        raise InterferogramError(
            f"{path}: {name} is {layer.dtype} {layer.shape}, its axes {(lat.size, lon.size)}", AGAIN
        )
    upwards = lat[0] < lat[-1]
    north, south = (lat[-1], lat[0]) if upwards else (lat[0], lat[-1])
    step_x, step_y = (lon[-1] - lon[0]) / (lon.size - 1), (north - south) / (lat.size - 1)
    transform = from_origin(lon[0] - step_x / 2, north + step_y / 2, step_x, step_y)
    window = regrid.around(f"{path}: {name}", layer.shape, transform, "EPSG:4326", grid)
    rows, cols = window.toslices()
    if upwards:
        rows = slice(lat.size - rows.stop, lat.size - rows.start)
    with np.errstate(all="ignore"):  # signalling NaNs; what is not finite is void
        found = layer[rows, cols].astype(np.float64)[:: -1 if upwards else 1]
    found[(found == void) | ~np.isfinite(found)] = np.nan
    return regrid.GeocodedBand(found, window_transform(window, transform), "EPSG:4326")


def _cube(path: str | Path, product: Any, name: str, within: tuple[float, float]) -> np.ndarray:
    """A cube with NaN for void."""
    found = _small(path, product, f"{CUBE}/{name}")
    if found.ndim != 3 or found.dtype.kind not in "iuf":
        raise InterferogramError(f"{path}: {name} is no cube of numbers", AGAIN)
    found = found.astype(np.float64)
    found[np.isin(found, EVERYWHERE_VOID)] = np.nan
    if not (np.nanmin(found, initial=within[1]) >= within[0] and np.nanmax(found, initial=within[0]) <= within[1]):
        raise InterferogramError(f"{path}: {name} is not everywhere from {within[0]:g} to {within[1]:g}", AGAIN)
    if np.isnan(found).all():
        raise InterferogramError(f"{path}: {name} is void", AGAIN)
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
