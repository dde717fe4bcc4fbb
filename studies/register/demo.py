"""Mean rates of objects, east and up, and their errors: the demo beside its planted motion.

    python -m studies.register.demo --folder FOLDER [--record]

FOLDER holds results/demo and resources/demo of a run of `sarslide demo`. Objects are those of the
release, masked ones included, whose rate is no lower bound; the planted mean is that of the same
cells. Still places are discs on ground that the simulation left at rest, whatever the rates say.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from sarsim.world import load_world
from sarslide.grid import RegionGrid
from sarslide.inventory import records
from sarslide.inventory.followed import mean_rates
from sarslide.inventory.observability import cells_of
from sarslide.inventory.series import SeriesPolygon
from sarslide.inventory.tables import OBJECTS, rows_of
from sarslide.io import raster, vector
from sarslide.layers import LINE_OF_SIGHT
from sarslide.rates.decomposition import east_and_up
from sarslide.rates.mean_error import NoiseCorrelation, noise_correlation
from studies.register import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.register.demo --folder FOLDER --record"
STACKS, LAYERS = ("A117", "D066"), ("landslides", "masked")
AREAS_HA, PLACES = (2, 10, 50), 300
LARGE_KM2, WITHIN = 0.1, 1.96
# Planted speeds along the line of sight, mm/yr; pairs of 24 days cannot tell more than 211.
SPEEDS = ((0, 30), (30, 200), (200, np.inf))
LEAST_SHARE = 0.9  # of 95 %: places share their air


class Track:
    """Rates of a track, how alike their noise is, and the planted rates."""

    def __init__(self, folder: Path, stack: str) -> None:
        base = folder / "results/demo" / stack / "f0/native"
        path = base / "stacking/los_rate_mm_per_yr.tif"
        self.grid: RegionGrid = raster.grid_of(path)
        self.rate = raster.read(path)
        self.std = raster.read(base / "stacking/los_rate_std_mm_per_yr.tif")
        stable = np.isin(raster.read(base / "stacking/stable_ground.tif"), (1, 2))
        self.line_of_sight = {name: raster.read(base / f"geometry/{name}.tif") for name in LINE_OF_SIGHT}
        self.planted = raster.read(folder / "resources/demo/truth" / stack / "true_los_rate_mm_per_yr.tif")
        noise = noise_correlation(self.rate, self.std, stable)
        if noise is None:
            raise SystemExit(f"{path}: too little stable ground")
        self.noise: NoiseCorrelation = noise

    def of(self, polygons: list[SeriesPolygon]) -> dict[str, dict[str, float]]:
        """Mean rates, and `planted`, the mean of the same cells."""
        found = mean_rates(polygons, self.rate, self.std, self.noise, self.line_of_sight)
        for polygon in polygons:
            if polygon.pid in found:
                known = np.isfinite(self.rate[polygon.cells])
                found[polygon.pid]["planted"] = float(self.planted[polygon.cells][known].mean(dtype=float))
        return found


def objects(folder: Path, grid: RegionGrid) -> dict[str, SeriesPolygon]:
    """Those of the release whose rate is no lower bound."""
    package = records.folder_of(folder / "results/demo/inventory/current.json") / records.PACKAGE
    rows = [one for layer in LAYERS for one in rows_of(vector.read(package, layer), OBJECTS, str(package))]
    return {
        one["ls_id"]: SeriesPolygon(one["ls_id"], cells_of(one["geometry"], grid))
        for one in rows
        if not one["los_rate_bound_mm_per_yr"] > 0
    }


def still_places(track: Track, area_ha: float) -> list[SeriesPolygon]:
    """Discs at random places whose cells all have a rate and are planted at rest."""
    radius = np.sqrt(area_ha * 1e4 / np.pi) / track.grid.cell_m
    reach = int(radius)
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(down, across) <= radius
    down, across = down[inside], across[inside]
    good = np.isfinite(track.rate) & (track.planted == 0)
    rng, found = np.random.default_rng(area_ha), []
    rows, cols = track.rate.shape
    for _ in range(100 * PLACES):
        row, col = rng.integers(reach, rows - reach), rng.integers(reach, cols - reach)
        if good[row + down, col + across].all():
            found.append(SeriesPolygon(str(len(found)), (row + down, col + across)))
        if len(found) == PLACES:
            break
    return found


def told(errors: np.ndarray, stds: np.ndarray) -> str:
    """Bias, RMSE, and the errors over their standard errors."""
    z = errors / stds
    rms = np.sqrt(np.mean(errors**2))
    return (
        f"{len(errors)}: bias {errors.mean():+.1f}, RMSE {rms:.1f} mm/yr; of errors over stated ones median "
        f"|z| {np.median(np.abs(z)):.2f}, within {WITHIN} {np.mean(np.abs(z) < WITHIN):.2f}"
    )


def still_rows(tracks: dict[str, Track]) -> Iterator[dict]:
    """Still ground by size of the place."""
    for area in AREAS_HA:
        for stack, track in tracks.items():
            places = track.of(still_places(track, area)).values()
            if len(places) < 20:
                yield row(f"demo, still places of {area} ha, {stack}: too few", len(places), COMMAND)
                continue
            means, stds = (
                np.array([one[name] for one in places])
                for name in ("los_rate_mean_mm_per_yr", "los_rate_mean_std_mm_per_yr")
            )
            met = bool(np.mean(np.abs(means / stds) < WITHIN) >= LEAST_SHARE)
            goal = f"at least {LEAST_SHARE} within {WITHIN} (0.95 of independent places)"
            yield row(f"demo, still places of {area} ha, {stack}: mean rates", told(means, stds), COMMAND, goal, met)


def object_rows(tracks: dict[str, Track], polygons: dict[str, SeriesPolygon], velocity: np.ndarray) -> Iterator[dict]:
    """Objects by size and speed, along the line of sight, and east and up."""
    found = {stack: track.of(list(polygons.values())) for stack, track in tracks.items()}
    cell_km2 = next(iter(tracks.values())).grid.cell_area_km2
    rows = [
        (len(polygons[pid].cells[0]) * cell_km2 >= LARGE_KM2, abs(one["planted"]), one)
        for by_object in found.values()
        for pid, one in by_object.items()
    ]
    for large, size in ((False, "below"), (True, "from")):
        for least, most in SPEEDS:
            some = [one for is_large, speed, one in rows if is_large == large and least <= speed < most]
            if len(some) < 3:
                continue
            errors = np.array([one["los_rate_mean_mm_per_yr"] - one["planted"] for one in some])
            stds = np.array([one["los_rate_mean_std_mm_per_yr"] for one in some])
            speeds = f"{least} to {most}" if np.isfinite(most) else f"{least} and more"
            what = f"demo, objects {size} {LARGE_KM2} km2, planted at {speeds} mm/yr: mean LOS rates"
            yield row(what, told(errors, stds), COMMAND)
    both = [
        pid
        for pid in polygons
        if all(pid in by_object and abs(by_object[pid]["planted"]) < SPEEDS[-1][0] for by_object in found.values())
    ]
    names = ("los_rate_mean_mm_per_yr", "los_rate_mean_std_mm_per_yr", "los_east", "los_up")
    values = [np.array([[found[stack][pid][name] for pid in both] for stack in STACKS]) for name in names]
    east, east_std, up, up_std = east_and_up(*values)
    truth = np.array([velocity[:, *polygons[pid].cells].mean(1, dtype=float) for pid in both]).T
    for word, rates, stds, planted in (("east", east, east_std, truth[0]), ("up", up, up_std, truth[2])):
        use = np.isfinite(rates)
        what = f"demo, objects that both tracks see, below {SPEEDS[-1][0]} mm/yr in both: {word} rates"
        yield row(what, told((rates - planted)[use], stds[use]), COMMAND)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.register.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    chosen = parser.parse_args()
    world = load_world(chosen.folder / "resources/demo/truth/world.npz")
    tracks = {stack: Track(chosen.folder, stack) for stack in STACKS}
    polygons = objects(chosen.folder, tracks[STACKS[0]].grid)
    velocity = world.velocity_mm_per_yr[:, *world.window]
    rows = [*still_rows(tracks), *object_rows(tracks, polygons, velocity)]
    keep_or_tell(rows, put, chosen.record)


if __name__ == "__main__":
    main()
