"""Whether the pairs of a stack have the closures that `rates.phase_bias` needs."""

from functools import partial

from sarslide.catalog.scenes import SceneTable
from sarslide.config import Config
from sarslide.preflight.finding import Finding, tried
from sarslide.rates.corrections.pair_bias import CycleSpace
from sarslide.workflow.graph import Graph


def triplets(config: Config, table: SceneTable) -> list[Finding]:
    """The triplets of every stack.

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
    if config.rates.phase_bias == "keep" or not table.ready:
        return []
    graph = Graph.of(config, table)
    return [tried(f"input rates.phase_bias {stack}", partial(_of_stack, graph, stack)) for stack in config.stacks]


def _of_stack(graph: Graph, stack: str) -> str:
    space = CycleSpace.of(graph.pairs(stack))
    return f"{len(space.triplets)} triplets of pairs of {len(space.days)} lengths"
