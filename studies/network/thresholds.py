"""From which probability a cell belongs to an object: chosen on ranges that no network had seen.

Maps of the folds are cut at every tried threshold, and what is released is matched with what is
planted. A range has the threshold that has the best F1 by object on the others; the packaged
network that of all. The validation range of a fold is one, and counts cells before objects.
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

TRIED = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


def counted(folder: Path, region: GroundRegion) -> np.ndarray:
    """Planted, found, released and right objects of a region at every threshold: (tried, 4).

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
        planted = len(world.landslides)
        write_json(path, [[planted, len(each.planted), each.released, each.right] for each in found])
    return np.array(read_json(path))


def by_range(folder: Path, regions: Iterable[GroundRegion]) -> dict[str, list[np.ndarray]]:
    """Range -> `counted` of its regions."""
    counts: dict[str, list[np.ndarray]] = {}
    for region in tqdm(list(regions), "thresholds", unit="region", disable=None):
        counts.setdefault(region.file.mountains, []).append(counted(folder, region))
    return counts


def best(counts: Sequence[np.ndarray]) -> float:
    """The tried threshold with the best F1 by object over some regions."""
    planted, found, released, right = np.sum(counts, axis=0).T
    f1 = [harmonic(ratio(r, n), ratio(f, p)) for p, f, n, r in zip(planted, found, released, right, strict=True)]
    return TRIED[int(np.argmax(f1))]


def of_ranges(counts: Mapping[str, Sequence[np.ndarray]]) -> dict[str, float]:
    """Range -> the best threshold of the others; of a single range its own."""
    return {
        name: best([each for other in counts if other != name or len(counts) == 1 for each in counts[other]])
        for name in counts
    }
