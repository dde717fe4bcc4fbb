"""Levelled frames against one fit over the whole region.

    python -m studies.frames.levelling

75 x 50 km of simulated air over a simulated valley, cells of 125 m, 30 dates, frames of 25 km with
margins of 2 km. Nothing moves. Each frame takes its own least squares fit (offset, plane, height
slope) off the rates on its stable ground, margins included, as the rates of frames do pair by pair.
Frames see the same ground, speckle included; what filters and unwrapping do differently is noise of
each frame's own.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sarsim.atmosphere import turbulent_delay_mm
from sarsim.terrain import noise
from sarslide.frames import Frame, frames_of
from sarslide.grid import RegionGrid, window_of
from sarslide.rates.level_samples import HEIGHT, RATE, STABLE
from sarslide.rates.levelling import Levelling, level, levelled
from studies.frames import put, row

COMMAND = "python -m studies.frames.levelling"
SEED = 23
REGION = RegionGrid.from_bounds(32647, (400_000, 3_000_000, 475_000, 3_050_000), 125.0)
FRAME_KM, MARGIN_KM = 25.0, 2.0
DATES, DAYS = 30, 12
TURBULENCE_MM, STRATIFIED_MM_PER_KM = 5.0, 10.0  # the simulator's default
MOISTURE, MOISTURE_KM = 0.15, 20.0  # relative variation of the height slope across the region
SPECKLE, OWN = 2.0, 0.3  # mm/yr, of the rate in a cell, shared by all frames and of each
STABLE_SHARE = 0.6
WITHIN_MM, WITHIN_SHARE = 1.0, 0.95  # the region by frames has the rates of the region as one
SEAM_MM = OWN  # a step below the noise of a frame


@dataclass(frozen=True)
class Seen:
    """What frames see of a region, and one fit over it."""

    frames: tuple[Frame, ...]
    layers: dict[str, dict[str, np.ndarray]]
    whole: np.ndarray

    def read(self, frame: str, layer: str, rows: slice, cols: slice) -> np.ndarray:
        """A window of a layer of a frame."""
        return self.layers[frame][layer][rows, cols]


def air_mm_per_yr(grid: RegionGrid, heights_m: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rate that the air of all dates makes, mm/yr."""
    years = np.arange(DATES) * DAYS / 365.25
    weights = (years - years.mean()) / np.sum((years - years.mean()) ** 2)
    moisture = 1 + MOISTURE * noise(grid.shape, MOISTURE_KM * 1000 / grid.cell_m, rng)
    rate = np.zeros(grid.shape)
    for weight in weights:
        slope = rng.normal(0, STRATIFIED_MM_PER_KM)
        rate -= weight * (turbulent_delay_mm(grid, rng, TURBULENCE_MM) + slope * moisture * heights_m / 1000)
    return rate


def fit(grid: RegionGrid, heights_m: np.ndarray, rate: np.ndarray, stable: np.ndarray) -> np.ndarray:
    """A rate without its offset, plane and height slope over stable ground, mm/yr."""
    x, y = np.meshgrid((grid.x() - grid.x().mean()) / 1e4, (grid.y() - grid.y().mean()) / 1e4)
    terms = np.stack([np.ones(grid.shape), x, y, heights_m / 1000 - 2], axis=-1)
    return rate - terms @ np.linalg.lstsq(terms[stable], rate[stable], rcond=None)[0]


def seen() -> Seen:
    """The region by frames and as one."""
    rng, wide = np.random.default_rng(SEED), REGION.pad(MARGIN_KM * 1000)
    heights = 2500 + 600 * noise(wide.shape, 8000 / wide.cell_m, rng)
    rate = air_mm_per_yr(wide, heights, rng) + rng.normal(size=wide.shape) * SPECKLE
    stable = rng.random(wide.shape) < STABLE_SHARE
    frames, layers = frames_of(REGION, FRAME_KM, MARGIN_KM), {}
    for frame in frames:
        place = window_of(wide, frame.grid)
        own = fit(frame.grid, heights[place], rate[place], stable[place])
        own += rng.normal(size=own.shape) * OWN
        layers[frame.name] = {RATE: own, STABLE: stable[place].astype(np.uint8), HEIGHT: heights[place]}
    place = window_of(wide, REGION)
    return Seen(frames, layers, fit(REGION, heights[place], rate[place], stable[place]))


def mosaic(region: Seen, value: Callable[[Frame], np.ndarray]) -> np.ndarray:
    """A layer of the cores of all frames; value: frame -> layer on its grid."""
    out = np.full(REGION.shape, np.nan)
    for frame in region.frames:
        out[window_of(REGION, frame.core)] = value(frame)[window_of(frame.grid, frame.core)]
    return out


def rates(region: Seen, found: Levelling | None) -> np.ndarray:
    """Mosaic of the rates, levelled or as they are."""

    def value(frame: Frame) -> np.ndarray:
        layers = region.layers[frame.name]
        if found is None:
            return layers[RATE]
        return levelled(layers[RATE], frame.grid, found.levels[frame.name].plane, layers[HEIGHT])

    return mosaic(region, value)


def seam_steps(region: Seen, image: np.ndarray) -> np.ndarray:
    """Step of each kilometre of seam against the same two cells of one fit, mm/yr."""
    away, lines = image - region.whole, []
    for frame in region.frames:
        rows, cols = window_of(REGION, frame.core)
        if rows.start:
            lines.append(away[rows.start, cols] - away[rows.start - 1, cols])
        if cols.start:
            lines.append(away[rows, cols.start] - away[rows, cols.start - 1])
    cells = round(1000 / REGION.cell_m)
    return np.concatenate([line[: len(line) // cells * cells].reshape(-1, cells).mean(axis=1) for line in lines])


def main() -> None:
    """Measure and write the rows."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    region = seen()
    count = f"{len(region.frames)} frames of {FRAME_KM:g} km"
    three, four = (rates(region, level(region.frames, region.read, True, height)) for height in (False, True))
    goal = f"{WITHIN_SHARE:.0%} of the cells within {WITHIN_MM:g} mm/yr, steps below {SEAM_MM:g}"
    put(
        [
            measured(region, f"{count} against one fit: not levelled", rates(region, None)),
            measured(region, f"{count} against one fit: levelled by offset and tilt", three),
            measured(region, f"{count} against one fit: levelled by offset, tilt and height slope", four, goal),
        ]
    )


def measured(region: Seen, what: str, image: np.ndarray, goal: str = "shown") -> dict:
    """A row about a mosaic."""
    away, step = np.abs(image - region.whole), float(np.median(np.abs(seam_steps(region, image))))
    share, rms = float(np.mean(away <= WITHIN_MM)), float(np.sqrt(np.mean(away**2)))
    met = goal == "shown" or share >= WITHIN_SHARE and step < SEAM_MM
    text = f"{share:.1%} of the cells within {WITHIN_MM:g} mm/yr, RMS {rms:.2f}; steps of {step:.2f} mm/yr"
    return row(what, text, COMMAND, goal, met)


if __name__ == "__main__":
    main()
