"""Displacement products of known motion, written as their own programs write them."""

from pathlib import Path

import h5py
import numpy as np
import rasterio
from pyproj import CRS, Transformer

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


def geotiff(path: Path, unit: str = "", factor: float = 1.0, bands: int = 2) -> None:
    """The rate and its error as a plain GeoTIFF, or one with the unit of dolphin."""
    cells = np.stack([rate(*np.meshgrid(GRID.x(), GRID.y())), np.full(GRID.shape, 2.0)]) * factor
    profile = {"driver": "GTiff", "dtype": "float32", "crs": "EPSG:32632", "transform": GRID.transform}
    with rasterio.open(path, "w", count=bands, height=GRID.rows, width=GRID.cols, **profile) as target:
        target.write(cells[:bands].astype(np.float32))
        target.units = (unit,) * bands


def dolphin(folder: Path) -> None:
    """velocity.tif, and timeseries/FIRST_DATE.tif."""
    (folder / "timeseries").mkdir(parents=True)
    geotiff(folder / "velocity.tif", "meters / year", 1e-3, 1)
    for day, years in zip(DAYS[1:], YEARS[1:], strict=True):
        geotiff(folder / f"timeseries/{DAYS[0]}_{day}.tif", "meters", 1e-3 * float(years), 1)


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
    """cum_filt.h5 with the data sets that LiCSBAS16_filt_ts.py (1.5.3) creates."""
    west, north, values = in_degrees()
    to_satellite = np.radians(HEADING - 90)
    level, up = np.sin(np.radians(INCIDENCE)), np.cos(np.radians(INCIDENCE))
    vector = {"E.geo": level * np.sin(to_satellite), "N.geo": level * np.cos(to_satellite), "U.geo": up}
    with h5py.File(path, "w") as file:
        file["imdates"] = np.array(DAYS, np.int32)
        file["corner_lat"], file["corner_lon"] = north - STEP / 2, west + STEP / 2  # centres
        file["post_lat"], file["post_lon"] = -STEP, STEP
        file["cum"] = (YEARS[:, None, None] * values).astype(np.float32)
        file["vel"] = values.astype(np.float32)
        file["refarea"] = "10:11/20:21"
        for name, value in vector.items():
            file[name] = np.full(values.shape, value, np.float32)


def licsbas_flat(folder: Path) -> None:
    """results/ and info/ of LiCSBAS: float32 without header, and the texts that state their place and dates."""
    west, north, values = in_degrees()
    (folder / "results").mkdir()
    (folder / "info").mkdir()
    to_satellite = np.radians(HEADING - 90)
    level, up = np.sin(np.radians(INCIDENCE)), np.cos(np.radians(INCIDENCE))
    layers = {"E.geo": level * np.sin(to_satellite), "N.geo": level * np.cos(to_satellite), "U.geo": up}
    layers |= {"vel": values + 100, "vel.mskd": values, "vstd": 2.0, "coh_avg": 0.6}
    for name, cells in layers.items():
        np.broadcast_to(cells, values.shape).astype("<f4").tofile(folder / "results" / name)
    length, width = values.shape
    (folder / "info/EQA.dem_par").write_text(
        "Gamma DIFF&GEO DEM/MAP parameter file\ntitle: DEM\nDEM_projection:     EQA\n"
        f"width:                {width}\nnlines:               {length}\n"
        f"corner_lat:     {north - STEP / 2!r}  decimal degrees\ncorner_lon:    {west + STEP / 2!r}  decimal degrees\n"
        f"post_lat:   {-STEP!r}  decimal degrees\npost_lon:    {STEP!r}  decimal degrees\n"
    )
    (folder / "info/13used_image.txt").write_text("\n".join(DAYS) + "\n")
    (folder / "info/13parameters.txt").write_text(f"range_samples:  {width}\nref_area:       10:11/20:21\n")


def opera(folder: Path, version: str = "1.0", frame: str = "11116") -> None:
    """DISP-S1 products of two references, the second the fifth date, with the layers of its specification."""
    cells = rate(*np.meshgrid(GRID.x(), GRID.y()))
    for k, day in enumerate(DAYS[1:], 1):
        first = 0 if k <= 4 else 4
        name = f"OPERA_L3_DISP-S1_IW_F{frame}_VV_{DAYS[first]}T140755Z_{day}T140756Z_v{version}_20250318T222753Z.nc"
        with h5py.File(folder / name, "w") as file:
            file["x"], file["y"] = GRID.x(), GRID.y()
            file["spatial_ref"] = 0
            file["spatial_ref"].attrs["crs_wkt"] = CRS.from_epsg(32632).to_wkt()
            file["displacement"] = (cells * (YEARS[k] - YEARS[first]) * 1e-3).astype(np.float32)
            file["recommended_mask"] = np.ones(GRID.shape, np.uint8)
            file["temporal_coherence"] = np.full(GRID.shape, 0.8, np.float32)
            file.create_group("identification")
            file.create_group("metadata")


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
