"""Candidates of one track: objects of the network, of fast flat ground, and of ground faster than
the network's training, with attributes, masks and reasons.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial

import geopandas as gpd
import numpy as np
from pydantic import RootModel

from sarslide.errors import RasterError
from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.inventory import fast_ground, masks, polygons
from sarslide.inventory.attributes import RATES, downslope_sensitivity, measure
from sarslide.inventory.confidence import PROBABILITY, of_one_track
from sarslide.inventory.ground import GroundReason
from sarslide.inventory.masked_ground import MaskedGround
from sarslide.inventory.tables import CANDIDATES, typed
from sarslide.io import bounded
from sarslide.models.card import ObjectConfidence, Positive

log = logging.getLogger(__name__)


class SpeedLimits(RootModel[list[tuple[Positive, Positive]]]):
    """Largest area of a class, km2, and the speed of its landslides in the training, mm/yr."""


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


def speed_limits(tags: Mapping[str, str], path: str) -> list[tuple[float, float]]:
    """The speeds of the network's training, by size.

    Parameters
    ----------
    tags : mapping of str to str
        Tags of the probability map, which carry the limits from the card of its network.
    path : str
        The map, for messages.

    Returns
    -------
    list of (float, float)
        As in `fast_ground.missed`; none where the card does not state them.

    Raises
    ------
    RasterError
        For limits that are no pairs of positive numbers.
    """
    if "speed_limits" not in tags:
        log.warning("%s: its network does not state the speeds of its training; faster ground is not looked for", path)
        return []
    cure = "make the map again"
    return bounded.typed(
        SpeedLimits, bounded.parsed_json(tags["speed_limits"], path, RasterError, cure), path, RasterError, cure
    ).root


def object_confidence(tags: Mapping[str, str], path: str) -> ObjectConfidence | None:
    """How sure objects of the network are.

    Parameters
    ----------
    tags : mapping of str to str
        Tags of the probability map, which carry the numbers from the card of its network.
    path : str
        The map, for messages.

    Returns
    -------
    ObjectConfidence or None
        None where the card does not state it.

    Raises
    ------
    RasterError
        For numbers that are none.
    """
    if "confidence" not in tags:
        return None
    cure = "make the map again"
    stated = bounded.parsed_json(tags["confidence"], path, RasterError, cure)
    return bounded.typed(ObjectConfidence, stated, path, RasterError, cure)


def find_candidates(
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    track: str,
    threshold: float,
    min_rate_mm_per_yr: float,
    rules: masks.MaskRules,
    instances: np.ndarray | None = None,
    limits: fast_ground.Limits = (),
    pair_years: float = math.nan,
    ground: Sequence[GroundReason | MaskedGround] = (),
    frame: str = WHOLE,
    found_by: str = "network",
    longest_pair_years: float = math.nan,
    confidence: ObjectConfidence | None = None,
) -> gpd.GeoDataFrame:
    """All objects of one track: those that a mask holds back carry status "masked" and the reasons.

    Parameters
    ----------
    layers : mapping of str to array
        `attributes.LAYERS` by name, (rows, cols). Without those of the rate the network alone finds
        objects, and every object carries the note `not_unwrapped`.
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
    limits : sequence of (float, float)
        Speeds of the training by size, beyond which the velocity threshold finds what the network
        misses (`fast_ground.missed`); none: it finds nothing.
    pair_years : float
        Mean length of the pairs of the averaged phase, Julian years.
    ground : sequence of GroundReason or MaskedGround
        Ground on which objects are masked.
    frame : str
        Name of the frame.
    found_by : str
        `source` of the objects of the map: "network", or "threshold" of one by the velocity.
    longest_pair_years : float
        Of the pairs of the rates, Julian years, from which lower bounds of rates that are too slow
        follow (`rate_bounds`); NaN: there are none.
    confidence : ObjectConfidence, optional
        Of the network, from which the probability follows that its objects are landslides.

    Returns
    -------
    GeoDataFrame
        Columns `tables.CANDIDATES`, with `candidate_id` (`A128-0001`, with several frames
        `A128-f33_216-0001`, in reading order, the network's first) and `source`
        (`found_by`, "velocity_threshold" or, on flat ground, "rate").
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
    rows_of = partial(
        _rows, layers=layers, grid=grid, rules=rules, years=(pair_years, longest_pair_years), ground=ground
    )
    if not _has_rates(layers):
        return _numbered(rows_of(network, found_by), track, frame, grid)
    rate, std = (layers[name] for name in RATES)
    flat_moving = polygons.moving_flat_cells(rate, std, slope, min_rate_mm_per_yr, rules.min_slope_deg)
    network, flat_moving = _yield_to_plain(network, flat_moving, slope, rules.min_slope_deg)
    network, fast = _yield_to_fast(network, flat_moving, layers, grid, rules, limits)
    rows = [
        *(row | {PROBABILITY: of_one_track(row, confidence)} for row in rows_of(network, found_by)),
        *rows_of(polygons.label_instances(fast, fill), "velocity_threshold"),
        *rows_of(polygons.label_objects(flat_moving, fill), "rate"),
    ]
    return _numbered(rows, track, frame, grid)


def _has_rates(layers: Mapping[str, np.ndarray]) -> bool:
    """Whether the pairs were unwrapped."""
    return set(RATES) <= set(layers)


def _numbered(rows: list[dict], track: str, frame: str, grid: RegionGrid) -> gpd.GeoDataFrame:
    """The objects of a track in a frame as a table, numbered in their order."""
    seen = track if frame == WHOLE else f"{track}-{frame}"
    for number, row in enumerate(rows, start=1):
        row |= {"candidate_id": f"{seen}-{number:04d}", "track": track}
    free = sum(row["status"] == "candidate" for row in rows)
    log.info("%s: %d candidates, %d masked", seen, free, len(rows) - free)
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


def _yield_to_fast(
    network: np.ndarray,
    flat_moving: np.ndarray,
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    rules: masks.MaskRules,
    limits: fast_ground.Limits,
) -> tuple[np.ndarray, np.ndarray]:
    """Objects of the network, and fast ones that it missed; what it marks of those is no second
    object.
    """
    sensitivity = downslope_sensitivity(layers)
    found = fast_ground.missed(layers, sensitivity, network, limits, grid.cell_area_km2, rules.min_sensitivity)
    network = np.where(fast_ground.pieces(network, found)[network], 0, network)
    return polygons.renumbered(network), np.where((network > 0) | flat_moving, 0, found)


def _rows(
    labels: np.ndarray,
    source: str,
    layers: Mapping[str, np.ndarray],
    grid: RegionGrid,
    rules: masks.MaskRules,
    years: tuple[float, float],
    ground: Sequence[GroundReason | MaskedGround],
) -> list[dict]:
    shapes = polygons.outlines(labels, grid)
    measured = measure(labels, shapes, layers, grid, rules.min_sensitivity, *years)
    rows = [{"source": source, PROBABILITY: math.nan, **row} for row in measured]
    masked: dict[int, dict[str, str]] = {number: {} for number in shapes}
    for one in ground:
        for number, texts in one.texts(labels).items():
            masked[number] |= texts
    return [
        {**row, **masks.apply(row, rules, _has_rates(layers), masked[number]), "geometry": shape}
        for row, (number, shape) in zip(rows, shapes.items(), strict=True)
    ]
