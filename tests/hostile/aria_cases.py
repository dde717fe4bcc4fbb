"""Hostile and broken ARIA-S1-GUNW products."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from sarslide.insar.external.aria import ingest, line_of_sight
from tests.hostile.damaged_hdf5 import claims, hdf5_cases, link, replaced
from tests.support import engine_products as products

DATA, CUBE = "science/grids/data", "science/grids/imagingGeometry"
PHASE, COHERENCE, BASELINE = f"{DATA}/unwrappedPhase", f"{DATA}/unfilteredCoherence", f"{CUBE}/perpendicularBaseline"


def _virtual(file: h5py.File) -> None:
    shape = file[PHASE].shape
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", shape=shape)
    del file[PHASE]
    file.create_virtual_dataset(PHASE, layout)


def _outside(file: h5py.File) -> None:
    shape = file[PHASE].shape
    del file[PHASE]
    file.create_dataset(PHASE, shape, "f4", external=[("/etc/passwd", 0, 4 * shape[0] * shape[1])])


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "phase 1e30": lambda file: file[PHASE].write_direct(np.full(file[PHASE].shape, 1e30, "f4")),
    "phase of text": replaced(PHASE, lambda file: np.full((72, 84), b"x")),
    "phase of another shape": replaced(PHASE, np.ones((3, 3), "f4")),
    "phase that is a group": lambda file: (file.pop(PHASE), file.create_group(PHASE)),
    "phase in another file": link(PHASE, h5py.ExternalLink("/tmp/other.h5", "x")),
    "phase by a soft link": link(PHASE, h5py.SoftLink("/science")),
    "phase that is virtual": _virtual,
    "phase in the bytes of another file": _outside,
    "phase that claims 1e6 x 1e6": claims(PHASE, shape=(1_000_000, 1_000_000), chunks=(1000, 1000)),
    "a chunk of 4 GB": claims(PHASE, shape=(72, 84), maxshape=(None, None), chunks=(30_000, 30_000)),
    "a unit of 1 MB": lambda file: file[PHASE].attrs.__setitem__("units", "x" * 60_000),
    "coherence -3": lambda file: file[COHERENCE].write_direct(np.full(file[COHERENCE].shape, -3, "f4")),
    "latitude of nan": lambda file: file[f"{DATA}/latitude"].__setitem__(slice(None), np.nan),
    "latitude of one": replaced(f"{DATA}/latitude", np.array([29.0])),
    "latitude that turns back": lambda file: file[f"{DATA}/latitude"].__setitem__(3, 80.0),
    "a baseline of nan": replaced(BASELINE, np.full((3, 3, 3), np.nan)),
    "a baseline of 1e9": replaced(BASELINE, np.full((3, 3, 3), 1e9)),
    "a baseline of text": replaced(BASELINE, np.full((3, 3, 3), b"x")),
    "a cube of 1e12": claims(BASELINE, shape=(10_000, 10_000, 10_000), chunks=(10, 10, 10)),
    "a wavelength of nan": replaced("science/radarMetaData/wavelength", np.nan),
    "a wavelength of none": replaced("science/radarMetaData/wavelength", np.zeros(0)),
    "an incidence of 500": replaced(f"{CUBE}/incidenceAngle", np.full((3, 3, 3), 500.0)),
    "an azimuth of 1e9": replaced(f"{CUBE}/azimuthAngle", np.full((3, 3, 3), 1e9)),
    "heights of one": replaced(f"{CUBE}/heightsMeta", np.array([0.0])),
    "a cube of other axes": replaced(f"{CUBE}/azimuthAngle", np.full((2, 3, 3), 10.0)),
}


def cases(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Name and call of each."""
    folder.mkdir(exist_ok=True)
    products.aria(folder)
    good = next(folder.glob("*.nc"))
    with h5py.File(good, "r+") as file:
        if "science/radarMetaData/wavelength" not in file:
            file["science/radarMetaData/wavelength"] = 0.0554658
    heights = np.full(products.GRID.shape, products.HEIGHT_M)

    def read(path: Path) -> object:
        return ingest(path, products.PAIR, products.GRID), line_of_sight(path, heights, products.GRID)

    def copied(title: str) -> Path:
        place = folder / title.replace(" ", "_")
        place.mkdir()
        return Path(shutil.copy(good, place / good.name))

    yield from hdf5_cases(good, copied, CHANGES, read, b"no product", 9)
