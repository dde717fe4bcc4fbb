"""What landslides a network is trained on: their speeds, sizes and noise, measured for its card."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sarslide.dataset import scenes
from sarslide.errors import TrainingError
from sarslide.evaluate.metrics import objects
from sarslide.inventory.fast_ground import RULE
from sarslide.inventory.masks import MaskRules
from sarslide.inventory.velocity_threshold import peak_rate, slope_speed
from sarslide.models.card import SizeClass, Spread, TrainedOn

log = logging.getLogger(__name__)

CHANNELS = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "slope_deg", "downslope_sensitivity")
PERCENTILES = (1, 5, 50, 95, 99)
CLASSES, ENOUGH = 8, 40  # size classes at most; landslides of each at least, for its percentiles
DIGITS = 4


def measure(paths: Sequence[str | Path]) -> TrainedOn | None:
    """The landslides of training scenes, whatever channels the network reads.

    Each connected area of labelled cells counts once a track. Its speed is that of its core
    (`inventory.velocity_threshold.slope_speed`), measured as on the candidates of a map, from the
    rates that the chain made, not from those that were planted.

    Parameters
    ----------
    paths : sequence of str or Path
        Scenes (npz) of the training part.

    Returns
    -------
    TrainedOn or None
        For the model card; None where scenes lack rates, terrain or their grid.
    """
    rows: list[dict[str, float]] = []
    for path in paths:
        try:
            scene = scenes.load(path, CHANNELS)
        except TrainingError as error:
            log.warning("%s: the speeds of the training are not measured", error.problem)
            return None
        if scene.grid is None:
            log.warning("%s: has no grid: the speeds of the training are not measured", path)
            return None
        rows += _landslides(scene, scene.grid.cell_area_km2)
    return summary(rows) if rows else None


def summary(rows: Sequence[dict[str, float]]) -> TrainedOn:
    """Percentiles of landslides, and of their speeds by size.

    Parameters
    ----------
    rows : sequence of dict of str to float
        One a landslide and track, with the names of the spreads of `TrainedOn`.

    Returns
    -------
    TrainedOn
        Four digits of each number.
    """
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    area, speed = columns["area_km2"], columns["speed_mm_per_yr"]
    count = max(1, min(CLASSES, len(rows) // ENOUGH))
    # The largest landslide of each class is one of them: no quantile between two of equal size.
    ends = np.unique(np.quantile(area, np.linspace(0, 1, count + 1)[1:], method="higher"))
    of_class = np.searchsorted(ends, area)
    sizes = [
        SizeClass(
            up_to_km2=_rounded(end),
            landslides=int((of_class == k).sum()),
            speed_mm_per_yr=_spread(speed[of_class == k]),
        )
        for k, end in enumerate(ends)
    ]
    return TrainedOn(landslides=len(rows), **{name: _spread(values) for name, values in columns.items()}, sizes=sizes)


def _landslides(scene: scenes.TrainingScene, cell_area_km2: float) -> list[dict[str, float]]:
    from scipy import ndimage

    labels = objects(scene.label == 1, RULE.min_cells)
    rows = []
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        inside = labels[window] == number
        rate, std, coherence, slope, sensitivity = scene.features[(slice(None), *window)][:, inside]
        rows.append(
            {
                "area_km2": inside.sum() * cell_area_km2,
                "slope_deg": slope.mean(),
                "speed_mm_per_yr": slope_speed(rate, sensitivity, MaskRules.min_sensitivity),
                "los_rate_mm_per_yr": peak_rate(rate),
                "los_rate_std_mm_per_yr": std.mean(),
                "mean_coherence": coherence.mean(),
            }
        )
    return rows


def _spread(values: np.ndarray) -> Spread:
    return Spread(**{f"p{p}": _rounded(np.percentile(values, p)) for p in PERCENTILES})


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
