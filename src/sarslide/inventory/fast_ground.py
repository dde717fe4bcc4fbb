"""Ground that is faster than the landslides that a network was trained on, where the network is
silent.

A network that never saw small ground move that fast takes it for a mine, or for nothing: the
strongest signal of a region would be lost. The velocity threshold finds it; what the network marks
is left to the network, and so is all that moves as slowly as its training did.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sarslide.inventory.velocity_threshold import (
    EIGHT_NEIGHBOURS,
    PEAK,
    Rule,
    active_areas,
    core,
    peak_rate,
    slope_speed,
)

# The best variant on the validation regions of drawn ground (`docs/reference/validation.md`). On
# real ground the best multiple is 2 on one range (benchmark.md) and 3 on nine (ground.md).
RULE = Rule(sigmas=2.5, min_cells=10, noise="cell", min_slope_deg=5.0)
FOOT = 0.25  # of its peak rate: where an object ends, if the threshold does not end it before
KNOWN = 0.5  # share of its core: from here on the network has found the object
Limits = Sequence[tuple[float, float]]


def missed(
    layers: Mapping[str, np.ndarray],
    sensitivity: np.ndarray,
    network: np.ndarray,
    limits: Limits,
    cell_area_km2: float,
    min_sensitivity: float,
) -> np.ndarray:
    """Objects of the velocity threshold that are faster than the training and that the network
    missed.

    Parameters
    ----------
    layers : mapping of str to array
        LOS rate, its standard error (mm/yr) and slope (degree) by name, (rows, cols).
    sensitivity : (rows, cols) array
        Downslope sensitivity, -1 to 1.
    network : (rows, cols) array of int
        Objects of the network, 0 none.
    limits : sequence of (float, float)
        As for `limit`; none: no object.
    cell_area_km2 : float
        Area of a cell.
    min_sensitivity : float
        As in `velocity_threshold.slope_speed`.

    Returns
    -------
    (rows, cols) array of int32
        Numbered objects, 0 none. An object of the network that lies mostly in one of them is a
        piece of it; of the others it takes no cell.
    """
    found = np.zeros(network.shape, np.int32)
    if not limits:
        return found
    rate = layers["los_rate_mm_per_yr"]
    lowest = min(speed for _, speed in limits)
    for window, inside in _fast_areas(layers, sensitivity, lowest, min_sensitivity):
        cells = rate[window][inside]
        speed = slope_speed(cells, sensitivity[window][inside], min_sensitivity)
        marked = network[window][inside] > 0
        if speed > limit(inside.sum() * cell_area_km2, limits) and marked[core(cells)].mean() < KNOWN:
            found[window][inside] = found.max() + 1
    return found


def limit(area_km2: float, limits: Limits) -> float:
    """The speed that landslides of a size did not exceed in the training.

    Parameters
    ----------
    area_km2 : float
        Area of the object.
    limits : sequence of (float, float)
        Largest area of a class, km2, from small to large, and its speed down the slope, mm/yr.

    Returns
    -------
    float
        Speed, mm/yr, linear in ln(area) between classes; smaller and larger ground has that of the
        first and the last.
    """
    areas, speeds = np.array(limits).T
    return float(np.interp(np.log(area_km2), np.log(areas), speeds))


def pieces(network: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Which objects of the network lie mostly in found ones.

    Parameters
    ----------
    network : (rows, cols) array of int
        Objects of the network, 0 none.
    found : (rows, cols) array of int
        Objects of `missed`, 0 none.

    Returns
    -------
    array of bool
        By number of the network's object.
    """
    count = int(network.max()) + 1
    cells, shared = np.bincount(network.ravel(), minlength=count), np.bincount(network[found > 0], minlength=count)
    mostly = shared > cells / 2
    mostly[0] = False
    return mostly


def _fast_areas(
    layers: Mapping[str, np.ndarray], sensitivity: np.ndarray, lowest: float, min_sensitivity: float
) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
    """Window and cells of each body of active ground around cells faster than `lowest`.

    A body ends where its rate falls below a share of its peak: atmosphere that passes the threshold
    would tie half a valley together.
    """
    from scipy import ndimage

    rate = np.abs(layers["los_rate_mm_per_yr"])
    active = active_areas(rate, layers["los_rate_std_mm_per_yr"], layers["slope_deg"], RULE)
    areas, count = ndimage.label(ndimage.binary_opening(active, EIGHT_NEIGHBOURS))
    seen = np.abs(sensitivity)
    with np.errstate(invalid="ignore"):
        fast = (areas > 0) & (rate > lowest * np.where(seen >= min_sensitivity, seen, 1.0))
    holds_fast = np.bincount(areas[fast], minlength=count + 1) >= RULE.min_cells
    for number, window in enumerate(ndimage.find_objects(areas), start=1):
        if holds_fast[number]:
            for body in _bodies(rate[window], areas[window] == number, fast[window]):
                yield window, body


def _bodies(rate: np.ndarray, area: np.ndarray, fast: np.ndarray) -> Iterator[np.ndarray]:
    """Cells of each body of an active area, the fastest first; no cell twice."""
    from scipy import ndimage

    cores, count = ndimage.label(area & fast)
    numbers = np.arange(1, count + 1)
    peaks = ndimage.labeled_comprehension(rate, cores, numbers, lambda v: np.percentile(v, PEAK), float, 0.0)
    free = area.copy()
    for number in numbers[np.argsort(-peaks)]:
        start = (cores == number) & free
        if start.sum() < RULE.min_cells:
            continue
        body, _ = ndimage.label(free & (rate >= FOOT * peak_rate(rate[start])))
        body = body == np.bincount(body[start])[1:].argmax() + 1
        free &= ~body
        yield body
