"""Displacement products of known motion, written as their own programs write them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import Transformer
from studies.displacement import written
from studies.displacement.written import Place

from sarslide.displacement.contract import Displacement
from sarslide.grid import RegionGrid
from sarslide.network import years_of

GRID = RegionGrid.from_bounds(32632, (576000.0, 5160000.0, 577920.0, 5161920.0), 30.0)
DAYS = [f"2020{month:02d}01" for month in range(1, 13)]
YEARS = years_of(DAYS) - years_of(DAYS)[0]
HEADING, INCIDENCE = 350.0, 38.0
STEP = 1 / 3600


def rate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A landslide that moves away from the satellite by 60 mm/yr on ground that rises by 1 mm/yr, mm/yr."""
    return 1 - 61 * np.exp(-(((x - 576900) / 200) ** 2) - ((y - 5161000) / 250) ** 2)


def in_degrees() -> tuple[float, float, np.ndarray]:
    """West and north EDGE, degree, of a raster of arc seconds around the region, and the rate of its cells."""
    back = Transformer.from_crs(32632, 4326, always_xy=True)
    west, south, east, north = back.transform_bounds(*GRID.bounds)
    west, north = west - 3.25 * STEP, north + 3.25 * STEP
    cols, rows = int((east - west) / STEP) + 4, int((north - south) / STEP) + 4
    lon, lat = np.meshgrid(west + (np.arange(cols) + 0.5) * STEP, north - (np.arange(rows) + 0.5) * STEP)
    x, y = Transformer.from_crs(4326, 32632, always_xy=True).transform(lon, lat)
    values = rate(np.asarray(x), np.asarray(y))
    values[:12] = np.nan  # the north was not seen
    return west, north, values


def moved() -> Displacement:
    """The motion on the region, without error and coherence."""
    cells = rate(*np.meshgrid(GRID.x(), GRID.y()))
    return Displacement(cells, tuple(DAYS), series_mm=YEARS[:, None, None] * cells)


def moved_in_degrees() -> tuple[Displacement, Place]:
    """The motion in arc seconds, with a line of sight."""
    west, north, values = in_degrees()
    angles = (np.full(values.shape, angle) for angle in (INCIDENCE, HEADING))
    found = Displacement(values, tuple(DAYS), None, YEARS[:, None, None] * values, None, *angles)
    return found, Place(Affine(STEP, 0, west, 0, -STEP, north), 4326)


def geotiff(path: Path, unit: str = "", factor: float = 1.0, bands: int = 2) -> None:
    """The rate and its error as a plain GeoTIFF, or one with the unit of dolphin."""
    cells = [rate(*np.meshgrid(GRID.x(), GRID.y())) * factor, np.full(GRID.shape, 2.0 * factor)]
    written.geotiff(path, cells[:bands], written.place_of(GRID), unit)


def dolphin(folder: Path) -> None:
    """velocity.tif, and timeseries/FIRST_DATE.tif."""
    written.dolphin(folder, moved(), written.place_of(GRID))


def mintpy(folder: Path, heading: float = HEADING) -> None:
    """velocity.h5, timeseries.h5 and geometryGeo.h5 by MintPy's own writer."""
    from mintpy.utils import writefile

    west, north, values = in_degrees()
    moved = np.nan_to_num(values).astype(np.float32) * 1e-3
    about = {"LENGTH": str(len(moved)), "WIDTH": str(moved.shape[1]), "X_FIRST": str(west), "Y_FIRST": str(north)}
    about |= {"X_STEP": str(STEP), "Y_STEP": str(-STEP), "X_UNIT": "degrees", "Y_UNIT": "degrees"}
    about |= {"REF_LAT": "46.59", "REF_LON": "10.0", "START_DATE": DAYS[0], "END_DATE": DAYS[-1], "REF_DATE": DAYS[0]}
    std = np.where(moved == 0, 0, 2e-3).astype(np.float32)
    writefile.write(
        {"velocity": moved, "velocityStd": std},
        str(folder / "velocity.h5"),
        about | {"FILE_TYPE": "velocity", "UNIT": "m/year"},
        print_msg=False,
    )
    series = {
        "date": np.array(DAYS, dtype=np.bytes_),
        "timeseries": (YEARS[:, None, None] * moved).astype(np.float32),
        "bperp": np.zeros(len(DAYS), np.float32),
    }
    writefile.write(
        series, str(folder / "timeseries.h5"), about | {"FILE_TYPE": "timeseries", "UNIT": "m"}, print_msg=False
    )
    angles = {
        "incidenceAngle": np.full_like(moved, INCIDENCE),
        "azimuthAngle": np.full_like(moved, (90 - heading) % 360),
    }
    writefile.write(angles, str(folder / "geometryGeo.h5"), about | {"FILE_TYPE": "geometry"}, print_msg=False)


def licsbas(path: Path) -> None:
    """cum_filt.h5 without error and coherence."""
    written.licsbas(path, *moved_in_degrees())


def licsbas_flat(folder: Path) -> None:
    """results/ and info/ of LiCSBAS, with a rate before masking."""
    found, place = moved_in_degrees()
    std, coherence = (np.full(found.rate_mm_per_yr.shape, value) for value in (2.0, 0.6))
    whole = replace(found, rate_std_mm_per_yr=std, coherence=coherence)
    written.licsbas_flat(folder, whole, place, vel=found.rate_mm_per_yr + 100)


def opera(folder: Path, version: str = "1.0", frame: str = "11116") -> None:
    """DISP-S1 products of two references, the second the fifth date, with the layers of its specification."""
    found = replace(moved(), coherence=np.full(GRID.shape, 0.8))
    written.opera(folder, found, GRID, 4, version, frame)


def mintpy_radar(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """velocity.h5 and geometryRadar.h5 in radar coordinates of a descending track; latitude and longitude of its cells.

    Rows lie along a flight to 190 degrees, columns away from the satellite, in steps of 25 m.
    """
    from mintpy.utils import writefile

    flight, across = np.radians(190.0), np.radians(280.0)
    steps = 25.0 * (np.arange(110) - 55)
    row, col = np.meshgrid(steps, steps, indexing="ij")
    x = 576960 + row * np.sin(flight) + col * np.sin(across)
    y = 5160960 + row * np.cos(flight) + col * np.cos(across)
    longitude, latitude = Transformer.from_crs(32632, 4326, always_xy=True).transform(x, y)
    moved = (rate(x, y) * 1e-3).astype(np.float32)
    moved[:5] = 0  # not inverted
    about = {"LENGTH": "110", "WIDTH": "110", "START_DATE": DAYS[0], "END_DATE": DAYS[-1]}
    std = np.where(moved == 0, 0, 2e-3).astype(np.float32)
    velocity = {"velocity": moved, "velocityStd": std}
    writefile.write(
        velocity, str(folder / "velocity.h5"), about | {"FILE_TYPE": "velocity", "UNIT": "m/year"}, print_msg=False
    )
    layers = {"latitude": latitude, "longitude": longitude, "incidenceAngle": np.full_like(x, INCIDENCE)}
    layers["azimuthAngle"] = np.full_like(x, 90 - 190.0)
    layers = {name: values.astype(np.float32) for name, values in layers.items()}
    writefile.write(layers, str(folder / "geometryRadar.h5"), about | {"FILE_TYPE": "geometry"}, print_msg=False)
    return latitude, longitude
