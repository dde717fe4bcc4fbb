"""NISAR GUNW products (HDF5, level 2): phase, coherence, components and the radar grid's cubes.

Layout and meaning as in the processor, isce3 (github.com/isce-framework/isce3: GUNW_writer.py,
InSAR_L2_writer.py, h5_prep.py, metadataCubes.cpp, baseline.py, troposphere.py), product
specification JPL D-102272, versions 1.x, as MintPy's prep_nisar.py reads it:

- `grids/frequencyA/unwrappedInterferogram/HH` in the CRS of `projection` (UTM or polar
  stereographic), by the centres of the cells (80 m); nodata as `_FillValue` states.
- The reference is the *earlier* acquisition; the phase, reference x conj(secondary), grows away
  from the satellite (seen where Mexico City sinks: LiCSBAS2, pull request 152; ARIA-tools, pull
  request 495, turns it to its own order).
- Phase screens of ionosphere, troposphere and solid earth tides have the sign of the phase
  (troposphere: 4 pi / wavelength x (delay of the secondary - that of the reference)); the product's
  phase still holds them.
- `metadata/radarGrid` holds cubes over height, y, x in a CRS of their own. `losUnitVectorX|Y`: east
  and north of the unit vector from target to sensor, whose third component is the cosine of
  `incidenceAngle`; `alongTrackUnitVectorX|Y`: the flight. The radar looks to the left
  (`lookDirection`).
- `perpendicularBaseline` has the sign of ((target - reference) x (secondary - reference)) .
  velocity: that of (secondary - reference) . n of `PairRecord` for a radar that looks to the left,
  the other one for a radar that looks to the right. Processors before November 2025 left the
  distance along the track in its size (isce3, pull request 172).
- `mask`: hundreds: water; tens and ones: subswath of reference and secondary, 0 where invalid.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import ProjError

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import InterferogramError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid, values
from sarslide.insar.external.geocoded_hdf5 import AGAIN, Product, text
from sarslide.insar.external.pair import ExternalPair, assemble, sign_by_dates
from sarslide.insar.external.sensor import FREQUENCY_HZ
from sarslide.io import hdf5
from sarslide.io.bounded import shown

# Of the product's screens, by whether that of the ionosphere is taken off.
STILL_THERE = {
    False: "phase without ionosphere, troposphere and solid earth tides (the product's screens are not taken off)",
    True: "phase without troposphere and solid earth tides (these screens of the product are not taken off)",
}
IDENTIFICATION, GUNW = "science/LSAR/identification", "science/LSAR/GUNW"
CUBES = f"{GUNW}/metadata/radarGrid"
WANTED = "give a NISAR GUNW product of specification 1.x"
SPECIFICATION = "1"  # major version
# As produced: co-polarised, of the main band; the other only where the first is not there.
LAYERS = tuple((frequency, channel) for frequency in ("A", "B") for channel in ("HH", "VV"))
PASSES = ("ascending", "descending")
SIDES: dict[str, los.Side] = {"left": "left", "right": "right"}
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the delivered phase, wrapped)",
    "mean amplitude",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)
SLANT_RANGE_M = (1e5, 5e6)
MASK_BYTE = 0xFF  # higher bits hold other flags
AROUND = 2  # nodes of a cube beyond the region


@dataclass(frozen=True)
class Identity:
    """What the pairs of a stack share.

    Attributes
    ----------
    track, frame : int
        Relative orbit and frame.
    orbit, looks : str
        Ascending or descending; side of the track that the radar looks to.
    frequency, channel : str
        Band and polarisation of the layers that are read.
    epsg : int
        CRS of the layers.
    """

    track: int
    frame: int
    orbit: str
    looks: los.Side
    frequency: str
    channel: str
    epsg: int

    def __str__(self) -> str:
        """In words."""
        return (
            f"track {self.track} {self.orbit} frame {self.frame}, looks {self.looks}, frequency {self.frequency}"
            f" {self.channel}, EPSG:{self.epsg}"
        )

    @property
    def layers(self) -> str:
        """Group of the layers."""
        return f"{GUNW}/grids/frequency{self.frequency}/unwrappedInterferogram"


def ingest(
    path: str | Path, pair: str, grid: RegionGrid, positive_phase: str | None = None, ionosphere: bool = False
) -> ExternalPair:
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
    ionosphere : bool
        Take the phase screen of the ionosphere off; cells without it have no phase.

    Returns
    -------
    ExternalPair
        The pair with our signs.

    Raises
    ------
    InterferogramError
        For another product or version, other dates, a contradicting sign, missing layers, an
        unreadable file, no valid cell.
    """
    with _opened(path) as product:
        about = _identity(product)
        times = [_time(product, which) for which in ("reference", "secondary")]
        reference, secondary = (time[:10].replace("-", "") for time in times)
        factor = sign_by_dates(path, (reference, secondary), pair, positive_phase)
        product.require_radians(f"{about.layers}/{about.channel}/unwrappedPhase")
        delivered = _usable(product, about, _band(product, about, "unwrappedPhase", grid), grid)
        if ionosphere:
            delivered.values[:] -= _band(product, about, "ionospherePhaseScreen", grid).values
        phase = regrid.smooth(delivered, grid)
        coherence = regrid.smooth(_band(product, about, "coherenceMagnitude", grid), grid)
        components = regrid.labels(_band(product, about, "connectedComponents", grid), grid)
        bperp_m = _baseline_m(product, about, grid) * factor
        wavelength_m = _wavelength_m(product, about)
    utc = sorted(f"{time}Z" for time in times)
    return assemble(path, grid, phase, coherence, factor, components).with_metadata(
        utc=(utc[0], utc[1]),
        bperp_m=bperp_m,
        wavelength_m=wavelength_m,
        processor="ISCE3",
        absent=(STILL_THERE[ionosphere], *ABSENT),
        free_level=True,
    )


def line_of_sight(path: str | Path, height_m: np.ndarray, grid: RegionGrid) -> dict[str, np.ndarray]:
    """Six geometry layers, linear in the cubes at the place and height of each cell.

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
    with _opened(path) as product:
        about = _identity(product)
        nodes = _nodes(product, grid)
        axes = (nodes.heights, nodes.y, nodes.x)
        x, y = nodes.to_cube.transform(*np.meshgrid(grid.x(), grid.y()))
        at = np.stack([np.clip(height_m, nodes.heights.min(), nodes.heights.max()), y, x], axis=-1)

        def cells(name: str, within: tuple[float, float], made: Any = None) -> np.ndarray:
            cube = nodes.cube(product, name, within)
            return product.linear(axes, cube if made is None else made(cube), at)

        east, north = (cells(f"losUnitVector{axis}", (-1.0, 1.0)) for axis in "XY")
        up = cells("incidenceAngle", values.INCIDENCE_DEG, lambda cube: np.cos(np.radians(cube)))
        slant_range_m = cells("referenceSlantRange", SLANT_RANGE_M)
        if hdf5.inside(product.file, f"{CUBES}/alongTrackUnitVectorX"):
            flight = [cells(f"alongTrackUnitVector{axis}", (-1.0, 1.0)) for axis in "XY"]
            across = flight[0] * north - flight[1] * east
            seen: los.Side = "right" if np.nan_to_num(across).sum() > 0 else "left"
            if seen != about.looks and np.isfinite(across).any():
                problem = f"lookDirection is {about.looks}, its line of sight that of a radar that looks {seen}"
                raise InterferogramError(f"{path}: {problem}", AGAIN)
    return los.from_vector(path, east, north, up, looks=about.looks) | {"slant_range_m": slant_range_m}


def tags(path: str | Path) -> dict[str, str]:
    """What a product states of its sensor, by the names that `sensor.Tags` knows.

    Parameters
    ----------
    path : str or Path
        The product.

    Returns
    -------
    dict of str to str
        Wavelength, platform, processor and pass.

    Raises
    ------
    InterferogramError
        For another product or version, and one that cannot be read.
    """
    with _opened(path) as product:
        about = _identity(product)
        return {
            "WAVELENGTH": str(_wavelength_m(product, about)),
            "PLATFORM": "NISAR",
            "PROCESSOR": "ISCE3",
            "ORBIT_DIRECTION": about.orbit,
        }


def check_stack(paths: Sequence[str | Path], stack: str) -> None:
    """Check that all products of a stack are of its track, and of one frame, band and CRS.

    Parameters
    ----------
    paths : sequence of str or Path
        The products.
    stack : str
        Name of the stack.

    Raises
    ------
    InterferogramError
        Naming the first that differs.
    """
    first = None
    for path in paths:
        with _opened(path) as product:
            found = _identity(product)
        if found.track != int(stack[1:]):
            raise InterferogramError(f"{path}: is of track {found.track}, the stack is {stack}", "correct stacks")
        first = first or found
        if found != first:
            raise InterferogramError(
                f"{path}: is of {found}; {paths[0]} is of {first}", "give one frame and band, in a folder of its own"
            )


@contextmanager
def _opened(path: str | Path) -> Iterator[Product]:
    with hdf5.opened(path, InterferogramError, AGAIN) as file:
        yield Product(path, file, WANTED)


def _stated(product: Product, name: str) -> str:
    """A text or number of the identification."""
    found = np.ravel(product.small(f"{IDENTIFICATION}/{name}"))
    if found.size != 1:
        raise InterferogramError(f"{product.path}: {name} has {found.size} values", AGAIN)
    return text(found[0]).strip()


def _identity(product: Product) -> Identity:
    """What a product is, or why it is none that can be read."""
    kind = _stated(product, "productType")
    if kind != "GUNW":
        raise InterferogramError(f"{product.path}: is a {shown(kind)} product, not GUNW", WANTED)
    version = _stated(product, "productSpecificationVersion")
    if version.split(".")[0] != SPECIFICATION:
        raise InterferogramError(f"{product.path}: is of product specification {shown(version)}", WANTED)
    orbit, side = (_stated(product, name).lower() for name in ("orbitPassDirection", "lookDirection"))
    if orbit not in PASSES or side not in SIDES:
        problem = f"orbitPassDirection {shown(orbit)}, lookDirection {shown(side)}"
        raise InterferogramError(f"{product.path}: has {problem}, not one of {', '.join((*PASSES, *SIDES))}", AGAIN)
    track, frame = (
        values.whole(product.path, name, _stated(product, name), (1, 999), AGAIN, InterferogramError)
        for name in ("trackNumber", "frameNumber")
    )
    grids = f"{GUNW}/grids"
    for frequency, channel in LAYERS:
        group = f"{grids}/frequency{frequency}/unwrappedInterferogram/{channel}"
        if hdf5.inside(product.file, f"{group}/unwrappedPhase"):
            epsg = _epsg(product, f"{group}/projection")
            return Identity(track, frame, orbit, SIDES[side], frequency, channel, epsg)
    raise InterferogramError(
        f"{product.path}: has no unwrapped phase of frequency A or B, HH or VV", "give a co-polarised GUNW product"
    )


def _epsg(product: Product, name: str) -> int:
    """EPSG code of a projection: its attribute, else its value."""
    found = product.small(name)
    code = product.layer(name).attrs.get("epsg_code", found)
    one = np.ravel(code)
    return values.whole(product.path, name, one[0] if one.size else None, (1024, 32767), AGAIN, InterferogramError)


def _time(product: Product, which: str) -> str:
    """Zero-Doppler start of an acquisition, ISO without zone, to a microsecond."""
    stated = _stated(product, f"{which}ZeroDopplerStartTime")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", stated):
        raise InterferogramError(f"{product.path}: {which}ZeroDopplerStartTime is {shown(stated)}", AGAIN)
    day, clock = stated.rstrip("Z")[:26].split("T")
    found = values.iso_utc(product.path, f"{which}ZeroDopplerStartTime", day, clock)
    assert found is not None
    return found.rstrip("Z")


def _wavelength_m(product: Product, about: Identity) -> float:
    name = f"{GUNW}/grids/frequency{about.frequency}/centerFrequency"
    stated = np.ravel(product.small(name))
    within = (FREQUENCY_HZ[0], FREQUENCY_HZ[1])
    return SPEED_OF_LIGHT / values.number(product.path, name, stated[0] if stated.size else None, within, AGAIN)


def _band(product: Product, about: Identity, name: str, grid: RegionGrid) -> regrid.GeocodedBand:
    """A 2D layer with NaN for void."""
    group = f"{about.layers}/{about.channel}"
    full = f"{group}/{name}"
    axes = (f"{group}/yCoordinates", f"{group}/xCoordinates")
    return product.band(full, axes, f"EPSG:{about.epsg}", _voids(product, full), grid)


def _voids(product: Product, name: str) -> tuple[float, ...]:
    """Nodata that a layer states, if it is a number."""
    stated = np.ravel(product.layer(name).attrs.get("_FillValue", ()))
    return tuple(float(value) for value in stated if np.issubdtype(stated.dtype, np.number))


def _usable(product: Product, about: Identity, band: regrid.GeocodedBand, grid: RegionGrid) -> regrid.GeocodedBand:
    """The phase on land, in a subswath of both dates. A mask without subswaths leaves all."""
    name = f"{about.layers}/mask"
    if not hdf5.inside(product.file, name):
        return band
    layer = product.layer(name)
    if "subswath" not in text(layer.attrs.get("description", b"")):
        return band
    group = f"{about.layers}/{about.channel}"
    axes = (f"{group}/yCoordinates", f"{group}/xCoordinates")
    stated = product.band(name, axes, band.crs, _voids(product, name), grid).values
    code = np.nan_to_num(stated).astype(np.int64) & MASK_BYTE
    land = (code // 100 == 0) & (code // 10 % 10 > 0) & (code % 10 > 0)
    return regrid.GeocodedBand(np.where(land, band.values, np.nan), band.transform, band.crs)


@dataclass(frozen=True)
class _Nodes:
    """Heights, y and x of a cube's nodes around the region, where they lie in it, the way there."""

    heights: np.ndarray
    y: np.ndarray
    x: np.ndarray
    rows: slice
    cols: slice
    shape: tuple[int, int]
    to_cube: Transformer

    def cube(self, product: Product, name: str, within: tuple[float, float]) -> np.ndarray:
        """The part of a cube at the nodes."""
        if product.layer(f"{CUBES}/{name}").shape[1:] != self.shape:
            raise InterferogramError(f"{product.path}: {name} is not that of its axes", AGAIN)
        return product.cube(f"{CUBES}/{name}", within, (), self.rows, self.cols)


def _nodes(product: Product, grid: RegionGrid) -> _Nodes:
    """The nodes of the radar grid around the region."""
    heights, y, x = (
        product.axis(f"{CUBES}/{name}") for name in ("heightAboveEllipsoid", "yCoordinates", "xCoordinates")
    )
    code = _epsg(product, f"{CUBES}/projection")
    try:
        to_cube = Transformer.from_crs(grid.epsg, code, always_xy=True)
    except ProjError as error:
        raise InterferogramError(f"{product.path}: EPSG:{code} is no CRS ({shown(error)})", AGAIN) from None
    west, south, east, north = to_cube.transform_bounds(*grid.bounds)
    # Comparisons with what is not finite, of a place outside of the CRS, do not hold either.
    if not (west <= x.max() and east >= x.min() and south <= y.max() and north >= y.min()):
        raise InterferogramError(f"{product.path}: its radar grid does not reach the region", "correct grid.bounds")
    rows, cols = _around(y, south, north), _around(x, west, east)
    return _Nodes(heights, y[rows], x[cols], rows, cols, (y.size, x.size), to_cube)


def _around(axis: np.ndarray, low: float, high: float) -> slice:
    """The nodes around a range; at least two."""
    inside = np.flatnonzero((axis >= low) & (axis <= high))
    middle = np.argmin(np.abs(axis - (low + high) / 2))
    first, last = (inside[0], inside[-1]) if inside.size else (middle, middle)
    return slice(max(0, int(first) - AROUND), int(last) + AROUND + 1)


def _baseline_m(product: Product, about: Identity, grid: RegionGrid) -> float:
    """(secondary - reference) . n at the middle of the region, m, the mean over heights."""
    nodes = _nodes(product, grid)
    cube = nodes.cube(product, "perpendicularBaseline", values.BASELINE_M)
    west, south, east, north = grid.bounds
    x, y = nodes.to_cube.transform((west + east) / 2, (south + north) / 2)
    # Nodes outside of the swath have none. Products before 2025 have two heights, the others all.
    known = np.isfinite(cube)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, cube, 0).sum(axis=0) / known.sum(axis=0)
    flat = (np.array([0.0, 1.0]), nodes.y, nodes.x)
    (middle,) = product.linear(flat, np.stack([mean, mean]), np.array([[0.0, y, x]]))
    stated = float(middle if np.isfinite(middle) else np.nanmean(cube))
    return stated if about.looks == "left" else -stated
