"""What single frames cost: jobs, files, bytes, and the memory of a job; before a region is run."""

from dataclasses import dataclass

from sarslide.catalog.scenes import SceneTable
from sarslide.config import Config
from sarslide.preflight.finding import Finding, tried
from sarslide.preflight.forecast import (
    GSLC_BYTES,
    LINKED_BYTES,
    PAIR_BYTES,
    REGION_BYTES,
    STACK_BYTES,
    UNWRAPPED_BYTES,
)
from sarslide.workflow import frame_calls
from sarslide.workflow.graph import Graph

# Files with log and benchmark: of a date, of an interferogram, of its unwrapping, of the other
# rules of a stack in a frame, of the ground of a frame, of the smallest speeds that rates show.
OF_DATE, OF_PAIR, OF_UNWRAPPING, OF_STACK, OF_GROUND, OF_SPEEDS = 4, 5, 5, 70, 9, 6
OF_MINISTACK = 7
# Rules that may need most: MB, and bytes a cell of the frame with its margin; maps of networks, of
# the cells that they read.
OF_RATES, OF_GRADIENTS, OF_NETWORKS, OF_CYCLES = (2500, 400), (1500, 600), (2500, 200), (2500, 600)


@dataclass(frozen=True)
class FrameCost:
    """What a frame costs.

    Attributes
    ----------
    name : str
        Of the frame.
    stacks, dates, pairs : int
        Numbers over all stacks that see it.
    cells : int
        With the margin.
    jobs, files : int
        About so many.
    disk_gb : float
        Of its results, 1e9 bytes.
    date_mb : float
        What one more date of a stack adds, 1e6 bytes.
    memory_mb : int
        Of the job that needs most, 2**20 bytes.
    """

    name: str
    stacks: int
    dates: int
    pairs: int
    cells: int
    jobs: int
    files: int
    disk_gb: float
    date_mb: float
    memory_mb: int


def frame_costs(graph: Graph) -> list[FrameCost]:
    """Cost of every frame that a stack sees.

    Parameters
    ----------
    graph : Graph
        Of the region.

    Returns
    -------
    list of FrameCost
        In the order of the frames.
    """
    return [_of_frame(graph, name) for name in graph.run_frames]


def _of_frame(graph: Graph, name: str) -> FrameCost:
    grid, unwraps = graph.grid(name), graph.method.has_rates
    cells = grid.rows * grid.cols
    stacks = graph.stacks_of(name)
    dates = {stack: len(graph.dates(stack)) for stack in stacks}
    pairs = {stack: len(graph.pairs(stack)) for stack in stacks}
    geocodes = graph.engine.geocodes_dates
    of_pair = PAIR_BYTES - (not unwraps) * UNWRAPPED_BYTES
    linked = {stack: len(graph.ministacks(stack).parts) for stack in stacks if graph.links(stack)}
    of_date = geocodes * GSLC_BYTES + bool(linked) * LINKED_BYTES
    per_date = max((pairs[stack] / dates[stack] for stack in stacks if dates[stack]), default=0.0)
    total_dates, total_pairs = sum(dates.values()), sum(pairs.values())
    return FrameCost(
        name,
        len(stacks),
        total_dates,
        total_pairs,
        cells,
        frame_calls.jobs_of(graph, name),
        geocodes * OF_DATE * total_dates
        + (OF_PAIR + unwraps * OF_UNWRAPPING) * total_pairs
        + OF_MINISTACK * sum(linked.values())
        + OF_STACK * len(stacks)
        + OF_GROUND
        + unwraps * OF_SPEEDS,
        cells * (of_date * total_dates + of_pair * total_pairs + STACK_BYTES * len(stacks) + REGION_BYTES) / 1e9,
        cells * (of_date + of_pair * per_date) / 1e6,
        _memory_mb(graph, name),
    )


def _memory_mb(graph: Graph, name: str) -> int:
    """MB of the job of a frame that needs most."""
    grid, finer, rates = graph.grid(name), graph.network_grid(name), graph.config.rates
    needs = {OF_RATES: grid, OF_NETWORKS: finer} | ({OF_GRADIENTS: grid} if rates.phase_gradient else {})
    needs |= {OF_CYCLES: grid} if rates.rate_cycles else {}
    if any(map(graph.links, graph.stacks_of(name))):
        # All dates of a mini-stack are open at once.
        needs[3000, 20 + 24 * graph.config.interferogram.ministack] = grid
    return max(fixed + int(each * of.rows * of.cols / 2**20) for (fixed, each), of in needs.items())


def finding(config: Config, table: SceneTable) -> list[Finding]:
    """The frames of a region of several, in one line.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Its scenes.

    Returns
    -------
    list of Finding
        None for a region of one frame, and for one without scenes.
    """
    if not table.ready or not config.grid.in_frames:
        return []
    return [tried("frames", lambda: _text(Graph.of(config, table)))]


def _text(graph: Graph) -> str:
    costs = frame_costs(graph)
    calls = len(frame_calls.calls(graph)) if frame_calls.jobs(graph) > frame_calls.MAX_JOBS else 0
    plans = f"{calls} plans of frames and one that joins them" if calls else "one plan"
    return (
        f"{len(costs)} frames of {sum(cost.files for cost in costs):,} files; at most"
        f" {max(cost.jobs for cost in costs):,} jobs, {max(cost.files for cost in costs):,} files and"
        f" {max(cost.disk_gb for cost in costs):.3g} GB each; one more date adds at most"
        f" {max(cost.date_mb for cost in costs):.3g} MB to each; a job takes at most"
        f" {max(cost.memory_mb for cost in costs) / 1024:.2g} GiB; {plans}"
    )
