"""Real rates of MintPy to the release: Mexico City, flat ground that sinks by up to 0.3 m a year.

    python -m studies.displacement.mexico_city --real-data DATA --folder OUT [--record]

The 30 interferograms of the region `mexico_city` go through MintPy (inversion, DEM error,
velocity). What it leaves, velocity.h5, its last time series, temporalCoherence.h5 and
geometryGeo.h5, begins a region by `sarslide displacement`, with the reference area and cells of
`mexico_city`; it is run with the network, with the velocity threshold as published, and with the
detector that the command takes. Nothing there is a landslide: what is told instead are other
deformation and masked candidates.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from sarslide.config import load
from sarslide.io import raster
from sarslide.rates import preparation
from studies.displacement import put, row
from studies.runs import sarslide
from studies.sbas import MexicoCity, by_mintpy_in, mexico_city_stack
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.mexico_city --real-data $SARSLIDE_REAL_DATA --folder OUT --record"
WAYS = {
    "network": ("segmentation.method=network", "segmentation.model=drs_unet_ranges"),
    "threshold": ("segmentation.method=velocity_threshold", "velocity_threshold.form=published"),
    "begun": (),  # as the command writes it
}
WHAT = "Mexico City, rates of MintPy from 30 real interferograms"


def product(found: MexicoCity, folder: Path, dem_error: bool = True) -> Path:
    """The files of MintPy, in a folder of their own."""
    place, files = folder / "mintpy", folder / "product"
    if not files.is_dir():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        grid = found.config.grid.region_grid()
        whole, pairs = (slice(0, grid.rows), slice(0, grid.cols)), list(found.stack)
        prepared = preparation.prepare(
            lambda pair: found.read_block(pair, *whole), pairs, found.height, found.settings, correct=False
        )
        series = by_mintpy_in(place, found, prepared, dem_error)
        files.mkdir()
        for path in (place / "velocity.h5", series, place / "temporalCoherence.h5", place / "inputs/geometryGeo.h5"):
            shutil.copy(path, files)
    return files


def told(folder: Path, found: MexicoCity, files: Path, way: str, place: str = "mexico_city") -> dict:
    """Counts of the release of a region made of the product, and the detector that made it."""
    working, name = folder / way, f"{place}_{way}"
    results = working / "results" / name
    if not (results / "report/report.html").is_file():
        shutil.rmtree(working, ignore_errors=True)
        working.mkdir(parents=True)
        grid = found.config.grid.region_grid()
        raster.write(working / "dem.tif", found.margin, grid.pad(grid.cell_m), "dem_m", {"vertical": "ellipsoidal"})
        stack = found.config.stacks[0]
        # Cells and bounds are those that the files themselves have.
        sarslide(working, "begin", "displacement", name, f"{stack}={files.resolve()}", "--dem", "dem.tif",
                 "--cell", f"{grid.cell_m:g}", "--epsg", str(grid.epsg))  # fmt: skip
        area = ",".join(map(str, found.config.rates.reference))
        sarslide(working, "run", "run", name, "--cores", "1", "--set", f"rates.reference=[{area}]",
                 "--set", f"grid.margin_m={grid.cell_m:g}", *(word for one in WAYS[way] for word in ("--set", one)))  # fmt: skip
    counts = json.loads((results / "inventory/current.json").read_text())["counts"]
    segmentation = load({"region": name}, working).segmentation
    begun = segmentation.model if segmentation.method == "network" else "threshold"
    return {**counts, "detector": f"as begun ({begun})" if way == "begun" else way}


def fastest(folder: Path, way: str) -> float:
    """Of the rates of the run, mm/yr: away from the satellite."""
    (path,) = (folder / way / "results").glob("*/*/*/displacement/delivered/los_rate_mm_per_yr.tif")
    return float(np.nanmin(raster.read(path, raster.grid_of(path))))


def rows_of(data: Path, folder: Path) -> list[dict]:
    """A row for each detector."""
    found = mexico_city_stack(data)
    files = product(found, folder)
    rows = []
    for way in WAYS:
        counts = told(folder, found, files, way)
        rates = f"; rates to {fastest(folder, way):.0f} mm/yr"
        rows.append(landslides(f"{WHAT}, {counts['detector']}", counts, COMMAND, rates))
    return rows


def landslides(what: str, counts: dict, command: str, more: str = "") -> dict:
    """The row of a release on flat ground."""
    others = f"{counts['non_landslide_deformation']} of other deformation, {counts['masked']} masked candidates"
    measured = f"{counts['landslides']}; told: {others}{more}"
    return row(f"{what}: landslides on flat ground", measured, command, "none", counts["landslides"] == 0)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real-data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    keep_or_tell(rows_of(asked.real_data, asked.folder.resolve()), put, asked.record)


if __name__ == "__main__":
    main()
