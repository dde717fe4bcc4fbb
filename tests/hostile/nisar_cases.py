"""Hostile and broken NISAR GUNW products."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
from studies.displacement import gunw

from sarslide.insar.external.nisar import check_stack, ingest, line_of_sight, tags
from tests.hostile.damaged_hdf5 import claims, hdf5_cases, link, replaced

ABOUT, CUBES = "science/LSAR/identification", "science/LSAR/GUNW/metadata/radarGrid"
LAYERS = "science/LSAR/GUNW/grids/frequencyA/unwrappedInterferogram"
PHASE, COHERENCE, X = (f"{LAYERS}/HH/{name}" for name in ("unwrappedPhase", "coherenceMagnitude", "xCoordinates"))
BASELINE, EAST = f"{CUBES}/perpendicularBaseline", f"{CUBES}/losUnitVectorX"
SHAPE = (gunw.GRID.rows + 6, gunw.GRID.cols + 6)


def _like(name: str, value: float) -> Callable[[h5py.File], None]:
    return replaced(name, lambda file: np.full(SHAPE if name.startswith(LAYERS) else (4, 13, 15), value, "f4"))


def _attribute(name: str, key: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[name].attrs.__setitem__(key, value)


def _mask_of_text(file: h5py.File) -> None:
    replaced(f"{LAYERS}/mask", np.full(SHAPE, b"x"))(file)
    file[f"{LAYERS}/mask"].attrs["description"] = np.bytes_(gunw.MASK)


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "phase 1e30": _like(PHASE, 1e30),
    "phase of text": replaced(PHASE, np.full(SHAPE, b"x")),
    "phase of another shape": replaced(PHASE, np.ones((3, 3), "f4")),
    "phase that is a group": lambda file: (file.pop(PHASE), file.create_group(PHASE)),
    "phase in another file": link(PHASE, h5py.ExternalLink("/tmp/other.h5", "x")),
    "phase that claims 1e6 x 1e6": claims(PHASE, shape=(1_000_000, 1_000_000), chunks=(1000, 1000)),
    "a chunk of 4 GB": claims(PHASE, shape=SHAPE, maxshape=(None, None), chunks=(30_000, 30_000)),
    "phase in a unit of 60 kB": _attribute(PHASE, "units", "x" * 60_000),
    "nodata of text?": _attribute(PHASE, "_FillValue", np.bytes_("none")),
    "coherence -3": _like(COHERENCE, -3),
    "a mask of text": _mask_of_text,
    "x of nan": replaced(X, np.full(SHAPE[1], np.nan)),
    "x of one": replaced(X, np.array([519000.0])),
    "x that turns back": lambda file: file[X].__setitem__(3, 0.0),
    "a CRS of text": _attribute(f"{LAYERS}/HH/projection", "epsg_code", "UTM"),
    "a CRS that nobody knows": _attribute(f"{LAYERS}/HH/projection", "epsg_code", 9999),
    "a cube in a CRS that nobody knows": _attribute(f"{CUBES}/projection", "epsg_code", 9999),
    "a cube elsewhere": _attribute(f"{CUBES}/projection", "epsg_code", 32718),
    "a baseline of nan": _like(BASELINE, np.nan),
    "a baseline of 1e9": _like(BASELINE, 1e9),
    "a baseline of text": replaced(BASELINE, np.full((4, 13, 15), b"x")),
    "a baseline of another shape": replaced(BASELINE, np.ones((4, 2, 2))),
    "a cube of 1e12": claims(BASELINE, shape=(10_000, 10_000, 10_000), chunks=(10, 10, 10)),
    "an incidence of 500": _like(f"{CUBES}/incidenceAngle", 500),
    "a line of sight of 3": _like(EAST, 3),
    "a line of sight that is too short": _like(EAST, 0),
    "a slant range of -1": _like(f"{CUBES}/referenceSlantRange", -1),
    "heights of one": replaced(f"{CUBES}/heightAboveEllipsoid", np.array([0.0])),
    "a frequency of nan": replaced("science/LSAR/GUNW/grids/frequencyA/centerFrequency", np.nan),
    "a frequency of none": replaced("science/LSAR/GUNW/grids/frequencyA/centerFrequency", np.zeros(0)),
    "a product type of 60 kB": replaced(f"{ABOUT}/productType", np.bytes_("x" * 60_000)),
    "two product types": replaced(f"{ABOUT}/productType", np.array([b"GUNW", b"GUNW"])),
    "a product type of bytes": replaced(f"{ABOUT}/productType", np.bytes_(b"\xff\xfe")),
    "a date that is none": replaced(f"{ABOUT}/referenceZeroDopplerStartTime", np.bytes_("2025-13-45T12:46:15.0")),
    "a track of text": replaced(f"{ABOUT}/trackNumber", np.bytes_("seven")),
    "no frame": lambda file: file.pop(f"{ABOUT}/frameNumber"),
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    good = gunw.product(folder)
    heights = np.full(gunw.GRID.shape, gunw.HEIGHT_M)

    def read(path: Path) -> object:
        check_stack([path], f"A{gunw.TRACK:03d}")
        return tags(path), ingest(path, gunw.PAIR, gunw.GRID), line_of_sight(path, heights, gunw.GRID)

    def copied(title: str) -> Path:
        place = folder / title.replace(" ", "_").replace("?", "")
        place.mkdir()
        return Path(shutil.copy(good, place / good.name))

    yield from hdf5_cases(good, copied, CHANGES, read, b"no product", 17)
