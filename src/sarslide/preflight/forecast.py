"""Disk and core-hours of a region before it is run, from costs measured on finished runs.

Costs are those of studies/records/validation.json, tables 6_steps (the demo: 137,700 cells) and
1_engine_3_cost (two bursts of full width) and of the small demo, on one core of a machine with
compiled bytecode; `tests/preflight` holds them against these tables. A step that was measured on
one size only is taken as proportional to the cells, which is too little for small regions and too
much for large ones: its interpreter start does not grow. Snakemake's samples miss the end of short
jobs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from sarslide import network
from sarslide.config import Config
from sarslide.insar.engines import ENGINES
from sarslide.rates.methods import METHODS

DEMO_CELLS, DEMO_STACKS, DEMO_DATES, DEMO_PAIRS = 270 * 510, 2, 60, 114
# Two bursts of 85 km x 20 km at 30 m, the ground that table 1_engine_3_cost geocodes.
WIDE_CELLS = 2 * 85_000 * 20_000 / 30**2
SMALL_CELLS = 100 * 120
LARGE_CELLS = 1_776_889  # 40 km x 40 km at 30 m, region of studies/frames/memory.py

# CPU s of all jobs of a rule on the demo, by what their number follows.
PER_DATE = {"geocode_slc": 124.5, "mean_amplitude": 6.8}
PER_PAIR = {"interferogram": 108.6, "unwrap": 101.3, "average_phase": 27.6, "closure": 26.6} | {
    "stack_rates": 18.9,
    "phase_bias": 6.7,
}
# The same of steps that not every region has, twice what track A117 of the demo took.
PER_LINKED_DATE, PER_CYCLED_PAIR = {"link_dates": 71.6}, {"rate_cycles": 16.4}
PER_STACK = {"stack_geometry": 4.9, "segment": 7.4, "candidates": 3.9, "network": 3.6}
PER_REGION = {"terrain": 3.2, "release": 2.5, "fuse": 1.5, "report": 15.4, "smallest_speed": 3.4}
PER_SIMULATED_DATE = {"simulate_stack": 287.6}
# CPU s of one job at a second size, cells: of bursts of full width, the small demo, 40 km x 40 km.
SECOND_SIZE = {
    "geocode_slc": (WIDE_CELLS, 22.841588 / 2),
    "stack_geometry": (WIDE_CELLS, 21.417889),
    "interferogram": (WIDE_CELLS, 8.897704),
    "unwrap": (SMALL_CELLS, 6.84 / 9),
    "simulate_stack": (LARGE_CELLS, 152.4 / 4),
}
# SBAS instead of stacking: CPU s a cell, 57 pairs, table 3_sbas_memory (2048 x 2048 cells).
SBAS_S, SBAS_PAIRS = 2.8455e-6, 57
ENGINE = {"geocode_slc", "mean_amplitude", "stack_geometry", "interferogram", "unwrap"}
# Of methods with rates.
UNWRAPPED = {"unwrap", "closure", "stack_rates"}

# Bytes, measured on the demo: a cell and date, a cell and pair, a cell of a stack, a cell of the
# region.
GSLC_BYTES, PAIR_BYTES, STACK_BYTES, REGION_BYTES = 70.6, 16.6, 76.9, 74.4
LINKED_BYTES = 15.8  # of linked phases and compressed SLCs, a cell and date
UNWRAPPED_BYTES = 4.1  # unwrapped phase and components, part of those of a pair
# Of SAFE products, orbits, truth: a date, and a cell of it more; of the demo and 40 km x 40 km.
SIMULATED_DATE_BYTES, SIMULATED_BYTES = 14.6e6, 173.8
# A burst of one polarisation as ASF delivers it, and the zip of a scene with two where the table
# has no size.
BURST_BYTES, SCENE_BYTES = 147_215_404, 4_300_000_000
BURST_KM2 = 85 * 18.5  # of new ground: neighbouring bursts overlap


@dataclass(frozen=True)
class Forecast:
    """What a region costs.

    Attributes
    ----------
    stacks, dates, pairs : int
        Their numbers.
    scenes : int
        Rows of the scene table.
    cells : int
        Of the region grid.
    download_gb, simulated_gb, slc_gb, pairs_gb, maps_gb : float
        Disk, 1e9 bytes.
    core_hours : float
        By the demo's core.
    """

    stacks: int
    dates: int
    pairs: int
    scenes: int
    cells: int
    download_gb: float
    simulated_gb: float
    slc_gb: float
    pairs_gb: float
    maps_gb: float
    core_hours: float

    @property
    def disk_gb(self) -> float:
        """Disk in all, 1e9 bytes."""
        return self.download_gb + self.simulated_gb + self.slc_gb + self.pairs_gb + self.maps_gb

    def as_dict(self) -> dict[str, float]:
        """All numbers, rounded to what they are worth."""
        found = {one.name: getattr(self, one.name) for one in fields(self)} | {"disk_gb": self.disk_gb}
        return {name: value if isinstance(value, int) else float(f"{value:.3g}") for name, value in found.items()}


def forecast(config: Config, scenes: Mapping[str, list[dict[str, str]]], seen: Mapping[str, float]) -> Forecast:
    """Cost of a region from nothing.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    scenes : mapping of str to list of dict
        Rows of the scene table by stack.
    seen : mapping of str to float
        Share of the region that each stack sees.

    Returns
    -------
    Forecast
        Disk and core-hours.
    """
    grid = config.grid.region_grid()
    cells = grid.rows * grid.cols
    dates = {stack: sorted({row["date"] for row in rows}) for stack, rows in scenes.items()}
    pairs = {stack: len(_pairs(config, dates[stack], rows)) for stack, rows in scenes.items()}
    frames = config.grid.frames()
    with_margins = sum(frame.grid.rows * frame.grid.cols for frame in frames) / cells
    area = {stack: seen[stack] * cells * with_margins for stack in scenes}
    date_cells = sum(len(dates[stack]) * area[stack] for stack in scenes)
    pair_cells = sum(pairs[stack] * area[stack] for stack in scenes)
    unwraps_here = not ENGINES[config.engine].unwraps
    wrapped_alone = unwraps_here and not METHODS[config.rates.method].has_rates
    parts = {stack: max(1, round(seen[stack] * len(frames))) for stack in scenes}
    seconds = sum(
        _seconds(config, area[stack], len(dates[stack]), pairs[stack], unwraps_here, parts[stack]) for stack in scenes
    )
    seconds += cells * with_margins * sum(PER_REGION.values()) / DEMO_CELLS
    if config.source == "simulated":  # a date of the whole region, not of a frame
        job, cell = unit("simulate_stack", PER_SIMULATED_DATE["simulate_stack"], DEMO_DATES)
        seconds += sum(len(dates[stack]) * (job + cell * seen[stack] * cells) for stack in scenes)
    return Forecast(
        len(scenes),
        sum(map(len, dates.values())),
        sum(pairs.values()),
        sum(map(len, scenes.values())),
        cells,
        sum(_download(config, rows, seen[stack] * cells * grid.cell_m**2 / 1e6) for stack, rows in scenes.items())
        / 1e9,
        (config.source == "simulated")
        * sum(len(dates[stack]) * (SIMULATED_DATE_BYTES + SIMULATED_BYTES * seen[stack] * cells) for stack in scenes)
        / 1e9,
        (unwraps_here * GSLC_BYTES + (config.interferogram.linking != "none") * LINKED_BYTES) * date_cells / 1e9,
        (PAIR_BYTES - wrapped_alone * UNWRAPPED_BYTES) * pair_cells / 1e9,
        (STACK_BYTES * sum(area.values()) + REGION_BYTES * cells * with_margins) / 1e9,
        seconds / 3600,
    )


def _pairs(config: Config, dates: list[str], rows: list[dict[str, str]]) -> list[str]:
    """Pairs of a stack as far as baselines are known."""
    if not ENGINES[config.engine].pairs:
        return []
    baselines = {
        row["date"]: network.DateBaseline(float(row["bperp_m"]), float(row["critical_bperp_m"]))
        for row in rows
        if row.get("bperp_m") and row.get("critical_bperp_m")
    }
    known = [date for date in dates if date in baselines] if network.needs_baselines(config.network.preset) else dates
    return network.planned_pairs(config.network, known, baselines)


def unit(rule: str, demo_s: float, jobs: int) -> tuple[float, float]:
    """Cost of a job of a rule: the line through both measured sizes.

    Where only the demo is known, it is proportional to the cells.

    Parameters
    ----------
    rule : str
        Name of the rule.
    demo_s : float
        CPU s of all its jobs on the demo.
    jobs : int
        Their number.

    Returns
    -------
    (float, float)
        CPU s of a job, and of a cell more.
    """
    on_demo = demo_s / jobs
    if rule not in SECOND_SIZE:
        return 0.0, on_demo / DEMO_CELLS
    cells, other = SECOND_SIZE[rule]
    slope = (other - on_demo) / (cells - DEMO_CELLS)
    return on_demo - slope * DEMO_CELLS, slope


def _seconds(config: Config, cells: float, dates: int, pairs: int, unwraps_here: bool, frames: int) -> float:
    """CPU s of one stack in all its frames, which have so many cells.

    Engines that deliver unwrapped pairs cost nothing here.
    """
    method, total = METHODS[config.rates.method], 0.0
    segmentation, grid = config.segmentation, config.grid
    finer = (grid.cell_m / (grid.product_m or grid.cell_m)) ** 2 if segmentation.grid == "product" else 1
    larger = {"segment": finer * (1 + len(segmentation.beside)), "candidates": finer}
    linked, cycled = config.interferogram.linking != "none", config.rates.rate_cycles and method.has_rates
    for costs, demo_jobs, jobs in (
        (PER_DATE | (PER_LINKED_DATE if linked else {}), DEMO_DATES, dates),
        (PER_PAIR | (PER_CYCLED_PAIR if cycled else {}), DEMO_PAIRS, pairs),
        (PER_STACK, DEMO_STACKS, 1),
    ):
        for rule, demo_s in costs.items():
            if (rule in ENGINE and not unwraps_here) or (rule in UNWRAPPED and not method.has_rates):
                continue
            if rule == "network" and not ENGINES[config.engine].pairs:
                continue
            job, cell = unit(rule, demo_s, demo_jobs)
            if rule == "stack_rates" and method.has_series:
                job, cell = 0.0, SBAS_S / SBAS_PAIRS
            total += jobs * (frames * job + cell * cells * larger.get(rule, 1))
    return total


def _download(config: Config, rows: list[dict[str, str]], km2: float) -> float:
    """Bytes to download; those of the table where the archive lists them."""
    if not config.archive():
        return 0.0
    if config.product() == "bursts" and not any(row.get("burst_ids") for row in rows):
        # A table of whole scenes, of which only the bursts over the region come; half a burst hangs
        # over at each end.
        return len({row["date"] for row in rows}) * BURST_BYTES * (km2 / BURST_KM2 + 3)
    usual = BURST_BYTES if config.product() == "bursts" else SCENE_BYTES
    return sum(float(row.get("bytes") or usual) for row in rows)
