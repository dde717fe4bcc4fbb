"""Real rates of Houston to the release: flat ground, 93 dates, by our pairs and by MintPy's rates.

    python -m studies.displacement.houston --real-data DATA --folder OUT [--record]

The pairs of `studies.houston` are the region `houston` of the engine `files`, inverted by our SBAS,
mapped by the network and by the velocity threshold as published. MintPy inverts the same pairs;
what it leaves begins a region by `sarslide displacement`, as Mexico City does. The ground is flat:
nothing is a landslide; that its DEM is invented is part of every row.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import yaml

from sarslide.config import load
from sarslide.insar.external.constant_geometry import geometry as constant_geometry
from sarslide.insar.external.files import ingest_pair
from sarslide.io import raster
from sarslide.rates import reference
from sarslide.rates.settings import RateSettings
from studies import houston
from studies.displacement import mexico_city, put, row
from studies.runs import sarslide
from studies.sbas import MexicoCity, agreement
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.houston --real-data $SARSLIDE_REAL_DATA --folder OUT --record"
WAYS = ("network", "threshold")


def begun(data: Path, folder: Path) -> Path:
    """The working folder of the region, with its pairs."""
    working = folder / "files"
    if not (working / "regions/houston.yaml").is_file():
        shutil.rmtree(working, ignore_errors=True)
        houston.write_pairs(data, working)
        grid, places = houston.grid_of(houston.windows(data))
        keys = houston.region(grid, houston.reference_of(grid, places["town_a"]), working)
        (working / "regions").mkdir()
        (working / "regions/houston.yaml").write_text(yaml.safe_dump(keys))
    return working


def by_pairs(working: Path, way: str) -> dict:
    """Counts of the release of the region of pairs, by a detector."""
    counts = working / f"{way}.json"
    if not counts.is_file():
        chosen = (word for one in mexico_city.WAYS[way] for word in ("--set", one))
        sarslide(working, f"run_{way}", "run", "houston", "--cores", "1", *chosen)
        shutil.copy(working / "results/houston/inventory/current.json", counts)
    return json.loads(counts.read_text())["counts"]


def stack(working: Path) -> MexicoCity:
    """The pairs as they come onto the grid, for MintPy; baselines are unknown, and not used."""
    config = load({"region": "houston"}, working)
    grid, rates = config.grid.region_grid(), config.rates
    pairs = {}
    for path in sorted((working / "pairs").glob("*_unw.tif")):
        pair = path.name[:17].replace("-", "_")
        coherence = path.with_name(path.name.replace("unw", "cc"))
        pairs[pair] = ingest_pair(path, coherence, pair, grid, config.files.positive_phase, config.files.naming)
    margin = np.full(grid.pad(grid.cell_m).shape, houston.HEIGHT_M)
    return MexicoCity(
        config, pairs, dict.fromkeys(pairs, 0.0), margin,
        constant_geometry(margin, grid, config.files.incidence_deg, config.files.heading_deg),
        RateSettings(height_correlated=False, plane=False, reference=reference.disc_in_cells(grid, rates.reference)),
    )  # fmt: skip


def rows_of(data: Path, folder: Path) -> list[dict]:
    """A row for each way to the release, and one of both rates."""
    working = begun(data, folder)
    pairs = len(list((working / "pairs").glob("*_unw.tif")))
    what = f"Houston, {pairs} real pairs of 93 dates on an invented place and flat DEM"
    rows = [mexico_city.landslides(f"{what}, our SBAS, {way}", by_pairs(working, way), COMMAND) for way in WAYS]
    found = stack(working)
    files = mexico_city.product(found, folder, dem_error=False)
    # In cells of 100 m a product begins with the threshold, and has no use for the network.
    counts = mexico_city.told(folder, found, files, "begun", "houston")
    rows.append(mexico_city.landslides(f"{what}, rates of MintPy, {counts['detector']}", counts, COMMAND))
    layers = working / houston.RATES
    ours = raster.read(layers / "los_rate_mm_per_yr.tif")
    (path,) = (folder / "begun/results").glob("*/*/*/displacement/delivered/los_rate_mm_per_yr.tif")
    theirs = raster.read(path)
    level = float(np.nanmedian(ours - theirs))  # of the reference, which each region finds anew
    cells, rms, _, largest = agreement(ours - level, theirs)
    low, middle, high = np.nanpercentile(ours, [5, 50, 95])
    beside = f"{cells} cells, level {level:.2g}, beside it rms {rms:.2g}, largest {largest:.2g}"
    measured = f"{beside}; ours {low:.1f}, {middle:.1f}, {high:.1f}"
    rows.append(row(f"{what}: our rates less MintPy's, mm/yr; 5, 50, 95 % of ours", measured, COMMAND))
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real-data", type=Path, required=True, metavar="DATA")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    keep_or_tell(rows_of(asked.real_data, asked.folder.resolve()), put, asked.record)


if __name__ == "__main__":
    main()
