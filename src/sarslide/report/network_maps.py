"""The maps of several networks of one track side by side, as the papers set theirs (P0 Fig. 11, P2
Fig. 9, P3 Fig. 10, P4 Fig. 6).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from sarslide.report.figures import Outlines, Panel, panel_figure
from sarslide.report.scales import scale_for
from sarslide.report.stages import Bounds, StageFigure
from sarslide.report.webmap import data_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLANTED_COLOUR = "#00a078"


@dataclass(frozen=True)
class NetworkMap:
    """Map of one network.

    Attributes
    ----------
    probability : (rows, cols) array
        NaN where unknown.
    threshold : float
        Probability from which a cell belongs to a landslide.
    """

    probability: np.ndarray
    threshold: float


def network_maps_figure(
    maps: Mapping[str, NetworkMap], bounds: Bounds, planted: gpd.GeoDataFrame | None = None
) -> "Figure":
    """Probability of each network, the share that reaches its threshold, and planted outlines.

    Parameters
    ----------
    maps : mapping of str to NetworkMap
        By name of the network, that of the inventory first.
    bounds : Bounds
        West, south, east, north, m.
    planted : GeoDataFrame, optional
        Outlines of the truth of a simulated region.

    Returns
    -------
    Figure
        One panel a network.
    """
    over = () if planted is None else (Outlines(planted, PLANTED_COLOUR, "planted", width=0.8),)
    panels = []
    for number, (name, found) in enumerate(maps.items()):
        known = found.probability[np.isfinite(found.probability)]
        share = float((known >= found.threshold).mean()) if known.size else 0.0
        role = "inventory" if number == 0 else "beside"
        title = f"{name} ({role}): {share:.1%} from {found.threshold:.2g}"
        panels.append(Panel(title, found.probability, scale_for("probability"), None, over))
    return panel_figure(panels, bounds)


def stage(stack: str, path: Path) -> StageFigure:
    """The figure as the page of a region shows it.

    Parameters
    ----------
    stack : str
        Name of the stack.
    path : Path
        The picture, PNG.

    Returns
    -------
    StageFigure
        With its caption.
    """
    caption = (
        "Probability of an active landslide by each network that the region names, the inventory's first; above each map the"
        " share of its cells that reach the network's threshold. Planted landslides of a simulated region are outlined."
    )
    return StageFigure(f"{stack}: networks side by side", caption, data_uri(path.read_bytes()), f"Networks, {stack}")


def stages_of(stacks: Sequence[str], paths: Sequence[Path]) -> list[StageFigure]:
    """The figures of all stacks.

    Parameters
    ----------
    stacks : sequence of str
        Names of the stacks.
    paths : sequence of Path
        Their pictures, in this order; none where a region has one network.

    Returns
    -------
    list of StageFigure
        One a picture.
    """
    return [stage(stack, path) for stack, path in zip(stacks, paths, strict=False)]
