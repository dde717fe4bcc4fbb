"""Small products of one pair in the formats and conventions of other processors, all of the same truth.

The truth: ground that sinks (20 mm away from the satellite at the middle of a bowl), and ground 30 m above the DEM, which leaves
-(4 pi / wavelength) bperp dh / (R sin incidence). Each product is written with the sign, order of dates, unit, void and
perpendicular baseline that its own documentation states; the baselines come from two orbits by each processor's own formula.
"""

import json
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from studies.displacement import gunw

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.sentinel1.baseline import baseline
from tests.support.interferograms import MID_S, TO_XYZ, WAVELENGTH, CircularOrbit, orbit_over

GRID = RegionGrid(32647, 519000.0, 3208000.0, 100.0, 30, 40)
PAIR, EARLIER, LATER = "20190306_20190318", "20190306", "20190318"
STACK = "A128"
HEIGHT_M, SUNK_M, ABOVE_M, COHERENCE = 3000.0, 0.02, 30.0, 0.7
UNDULATION = 4 * np.pi / WAVELENGTH
LON, LAT = Transformer.from_crs(32647, 4326, always_xy=True).transform(521000.0, 3206500.0)


@dataclass(frozen=True)
class Seen:
    """The geometry of the pair at the middle of the region, from the orbits alone."""

    east: float
    north: float
    up: float
    heading_deg: float
    slant_range_m: float
    bperp_m: float
    orbits: tuple[CircularOrbit, CircularOrbit]
    point: np.ndarray

    @property
    def incidence_deg(self) -> float:
        return float(np.degrees(np.arccos(self.up)))


@cache
def seen() -> Seen:
    """An ascending track, the later orbit 100 m towards the scene and 30 m up."""
    orbit = orbit_over(LON, LAT)
    satellite, velocity = orbit.position(MID_S), orbit.velocity(MID_S)
    up = satellite / np.linalg.norm(satellite)
    side = np.cross(velocity, up) / np.linalg.norm(velocity)
    later = CircularOrbit(orbit.node, orbit.latitude, 100 * side + 30 * up)
    point = np.array(TO_XYZ.transform(LON, LAT, HEIGHT_M))
    time, distance = orbit.zero_doppler(point)
    lon, lat = np.radians([LON, LAT])
    axes = np.array([
        [-np.sin(lon), np.cos(lon), 0],
        [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)],
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)],
    ])  # fmt: skip
    los = axes @ (orbit.position(time) - point) / distance
    flight = axes @ orbit.velocity(time)
    arcs = [one.state_vectors().arc(MID_S - 3, MID_S + 3) for one in (orbit, later)]
    bperp = baseline(*arcs, point).perpendicular_m
    heading = np.degrees(np.arctan2(flight[0], flight[1])) % 360
    return Seen(*los, heading, distance, bperp, (orbit, later), point)


def isce_baseline(reference: CircularOrbit, secondary: CircularOrbit) -> float:
    """topsApp (and ARIA's makeGeocube.py): the sign of ((point - reference) x (secondary - reference)) . velocity."""
    point = seen().point
    time, distance = reference.zero_doppler(point)
    position, between = reference.position(time), secondary.position(secondary.zero_doppler(point)[0])
    look, between = (point - position) / distance, between - position
    sign = np.sign(np.cross(look, between) @ reference.velocity(time))
    return float(sign * np.sqrt(between @ between - (between @ look) ** 2))


def gamma_baseline(first: CircularOrbit, second: CircularOrbit) -> float:
    """base_perp: across the track (to the right) x cos(look) - down x sin(look)."""
    point = seen().point
    time, distance = first.zero_doppler(point)
    position, velocity = first.position(time), first.velocity(time)
    between = second.position(second.zero_doppler(point)[0]) - position
    down = -position / np.linalg.norm(position)
    right = np.cross(down, velocity) / np.linalg.norm(velocity)
    right *= np.sign(right @ (point - position))  # the radar looks there
    look = np.arccos(down @ (point - position) / distance)
    return float(between @ right * np.cos(look) - between @ down * np.sin(look))


def snap_baseline(reference: CircularOrbit, secondary: CircularOrbit) -> float:
    """jlinda's Baseline.java: positive where the reference sees the ground under the larger angle."""
    point = seen().point
    here, there = (orbit.position(orbit.zero_doppler(point)[0]) for orbit in (reference, secondary))

    def angle(one, other):
        return np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    length = np.linalg.norm(here - there)
    parallel = np.linalg.norm(here - point) - np.linalg.norm(there - point)
    size = np.sqrt(max(length**2 - parallel**2, 0))
    return float(size if angle(here, here - point) > angle(here, there - point) else -size)


def truth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Displacement away from the satellite (m) and height above the DEM (m) at places on the map."""

    def bump(east: float, north: float) -> np.ndarray:
        return np.exp(-((x - east) ** 2 + (y - north) ** 2) / 2 / 600**2)

    return SUNK_M * bump(520000, 3206500), ABOVE_M * bump(522000, 3206500)


def phase(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Phase of earlier x conj(later), rad; 0.3 keeps it off the void value."""
    away, above = truth(x, y)
    leaves = -UNDULATION * seen().bperp_m / (seen().slant_range_m * np.sin(np.radians(seen().incidence_deg)))
    return 0.3 + UNDULATION * away + leaves * above


def hole(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where the products are void."""
    return (np.abs(x - 521000) < 250) & (np.abs(y - 3205400) < 200)


def places(grid: RegionGrid = GRID) -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(grid.x(), grid.y())


def write_tif(path: Path, values: np.ndarray, crs: str, transform, nodata=0.0, **tags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype=values.dtype, crs=crs,
        transform=transform, nodata=nodata,
    ) as target:  # fmt: skip
        target.write(values, 1)
        target.update_tags(**tags)
    return path


def write_dem(folder: Path) -> Path:
    """The region's DEM, flat, with margin."""
    grid = GRID.pad(500)
    path = folder / "dem_m.tif"
    raster.write(path, np.full(grid.shape, HEIGHT_M, np.float32), grid, "dem_m", {"vertical": "ellipsoidal"})
    return path


def degrees(step: float) -> tuple[np.ndarray, np.ndarray, object, np.ndarray, np.ndarray]:
    """Longitudes and latitudes of cells in EPSG:4326 around the region, their transform, and their place on the map."""
    west, north = LON - 0.035, LAT + 0.03
    lon = west + step * (np.arange(round(0.07 / step)) + 0.5)
    lat = north - step * (np.arange(round(0.06 / step)) + 0.5)
    x, y = Transformer.from_crs(4326, 32647, always_xy=True).transform(*np.meshgrid(lon, lat))
    return lon, lat, from_origin(west, north, step, step), x, y


def void(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(hole(x, y), 0, values).astype(np.float32)


def gamma(folder: Path) -> dict:
    """GAMMA as exported with PyRate's tags; configuration of the section files."""
    _, _, transform, x, y = degrees(0.0009)
    tags = {
        "INSAR_PROCESSOR": "GAMMA",
        "DATA_UNITS": "RADIANS",
        "FIRST_DATE": "2019-03-06",
        "SECOND_DATE": "2019-03-18",
    }
    stem = folder / f"crop_{EARLIER}-{LATER}_VV_8rlks_eqa"
    write_tif(Path(f"{stem}_unw.tif"), void(phase(x, y), x, y), "EPSG:4326", transform, **tags)
    write_tif(Path(f"{stem}_cc.tif"), void(COHERENCE + 0 * x, x, y), "EPSG:4326", transform)
    look = np.radians(los_look_deg())
    # Components that give the perpendicular baseline of base_perp at this look angle.
    b = gamma_baseline(*seen().orbits)
    row = f"0 0 0.0 {b * np.cos(look):.4f} {-b * np.sin(look):.4f} {np.degrees(look):.4f} 0.0 {b:.4f} {abs(b):.4f}\n"
    (folder / f"{EARLIER}-{LATER}_bperp.par").write_text("  line   range      B_t ...\n" + row)
    return {"naming": "gamma", "baselines": "{earlier}-{later}_bperp.par"}


def los_look_deg() -> float:
    from sarslide.insar.external.line_of_sight import look_angle_deg

    return float(look_angle_deg(seen().incidence_deg))


def licsar(folder: Path) -> dict:
    """A LiCSAR frame: the pair's folder, and E, N, U, baselines and metadata of the frame."""
    _, _, transform, x, y = degrees(0.001)
    stem = folder / PAIR / PAIR
    write_tif(Path(f"{stem}.geo.unw.tif"), void(phase(x, y), x, y), "EPSG:4326", transform)
    raw = np.angle(np.exp(1j * (phase(x, y) + 0.2 * np.sin(x / 300))))
    write_tif(Path(f"{stem}.geo.diff_unfiltered_pha.tif"), void(raw, x, y), "EPSG:4326", transform)
    coherence = np.where(hole(x, y), 0, round(255 * COHERENCE)).astype(np.uint8)
    write_tif(Path(f"{stem}.geo.cc.tif"), coherence, "EPSG:4326", transform)
    for name, value in zip("ENU", (seen().east, seen().north, seen().up), strict=True):
        write_tif(folder / f"128A_x.geo.{name}.tif", np.full(x.shape, value, np.float32), "EPSG:4326", transform)
    b = gamma_baseline(*seen().orbits)
    (folder / "baselines").write_text(f"20190210 {EARLIER} 12.5 24.0\n20190210 {LATER} {12.5 + b:.3f} 36.0\n")
    (folder / "metadata.txt").write_text("master=20190210\ncenter_time=11:13:21.5\nheading=-10.2\n")
    return {"naming": "licsar"}


def aria(folder: Path) -> dict:
    """ARIA-S1-GUNW: reference is the later date."""
    import h5py

    lon, lat, _, x, y = degrees(1 / 1200)
    earlier, later = seen().orbits
    path = folder / f"S1-GUNW-A-R-128-tops-{LATER}_{EARLIER}-111321-00099E_00029N-PP-6267-v3_0_1.nc"
    cube = np.ones((3, 3, 3))
    azimuth = np.degrees(np.arctan2(seen().north, seen().east))
    with h5py.File(path, "w") as file:
        data, geometry = file.create_group("science/grids/data"), file.create_group("science/grids/imagingGeometry")
        # Written from the south to the north half of the time: the reader must not assume an order.
        data["latitude"], data["longitude"] = lat[::-1], lon
        data["unwrappedPhase"] = void(-phase(x, y), x, y)[::-1]
        data["unwrappedPhase"].attrs["units"] = "rad"
        for name in ("coherence", "unfilteredCoherence"):
            data[name] = void(COHERENCE + 0 * x, x, y)[::-1]
        data["connectedComponents"] = np.where(hole(x, y), -1, np.where(x < 521000, 1, 2)).astype(np.float32)[::-1]
        geometry["heightsMeta"] = [-1500.0, 0.0, 9000.0]
        geometry["latitudeMeta"], geometry["longitudeMeta"] = (
            LAT + np.array([0.1, 0, -0.1]),
            LON + np.array([-0.1, 0, 0.1]),
        )
        geometry["incidenceAngle"] = seen().incidence_deg * cube
        geometry["azimuthAngle"] = azimuth * cube
        geometry["perpendicularBaseline"] = isce_baseline(later, earlier) * cube
        file["science/radarMetaData/wavelength"] = WAVELENGTH
        for which, date in (("reference", LATER), ("secondary", EARLIER)):
            granule = f"S1A_IW_SLC__1SDV_{date}T111300_{date}T111327_026215_02EDB3_1234"
            file[f"science/radarMetaData/inputSLC/{which}/L1InputGranules"] = [granule.encode()]
    return {"naming": "aria"}


def nisar(folder: Path) -> dict:
    """NISAR GUNW of a radar that looks to the right, as all these: reference is the earlier date, cells of 80 m in UTM."""
    grid = RegionGrid(32647, 518000.0, 3209120.0, 80.0, 68, 76)
    x, y = places(grid)
    nodes = (grid.west + 500 * np.arange(-1, 14), grid.north - 500 * np.arange(-1, 13))
    cube = np.ones((gunw.CUBE_HEIGHTS_M.size, nodes[1].size, nodes[0].size))
    heading = np.radians(seen().heading_deg)
    flown = {"X": np.sin(heading), "Y": np.cos(heading)}
    layers = {
        "unwrappedPhase": np.where(hole(x, y), np.nan, phase(x, y)).astype(np.float32),
        "coherenceMagnitude": np.full(x.shape, COHERENCE, np.float32),
        "connectedComponents": np.where(hole(x, y), 65535, np.where(x < 521000, 1, 2)).astype(np.uint16),
        "mask": np.full(x.shape, 11, np.uint8),
    }
    cubes = {
        "incidenceAngle": seen().incidence_deg * cube,
        "losUnitVectorX": seen().east * cube,
        "losUnitVectorY": seen().north * cube,
        **{f"alongTrackUnitVector{axis}": part * cube for axis, part in flown.items()},
        "referenceSlantRange": seen().slant_range_m * cube,
        "perpendicularBaseline": isce_baseline(*seen().orbits) * cube,
    }
    gunw.write(
        folder, layers, grid.x(), grid.y(), cubes, nodes, orbit="Ascending", looks="right", dates=(EARLIER, LATER),
        track=int(STACK[1:]), frequency_hz=SPEED_OF_LIGHT / WAVELENGTH, clock="11:13:21",
    )  # fmt: skip
    return {"naming": "nisar"}


PARAMETERS = """Reference Granule: {reference}
Secondary Granule: {secondary}
Reference Pass Direction: ASCENDING
Baseline: {baseline}
UTC time: 40401.0
Heading: {heading}
Range looks: 10
Azimuth looks: 2
InSAR phase filter: yes
Phase filter parameter: 0.5
Unwrapping type: snaphu_mcf
{more}"""


def hyp3(folder: Path, kind: str = "burst", noise_rad: float = 0.0) -> Path:
    """A product folder of HyP3. kind: burst, multi (INSAR_ISCE_*) or gamma (INSAR_GAMMA), reference the earlier date."""
    name = {
        "burst": f"S1_136231_IW2_{EARLIER}_{LATER}_VV_INT40_12E3",
        "multi": f"S1_128_136231s1n02-136231s2n02-000000s3n00_IW_{EARLIER}_{LATER}_VV_INT40_77F1",
        "gamma": f"S1AA_{EARLIER}T111300_{LATER}T111301_VVP012_INT40_G_ueF_F8BF",
    }[kind]
    grid = RegionGrid(32647, 518010.0, 3209030.0, 40.0, 130, 150)
    x, y = places(grid)
    at = {"crs": "EPSG:32647", "transform": grid.transform}
    product = folder / name

    def write(suffix: str, values: np.ndarray) -> None:
        write_tif(product / f"{name}_{suffix}.tif", values, **at)

    phases = phase(x, y) + np.random.default_rng(2).normal(0, noise_rad, x.shape)
    offset = 1.25 if kind == "gamma" else 0.0  # phase of GAMMA's reference point, taken off the unwrapped phase only
    write("unw_phase", void(phases - offset, x, y))
    write("corr", void(COHERENCE + 0 * x, x, y))
    write("wrapped_phase", void(np.angle(np.exp(1j * phases)), x, y))
    write("lv_theta", np.full(x.shape, np.arcsin(seen().up), np.float32))
    write("lv_phi", np.full(x.shape, np.arctan2(seen().north, seen().east), np.float32))
    write("dem", np.full(x.shape, HEIGHT_M, np.float32))
    more = ""
    if kind == "gamma":
        write("inc_map_ell", np.full(x.shape, np.radians(seen().incidence_deg), np.float32))
        write("inc_map", np.full(x.shape, 0.5, np.float32))  # the local one, which must not be taken
        more = f"Phase at reference point: {offset}\n"
        granules = {
            "reference": f"S1A_IW_SLC__1SDV_{EARLIER}T111300_x",
            "secondary": f"S1A_IW_SLC__1SDV_{LATER}T111301_x",
        }
        value = gamma_baseline(*seen().orbits)
    else:
        write("conncomp", np.where(hole(x, y), 0, np.where(x < 521000, 1, 2)).astype(np.uint8))
        granules = {
            "reference": f"S1_136231_IW2_{EARLIER}T111300_VV_7C85-BURST",
            "secondary": f"S1_136231_IW2_{LATER}T111301_VV_5D11-BURST",
        }
        value = isce_baseline(*seen().orbits)
    text = PARAMETERS.format(**granules, baseline=value, heading=seen().heading_deg - 360, more=more)
    (product / f"{name}.txt").write_text(text)
    return product


def zipped(product: Path) -> Path:
    """HyP3's zip of a product folder."""
    path = product.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in sorted(product.iterdir()):
            archive.write(member, f"{product.name}/{member.name}")
    return path


def stored(folder: Path, product: Path) -> Path:
    """What rule hyp3_download leaves: JSON that names the zip in products/."""
    target = folder / "products" / "order.zip"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(zipped(product).read_bytes())
    marker = folder / f"{PAIR}.product.json"
    marker.write_text(json.dumps({"file": "products/order.zip"}))
    return marker


DIMAP = """<?xml version="1.0" encoding="ISO-8859-1"?>
<Dimap_Document name="{name}.dim">
<Coordinate_Reference_System><WKT>{wkt}</WKT></Coordinate_Reference_System>
<Geoposition><IMAGE_TO_MODEL_TRANSFORM>{a},0.0,0.0,{e},{c},{f}</IMAGE_TO_MODEL_TRANSFORM></Geoposition>
<Raster_Dimensions><NCOLS>{cols}</NCOLS><NROWS>{rows}</NROWS><NBANDS>{count}</NBANDS></Raster_Dimensions>
<Data_Access>{files}</Data_Access>
<Image_Interpretation>{bands}</Image_Interpretation>
<Dataset_Sources><MDElem name="metadata"><MDElem name="Abstracted_Metadata">
<MDATTR name="first_line_time" type="utc">06-MAR-2019 11:13:00.123456</MDATTR>
<MDATTR name="centre_heading" type="float64" unit="deg">{heading}</MDATTR>
<MDElem name="Baselines">
<MDElem name="Ref_06Mar2019"><MDElem name="Secondary_06Mar2019"><MDATTR name="Perp Baseline">0.0</MDATTR></MDElem>
<MDElem name="Secondary_18Mar2019"><MDATTR name="Perp Baseline">{forth}</MDATTR></MDElem></MDElem>
<MDElem name="Ref_18Mar2019"><MDElem name="Secondary_06Mar2019"><MDATTR name="Perp Baseline">{back}</MDATTR></MDElem>
</MDElem></MDElem></MDElem>
<MDElem name="Slave_Metadata"><MDElem name="S1A_18Mar2019">
<MDATTR name="first_line_time" type="utc">18-MAR-2019 11:13:01.5</MDATTR></MDElem></MDElem></MDElem></Dataset_Sources>
</Dimap_Document>
"""
ENVI_TYPES = {"float32": (4, ">f4"), "int8": (1, ">i1")}


def dimap(path: Path, bands: dict[str, np.ndarray], grid: RegionGrid, units: dict[str, str]) -> Path:
    """BEAM-DIMAP as SNAP writes it: XML, and ENVI files in big-endian order."""
    data = path.with_suffix(".data")
    data.mkdir(parents=True, exist_ok=True)
    files = infos = ""
    for index, (name, values) in enumerate(bands.items()):
        kind = "int8" if values.dtype == np.int8 else "float32"
        code, stored_as = ENVI_TYPES[kind]
        (data / f"{name}.img").write_bytes(values.astype(stored_as).tobytes())
        (data / f"{name}.hdr").write_text(
            f"ENVI\nsamples = {grid.cols}\nlines = {grid.rows}\nbands = 1\nheader offset = 0\nfile type = ENVI Standard\n"
            f"data type = {code}\ninterleave = bsq\nbyte order = 1\n"
        )
        files += (
            f'<Data_File><DATA_FILE_PATH href="{data.name}/{name}.hdr"/><BAND_INDEX>{index}</BAND_INDEX></Data_File>'
        )
        infos += (
            f"<Spectral_Band_Info><BAND_INDEX>{index}</BAND_INDEX><BAND_NAME>{name}</BAND_NAME><DATA_TYPE>{kind}</DATA_TYPE>"
            f"<PHYSICAL_UNIT>{units.get(name.split('_')[0], '')}</PHYSICAL_UNIT></Spectral_Band_Info>"
        )
    infos += (
        "<Spectral_Band_Info><BAND_INDEX>90</BAND_INDEX><BAND_NAME>Phase_ifg_VV_06Mar2019_18Mar2019</BAND_NAME>"
        "<DATA_TYPE>float32</DATA_TYPE><VIRTUAL_BAND>true</VIRTUAL_BAND></Spectral_Band_Info>"
    )
    from pyproj import CRS

    wkt = CRS.from_epsg(grid.epsg).to_wkt("WKT1_GDAL").replace('"', "&quot;")
    path.write_text(
        DIMAP.format(
            name=path.stem,
            wkt=wkt,
            a=grid.cell_m,
            e=-grid.cell_m,
            c=grid.west,
            f=grid.north,
            cols=grid.cols,
            rows=grid.rows,
            count=len(bands),
            files=files,
            bands=infos,
            heading=seen().heading_deg,
            forth=snap_baseline(*seen().orbits),
            back=snap_baseline(*seen().orbits[::-1]),
        )  # fmt: skip
    )
    return path


def snap(folder: Path, days: str = "06Mar2019_18Mar2019", unit: str = "abs_phase") -> Path:
    """What snap_geocode leaves in work/{pair}; returns its marker."""
    grid = RegionGrid(32647, 518030.0, 3209070.0, 100.0, 52, 60)  # not aligned with the region
    x, y = places(grid)
    real, imaginary = np.cos(phase(x, y)), np.sin(phase(x, y))
    bands = {
        f"i_ifg_VV_{days}": void(50 * real, x, y),
        f"q_ifg_VV_{days}": void(50 * imaginary, x, y),
        f"coh_VV_{days}": void(COHERENCE + 0 * x, x, y),
    }
    units = {"i": "real", "q": "imaginary", "coh": "coherence", "Unw": unit}
    dimap(folder / "unfiltered.dim", bands, grid, units)
    bands |= {
        f"Unw_Phase_ifg_{days}": void(phase(x, y), x, y),
        "incidenceAngleFromEllipsoid": np.full(x.shape, seen().incidence_deg, np.float32),
        "layoverShadowMask": np.where(x > 522500, 1, 0).astype(np.int8),
    }
    dimap(folder / "geocoded.dim", bands, grid, units)
    marker = folder / "geocode.json"
    marker.write_text("{}")
    return marker
