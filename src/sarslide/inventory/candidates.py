"""Candidates of one track: objects of the network and of fast flat ground, with attributes, masks
and reasons.
"""

import logging
from collections.abc import Mapping

import geopandas as gpd
import numpy as np

from sarslide.grid import RegionGrid
from sarslide.inventory import masks, polygons
from sarslide.inventory.attributes import measure
from sarslide.inventory.tables import CANDIDATES, typed

log = logging.getLogger(__name__)


def cell_threshold(configured: float | None, tags: Mapping[str, str]) -> float:
    """Probability from which a cell belongs to a landslide.

    Parameters
    ----------
    configured : float or None
        `inventory.threshold`; None: that of the network.
    tags : mapping of str to str
        Tags of the probability map, which carry the threshold from the training of its network.

    Returns
    -------
    float
        The configured one, or that of the map.
    """
    return float(tags["threshold"]) if configured is None else configured


def find_candidates(
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    track: str,
    threshold: float,
    min_rate_mm_per_yr: float,
    rules: masks.MaskRules,
    instances: np.ndarray | None = None,
) -> gpd.GeoDataFrame:
    """All objects of one track: those that a mask holds back carry status "masked" and the reasons.

    Parameters
    ----------
    layers : mapping of str to array
        `attributes.LAYERS` by name, (rows, cols).
    grid : RegionGrid
        The region grid.
    track : str
        Pass and relative orbit, such as A128.
    threshold : float
        Probability from which a cell belongs to a landslide.
    min_rate_mm_per_yr : float
        |LOS rate| from which flat ground counts as moving.
    rules : MaskRules
        Thresholds of the masks.
    instances : (rows, cols) array of int, optional
        Numbers of the objects of an instance network, 0 none; objects that touch stay apart.

    Returns
    -------
    GeoDataFrame
        Columns `tables.CANDIDATES`, with `candidate_id` (`A128-0001`, in reading order, the
        network's first) and `source` ("network" or "rate").
    """
    probability, slope = layers["probability"], layers["slope_deg"]
    fill = int(rules.min_area_km2 / grid.cell_area_km2)
    with np.errstate(invalid="ignore"):
        probable = probability >= threshold
    network = (
        polygons.label_objects(probable, fill)
        if instances is None
        else polygons.label_instances(np.where(probable, instances, 0), fill)
    )
    flat_moving = polygons.moving_flat_cells(
        layers["los_rate_mm_per_yr"], layers["los_rate_std_mm_per_yr"], slope, min_rate_mm_per_yr, rules.min_slope_deg
    )
    network, flat_moving = _yield_to_plain(network, flat_moving, slope, rules.min_slope_deg)
    rows = [
        *_rows(network, "network", layers, grid, rules),
        *_rows(polygons.label_objects(flat_moving, fill), "rate", layers, grid, rules),
    ]
    for number, row in enumerate(rows, start=1):
        row |= {"candidate_id": f"{track}-{number:04d}", "track": track}
    free = sum(row["status"] == "candidate" for row in rows)
    log.info("%s: %d candidates, %d masked", track, free, len(rows) - free)
    return typed(rows, CANDIDATES, f"EPSG:{grid.epsg}")


def _yield_to_plain(network: np.ndarray, flat_moving: np.ndarray, slope: np.ndarray, min_slope_deg: float):
    """A network object on flat ground that touches a moving plain is part of that plain, not a
    second object.
    """
    count = int(network.max())
    if not count or not flat_moving.any():
        return network, flat_moving & (network == 0)
    known = np.isfinite(slope)
    cells = np.bincount(network[known], minlength=count + 1)
    total = np.bincount(network[known], weights=slope[known], minlength=count + 1)
    flat = total < min_slope_deg * cells
    touching = np.zeros(count + 1, bool)
    touching[np.unique(network[flat_moving])] = True
    swallowed = (flat & touching)[network] & (network > 0)
    network = np.where(swallowed, 0, network)
    return polygons.renumbered(network), (flat_moving | swallowed) & (network == 0)


def _rows(labels: np.ndarray, source: str, layers: Mapping, grid: RegionGrid, rules: masks.MaskRules) -> list[dict]:
    shapes = polygons.outlines(labels, grid)
    rows = [{"source": source, **row} for row in measure(labels, shapes, layers, grid, rules.min_sensitivity)]
    return [
        {**row, **masks.apply(row, rules), "geometry": shape} for row, shape in zip(rows, shapes.values(), strict=True)
    ]
