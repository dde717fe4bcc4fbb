"""One landslide on an even slope with nothing to hide it: what the inventory releases of it.

    python -m studies.network.slopes [--weights FILE] [--before FILE] [--record]

An ellipse of 0.02 to 2 km2 on slopes of 8 to 30 degrees that face west, so that the ascending track
sees it come and the descending one sees it go, at 10 to 1,000 mm/yr down the slope. Its rates are
known but for noise; its fringes wrap the averaged phase and cost coherence at its edge. The product
runs network, velocity threshold beyond the speeds of its training, and masks; the table holds the
IoU of the released landslide that fits best.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import numpy as np
from shapely import affinity
from shapely.geometry import Point, Polygon
from tqdm import tqdm

from sarsim.acquisition import WAVELENGTH
from sarsim.scene import STACKS, regular_dates
from sarsim.track_view import to_range
from sarslide.catalog.repeat_orbit import INCIDENCE_DEG
from sarslide.dataset.features import feature_array
from sarslide.grid import RegionGrid
from sarslide.inventory.attributes import LAYERS
from sarslide.inventory.candidates import find_candidates
from sarslide.inventory.fast_ground import Limits
from sarslide.inventory.masks import LANDSLIDE, MaskRules
from sarslide.models import networks, weights
from sarslide.names import nearest_pairs
from sarslide.network import interval_years
from sarslide.phase import wrapped
from sarslide.rates.averaging import AveragePhase
from sarslide.segment.infer import predict
from sarslide.terrain.downslope import downslope_sensitivity
from studies.fast_ground import best_iou
from studies.network import put, row
from studies.network.maps import BEFORE_WEIGHTS, PACKAGED

COMMAND = "python -m studies.network.slopes --record"
AREAS_KM2 = (0.02, 0.06, 0.25, 1.0, 2.0)
SLOPES_DEG = (8.0, 14.0, 20.0, 30.0)
SPEEDS_MM_PER_YR = (10, 18, 32, 56, 100, 180, 320, 560, 1000)
LENGTH_OVER_WIDTH, EDGE = 2.5, 0.25  # the outer quarter of the half axes slows to nothing
CELL_M, WEST_DEG, FOOT_M = 30.0, 270.0, 1500.0
NOISE_MM_PER_YR, ERROR_MM_PER_YR, COHERENCE, AMPLITUDE_DB = 3.0, 4.0, 0.6, -10.0
MIN_RATE_MM_PER_YR = 20.0  # of the inventory's configuration
ERRORS, GOAL_IOU = 5.0, 0.6
PHASE_PER_MM = 4 * np.pi / WAVELENGTH / 1000  # rad, of motion away from the satellite
PAIRS = nearest_pairs(regular_dates(24), 24, 2)
SPANS = Counter(map(interval_years, PAIRS))  # how many pairs are so many years long
MEAN_SPAN = float(np.mean([interval_years(pair) for pair in PAIRS]))
LARGEST_RATE, STEP = 1200.0, 0.25  # of the table of averaged phases, mm/yr


@dataclass(frozen=True)
class Slope:
    """One landslide, seen by one track.

    Attributes
    ----------
    area_km2, slope_deg, speed_mm_per_yr : float
        Its area, the slope, and the speed of its middle down the slope.
    orbit_pass : str
        "A" or "D".
    side : int
        Rows and columns of the scene.
    """

    area_km2: float
    slope_deg: float
    speed_mm_per_yr: float
    orbit_pass: str
    side: int

    @property
    def grid(self) -> RegionGrid:
        return RegionGrid(32647, 515130.0, 3215640.0, CELL_M, self.side, self.side)

    @property
    def outline(self) -> Polygon:
        """An ellipse in the middle of the scene, its long axis down the slope."""
        west, south, east, north = self.grid.bounds
        centre = Point((west + east) / 2, (south + north) / 2)
        return affinity.scale(centre.buffer(1.0, 64), self._half_width_m * LENGTH_OVER_WIDTH, self._half_width_m)

    @property
    def line_of_sight(self) -> dict[str, float]:
        """Unit vector from the ground to the satellite, of the middle of a simulated region."""
        incidence, away = np.radians(INCIDENCE_DEG[self.orbit_pass]), to_range(STACKS[self.orbit_pass])
        east, north = -np.sin(incidence) * away
        return {"los_east": east, "los_north": north, "los_up": np.cos(incidence)}

    @property
    def los_rate_mm_per_yr(self) -> float:
        """Of its middle, positive towards the satellite."""
        seen = downslope_sensitivity(
            *(np.array(each) for each in (self.slope_deg, WEST_DEG, *self.line_of_sight.values()))
        )
        return self.speed_mm_per_yr * float(seen)

    @property
    def over_errors(self) -> bool:
        """Whether its middle moves by more than five standard errors of a rate."""
        return abs(self.los_rate_mm_per_yr) > ERRORS * ERROR_MM_PER_YR

    @property
    def _half_width_m(self) -> float:
        return float(np.sqrt(self.area_km2 * 1e6 / np.pi / LENGTH_OVER_WIDTH))

    @cached_property
    def _offsets(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the cells from the middle, cells down and right."""
        rows, cols = np.indices(self.grid.shape) - (self.side - 1) / 2
        return rows, cols

    @cached_property
    def planted(self) -> np.ndarray:
        """LOS rate without noise, mm/yr, (rows, cols)."""
        rows, cols = self._offsets
        half = self._half_width_m / CELL_M
        share = np.clip((1 - np.hypot(cols / (half * LENGTH_OVER_WIDTH), rows / half)) / EDGE, 0, 1)
        return self.los_rate_mm_per_yr * share**2 * (3 - 2 * share)

    @cached_property
    def measured(self) -> np.ndarray:
        """LOS rate with noise, mm/yr, (rows, cols)."""
        return self.planted + np.random.default_rng(0).normal(0, NOISE_MM_PER_YR, self.grid.shape)

    def layer(self, name: str) -> np.ndarray:
        """A stored layer of the scene, (rows, cols); SystemExit for one that it has not."""
        made: dict[str, Callable[[], np.ndarray]] = {
            "los_rate_mm_per_yr": lambda: self.measured,
            "phase_rate_rad_per_yr": lambda: -PHASE_PER_MM * self.measured,
            "avg_phase_rad": lambda: _averaged(self.measured)[0],
            "avg_phase_std_rad": lambda: np.hypot(
                _averaged(self.planted)[1], PHASE_PER_MM * ERROR_MM_PER_YR * MEAN_SPAN
            ),
            "mean_coherence": lambda: COHERENCE * kept_coherence(self.planted),
            # Down to the west, by the slope a cell.
            "elevation_m": lambda: (
                FOOT_M + np.tan(np.radians(self.slope_deg)) * CELL_M * (self._offsets[1] + self.side / 2)
            ),
        }
        even = {
            **self.line_of_sight,
            "slope_deg": self.slope_deg,
            "aspect_deg": WEST_DEG,
            "los_rate_std_mm_per_yr": ERROR_MM_PER_YR,
            "phase_rate_std_rad_per_yr": PHASE_PER_MM * ERROR_MM_PER_YR,
            "mean_amplitude_db": AMPLITUDE_DB,
            "curvature_plan_per_m": 0.0,
            "curvature_profile_per_m": 0.0,
        }
        if name == "layover_shadow":
            return np.zeros(self.grid.shape, np.uint8)
        if name in even:
            return np.full(self.grid.shape, even[name], np.float32)
        if name not in made:
            raise SystemExit(f"an even slope has no layer {name}: give weights that need none")
        return made[name]().astype(np.float32)


def kept_coherence(los_rate: np.ndarray) -> np.ndarray:
    """Share of its coherence that a cell keeps across its fringes: the sinc of the cycles in it.

    That of a cell of many samples (`sarsim.cell_samples`); the mean over pairs of 12 and 24 days.

    los_rate: without noise, mm/yr, (rows, cols).
    """
    steps = np.stack(np.gradient(los_rate)) * PHASE_PER_MM / (2 * np.pi)  # cycles a cell and year
    return sum(count * np.abs(np.sinc(steps * years)).prod(0) for years, count in SPANS.items()) / len(PAIRS)


@cache
def _table_of_phases() -> tuple[np.ndarray, np.ndarray]:
    """Averaged wrapped phase and its standard error by rate, as the product averages the pairs."""
    rates = np.arange(-LARGEST_RATE, LARGEST_RATE + STEP, STEP)[None]
    about = np.zeros_like(rates)
    for _ in range(2):  # deviations are taken about the mean of the first pass
        average = AveragePhase(PAIRS, rates.shape, about)
        for pair in PAIRS:
            average.add(pair, wrapped(-PHASE_PER_MM * rates * interval_years(pair)), COHERENCE)
        found = average.result()
        about = found.estimate
    return found.estimate[0], found.std[0]


def _averaged(los_rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Averaged phase of steady motion and its standard error, rad."""
    nearest = np.clip(np.round((los_rate + LARGEST_RATE) / STEP).astype(int), 0, int(2 * LARGEST_RATE / STEP))
    estimate, std = _table_of_phases()
    return estimate[nearest], std[nearest]


@dataclass(frozen=True)
class Sighting:
    """A landslide and the IoU of what fits best: by the network alone, and as released."""

    slope: Slope
    alone: float
    released: float


class Finder:
    """A weights file and what the inventory makes of its map."""

    def __init__(self, path: Path) -> None:
        self.network, self.card = networks.load(path)
        self.limits = self.card.trained_on.speed_limits if self.card.trained_on else ()
        self.side = max(160, self.card.tile * 5 // 4)  # more than a tile, so that tiles are blended

    def sees(self, slope: Slope) -> Sighting:
        """What is found of a landslide, and released."""
        probability = predict(self.network, feature_array(self.card.channels, slope.layer), self.card)
        layers = {name: slope.layer(name) for name in LAYERS if name != "probability"} | {"probability": probability}
        return Sighting(slope, self._iou(layers, slope, ()), self._iou(layers, slope, self.limits))

    def _iou(self, layers: dict[str, np.ndarray], slope: Slope, limits: Limits) -> float:
        found = find_candidates(
            layers,
            slope.grid,
            STACKS[slope.orbit_pass],
            self.card.threshold,
            MIN_RATE_MM_PER_YR,
            MaskRules(),
            limits=limits,
            pair_years=MEAN_SPAN,
        )
        return best_iou(found[(found["status"] == "candidate") & (found["object_class"] == LANDSLIDE)], slope.outline)


def slopes(side: int) -> Iterator[Slope]:
    """All landslides, by area, track, slope and speed."""
    for area, orbit_pass, degrees, speed in product(AREAS_KM2, STACKS, SLOPES_DEG, SPEEDS_MM_PER_YR):
        yield Slope(area, degrees, speed, orbit_pass, side)


def sightings(path: Path) -> list[Sighting]:
    """What a weights file finds of all landslides."""
    finder = Finder(path)
    return [finder.sees(each) for each in tqdm(list(slopes(finder.side)), path.stem, disable=None)]


def line_of(found: list[Sighting], area: float, orbit_pass: str) -> str:
    """IoU by slope and speed in words; in brackets where the rate is no more than five errors."""
    parts = []
    for degrees in SLOPES_DEG:
        cells = [each for each in found if same(each.slope, area, orbit_pass, degrees)]
        shown = (f"{each.released:.2f}" if each.slope.over_errors else f"({each.released:.2f})" for each in cells)
        parts.append(f"{degrees:g} degrees {' '.join(shown)}")
    return "; ".join(parts)


def same(slope: Slope, area: float, orbit_pass: str, degrees: float) -> bool:
    """Whether a landslide is of this area, track and slope."""
    return (slope.area_km2, slope.orbit_pass, slope.slope_deg) == (area, orbit_pass, degrees)


def summary(found: list[Sighting], way: str) -> tuple[str, bool]:
    """Share of landslides over five errors that reach the goal, with the worst; whether all do.

    way: "alone" or "released".
    """
    cells = [(getattr(each, way), each.slope) for each in found if each.slope.over_errors]
    right, lost = sum(iou >= GOAL_IOU for iou, _ in cells), sum(iou == 0 for iou, _ in cells)
    iou, slope = min(cells, key=lambda cell: cell[0])
    return (
        f"{right} of {len(cells)} ({right / len(cells):.2f}), {lost} not at all; worst {iou:.2f}:"
        f" {slope.area_km2:g} km2 on {slope.slope_deg:g} degrees at {slope.speed_mm_per_yr:g} mm/yr,"
        f" LOS {slope.los_rate_mm_per_yr:.0f} mm/yr ({STACKS[slope.orbit_pass]})",
        right == len(cells),
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=weights.packaged(PACKAGED), help="default: the packaged")
    parser.add_argument("--before", type=Path, default=weights.packaged(BEFORE_WEIGHTS), help="of the column before")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    chosen = parser.parse_args(arguments)
    now, before = sightings(chosen.weights), sightings(chosen.before)
    goal, rows = f"IoU at least {GOAL_IOU:g} in all", []
    for way, name in (("released", "as released"), ("alone", "by the network alone")):
        text, met = summary(now, way)
        what = f"one landslide on an even slope, rate over five errors, {name}"
        rows.append(row(what, text, COMMAND, goal, met, summary(before, way)[0]))
    speeds = ", ".join(map(str, SPEEDS_MM_PER_YR))
    for area, (orbit_pass, track) in product(AREAS_KM2, STACKS.items()):
        what = f"IoU of one landslide of {area:g} km2, {track}, at {speeds} mm/yr down the slope"
        text = line_of(now, area, orbit_pass)
        rows.append(row(what, text, COMMAND, before=line_of(before, area, orbit_pass)))
    return put(rows) if chosen.record else print("\n".join(f"{each['what']}: {each['measured']}" for each in rows))


if __name__ == "__main__":
    main()
