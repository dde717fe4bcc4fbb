"""How fast the packaged network maps, beside the one of before, in turn.

    python -m studies.network.speed [--rounds 3] [--record]

A random scene of 1152 x 1152 cells of 30 m, tiles of the card half over each other, one thread; the
network alone is the same number of tiles without reading, blending and calibration.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from sarslide.models import networks, weights
from sarslide.segment.infer import predict
from sarslide.segment.tiles import starts
from studies.network import put, row
from studies.network.maps import BEFORE_WEIGHTS, PACKAGED
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.network.speed --record"
CELLS, CELL_KM, OVERLAP, BATCH = 1152, 0.03, 0.5, 8
LEAST = 0.8  # of the speed of before


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    torch.set_num_threads(1)
    runs = [{name: speeds(name) for name in (PACKAGED, BEFORE_WEIGHTS)} for _ in range(chosen.rounds)]
    now, before = (np.max([one[name] for one in runs], axis=0) for name in (PACKAGED, BEFORE_WEIGHTS))
    rows = [
        row(
            f"inference, scene of {CELLS} x {CELLS} cells, km2/s: everything (network alone)",
            f"{now[0]:.0f} ({now[1]:.0f})",
            COMMAND,
            f"at least {LEAST} of before",
            bool(now[0] >= LEAST * before[0]),
            f"{before[0]:.0f} ({before[1]:.0f})",
        ),
        row(
            "inference: share of the network alone",
            f"{now[0] / now[1]:.2f}",
            COMMAND,
            before=f"{before[0] / before[1]:.2f}",
        ),
    ]
    keep_or_tell(rows, put, chosen.record)


def speeds(name: str) -> tuple[float, float]:
    """Ground a second with everything, and of the network alone, km2."""
    network, card = networks.load(weights.packaged(name))
    network = network.eval().to(memory_format=torch.channels_last)
    features = np.random.default_rng(1).normal(0, 5, (len(card.channels), CELLS, CELLS)).astype(np.float32)
    count = len(starts(CELLS, card.tile, OVERLAP)) ** 2
    tiles = torch.randn(BATCH, len(card.channels), card.tile, card.tile).to(memory_format=torch.channels_last)

    def alone() -> None:
        with torch.inference_mode():
            for _ in range(count // BATCH):
                network(tiles)

    area = (CELLS * CELL_KM) ** 2
    everything = seconds(lambda: predict(network, features, card, OVERLAP, BATCH))
    return area / everything, area / seconds(alone)


def seconds(work: Callable[[], object]) -> float:
    """CPU s of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, in turn; the fastest counts")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
