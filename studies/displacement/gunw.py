"""NISAR GUNW products of a flight that is known, and what MintPy's prep_nisar.py reads of them.

    python -m studies.displacement.gunw --folder OUT [--record]

The ground is the plane of the map, the flight a straight line over it, so that line of sight,
ranges and baseline of each place and height are exact. The phase is 4 pi / wavelength x (range at
the later date - range at the earlier one) of ground that sinks and of ground above the DEM, less
that of the DEM: no formula of a sign enters. Layers, names, types and nodata are those of isce3
(GUNW_writer.py, InSAR_L2_writer.py, h5_prep.py), the baseline is that of its baseline.py.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest import mock

import numpy as np

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.grid import RegionGrid
from sarslide.insar.external import nisar
from studies.displacement import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.gunw --folder OUT --record"
EPSG, HEIGHT_M = 32647, 3000.0
GRID = RegionGrid(EPSG, 519000.0, 3208000.0, 80.0, 36, 48)
EARLIER, LATER = "20251103", "20251115"
PAIR, TRACK = f"{EARLIER}_{LATER}", 77
FREQUENCY_HZ = 1.243e9  # isce3's tests/data/troposphere/GUNW_product.h5
WAVELENGTH_M = SPEED_OF_LIGHT / FREQUENCY_HZ
SUNK_M, ABOVE_M = 0.05, 40.0
MASK = (
    "Combination of water mask and a mask of subswaths of valid samples in the reference RSLC and"
    " geometrically-coregistered secondary RSLC"
)
CUBE_HEIGHTS_M = np.array([-500.0, 2000.0, 4500.0, 9000.0])
CUBE_STEP_M = 500.0


@dataclass(frozen=True)
class Flight:
    """Two parallel tracks over the plane of the map.

    Attributes
    ----------
    heading_deg : float
        Flight direction, clockwise from north.
    looks : str
        "left" or "right".
    towards_m, up_m : float
        The later track lies so much nearer to the ground that is seen, and higher.
    incidence_deg : float
        At the middle of the region, on the DEM.
    altitude_m : float
        Above height 0: NISAR's.
    """

    heading_deg: float = 348.0
    looks: str = "left"
    towards_m: float = 120.0
    up_m: float = 40.0
    incidence_deg: float = 38.0
    altitude_m: float = 747e3

    @property
    def flight(self) -> np.ndarray:
        """Unit vector of the flight, east, north, up."""
        heading = np.radians(self.heading_deg)
        return np.array([np.sin(heading), np.cos(heading), 0.0])

    @property
    def away(self) -> np.ndarray:
        """Horizontal unit vector from the ground to the track."""
        right = np.array([self.flight[1], -self.flight[0], 0.0])
        return right if self.looks == "left" else -right

    @property
    def orbit(self) -> str:
        """Ascending or Descending."""
        return "Ascending" if self.flight[1] > 0 else "Descending"

    def across_m(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Distance on the map to the earlier track, m."""
        west, south, east, north = GRID.bounds
        x0, y0 = (west + east) / 2, (south + north) / 2
        middle = (self.altitude_m - HEIGHT_M) * np.tan(np.radians(self.incidence_deg))
        return middle - (x - x0) * self.away[0] - (y - y0) * self.away[1]

    def to_satellite(self, x: np.ndarray, y: np.ndarray, height_m: np.ndarray, later: bool = False) -> np.ndarray:
        """Vectors from ground to satellite at zero Doppler, (3, ...), m."""
        across, up = self.across_m(x, y), self.altitude_m - height_m
        if later:
            across, up = across - self.towards_m, up + self.up_m
        return np.stack(np.broadcast_arrays(across * self.away[0], across * self.away[1], up))

    def range_m(self, x: np.ndarray, y: np.ndarray, height_m: np.ndarray, later: bool = False) -> np.ndarray:
        """Slant range, m."""
        return np.linalg.norm(self.to_satellite(x, y, height_m, later), axis=0)

    def baseline_m(self, x: np.ndarray, y: np.ndarray, height_m: np.ndarray, swapped: bool = False) -> np.ndarray:
        """As isce3's baseline.py signs it, m; `swapped`: the later date is the reference."""
        reference, secondary = (self.to_satellite(x, y, height_m, later) for later in (swapped, not swapped))
        look, between = -reference / np.linalg.norm(reference, axis=0), secondary - reference
        size = np.linalg.norm(between - (between * look).sum(0) * look, axis=0)
        return np.sign(np.einsum("i...,i->...", np.cross(look, between, axis=0), self.flight)) * size

    def phase_rad(self, x: np.ndarray, y: np.ndarray, wavelength_m: float = WAVELENGTH_M) -> np.ndarray:
        """Phase of earlier x conj(later) of `sunk` and `above`, less that of the DEM, rad.

        Ground above the DEM is seen where the DEM has its range: it lies farther from the track.
        """
        away = above(x, y) * self.to_satellite(x, y, HEIGHT_M)[2] / self.across_m(x, y)
        east, north, height_m = x - away * self.away[0], y - away * self.away[1], HEIGHT_M + above(x, y)
        moved = self.range_m(east, north, height_m - sunk(x, y), True) - self.range_m(east, north, height_m)
        dem = self.range_m(x, y, HEIGHT_M, True) - self.range_m(x, y, HEIGHT_M)
        return 4 * np.pi / wavelength_m * (moved - dem)


def sunk(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the ground sinks, m."""
    return SUNK_M * np.exp(-((x - 520000) ** 2 + (y - 3206500) ** 2) / 2 / 400**2)


def above(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the ground lies above the DEM, m."""
    return ABOVE_M * np.exp(-((x - 522000) ** 2 + (y - 3206500) ** 2) / 2 / 400**2)


def cubes(flight: Flight, x: np.ndarray, y: np.ndarray, swapped: bool = False) -> dict[str, np.ndarray]:
    """The radar grid's cubes of a flight, by the names of isce3."""
    height, north, east = np.meshgrid(CUBE_HEIGHTS_M, y, x, indexing="ij")
    to_satellite = flight.to_satellite(east, north, height, swapped)
    length = np.linalg.norm(to_satellite, axis=0)
    los = to_satellite / length
    screen = np.ones_like(length)
    return {
        "incidenceAngle": np.degrees(np.arccos(los[2])).astype(np.float32),
        "losUnitVectorX": los[0].astype(np.float32),
        "losUnitVectorY": los[1].astype(np.float32),
        "alongTrackUnitVectorX": (flight.flight[0] * screen).astype(np.float32),
        "alongTrackUnitVectorY": (flight.flight[1] * screen).astype(np.float32),
        "referenceSlantRange": length,
        "perpendicularBaseline": flight.baseline_m(east, north, height, swapped).astype(np.float32),
        "wetTroposphericPhaseScreen": 0.4 * screen,
        "hydrostaticTroposphericPhaseScreen": 0.2 * screen,
        "slantRangeSolidEarthTidesPhase": 0.1 * screen,
    }


def write(
    folder: Path,
    layers: Mapping[str, np.ndarray],
    x: np.ndarray,
    y: np.ndarray,
    radar_grid: Mapping[str, np.ndarray],
    nodes: tuple[np.ndarray, np.ndarray],
    *,
    orbit: str,
    looks: str,
    dates: tuple[str, str] = (EARLIER, LATER),
    track: int = TRACK,
    epsg: int = EPSG,
    frequency_hz: float = FREQUENCY_HZ,
    clock: str = "12:46:15",
) -> Path:
    """One product.

    Parameters
    ----------
    folder : Path
        Where it is put, under the name of a granule.
    layers : mapping of str to (rows, cols) array
        unwrappedPhase, coherenceMagnitude, connectedComponents, mask.
    x, y : (cols,), (rows,) array
        Centres of their cells, m.
    radar_grid : mapping of str to (heights, n, m) array
        As of `cubes`.
    nodes : tuple of array
        x and y of its nodes, m.
    orbit, looks : str
        As the product states them.
    dates : tuple of str
        Of reference and secondary.
    track, epsg : int
        Relative orbit and CRS.
    frequency_hz : float
        Of the band.
    clock : str
        Time of day of both acquisitions.

    Returns
    -------
    Path
        The product.
    """
    import h5py

    spans = "_".join(f"{day}T{clock.replace(':', '')}_{day}T{clock.replace(':', '')}" for day in dates)
    path = folder / f"NISAR_L2_PR_GUNW_004_{track:03d}_{orbit[0]}_024_005_4000_SH_{spans}_X05010_N_F_J_001.h5"
    with h5py.File(path, "w") as file:
        about = file.create_group("science/LSAR/identification")
        texts = {
            "productType": "GUNW", "productSpecificationVersion": "1.2.1", "missionId": "NISAR", "radarBand": "L",
            "orbitPassDirection": orbit, "lookDirection": looks.capitalize(), "granuleId": path.stem,
        }  # fmt: skip
        for which, day in zip(("reference", "secondary"), dates, strict=True):
            for end in ("Start", "End"):
                texts[f"{which}ZeroDoppler{end}Time"] = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock}.000000000"
        for name, value in texts.items():
            about[name] = np.bytes_(value)
        about["trackNumber"], about["frameNumber"] = np.uint8(track), np.uint16(24)

        grids = file.create_group("science/LSAR/GUNW/grids/frequencyA")
        grids["centerFrequency"], grids["listOfPolarizations"] = frequency_hz, np.bytes_(["HH"])
        unwrapped = grids.create_group("unwrappedInterferogram")
        channel = unwrapped.create_group("HH")
        _place(channel, x, y, epsg)
        channel["xCoordinateSpacing"], channel["yCoordinateSpacing"] = x[1] - x[0], y[1] - y[0]
        screen = np.add.outer(0.3 * np.arange(y.size) / y.size, 0.7 * np.arange(x.size) / x.size)
        given = {"ionospherePhaseScreen": screen.astype(np.float32), **layers}
        voids = {"connectedComponents": np.uint16(65535), "mask": np.uint8(255)}
        for name, values in given.items():
            dataset = (unwrapped if name == "mask" else channel).create_dataset(name, data=values, compression="gzip")
            dataset.attrs["_FillValue"] = voids.get(name, np.float32(np.nan))
            dataset.attrs["units"] = np.bytes_("radians" if "Phase" in name else "1")
            if name == "mask":
                dataset.attrs["description"] = np.bytes_(MASK)
        parameters = "science/LSAR/GUNW/metadata/processingInformation/parameters/unwrappedInterferogram/frequencyA"
        file[f"{parameters}/numberOfRangeLooks"], file[f"{parameters}/numberOfAzimuthLooks"] = 13, 16
        grid = file.create_group("science/LSAR/GUNW/metadata/radarGrid")
        _place(grid, *nodes, epsg)
        grid["heightAboveEllipsoid"] = CUBE_HEIGHTS_M
        for name, values in radar_grid.items():
            grid.create_dataset(name, data=values, compression="gzip").attrs["_FillValue"] = np.nan
    return path


def product(folder: Path, flight: Flight = Flight(), swapped: bool = False) -> Path:
    """A product of a flight, 240 m wider than the region, with holes and two components."""
    x = GRID.west + 80 * (np.arange(GRID.cols + 6) - 3 + 0.5)
    y = GRID.north - 80 * (np.arange(GRID.rows + 6) - 3 + 0.5)
    east, north = np.meshgrid(x, y)
    void, water, invalid = (
        (abs(east - 521000) < 250) & (abs(north - place) < 130) for place in (3205640, 3207240, 3207640)
    )
    phase = flight.phase_rad(east, north) * (-1 if swapped else 1)
    layers = {
        "unwrappedPhase": np.where(void, np.nan, phase).astype(np.float32),
        "coherenceMagnitude": np.where(void, np.nan, 0.7 + 1e-5 * (east - 521000)).astype(np.float32),
        "connectedComponents": np.where(void, 65535, np.where(east < 521000, 1, 2)).astype(np.uint16),
        "mask": np.where(void, 255, np.where(water, 111, np.where(invalid, 10, 11))).astype(np.uint8),
    }
    nodes = (GRID.west + CUBE_STEP_M * np.arange(-3, 12), GRID.north - CUBE_STEP_M * np.arange(-3, 10))
    return write(
        folder, layers, x, y, cubes(flight, *nodes, swapped), nodes, orbit=flight.orbit, looks=flight.looks,
        dates=(LATER, EARLIER) if swapped else (EARLIER, LATER),
    )  # fmt: skip


def _place(group: object, x: np.ndarray, y: np.ndarray, epsg: int) -> None:
    """Coordinates of the centres and their CRS, as h5_prep.set_get_geo_info writes them."""
    group["xCoordinates"], group["yCoordinates"], group["projection"] = x, y, np.uint32(epsg)  # type: ignore[index]
    group["projection"].attrs["epsg_code"] = epsg  # type: ignore[index]


def by_mintpy(path: Path, folder: Path) -> dict[str, np.ndarray]:
    """What MintPy's prep_nisar.py reads of a product, on the region's grid.

    GDAL brings it nothing but heights, which are given instead. Its `azimuthAngle`,
    arctan2(-losy, -losx), is that from sensor to target, counter-clockwise from the east.
    """
    import h5py

    prep_nisar = _prep_nisar()

    def heights(*, xcoord: np.ndarray, ycoord: np.ndarray, **_: object) -> np.ndarray:
        return np.full((ycoord.size, xcoord.size), HEIGHT_M, np.float32)

    (folder / "inputs").mkdir(parents=True, exist_ok=True)
    (folder / "dem.tif").touch()
    settings = SimpleNamespace(
        update_mode=False, input_glob=str(path), dem_file=str(folder / "dem.tif"), subset_lat=None, subset_lon=None,
        mask_file=None, out_dir=str(folder), frequency="auto", polarization="HH",
    )  # fmt: skip
    with (
        mock.patch.object(prep_nisar, "_warp_to_grid_mem", heights),
        mock.patch.object(prep_nisar, "_read_raster_epsg", lambda path: EPSG),
    ):
        prep_nisar.load_nisar(settings)
    with (
        h5py.File(folder / "inputs/ifgramStack.h5") as stack,
        h5py.File(folder / "inputs/ionStack.h5") as screen,
        h5py.File(folder / "inputs/geometryGeo.h5") as place,
    ):
        west, north = float(stack.attrs["X_FIRST"]), float(stack.attrs["Y_FIRST"])
        row, col = round((north - GRID.north) / GRID.cell_m), round((GRID.west - west) / GRID.cell_m)
        part = slice(row, row + GRID.rows), slice(col, col + GRID.cols)
        incidence, azimuth = (np.radians(place[name][part]) for name in ("incidenceAngle", "azimuthAngle"))
        return {
            "phase": stack["unwrapPhase"][0][part],
            "phase_without_ionosphere": stack["unwrapPhase"][0][part] - screen["unwrapPhase"][0][part],
            "coherence": stack["coherence"][0][part],
            "components": stack["connectComponent"][0][part],
            "los_east": -np.sin(incidence) * np.cos(azimuth),
            "los_north": -np.sin(incidence) * np.sin(azimuth),
            "los_up": np.cos(incidence),
            "slant_range_m": place["slantRangeDistance"][part],
            "bperp_m": stack["bperp"][0],
            "wavelength_m": np.float64(stack.attrs["WAVELENGTH"]),
            "dates": np.array([one.decode() for one in stack["date"][0]]),
            "corner": np.array([west + col * GRID.cell_m, north - row * GRID.cell_m]),
        }


def _prep_nisar() -> ModuleType:
    """MintPy's module, with something in the place of GDAL's where that is not installed."""
    if find_spec("osgeo") is None:
        osgeo = ModuleType("osgeo")
        parts = {"gdal": SimpleNamespace(UseExceptions=lambda: None), "osr": SimpleNamespace()}
        osgeo.__dict__.update(parts)
        sys.modules["osgeo"] = osgeo
        try:
            return import_module("mintpy.prep_nisar")
        finally:
            del sys.modules["osgeo"]
    return import_module("mintpy.prep_nisar")


def by_sarslide(path: Path) -> dict[str, np.ndarray]:
    """What the reader makes of a product, by the same names."""
    pair = nisar.ingest(path, PAIR, GRID)
    without = nisar.ingest(path, PAIR, GRID, ionosphere=True)
    layers = nisar.line_of_sight(path, np.full(GRID.shape, HEIGHT_M), GRID)
    about = pair.metadata
    return {
        "phase": pair.unwrapped_rad,
        "phase_without_ionosphere": without.unwrapped_rad,
        "coherence": pair.coherence,
        "components": pair.conncomp,
        **{name: layers[name] for name in ("los_east", "los_north", "los_up", "slant_range_m")},
        "bperp_m": np.float64(about.bperp_m or np.nan),
        "wavelength_m": np.float64(about.wavelength_m or np.nan),
        "dates": np.array([(time or "")[:10].replace("-", "") for time in about.utc]),
        "corner": np.array([GRID.west, GRID.north]),
    }


# float32 of the product (its phase goes to 40 rad), and the line of sight linear in other numbers.
TOLERANCES = {
    "phase": 1e-5, "phase_without_ionosphere": 1e-5, "coherence": 1e-6, "components": 0.0,
    "los_east": 2e-6, "los_north": 2e-6, "los_up": 2e-6, "slant_range_m": 0.1, "wavelength_m": 1e-9, "corner": 1e-6,
}  # fmt: skip


def differences(path: Path, folder: Path) -> dict[str, float]:
    """Largest difference of each quantity from MintPy's; of `void` and `dates` how many differ."""
    theirs, ours = by_mintpy(path, folder), by_sarslide(path)
    both = np.isfinite(ours["phase"])
    found = {"void": float((both != np.isfinite(theirs["phase"])).sum())}
    found["dates"] = float((theirs["dates"] != ours["dates"]).sum())
    for name in TOLERANCES:
        gap = np.abs(np.asarray(ours[name], float) - theirs[name])
        found[name] = float(gap[both].max() if gap.shape == both.shape else np.max(gap))
    return found


def rows_of(folder: Path) -> list[dict]:
    """A row for the comparison, over sides and passes, one for motion and height."""
    worst: dict[str, float] = {}
    heights, motions = [], []
    for looks in ("left", "right"):
        for heading in (348.0, 192.0):
            place = folder / f"{looks}_{heading:g}"
            place.mkdir(parents=True, exist_ok=True)
            path = product(place, flight := Flight(heading, looks))
            for name, gap in differences(path, place / "mintpy").items():
                worst[name] = max(worst.get(name, 0.0), gap)
            motion, height = returned(path, flight)
            motions.append(motion)
            heights.append(height)
    met = all(worst[name] <= TOLERANCES.get(name, 0.0) for name in worst)
    measured = ", ".join(f"{name} {gap:.2g}" for name, gap in worst.items())
    named = "NISAR GUNW, radar that looks left and right, both passes"
    return [
        row(f"{named}: largest difference from MintPy's prep_nisar (rad, m, cells)", measured, COMMAND,
            "equal to rounding", met),
        row(f"{named}: LOS motion of ground that sinks 50 mm, of its truth; height above the DEM of 40 m by bperp_m",
            f"{min(motions):.4f} to {max(motions):.4f}; {min(heights):.2f} to {max(heights):.2f} m", COMMAND,
            "1 within 0.1 %; 40 m within 1 %",
            all(abs(one - 1) < 1e-3 for one in motions) and all(abs(one / ABOVE_M - 1) < 0.01 for one in heights)),
    ]  # fmt: skip


def returned(path: Path, flight: Flight) -> tuple[float, float]:
    """LOS motion as a share of the truth, and height from phase and baseline, m, at their tops."""
    pair = by_sarslide(path)
    x, y = np.meshgrid(GRID.x(), GRID.y())
    deepest, top = (np.unravel_index(field(x, y).argmax(), GRID.shape) for field in (sunk, above))
    los_m = -pair["wavelength_m"] / (4 * np.pi) * pair["phase"]
    truth_m = -sunk(x, y) * pair["los_up"]
    # Ground there is not above the DEM, and here it does not sink: the bumps lie five widths apart.
    leaves = 4 * np.pi / pair["wavelength_m"] * pair["bperp_m"]
    leaves = leaves / (pair["slant_range_m"] * np.sqrt(1 - pair["los_up"] ** 2))
    height_m = -pair["phase"] / leaves
    return float(los_m[deepest] / truth_m[deepest]), float(height_m[top] * ABOVE_M / above(x, y)[top])


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    keep_or_tell(rows_of(asked.folder.resolve()), put, asked.record)


if __name__ == "__main__":
    main()
