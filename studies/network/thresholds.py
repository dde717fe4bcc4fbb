"""From which probability a cell belongs to an object: chosen on ranges that no network had seen.

Maps of the folds are cut at every tried threshold, and what is released is matched with what is
planted and not smaller than an object of the inventory. The F1 by object hardly depends on the
threshold: a range has the highest one, with the fewest false objects, whose F1 on the others is
near the best; the packaged network that of all.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sarslide.evaluate.metrics import harmonic, ratio
from sarslide.io.sidecar import read_json, write_json
from sarslide.models import weights
from studies.ground import cutting, making, scoring
from studies.ground.cutting import GroundRegion
from studies.network import maps

TRIED = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)
NEAR_BEST = 0.01


def counted(folder: Path, region: GroundRegion) -> np.ndarray:
    """Planted and found landslides of the size of an object, released and right objects of a region
    at every threshold: (tried, 4).

    Read where it stands, else made and written.
    """
    path = folder / "thresholds" / f"{region.name}.json"
    if not path.is_file():
        world, layers = making.world_of(folder, region), maps.layers_of(folder, region)
        card = weights.read_card(maps.weights_of(folder, region, maps.NETWORK))
        limits = card.trained_on.speed_limits if card.trained_on else []
        probability, dates = maps.read(folder, region, maps.NETWORK), cutting.drawn(region).dates
        found = [
            scoring.matched(
                world, scoring.released(scoring.candidates(layers, probability, world, dates, threshold, limits))
            )
            for threshold in TRIED
        ]
        large = np.flatnonzero(world.landslides.geometry.area >= 1e4 * scoring.SMALLEST_HA)
        write_json(
            path, [[len(large), len(each.planted.intersection(large)), each.released, each.right] for each in found]
        )
    return np.array(read_json(path))


def by_range(folder: Path, regions: Iterable[GroundRegion]) -> dict[str, list[np.ndarray]]:
    """Range -> `counted` of its regions."""
    counts: dict[str, list[np.ndarray]] = {}
    for region in tqdm(list(regions), "thresholds", unit="region", disable=None):
        counts.setdefault(region.file.mountains, []).append(counted(folder, region))
    return counts


def best(counts: Sequence[np.ndarray]) -> float:
    """The highest threshold whose F1 by object over some regions is near the best."""
    planted, found, released, right = np.sum(counts, axis=0).T
    f1 = [harmonic(ratio(r, n), ratio(f, p)) for p, f, n, r in zip(planted, found, released, right, strict=True)]
    return max(threshold for threshold, each in zip(TRIED, f1, strict=True) if each >= max(f1) - NEAR_BEST)


def of_ranges(counts: Mapping[str, Sequence[np.ndarray]]) -> dict[str, float]:
    """Range -> the best threshold of the others; of a single range its own."""
    return {
        name: best([each for other in counts if other != name or len(counts) == 1 for each in counts[other]])
        for name in counts
    }
