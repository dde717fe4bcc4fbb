"""The real data of tests/data/real, cropped from the full folder.

    python -m studies.ground.crops DATA

DATA is the full folder, SARSLIDE_REAL_DATA of the tests. Files keep their paths and names; what is
not stored compressed already gets `.xz` behind its name, which
`tests.support.shipped_data.unpack` takes off again. What was cropped how stands in
tests/data/real/README.md.
"""

import argparse
import fnmatch
import io
import lzma
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import rasterio
from rasterio.windows import Window

from studies.structure.records import REPOSITORY

SHIPPED = REPOSITORY / "tests/data/real"
# As published.
WHOLE = (
    "catalogue/S1A_IW_SLC*_stack.yml",
    "catalogue/S1_baseline_stack.yml",
    "catalogue/SLC_BURST*.yml",
    "catalogue/*.yaml",
    "orbits/*.EOF",
    "sentinel1/pair_*/isce2_topsProc.xml",
    "sentinel1/pair_*/*.SAFE/manifest.safe",
    "sentinel1/pair_*/*.SAFE/annotation/*-slc-vv-*.xml",
    "sentinel1/pair_*/*20250406*.SAFE/annotation/calibration/*-iw2-slc-vv-*.xml",
    "sentinel1/slc_terceira/*",
    "interferograms/el_haouz_s1/*20230904*.SAFE/manifest.safe",
    "interferograms/el_haouz_s1/*20230904*.SAFE/annotation/*.xml",
    "interferograms/mexico_city_s1/geotiffs/*.tif",
    "interferograms/mexico_city_s1/geometry/*_bperp.par",
    "interferograms/mexico_city_s1/geometry/*.lt",
    "interferograms/mexico_city_s1/headers/*",
    "geometry/envisat_mojave/envisat_mojave.h5",
)
# Of the members of zips: calibration and interference reports are left out.
LEFT_OUT = ("*/annotation/calibration/*", "*/annotation/rfi/*")
KEPT = ("*/calibration/noise-s1a-iw2-slc-vv-20141004*",)
EL_HAOUZ = Window(400, 330, 273, 222)  # of 673 x 552 cells
COHERENCE, PHASE = "coherence_1e4", "phase_milliradians"
HOUSTON = {"mixed": (COHERENCE,), "town_a": (COHERENCE, PHASE), "town_b": (COHERENCE, PHASE)}
NEAR_DAYS, EVERY = 60, 8  # all dates so near to the reference, and of the others each eighth


def store(target: Path, content: bytes) -> None:
    """Write a file, compressed unless its format is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".h5":
        target.write_bytes(content)
    else:
        target.with_name(f"{target.name}.xz").write_bytes(lzma.compress(content, preset=9))


def lighter(path: Path) -> bytes:
    """A zip without the members left out, stored, so that xz sees its text."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as target:
        for member in source.infolist():
            left_out = any(fnmatch.fnmatch(member.filename, pattern) for pattern in LEFT_OUT)
            if not left_out or any(fnmatch.fnmatch(member.filename, pattern) for pattern in KEPT):
                target.writestr(member, source.read(member), zipfile.ZIP_STORED)
    return made.getvalue()


def window_of(path: Path) -> bytes:
    """EL_HAOUZ of a raster."""
    with rasterio.open(path) as source:
        place = {"height": EL_HAOUZ.height, "width": EL_HAOUZ.width, "transform": source.window_transform(EL_HAOUZ)}
        profile = source.profile | place | {"blockysize": EL_HAOUZ.height}
        values = source.read(1, window=EL_HAOUZ)
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(values, 1)
        return memory.read()


def houston(path: Path, target: Path) -> None:
    """HOUSTON on some dates."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path) as source, h5py.File(target, "w") as made:
        made.attrs.update(source.attrs)
        names = source["dates"][:]
        days = np.array([f"{name[:4]}-{name[4:6]}-{name[6:]}" for name in names.astype(str)], "datetime64[D]")
        away = np.abs((days - days[list(names.astype(str)).index(source.attrs["reference"])]).astype(int))
        kept = np.flatnonzero((away <= NEAR_DAYS) | (np.arange(len(names)) % EVERY == 0))
        made["dates"] = names[kept]
        for name, layers in HOUSTON.items():
            for layer in layers:
                values = source[name][layer][:][kept]
                made.create_dataset(
                    f"{name}/{layer}", data=values, compression="gzip", compression_opts=9, shuffle=True
                )
            made[name].attrs.update(source[name].attrs)


def main(data: Path) -> None:
    for old in SHIPPED.iterdir() if SHIPPED.is_dir() else ():
        if old.is_dir():
            shutil.rmtree(old)
    for path in sorted({path for pattern in WHOLE for path in data.glob(pattern)}):
        store(SHIPPED / path.relative_to(data), path.read_bytes())
    for path in sorted(data.glob("sentinel1/zips/*.zip")):
        store(SHIPPED / path.relative_to(data), lighter(path))
    for name in ("coh_vv.tif", "phi_vv.tif"):
        path = data / "interferograms/el_haouz_s1" / name
        store(SHIPPED / path.relative_to(data), window_of(path))
    path = data / "interferograms/houston_s1/houston_s1.h5"
    houston(path, SHIPPED / path.relative_to(data))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="the full folder of real data")
    main(parser.parse_args().data)
