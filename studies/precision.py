"""What bfloat16 does to the maps of trained networks: the benchmark's and the packaged one.

    python -m studies.precision [--results results/benchmark] [--device auto|cpu|cuda] [--threads N]

Both tracks of a simulated region that trained nothing (the first test region of the benchmark, as
its npz files lie in `RESULTS/regions`) are predicted in fp32 and in bf16, by every trained network
of the equal budget in `RESULTS/runs`, at the threshold of its card. The goal: masks with an IoU of
at least 0.995.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from sarsim import climates
from sarslide.dataset import scenes
from sarslide.device import choose_device
from sarslide.evaluate import metrics
from sarslide.models import networks, weights
from sarslide.segment.infer import predict
from sarslide.segment.precision import BF16, FP32, SAME_MASK
from studies.benchmark import runs
from studies.tables import publish

COMMAND = "python -m studies.precision"
OVERLAP = 0.5


def trained(results: Path) -> list[Path]:
    """Weights of the networks of the equal budget, then the packaged ones."""
    recipe, channels = runs.EQUAL
    found = sorted(results.glob(f"runs/*.regions.{recipe}.{channels}.*/weights.safetensors"))
    return [*found, weights.packaged(runs.PACKAGED_NETWORK)]


def compared(path: Path, files: list[Path], device: str) -> list[object]:
    """Cells marked in fp32, IoU of the masks, largest difference, share of cells beyond 1e-3.

    Over all scenes.
    """
    network, card = networks.load(path)
    read = [scenes.load(file, card.channels) for file in files]
    maps = {
        precision: [
            predict(network, scene.features, card, OVERLAP, device=device, precision=precision) for scene in read
        ]
        for precision in (FP32, BF16)
    }
    apart = np.abs(np.concatenate(maps[FP32]) - np.concatenate(maps[BF16]))
    return [
        sum(int((each >= card.threshold).sum()) for each in maps[FP32]),
        round(metrics.mask_iou(maps[FP32], maps[BF16], card.threshold), 4),
        float(np.nanmax(apart)),
        float(np.nanmean(apart > 1e-3)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results/benchmark"))
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.device, "--device")
    region = climates.names_of("test")[0]
    files = sorted((arguments.results / "regions").glob(f"{region}.*.npz"))
    rows = []
    for path in tqdm(trained(arguments.results), "networks"):
        run = path.parent.name
        name, width = (runs.parse(run).network, runs.parse(run).width) if "." in run else (path.stem, "packaged")
        rows.append([name, width, device, *compared(path, files, device)])
    publish(
        "8_inference_precision",
        "Inference: masks of trained networks in bf16 against fp32",
        f"{COMMAND} --device {arguments.device}",
        ["network", "width", "device", "cells marked in fp32", "mask IoU", "largest difference", "cells beyond 1e-3"],
        rows,
        f"Both tracks of test region {region}, overlap {OVERLAP:g}, thresholds and calibration of the cards. Goal: IoU of at"
        f" least {SAME_MASK}; below it: {', '.join(row[0] for row in rows if row[4] < SAME_MASK) or 'none'}."
        " `segmentation.precision: auto` goes by the same figure, which `train` measures on the validation part of each network.",
    )


if __name__ == "__main__":
    main()
