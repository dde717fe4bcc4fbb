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

import numpy as np

from sarslide import names
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid, values
from sarslide.insar.external.geocoded_hdf5 import AGAIN, Product, text
from sarslide.insar.external.pair import ExternalPair, assemble, sign_by_dates
from sarslide.io import hdf5

NAME = re.compile(r"S1-GUNW-[AD]-R-\d{3}-\w+-(\d{8})_(\d{8})-(\d{6})-")
DATA, CUBE, SLC = "science/grids/data", "science/grids/imagingGeometry", "science/radarMetaData/inputSLC"
EVERYWHERE_VOID = (0.0, -9999.0)
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the delivered phase, wrapped)",
    "mean amplitude",
    "slant range by cell (from the incidence over a sphere)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)


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
        factor = sign_by_dates(path, _dates(product), pair, positive_phase)
        product.require_radians(f"{DATA}/unwrappedPhase")
        phase = regrid.smooth(_band(product, "unwrappedPhase", 0, grid), grid)
        unfiltered = "unfilteredCoherence" in product.file[DATA]
        quality = _band(product, "unfilteredCoherence" if unfiltered else "coherence", 0, grid)
        components = regrid.labels(_band(product, "connectedComponents", -1, grid), grid)
        baselines = _cube(product, "perpendicularBaseline", values.BASELINE_M)
        wavelength_m = _wavelength_m(product)
        coherence = regrid.smooth(quality, grid)
    made = assemble(path, grid, phase, coherence, factor, components)
    absent = ABSENT if unfiltered else (*ABSENT, "coherence of unfiltered data (the delivered one saw the filter)")
    time = NAME.search(Path(path).name)
    clock = f"{time[3][:2]}:{time[3][2:4]}:{time[3][4:]}" if time else None
    earlier, later = (values.iso_utc(path, "the time in its name", day, clock) for day in names.split_pair(pair))
    return made.with_metadata(
        utc=(earlier, later),
        bperp_m=float(np.nanmean(baselines)) * -factor,
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

    with _opened(path) as product:
        axes = [product.axis(f"{CUBE}/{name}Meta") for name in ("heights", "latitude", "longitude")]
        incidence = np.radians(_cube(product, "incidenceAngle", values.INCIDENCE_DEG))
        azimuth = np.radians(_cube(product, "azimuthAngle", values.HEADING_DEG))
        if azimuth.shape != incidence.shape:
            raise InterferogramError(f"{path}: its cubes are not those of their axes", AGAIN)
        lon, lat = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform(*np.meshgrid(grid.x(), grid.y()))
        at = np.stack([np.clip(height_m, axes[0].min(), axes[0].max()), lat, lon], axis=-1)
        vector = (np.sin(incidence) * np.cos(azimuth), np.sin(incidence) * np.sin(azimuth), np.cos(incidence))
        return los.from_vector(path, *(product.linear(axes, part, at) for part in vector))


@contextmanager
def _opened(path: str | Path) -> Iterator[Product]:
    with hdf5.opened(path, InterferogramError, AGAIN) as file:
        yield Product(path, file, "give an ARIA-S1-GUNW product, version 2 or later")


def _wavelength_m(product: Product) -> float | None:
    name = "science/radarMetaData/wavelength"
    if name not in product.file:
        return None
    stated = np.ravel(product.small(name))
    return values.number(product.path, name, stated[0] if stated.size else None, values.WAVELENGTH_M, AGAIN)


def _dates(product: Product) -> tuple[str, str]:
    """Reference and secondary date, from the granules used, else from the product's name."""
    found = []
    for which in ("reference", "secondary"):
        name = f"{SLC}/{which}/L1InputGranules"
        names_in = [text(one) for one in np.ravel(product.small(name))] if name in product.file else []
        dates = sorted(match[1] for match in (re.search(r"_(\d{8})T\d{6}", name) for name in names_in) if match)
        found += dates[:1]
    if len(found) == 2:
        return found[0], found[1]
    match = NAME.search(Path(product.path).name)
    if match is None:
        raise InterferogramError(
            f"{product.path}: neither its granules nor its name tell its dates", "keep the product's own name"
        )
    return match[1], match[2]


def _band(product: Product, name: str, void: float, grid: RegionGrid) -> regrid.GeocodedBand:
    """A 2D layer with NaN for void."""
    return product.band(f"{DATA}/{name}", (f"{DATA}/latitude", f"{DATA}/longitude"), "EPSG:4326", (void,), grid)


def _cube(product: Product, name: str, within: tuple[float, float]) -> np.ndarray:
    """A cube with NaN for void."""
    return product.cube(f"{CUBE}/{name}", within, EVERYWHERE_VOID)
