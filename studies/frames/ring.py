"""Rate error against distance: one frame, frames, and a ring about each cell.

    python -m studies.frames.ring

On 300 x 300 km of simulated air nothing moves, so that a rate is an error. 30 dates, 57 pairs of
the default network; cells of 1 km, which have the air of cells of 30 m and none of their speckle.
The rates are those of the product: stable ground, a plane and a height slope a pair, reference,
stack. What the ring takes from slopes is measured on 36 x 36 km of cells of 200 m, what speckle,
incoherent ground and missing pairs do to it on 72 x 72 km of cells of 400 m.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from sarsim.atmosphere import turbulent_delay_mm
from sarsim.terrain import noise
from sarslide.frames import Frame, frames_of
from sarslide.grid import RegionGrid, window_of
from sarslide.names import split_pair
from sarslide.network import choose_pairs, interval_years
from sarslide.rates import los
from sarslide.rates.corrections.double_difference import double_difference
from sarslide.rates.pipeline import StackLayers, stack_rates
from sarslide.rates.ring import ring_rates
from sarslide.rates.settings import RateSettings, ring_in_cells
from studies.benchmark.figures import save
from studies.frames import put, row
from studies.structure.records import REPOSITORY

COMMAND = "python -m studies.frames.ring"
FIGURE = REPOSITORY / "docs/images/rate_error_distance.png"
SEED = 17
EPSG, WAVELENGTH_M = 32647, 0.05546576
AIR, AIR_CELL_M = (0, 3_000_000, 300_000, 3_300_000), 1000.0  # bounds and cells, m
GROUND, GROUND_CELL_M = (0, 3_000_000, 36_000, 3_036_000), 200.0
POOR, POOR_CELL_M = (0, 3_000_000, 72_000, 3_072_000), 400.0
DATES = [f"{date(2019, 3, 6) + timedelta(days=12 * k):%Y%m%d}" for k in range(30)]
TURBULENCE_MM = 5.0  # between points 5 km apart, as in the simulator's default
STRATIFIED_MM_PER_KM = 10.0  # standard deviation over dates
VAPOUR_SCALE_M = 2000.0
LATERAL, LATERAL_KM = 0.15, 100.0  # relative variation of the moisture, and its longest wavelength
EVERY_CELL = 10**6  # points of turbulence along a diagonal: one a cell
DISTANCES_KM = (1, 2, 5, 10, 20, 50, 100, 200)
FRAMES_KM = (25, 50, 60, 100)
MARGIN_KM = 2.0  # default of grid.frame_margin_km
RING_KM = (1.0, 5.0)  # default of rates.double_difference_km
AREAS_KM2 = (1, 2, 5, 10)
FAST, SLOW = 40.0, 6.0  # mm/yr, above and below what counts as moving
SPACING_KM = 9.0  # of the slopes: no ring reaches the next one
SPECKLE_RAD = 0.3  # of each date
MISSING = 0.15  # of the pairs, where the ground is incoherent
GOAL_MM, GOAL_Z = 1.3, (0.9, 1.1)
# The goal is for air in which frames of 50 km err by 2.8 mm/yr between any two cells. Errors are
# linear in the delays.
GOAL_FRAMES_MM = 2.8


@dataclass(frozen=True)
class Track:
    """Dates of one track over ground that nothing moves but what is planted.

    Attributes
    ----------
    grid : RegionGrid
        Of all arrays.
    elevation_m : (rows, cols) array
        Height, m.
    path_mm : (dates, rows, cols) array
        Delay and speckle of each date, mm, positive = longer path.
    coherence : (rows, cols) array
        Of every pair.
    los_mm_per_yr : (rows, cols) array
        Planted rate, positive towards the satellite.
    lost : dict
        Pair -> cells without phase.
    """

    grid: RegionGrid
    elevation_m: np.ndarray
    path_mm: np.ndarray
    coherence: np.ndarray
    los_mm_per_yr: np.ndarray
    lost: dict[str, np.ndarray]

    def reader(self, part: RegionGrid) -> Callable[[str], tuple[np.ndarray, np.ndarray, None]]:
        """What the rates read of a part of the grid."""
        rows, cols = window_of(self.grid, part)

        def read(pair: str) -> tuple[np.ndarray, np.ndarray, None]:
            earlier, later = (self.path_mm[DATES.index(day), rows, cols] for day in split_pair(pair))
            moved_mm = self.los_mm_per_yr[rows, cols] * interval_years(pair)
            phase = (later - earlier - moved_mm) / -los.mm_per_rad(WAVELENGTH_M)
            if pair in self.lost:
                phase = np.where(self.lost[pair][rows, cols], np.nan, phase)
            return phase, self.coherence[rows, cols], None

        return read

    def heights(self, part: RegionGrid) -> np.ndarray:
        """Heights of a part of the grid."""
        return self.elevation_m[window_of(self.grid, part)]


PAIRS = choose_pairs(DATES)


def track_of_air(grid: RegionGrid, rng: np.random.Generator) -> Track:
    """Turbulence, and a delay that thins out with height in air of varying moisture."""
    height = 3500 + 800 * noise(grid.shape, 60e3 / grid.cell_m, rng, 6)
    profile = VAPOUR_SCALE_M / 1e3 * np.exp(-(height - height.mean()) / VAPOUR_SCALE_M)

    def delay_mm() -> np.ndarray:
        moist = 1 + LATERAL * noise(grid.shape, LATERAL_KM * 1e3 / grid.cell_m, rng, 2)
        stratified = rng.normal(0, STRATIFIED_MM_PER_KM) * moist * profile
        return (turbulent_delay_mm(grid, rng, TURBULENCE_MM, EVERY_CELL) + stratified).astype(np.float32)

    path_mm = np.stack([delay_mm() for _ in DATES])
    return Track(grid, height, path_mm, np.full(grid.shape, 0.6), np.zeros(grid.shape), {})


def rates_of(track: Track, part: RegionGrid) -> StackLayers:
    """Rates of a part as the rule `stack_rates` makes them."""
    return stack_rates(track.reader(part), PAIRS, track.heights(part), WAVELENGTH_M, RateSettings.of({}, part))


def ring_of(
    track: Track, part: RegionGrid, rates: StackLayers, ring_km: tuple[float, float] = RING_KM
) -> tuple[np.ndarray, np.ndarray]:
    """Rates against rings as the rule `ring_rates` makes them, and their standard errors."""
    made, _ = ring_rates(
        track.reader(part), PAIRS, rates.ground, WAVELENGTH_M, RateSettings.of({}, part), ring_in_cells(ring_km, part)
    )
    return made["los_rate_ring_mm_per_yr"], made["los_rate_ring_std_mm_per_yr"]


def mosaic(region: RegionGrid, frames: tuple[Frame, ...], layers: dict[str, np.ndarray]) -> np.ndarray:
    """The cores of the frames side by side."""
    whole = np.full(region.shape, np.nan)
    for frame in frames:
        whole[window_of(region, frame.core)] = layers[frame.name][window_of(frame.grid, frame.core)]
    return whole


def differences(error: np.ndarray, cells: int) -> np.ndarray:
    """Differences of all cells so far apart along a row or a column."""
    found = [(error[:, cells:] - error[:, :-cells]).ravel(), (error[cells:] - error[:-cells]).ravel()]
    return np.concatenate(found)


def rms(values: np.ndarray) -> float:
    """Root mean square of what is known."""
    return float(np.sqrt(np.nanmean(np.square(values))))


def edges_of(region: RegionGrid, frame_km: float) -> list[int]:
    """First cells of the frames of a square region, but for the first one."""
    side = round(frame_km * 1e3 / region.cell_m)
    return list(range(side, region.cols, side))


def step_mm(error: np.ndarray, edges: list[int]) -> float:
    """Root mean square difference of neighbours over the edges of frames, less that inside."""
    over = [error[:, edge] - error[:, edge - 1] for edge in edges] + [error[edge] - error[edge - 1] for edge in edges]
    return float(np.sqrt(max(rms(np.concatenate(over)) ** 2 - rms(differences(error, 1)) ** 2, 0)))


def against_distance() -> tuple[dict[str, np.ndarray], dict[str, float], dict[str, float]]:
    """Error maps of each way, steps at the edges of frames, z rms of the ring."""
    region = RegionGrid.from_bounds(EPSG, AIR, AIR_CELL_M)
    track = track_of_air(region.pad(RING_KM[1] * 1e3), np.random.default_rng(SEED))
    whole = rates_of(track, region)
    errors = {"one frame": whole.layers["los_rate_mm_per_yr"]}
    steps, z = {}, {}
    for km in FRAMES_KM:
        frames = frames_of(region, km, MARGIN_KM)
        rates = {frame.name: rates_of(track, frame.grid) for frame in frames}
        names = {f"frames of {km} km": {k: each.layers["los_rate_mm_per_yr"] for k, each in rates.items()}}
        if km == 60:
            rings = {frame.name: ring_of(track, frame.grid, rates[frame.name]) for frame in frames}
            names["ring in frames of 60 km, margin 2 km"] = {k: ring for k, (ring, _) in rings.items()}
        for name, layers in names.items():
            errors[name] = mosaic(region, frames, layers)
            steps[name] = step_mm(errors[name], edges_of(region, km))
    frames = frames_of(region, 60, RING_KM[1])
    rings = {frame.name: ring_of(track, frame.grid, rates_of(track, frame.grid)) for frame in frames}
    name = "ring in frames of 60 km, margin 5 km"
    errors[name] = mosaic(region, frames, {k: ring for k, (ring, _) in rings.items()})
    steps[name] = step_mm(errors[name], edges_of(region, 60))
    z[name] = rms(errors[name] / mosaic(region, frames, {k: std for k, (_, std) in rings.items()}))
    for ring_km in (RING_KM, (1.0, 3.0), (1.0, 2.0)):
        name = f"ring of {ring_km[0]:g} to {ring_km[1]:g} km, one frame"
        errors[name], std = ring_of(track, region, whole, ring_km)
        z[name] = rms(errors[name] / std)
    return errors, steps, z


def slopes(grid: RegionGrid, area_km2: float, rate: float) -> np.ndarray:
    """Ellipses twice as long as wide on a lattice, whose rim falls off to no motion."""
    x, y = np.meshgrid(grid.x() - grid.west, grid.y() - grid.bounds[1])
    along, across = (((at / 1e3) % SPACING_KM) - SPACING_KM / 2 for at in (x, y))
    half = np.sqrt(area_km2 / (2 * np.pi))  # short semi-axis, km
    away = np.hypot(along / (2 * half), across / half)
    return rate * np.clip((1 - away) / 0.3, 0, 1)


def kept() -> tuple[dict[tuple[int, float], float], float]:
    """Share of a planted rate that the ring leaves, and what counts as moving, mm/yr."""
    grid = RegionGrid.from_bounds(EPSG, GROUND, GROUND_CELL_M)
    still = track_of_air(grid, np.random.default_rng(SEED + 1))
    rates = rates_of(still, grid)
    before, _ = ring_of(still, grid, rates)
    shares = {}
    for area in AREAS_KM2:
        for rate in (FAST, SLOW):
            planted = slopes(grid, area, -rate)
            track = replace(still, los_mm_per_yr=planted)
            gained = ring_of(track, grid, rates_of(track, grid))[0] - before
            shares[area, rate] = float(np.nansum(gained * planted) / np.sum(planted[np.isfinite(gained)] ** 2))
    return shares, -los.mm_per_rad(WAVELENGTH_M) * rates.moving_limit


def poor_ground() -> dict[str, float]:
    """Errors and z with speckle, where 60 % of the ground is incoherent and lacks pairs."""
    grid = RegionGrid.from_bounds(EPSG, POOR, POOR_CELL_M)
    rng = np.random.default_rng(SEED + 2)
    air = track_of_air(grid, rng)
    patches = noise(grid.shape, 4e3 / grid.cell_m, rng, 3)
    poor = patches < np.quantile(patches, 0.6)
    speckle_mm = SPECKLE_RAD * -los.mm_per_rad(WAVELENGTH_M) * rng.standard_normal(air.path_mm.shape)
    lost = {pair: poor & (rng.random() < MISSING) for pair in PAIRS}
    track = replace(air, path_mm=air.path_mm + speckle_mm, coherence=np.where(poor, 0.25, 0.6), lost=lost)
    rates = rates_of(track, grid)
    error, std = ring_of(track, grid, rates)
    of_rates = double_difference(rates.layers["los_rate_mm_per_yr"], rates.ground.stable, *ring_in_cells(RING_KM, grid))
    return {
        "stable_share": float(rates.ground.stable.mean()),
        "coherent": rms(error[~poor]),
        "poor": rms(error[poor]),
        "poor_of_rates": rms(of_rates[poor]),
        "coherent_area": rms(rates.layers["los_rate_mm_per_yr"][~poor]),
        "z_coherent": rms((error / std)[~poor]),
        "z_poor": rms((error / std)[poor]),
    }


def table(errors: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Rms difference at each distance, mm/yr; the last entry is that of any two cells."""
    return {
        name: [
            *(rms(differences(error, round(km * 1e3 / AIR_CELL_M))) for km in DISTANCES_KM),
            float(np.sqrt(2) * np.nanstd(error)),
        ]
        for name, error in errors.items()
    }


def draw(lines: dict[str, list[float]]) -> None:
    """The figure of docs/concepts/references.md."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    styles = {
        "one frame": ("black", "-"),
        "frames of 25 km": ("tab:blue", ":"),
        "frames of 60 km": ("tab:blue", "-"),
        "ring in frames of 60 km, margin 5 km": ("tab:red", "-"),
    }
    for name, (colour, dashes) in styles.items():
        axes.loglog(DISTANCES_KM, lines[name][:-1], dashes, color=colour, label=name)
    axes.axhline(GOAL_MM, color="grey", lw=0.6)
    axes.set_xticks(DISTANCES_KM, [str(km) for km in DISTANCES_KM])
    axes.set_yticks((1, 2, 5, 10, 20), ("1", "2", "5", "10", "20"))
    axes.minorticks_off()
    axes.set_xlabel("distance of two cells, km")
    axes.set_ylabel("rms error of their difference, mm/yr")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    save(figure, FIGURE)


def main() -> None:
    """Measure, draw, put the rows into the record."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    errors, steps, z = against_distance()
    lines = table(errors)
    draw(lines)
    heads = ", ".join(f"{km}" for km in DISTANCES_KM)
    rows = []
    for name, values in lines.items():
        text = " / ".join(f"{value:.1f}" for value in values[:-1]) + f"; any two cells {values[-1]:.1f}"
        text += f"; step at the edges {steps[name]:.1f}" if name in steps else ""
        text += f"; z rms {z[name]:.2f}" if name in z else ""
        what = f"300 km of air, {TURBULENCE_MM:g} mm at 5 km: rate error at {heads} km, mm/yr: {name}"
        rows.append(row(what, text, COMMAND))
    ring = "ring in frames of 60 km, margin 5 km"
    worst = max(lines[ring][DISTANCES_KM.index(5) :])
    of_goal = GOAL_FRAMES_MM / lines["frames of 50 km"][-1]
    airs = {1.0: "", 0.5: "", of_goal: f", in which frames of 50 km err by {GOAL_FRAMES_MM}"}
    for share, note in airs.items():
        rows.append(
            row(
                f"ring: largest error beyond 5 km, air of {share * TURBULENCE_MM:.2g} mm at 5 km and "
                f"{share * STRATIFIED_MM_PER_KM:.2g} mm/km{note}, mm/yr",
                round(share * worst, 2),
                COMMAND,
                f"at most {GOAL_MM}",
                share * worst <= GOAL_MM,
            )
        )
    rows.append(
        row("ring: z rms on 300 km of air", round(z[ring], 2), COMMAND, "0.9 to 1.1", GOAL_Z[0] <= z[ring] <= GOAL_Z[1])
    )
    shares, limit = kept()
    for rate, kind in ((FAST, "above"), (SLOW, "below")):
        text = "; ".join(f"{area} km2: {shares[area, rate]:.2f}" for area in AREAS_KM2)
        what = f"ring: share kept of a planted rate of {rate:g} mm/yr, {kind} the limit of motion ({limit:.1f} mm/yr)"
        rows.append(row(what, text, COMMAND))
    poor = poor_ground()
    rows.append(
        row(
            f"ring with speckle, {100 * poor['stable_share']:.0f} % of the ground stable: error in mm/yr and z rms",
            f"coherent cells {poor['coherent']:.1f} (area {poor['coherent_area']:.1f}), z {poor['z_coherent']:.2f}; "
            f"cells that lack {100 * MISSING:.0f} % of the pairs {poor['poor']:.1f}, z {poor['z_poor']:.2f} "
            f"({poor['poor_of_rates']:.1f} where the ring of the rates is taken instead of that of the pairs)",
            COMMAND,
            "z 0.9 to 1.1",
            all(GOAL_Z[0] <= poor[name] <= GOAL_Z[1] for name in ("z_coherent", "z_poor")),
        )
    )
    put(rows)


if __name__ == "__main__":
    main()
