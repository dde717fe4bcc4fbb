"""NISAR GUNW products of a radar that looks to the left, to the release.

    python -m studies.displacement.gunw_release --folder OUT [--record]

Twenty dates, 12 days apart, two pairs a date, in cells of 80 m over hills of sines; landslides move
down slopes that face the radar and slopes that face away from it. Air differs by date, smooth and
with the height. The region is begun and run anew, with the velocity threshold, tuned.
"""

import argparse
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml
from scipy.ndimage import gaussian_filter
from shapely import Point

from sarslide.grid import RegionGrid
from sarslide.io import raster
from studies.displacement import gunw, objects, put, row
from studies.runs import sarslide
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.gunw_release --folder OUT --record"
NAME, STACK, FLIGHT = "nisar", f"A{gunw.TRACK:03d}", gunw.Flight(348.0, "left")
WEST, SOUTH, SIDE_M, CELL_M, AROUND_M = 516000.0, 3202000.0, 8000.0, 80.0, 800.0
DAYS = [str(day).replace("-", "") for day in np.datetime64("2025-11-03") + 12 * np.arange(20)]
PAIRS = [*pairwise(DAYS), *zip(DAYS[:-2], DAYS[2:], strict=True)]
SPEED, SIZE_M, COHERENCE = 600.0, 260.0, 0.7  # mm/yr down the slope; scale of a landslide
AIR_RAD, AIR_CELLS, AIR_RAD_PER_KM, NOISE_RAD = 0.6, 20.0, 0.8, 0.15
SEED, SIGMAS, STILL = 5, 3.0, 20.0  # standard errors that a rate may be off; mm/yr


def height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height of the ground, m."""
    return 1800 + 350 * np.sin(x / 500) * np.sin(y / 600)


def seen_downslope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of a motion down the slope that the radar sees, positive towards it."""
    east, north = ((height(x + a, y + b) - height(x - a, y - b)) / 2 for a, b in ((1, 0), (0, 1)))
    down = np.stack([-east, -north, -(east**2 + north**2)])
    to_satellite = FLIGHT.to_satellite(x, y, height(x, y))
    return (to_satellite / np.linalg.norm(to_satellite, axis=0) * down).sum(0) / np.linalg.norm(down, axis=0)


def landslides(count: int = 3) -> np.ndarray:
    """(2 count, 3) x, y and share seen of their middles: half face the radar, half do not."""
    rng = np.random.default_rng(SEED)
    x, y = rng.uniform(900, SIDE_M - 900, (2, 4000)) + np.array([[WEST], [SOUTH]])
    share = seen_downslope(x, y)
    chosen: list[int] = []
    for side in (1, -1):
        wanted = len(chosen) + count
        for one in np.flatnonzero(side * share > 0.5):
            apart = np.hypot(x[chosen] - x[one], y[chosen] - y[one])
            if len(chosen) < wanted and (apart > 1500).all():
                chosen.append(int(one))
    return np.stack([x[chosen], y[chosen], share[chosen]], axis=1)


def rate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """LOS rate, mm/yr, positive towards the satellite."""
    moved = np.zeros(x.shape)
    for east, north, _ in landslides():
        moved = np.maximum(moved, np.exp(-(((x - east) ** 2 + (y - north) ** 2) / SIZE_M**2)))
    return SPEED * moved * seen_downslope(x, y)


def write(folder: Path) -> None:
    """Products of all pairs, the DEM and the region's file."""
    products = folder / "products"
    products.mkdir(parents=True)
    grid = RegionGrid.from_bounds(
        gunw.EPSG, (WEST - AROUND_M, SOUTH - AROUND_M, WEST + SIDE_M + AROUND_M, SOUTH + SIDE_M + AROUND_M), CELL_M
    )
    x, y = np.meshgrid(grid.x(), grid.y())
    rng = np.random.default_rng(SEED)

    def air() -> np.ndarray:
        smooth = gaussian_filter(rng.standard_normal(grid.shape), AIR_CELLS)
        return AIR_RAD * smooth / smooth.std() + AIR_RAD_PER_KM * rng.standard_normal() * height(x, y) / 1e3

    delays, orbits = {day: air() for day in DAYS}, dict(zip(DAYS, rng.normal(0, 80, (len(DAYS), 2)), strict=True))
    nodes = tuple(start + 500 * np.arange(-2, 23) for start in grid.bounds[:2])
    for earlier, later in PAIRS:
        towards, up = orbits[later] - orbits[earlier]
        years = (DAYS.index(later) - DAYS.index(earlier)) * 12 / 365.25
        moved = -4 * np.pi / gunw.WAVELENGTH_M * rate(x, y) * years / 1e3
        noise = rng.normal(0, NOISE_RAD, grid.shape)
        layers = {
            "unwrappedPhase": (moved + delays[later] - delays[earlier] + noise).astype(np.float32),
            "coherenceMagnitude": np.full(grid.shape, COHERENCE, np.float32),
            "connectedComponents": np.ones(grid.shape, np.uint16),
            "mask": np.full(grid.shape, 11, np.uint8),
        }
        flight = gunw.Flight(FLIGHT.heading_deg, FLIGHT.looks, towards, up)
        gunw.write(
            products, layers, grid.x(), grid.y(), gunw.cubes(flight, *nodes), (nodes[0], nodes[1]),
            orbit=flight.orbit, looks=flight.looks, dates=(earlier, later),
        )  # fmt: skip
    wide = grid.pad(2000)
    ground = height(*np.meshgrid(wide.x(), wide.y()))
    raster.write(folder / "dem.tif", ground, wide, "dem_m", {"vertical": "ellipsoidal"})
    (folder / "regions").mkdir()
    region = {
        "source": "files", "engine": "files", "stacks": [STACK],
        "grid": {
            "epsg": gunw.EPSG, "bounds": [WEST, SOUTH, WEST + SIDE_M, SOUTH + SIDE_M], "cell_m": CELL_M,
            "dem": "dem.tif", "margin_m": 400.0,
        },
        "files": {"naming": "nisar", "folder": "products"},
        "segmentation": {"method": "velocity_threshold"},
        "velocity_threshold": {"form": "tuned", "min_cells": 3},
    }  # fmt: skip
    (folder / f"regions/{NAME}.yaml").write_text(yaml.safe_dump(region))


def rows_of(folder: Path) -> list[dict]:
    """Planted landslides in the release, with the rate of each, and how many others there are."""
    shutil.rmtree(folder, ignore_errors=True)
    write(folder)
    sarslide(folder, "run", "run", NAME, "--cores", "1")
    results = folder / "results" / NAME
    found = objects.landslides(results)
    (path,) = results.glob(f"{STACK}/*/files/*/los_rate_mm_per_yr.tif")
    grid = raster.grid_of(path)
    rates, errors = (
        raster.read(path.with_name(f"los_rate_{kind}.tif"), grid) for kind in ("mm_per_yr", "std_mm_per_yr")
    )
    truth = rate(*np.meshgrid(grid.x(), grid.y()))
    planted = landslides()
    cells = [(int((grid.north - y) // CELL_M), int((x - grid.west) // CELL_M)) for x, y, _ in planted]
    hit = sum(bool(found.geometry.buffer(CELL_M).contains(Point(x, y)).any()) for x, y, _ in planted)
    right = sum(bool(abs(rates[cell] - truth[cell]) < SIGMAS * errors[cell]) for cell in cells)
    signs = sum(bool(rates[cell] * truth[cell] > 0) for cell in cells)
    moving = np.argwhere(np.abs(truth) > STILL)
    places = [Point(grid.x()[col], grid.y()[row]) for row, col in moving]
    invented = sum(not any(one.contains(place) for place in places) for one in found.geometry)
    count = len(planted)
    what = (
        f"{len(PAIRS)} NISAR GUNW of a radar that looks to the left, to the release: planted, found, rate of their"
        f" middle of the planted sign, within {SIGMAS:g} standard errors; objects on ground that does not move"
    )
    met = hit == right == signs == count and not invented
    return [row(what, f"{count}, {hit}, {signs}, {right}; {invented}", COMMAND, "all; none", met)]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--record", action="store_true", help="put the row into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    keep_or_tell(rows_of(asked.folder.resolve()), put, asked.record)


if __name__ == "__main__":
    main()
