"""What topsStack needs of a date: products, orbits, swaths and the latitude-longitude box."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.errors import CoverageError, OrbitError, SafeError
from sarslide.grid import RegionGrid
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.geometry import earth_fixed, zero_doppler
from sarslide.sentinel1.safe import Scene

POINTS = 17  # points along each side of the region at which the swaths are looked for
AROUND_DEG = 0.01
LOWEST_M = -500.0  # topo starts there where it has no height
BURST_DEG, SWATH_DEG = (
    0.5,
    1.5,
)  # reach of a burst beyond the region that it meets: 20 km along and 90 km across the track
FOOTPRINT_STEP_DEG = 0.02


@dataclass(frozen=True)
class DatePlan:
    """What topsStack needs to prepare a date beside the one that it is prepared with.

    Attributes
    ----------
    reference, date, companion : str
        Reference date, date, and the other date of its two-date stack.
    products : tuple of Path
        SAFE folders or zips of both dates.
    orbits : tuple of Path
        Their EOF files.
    swaths : tuple of int
        Numbers of the swaths.
    box : tuple of float
        South, north, west, east of the required ground, degrees.
    polarisation : str
        VV, for example.
    aux : Path or None
        Folder of AUX_CAL files.
    """

    reference: str
    date: str
    companion: str
    products: tuple[Path, ...]
    orbits: tuple[Path, ...]
    swaths: tuple[int, ...]
    box: tuple[float, float, float, float]
    polarisation: str
    aux: Path | None = None


def plan_date(
    reference: str, folders: dict[str, Path], scenes: dict[str, Scene], surface: Surface, region: RegionGrid, aux: str
) -> DatePlan:
    """The plan of a date.

    Parameters
    ----------
    reference : str
        Reference date.
    folders : dict of Path
        Folders with products and orbit file, of the date and of its companion.
    scenes : dict of Scene
        Scenes of the same dates, with the reference among them.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.
    aux : str
        Folder of AUX_CAL files, or empty.

    Returns
    -------
    DatePlan
        The plan.

    Raises
    ------
    CoverageError
        When no swath of the reference reaches the region.
    SafeError
        For products that topsStack does not read.
    OrbitError
        Without orbit files.
    """
    date, companion = folders
    return DatePlan(
        reference=reference,
        date=date,
        companion=companion,
        products=tuple(product for folder in folders.values() for product in _products(folder)),
        orbits=tuple(_orbit_file(folders[one], scenes[one]) for one in folders),
        swaths=swaths_of(scenes[reference], surface, region),
        box=box_of(surface, region),
        polarisation=scenes[reference].polarisation,
        aux=Path(aux) if aux else None,
    )


def _products(folder: Path) -> list[Path]:
    found = sorted([*folder.glob("S1*.SAFE"), *folder.glob("S1*.zip")])
    if not found:
        raise SafeError(
            f"{folder}: holds no SAFE product", "engine isce2 reads SAFE folders and zips, not single bursts"
        )
    return found


def _orbit_file(folder: Path, scene: Scene) -> Path:
    path = folder / Path(scene.orbit.source).name
    if path.suffix != ".EOF" or not path.is_file():
        raise OrbitError(f"{folder}: no orbit file (*.EOF) for {scene.date}", "engine isce2 needs one beside the SAFE")
    return path


def swaths_of(scene: Scene, surface: Surface, region: RegionGrid) -> tuple[int, ...]:
    """Numbers of the swaths with a burst on the region.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    tuple of int
        Numbers, 1 to 3.

    Raises
    ------
    CoverageError
        For none.
    """
    west, south, east, north = region.bounds
    x, y = np.linspace(west, east, POINTS), np.linspace(north, south, POINTS)
    point, normal = earth_fixed_patch(region.epsg, x, y)
    time, distance = zero_doppler(scene.arc, (point + surface.heights(x, y)[..., None] * normal).reshape(-1, 3))
    seen = np.isfinite(time)
    found = {int(burst.swath[-1]) for burst in scene.bursts if _meets(burst, time[seen], distance[seen])}
    if not found:
        raise CoverageError(
            f"{scene.date}: the region lies outside all {len(scene.bursts)} bursts", "choose scenes that cover it"
        )
    return tuple(sorted(found))


def _meets(burst: Burst, time: np.ndarray, distance: np.ndarray) -> bool:
    """Whether the box of the lines and samples of some points meets the valid part of a burst."""
    line, sample = burst.line(time), burst.sample(distance)
    return bool(
        time.size
        and line.min() <= burst.last_line and line.max() >= burst.first_line
        and sample.min() <= burst.last_sample and sample.max() >= burst.first_sample
    )  # fmt: skip


def footprint(
    scene: Scene, box: tuple[float, float, float, float], swaths: tuple[int, ...], top_m: float
) -> tuple[float, float, float, float]:
    """Box of all ground that some swaths may see around a box.

    Topo looks for the ground of every sample, from the ellipsoid up: where the DEM ends it finds
    none, and gives up on samples whose ground lies inside. So its DEM has to hold all of it,
    between LOWEST_M and the highest ground, in whatever height beyond the region.

    Parameters
    ----------
    scene : Scene
        The acquisition.
    box : tuple of float
        South, north, west, east, degrees.
    swaths : tuple of int
        Numbers of the swaths.
    top_m : float
        Height of the highest ground, m.

    Returns
    -------
    tuple of float
        South, north, west, east, degrees.
    """
    south, north, west, east = box
    lat = np.arange(south - BURST_DEG, north + BURST_DEG, FOOTPRINT_STEP_DEG)
    lon = np.arange(west - SWATH_DEG, east + SWATH_DEG, FOOTPRINT_STEP_DEG)
    at_lat, at_lon = np.meshgrid(lat, lon, indexing="ij")
    seen = np.zeros(at_lat.shape, bool)
    for height in (LOWEST_M, top_m):
        time, distance = zero_doppler(scene.arc, earth_fixed(at_lat, at_lon, np.full(at_lat.shape, height)))
        for burst in scene.bursts:
            if int(burst.swath[-1]) in swaths:
                line, sample = burst.line(time), burst.sample(distance)
                seen |= (line >= 0) & (line <= burst.lines) & (sample >= 0) & (sample <= burst.samples)
    rows, cols = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    around = 2 * FOOTPRINT_STEP_DEG
    return (
        min(south, lat[rows[0]] - around), max(north, lat[rows[-1]] + around),
        min(west, lon[cols[0]] - around), max(east, lon[cols[-1]] + around),
    )  # fmt: skip


def box_of(surface: Surface, region: RegionGrid) -> tuple[float, float, float, float]:
    """Box of latitude and longitude that ISCE2 needs for a region.

    ISCE2 places bursts on the ellipsoid, so that high ground seems to lie nearer to the track: the
    box is wider than the region by the height of the ground.

    Parameters
    ----------
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    tuple of float
        South, north, west, east, degrees.
    """
    from pyproj import Transformer

    west, south, east, north = Transformer.from_crs(region.epsg, 4326, always_xy=True).transform_bounds(*region.bounds)
    beside = AROUND_DEG + 2 * highest(surface, region) / (
        111320 * np.cos(np.radians(south))
    )  # incidence of 27 degrees and more
    return south - AROUND_DEG, north + AROUND_DEG, west - beside, east + beside


def highest(surface: Surface, region: RegionGrid) -> float:
    """Height of the highest ground of the region, on a sample of its cells.

    Parameters
    ----------
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    float
        Height, m; 0 or more.
    """
    x, y = region.x(), region.y()
    return max(float(surface.heights(x[:: max(1, x.size // 64)], y[:: max(1, y.size // 64)]).max()), 0.0)
