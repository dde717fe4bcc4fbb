"""The region `valley` as one frame, as four, and as four cut elsewhere: objects, rates, seams.

    python -m studies.frames.one_or_four --folder FOLDER

The region is simulated once, in FOLDER; its results are kept as FOLDER/NAME and read, not made
again. All three have the DEM of the largest margin, so that the ground is the same.
"""

import argparse
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np

from sarslide.config import load
from sarslide.frames import Frame
from sarslide.grid import window_of
from sarslide.inventory.matching import intersections
from sarslide.inventory.records import RELEASES, folders
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from studies.frames import put, row
from studies.runs import sarslide

COMMAND = "python -m studies.frames.one_or_four --folder FOLDER"
REGION, MARGIN_KM, DEM_M = "valley", 1.0, 4000.0
# Lines at 520.0 and 3208.0 km; at 521.4 and 3207.4 km.
SIDES_KM = {"one": 60.0, "four": 8.0, "shifted": 7.9}
SAME_IOU, SAME_MM, SEAM_CELLS = 0.95, 1.0, 5
COHERENT = 0.5


@dataclass(frozen=True)
class Run:
    """A finished run of the region."""

    folder: Path
    frames: tuple[Frame, ...]
    stacks: tuple[str, ...]

    @property
    def objects(self) -> gpd.GeoDataFrame:
        """Released landslides."""
        (release,) = folders(self.folder / "inventory" / RELEASES)
        return gpd.read_file(release / "landslides.gpkg", layer="landslides")

    def layer(self, stack: str, name: str) -> np.ndarray:
        """A layer of the region, `los_rate_mm_per_yr` or `stable_ground`."""
        inner = f"{stack}/f0/native" if len(self.frames) == 1 else f"{stack}/native"
        return raster.read(self.folder / inner / "stacking" / f"{name}.tif")

    @property
    def rmse_mm(self) -> dict[str, float]:
        """RMSE of the LOS rate against the planted one by track, mm/yr."""
        return read_json(self.folder / "report/scores.json")["los_rmse_mm_per_yr"]


def values(name: str) -> dict[str, object]:
    """Keys of a run."""
    side_km = SIDES_KM[name]
    keys: dict[str, object] = {"grid.margin_m": DEM_M if name == "one" else DEM_M - 1000 * MARGIN_KM}
    return keys if name == "one" else keys | {"grid.frame_km": side_km, "grid.frame_margin_km": MARGIN_KM}


def made(folder: Path, name: str) -> Run:
    """A run, made unless it stands in the folder."""
    config: dict[str, object] = {"region": REGION}
    for key, value in values(name).items():
        section, leaf = key.split(".")
        config.setdefault(section, {})[leaf] = value  # type: ignore[attr-defined]
    loaded = load(config)
    kept, results = folder / name, folder / "results" / REGION
    if not kept.is_dir():
        words = [f"--set={key}={value}" for key, value in values(name).items()]
        sarslide(folder, name, "run", REGION, "--cores", "2", *words)
        results.rename(kept)
    return Run(kept, loaded.grid.frames(), loaded.stacks)


def same_objects(one: Run, other: Run) -> tuple[int, int, int]:
    """Objects of both runs, and those that are the same one to one."""
    first, second = list(one.objects.geometry), list(other.objects.geometry)
    same = [pair for pair, (iou, _) in intersections(first, second).items() if iou >= SAME_IOU]
    return len(first), len(second), len(same)


def differences(one: Run, other: Run) -> list[np.ndarray]:
    """Rates of the second run minus those of the first, by track, mm/yr."""
    name = "los_rate_mm_per_yr"
    return [other.layer(stack, name) - one.layer(stack, name) for stack in one.stacks]


def coherent_differences(one: Run, other: Run) -> np.ndarray:
    """Differences where the ground is coherent, less the median of each track: its datum, mm/yr."""
    layers = zip(one.stacks, differences(one, other), strict=True)
    kept = [layer[one.layer(stack, "mean_coherence") >= COHERENT] for stack, layer in layers]
    return np.concatenate([each - np.nanmedian(each) for each in kept])


def seam_steps(one: Run, other: Run) -> np.ndarray:
    """Step of the second run over each seam that the first does not have, mm/yr.

    Of each line of cells across a seam the mean difference of `SEAM_CELLS` cells on either side;
    of these the medians of runs of 50 lines.
    """
    region = load({"region": REGION}).grid.region_grid()
    steps = []
    windows = [window_of(region, frame.core) for frame in other.frames]
    rows = sorted({window[0].start for window in windows} - {0})
    cols = sorted({window[1].start for window in windows} - {0})
    for difference in differences(one, other):
        for layer, seams in ((difference, rows), (difference.T, cols)):
            for seam in seams:
                before = np.nanmean(layer[seam - SEAM_CELLS : seam], axis=0)
                after = np.nanmean(layer[seam : seam + SEAM_CELLS], axis=0)
                across = after - before
                edges = [*range(0, len(across), 50), len(across)]
                steps += [np.nanmedian(across[start:stop]) for start, stop in pairwise(edges)]
    return np.array(steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, metavar="FOLDER")
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    one, four, shifted = (made(folder, name) for name in SIDES_KM)
    noise_mm = max(one.rmse_mm.values())
    for name, other in (("four frames", four), ("four frames cut elsewhere", shifted)):
        first, second, same = same_objects(one, other)
        change = np.abs(np.concatenate([each[np.isfinite(each)] for each in differences(one, other)]))
        coherent = np.abs(coherent_differences(one, other))
        close, step = float((change <= SAME_MM).mean()), float(np.sqrt(np.nanmean(seam_steps(one, other) ** 2)))
        put(
            [
                row(
                    f"valley, {name} against one: objects of one, of {name}, same at an IoU of {SAME_IOU}",
                    f"{first}, {second}, {same}",
                    COMMAND,
                    goal="all",
                    met=first == second == same,
                ),
                row(
                    f"valley, {name} against one: cells whose LOS rate is within {SAME_MM:g} mm/yr",
                    f"{close:.1%}",
                    COMMAND,
                    goal=">= 95 %",
                    met=close >= 0.95,
                ),
                row(
                    f"valley, {name} against one: the same of coherence from {COHERENT}, less the median difference",
                    f"{(coherent[np.isfinite(coherent)] <= SAME_MM).mean():.1%}",
                    COMMAND,
                ),
                row(
                    f"valley, {name}: step of the levelled rate at seams, rms, beside the RMSE of the rate",
                    f"{step:.2f}, {noise_mm:.2f} mm/yr",
                    COMMAND,
                    goal="below it",
                    met=step < noise_mm,
                ),
            ]
        )


if __name__ == "__main__":
    main()
