"""Whether the noise that the map of what can be seen is made of is that of the rates.

    sarslide demo
    python -m studies.ground.smallest_speed [--region valley]

The planted motion of a simulated region is taken off its rates, which leaves their error; the
product measured noise on what it took for stable ground, without the truth. The scatter of the
difference (mean over a landslide less the median of its ring) over its stated noise, z, is then
one: on still ground, where nothing moves in body and ring, and on all, where phase that was smeared
or unwrapped wrongly at the landslides is part of the error.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter

from sarslide.io import raster
from sarslide.layers import SMALLEST_SPEED
from sarslide.rates.level_samples import spread
from sarslide.rates.observability import is_observed
from sarslide.rates.smallest_speed import SIGMAS, Body, Rates, cell_variance, differences, noise
from studies.ground import put, row

COMMAND = "python -m studies.ground.smallest_speed"
PLACES = 4000
PARTS = 5  # of the places, by coherence
MOVING_MM = 1.0  # mm/yr, planted, from which ground is not still
CELL_M = 30.0
# The demo has about 250 independent places of 10 ha with their rings, 50 in a fifth: a robust
# standard deviation is known to 1.17 / sqrt(50) = 0.17, and the extremes of ten lie farther.
TOLERANCE = 0.25


def read(folder: Path, region: str, stack: str) -> tuple[Rates, np.ndarray, np.ndarray]:
    """What the product knows of a track, its coherence, and the planted LOS rate."""
    base = folder / f"results/{region}/{stack}/f0/native"
    layers = {
        name: raster.read(base / part / f"{name}.tif")
        for part, names in {
            "stacking": ("los_rate_mm_per_yr", "mean_coherence", "pair_count", "stable_ground"),
            "observability": ("observable_class", "downslope_sensitivity"),
        }.items()
        for name in names
    }
    rate, coherence = layers["los_rate_mm_per_yr"], layers["mean_coherence"]
    track = Rates(
        rate=rate,
        variance=cell_variance(coherence, layers["pair_count"]),
        observed=is_observed(layers["observable_class"]),
        stable=np.isin(layers["stable_ground"], (1, 2)),
        sensitivity=layers["downslope_sensitivity"],
    )
    planted = raster.read(folder / f"resources/{region}/truth/{stack}/true_los_rate_mm_per_yr.tif")
    return track, coherence, planted


def z_of(track: Rates, planted: np.ndarray, area_ha: float, still: bool) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Error of the difference over its stated noise at random places, and these."""
    body = Body.of(area_ha, CELL_M)
    std, _ = noise(track, body)
    error = np.where(track.observed, track.rate - planted, np.nan)
    usable = np.isfinite(std) & np.isfinite(error)
    if still:
        usable &= maximum_filter(np.abs(np.nan_to_num(planted)), 2 * int(body.outer) + 1) < MOVING_MM
    places = np.nonzero(usable)
    drawn = np.random.default_rng(int(area_ha)).permutation(len(places[0]))[:PLACES]
    places = places[0][drawn], places[1][drawn]
    return differences(error, body, places) / std[places], places


def measure(folder: Path, region: str) -> list[dict]:
    """Rows of all areas, over both tracks."""
    stacks = sorted(path.name for path in (folder / f"resources/{region}/truth").iterdir() if path.is_dir())
    tracks = [read(folder, region, stack) for stack in stacks]
    rows = []
    for area in SMALLEST_SPEED.values():
        for ground in ("still", "all"):
            every, by_coherence = [], []
            for track, coherence, planted in tracks:
                z, places = z_of(track, planted, area, ground == "still")
                every.append(z)
                order = np.argsort(coherence[places])
                by_coherence += [spread(z[part]) for part in np.array_split(order, PARTS)]
            low, high = min(by_coherence), max(by_coherence)
            above = 100 * float(np.mean(np.abs(np.concatenate(every)) > SIGMAS))
            about = f"{region}, what can be seen, {area} ha, {ground} ground"
            rows += [
                row(
                    f"{about}: error over stated noise, fifths of coherence of both tracks",
                    f"{low:.2f} to {high:.2f}",
                    COMMAND,
                    f"1, within {TOLERANCE}",
                    bool(low >= 1 - TOLERANCE and high <= 1 + TOLERANCE),
                ),
                row(f"{about}: errors above {SIGMAS:g} standard deviations, % of places", above, COMMAND),
            ]
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=Path(), help="working folder of a finished region")
    parser.add_argument("--region", default="demo")
    chosen = parser.parse_args()
    put(measure(chosen.folder, chosen.region))
