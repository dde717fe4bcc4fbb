"""Files of tropospheric delays as their providers write them, without the code under test."""

import json
from pathlib import Path

import h5py
import numpy as np
import rasterio
from rasterio.transform import from_origin


def axes(bounds: tuple[float, float, float, float], step: float) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes eastward and latitudes southward of cells that reach over bounds in degrees."""
    west, south, east, north = bounds
    return np.arange(west - 2 * step, east + 3 * step, step), np.arange(north + 2 * step, south - 3 * step, -step)


def gacos(folder: Path, date: str, lon: np.ndarray, lat: np.ndarray, zenith_m: np.ndarray) -> Path:
    """`YYYYMMDD.ztd` with its .rsc."""
    path = folder / f"{date}.ztd"
    zenith_m.astype("<f4").tofile(path)
    entries = {
        "WIDTH": len(lon),
        "FILE_LENGTH": len(lat),
        "X_FIRST": lon[0],
        "Y_FIRST": lat[0],
        "X_STEP": lon[1] - lon[0],
        "Y_STEP": lat[1] - lat[0],
        "X_UNIT": "degree",
        "Y_UNIT": "degree",
        "Z_OFFSET": 0,
        "Z_SCALE": 1,
        "PROJECTION": "LATLON",
        "DATUM": "WGS84",
        "TIME_OF_DAY": "11.07 UTC",
    }
    text = "".join(f"{name:<20}{value:.12g}\n" if isinstance(value, float) else f"{name:<20}{value}\n"
                   for name, value in entries.items())  # fmt: skip
    Path(f"{path}.rsc").write_text(text)
    return path


def geotiff(path: Path, lon: np.ndarray, lat: np.ndarray, values: np.ndarray, about: dict | None = None) -> Path:
    """A GeoTIFF in degrees, and its sidecar."""
    step = lon[1] - lon[0]
    place = from_origin(lon[0] - step / 2, lat[0] + step / 2, step, step)
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "crs": "EPSG:4326", "transform": place, "nodata": 0.0}
    with rasterio.open(path, "w", height=len(lat), width=len(lon), **profile) as file:
        file.write(values.astype("float32"), 1)
    if about:
        path.with_suffix(".json").write_text(json.dumps(about))
    return path


def _netcdf(path: Path, coordinates: dict[str, tuple], layers: dict[str, tuple]) -> Path:
    """netCDF-4 by h5py: a dimension scale a coordinate; of each its values and its attributes."""
    with h5py.File(path, "w") as file:
        for name, (values, attributes) in coordinates.items():
            file[name] = values
            file[name].make_scale(name)
            file[name].attrs.update(attributes)
        for name, (dimensions, values, attributes) in layers.items():
            file[name] = values.astype("float32")
            file[name].attrs.update(attributes)
            for k, dimension in enumerate(dimensions):
                file[name].dims[k].attach_scale(file[dimension])
        file["spatial_ref"] = 0
        file["spatial_ref"].attrs["crs_wkt"] = rasterio.crs.CRS.from_epsg(4326).to_wkt()
    return path


def opera(folder: Path, time: str, height, lat, lon, hydrostatic: np.ndarray, wet: np.ndarray) -> Path:
    """OPERA L4 TROPO-ZENITH of a time `YYYYMMDDThhmmss`; delays (height, latitude, longitude)."""
    path = folder / f"OPERA_L4_TROPO-ZENITH_{time}Z_20250922T192334Z_HRES_v1.0.nc"
    degrees = ({"units": f"degrees_{way}"} for way in ("north", "east"))
    coordinates = {"time": ([0.0], {}), "height": (height, {"units": "meters"})}
    coordinates |= {name: (values, next(degrees)) for name, values in (("latitude", lat), ("longitude", lon))}
    names, about = ("time", "height", "latitude", "longitude"), {"units": "meters", "grid_mapping": "spatial_ref"}
    fill = {"_FillValue": np.float32(9.96921e36)}
    layers = {
        "hydrostatic_delay": (names, hydrostatic[None], about | fill),
        "wet_delay": (names, wet[None], about | fill),
    }
    return _netcdf(path, coordinates, layers)


def raider(path: Path, z, y, x, hydro: np.ndarray, wet: np.ndarray, kind: str = "zenith") -> Path:
    """A cube of RAiDER in degrees; delays (z, y, x)."""
    coordinates = {"x": (x, {"units": "degrees_east"}), "y": (y, {"units": "degrees_north"}), "z": (z, {"units": "m"})}
    about = {"units": "m", "grid_mapping": "cube_projection"}
    layers = {
        name: (("z", "y", "x"), values, about | {"description": f"{word} {kind} delay"})
        for name, word, values in (("wet", "wet", wet), ("hydro", "hydrostatic", hydro))
    }
    return _netcdf(path, coordinates, layers)
