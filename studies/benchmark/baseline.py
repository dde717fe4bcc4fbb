"""What people do without a network: active deformation areas by a threshold on the rate and a least
number of neighbours.

The rule of ADAfinder (Barra et al. 2017, doi:10.3390/rs9101002; Tomas et al. 2019,
doi:10.3390/rs11141675; Navarro et al. 2020, doi:10.3390/ijgi9100584): a point is active where |v| >
2 sigma, sigma being the standard deviation of the map's rates; isolated points are dropped, and
active points that lie together make an active deformation area from five on. Points are cells here,
and lie together where they touch. Two refinements are tried beside the printed rule: the standard
error of each cell in place of the map's sigma, and P4 4.3's slopes (a plain is no landslide).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from sarslide.dataset.scenes import TrainingScene
from sarslide.evaluate import metrics

CHANNELS = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "slope_deg")
SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
CELLS = (5, 10, 20, 40, 60)


@dataclass(frozen=True)
class Rule:
    """A threshold on the rate and on the area.

    sigmas: factor on the noise. min_cells: of an area. noise: "map" (one standard deviation of all
    rates) or "cell" (standard error of each cell). min_slope_deg: flatter ground is never active.
    """

    sigmas: float = 2.0
    min_cells: int = 5
    noise: str = "map"
    min_slope_deg: float = 0.0


PRINTED = Rule()
VARIANTS = (Rule(noise="map"), Rule(noise="cell"), Rule(noise="cell", min_slope_deg=5.0))


def active_areas(los_rate: np.ndarray, los_rate_std: np.ndarray, slope_deg: np.ndarray, rule: Rule) -> np.ndarray:
    """Cells of active deformation areas, bool (rows, cols).

    los_rate: mm/yr, either sign counts, NaN where unknown (never active). los_rate_std: its
    standard error, mm/yr.
    """
    noise = los_rate_std if rule.noise == "cell" else np.nanstd(los_rate)
    with np.errstate(invalid="ignore"):
        active = (np.abs(los_rate) > rule.sigmas * noise) & (slope_deg >= rule.min_slope_deg)
    return metrics.objects(active, rule.min_cells) > 0


def probability(scene: TrainingScene, rule: Rule) -> np.ndarray:
    """The baseline's map of a scene with channels CHANNELS: 1 active, 0 not, NaN where the scene is
    unknown, float32.
    """
    rate, std, slope = scene.features
    found = active_areas(rate, std, slope, rule).astype(np.float32)
    return np.where(np.isfinite(scene.features).all(axis=0), found, np.float32(np.nan))


def choose(scenes: Sequence[TrainingScene], variants: Iterable[Rule] = VARIANTS, min_cells: int = 1) -> Rule:
    """The variant, factor and least area with the best F1 by cell among those whose F1 by object is
    within 0.02 of the best.

    scenes: of the validation part, channels CHANNELS. min_cells: objects smaller are left out of
    the object score. The same rule as networks' thresholds (`metrics.choose_threshold`).
    """
    tried = [replace(v, sigmas=s, min_cells=n) for v, s, n in product(variants, SIGMAS, CELLS)]
    scored = []
    for rule in tried:
        maps = [probability(scene, rule) > 0 for scene in scenes]
        by_object = metrics.pooled(
            metrics.object_counts(scene.label, found, min_cells=min_cells)
            for scene, found in zip(scenes, maps, strict=True)
        )
        by_cell = metrics.pooled(
            metrics.pixel_counts(scene.label, found) for scene, found in zip(scenes, maps, strict=True)
        )
        scored.append((by_object.f1, by_cell.f1))
    best = max(by_object for by_object, _ in scored)
    good = [k for k, (by_object, _) in enumerate(scored) if by_object >= best - metrics.NEAR_BEST]
    return tried[max(good, key=lambda k: scored[k][1])]
