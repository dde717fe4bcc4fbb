"""Whether the delays of `rates.delays` are there, can be read, are in metres, and of the region."""

from functools import partial
from pathlib import Path

from sarslide.catalog.scenes import SceneTable
from sarslide.config import Config, existing
from sarslide.grid import RegionGrid
from sarslide.preflight.finding import Finding, tried
from sarslide.rates.delays import folder
from sarslide.workflow.graph import Graph


def delays(config: Config, table: SceneTable) -> list[Finding]:
    """The delays of every date.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    table : SceneTable
        Its scenes.

    Returns
    -------
    list of Finding
        One a stack; none without the key, and for a region without scenes.
    """
    if not config.rates.delays or not table.ready:
        return []
    graph = Graph.of(config, table)
    return [tried(f"input rates.delays {stack}", partial(_of_stack, graph, stack)) for stack in config.stacks]


def _of_stack(graph: Graph, stack: str) -> str:
    files = folder.listed(Path(existing("rates.delays", graph.config.rates.delays)), stack)
    by_date = {date: folder.epochs_of(files, date) for date in graph.dates(stack)}
    region = _around([graph.grid(frame) for frame in graph.frames_of(stack)])
    checked = {epoch.paths: epoch for epochs in by_date.values() for epoch in epochs}
    folder.check(checked.values(), region)
    return f"{len(by_date)} dates, {len(checked)} epochs of {files[0].parent} cover the region"


def _around(grids: list[RegionGrid]) -> RegionGrid:
    """The grid about several."""
    west, south, east, north = zip(*(grid.bounds for grid in grids), strict=True)
    bounds = min(west), min(south), max(east), max(north)
    return RegionGrid.from_bounds(grids[0].epsg, bounds, grids[0].cell_m)
