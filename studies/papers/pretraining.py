"""Networks from weights of ImageNet and COCO beside the same from random ones, on real ground.

    python -m studies.papers.pretraining --folder OUT [--only jinsha_lancang] [--device cuda]
    python -m studies.papers.pretraining --folder OUT --smallest

Mask R-CNN+++ of P2 starts from COCO in the paper; of P3's networks FCN alone fits such weights. A
network has its published width, the paper's layers and recipe, shortened as in
`studies.papers.training`, whose scenes it reads from OUT and makes where they lack. All starts of a
network see the same samples in the same order; F1 is that of the validation regions, with the
difference to the random start over regions drawn for both. torchvision's files must be in torch's
cache, or its server in reach: all are brought before the first training. Best with a GPU.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sarsim.codes import DECOYS
from sarslide.config import load
from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.errors import SarslideError
from sarslide.models import networks, pretrained, registry, weights
from sarslide.segment.infer import predict
from sarslide.training.card import model_card
from sarslide.training.train import train
from sarslide.workflow.fingerprint import fingerprint
from studies.benchmark import records
from studies.benchmark import score_cells as cells
from studies.benchmark.rows import put
from studies.gpu.learning import SMALLEST
from studies.papers import training
from studies.structure.records import row

COMMAND = "python -m studies.papers.pretraining --folder OUT"
RANDOM = ""
STARTS = {
    "jinsha_lancang": ("mask_rcnn_resnext_dcb_sa", ("coco", "imagenet", RANDOM)),
    "baihetan": ("fcn8s", ("imagenet", RANDOM)),
}
PART = "validation"


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    try:
        for preset in chosen.only:
            network, starts = STARTS[preset]
            for start in starts:
                pretrained.bring([network], start)
        for preset in chosen.only:
            put([compared(chosen.folder, preset, chosen.device, chosen.smallest)])
    except SarslideError as error:
        raise SystemExit(str(error)) from error


def compared(folder: Path, preset: str, device: str, smallest: bool = False) -> dict[str, Any]:
    """The row of a preset: its network from every start."""
    network, starts = STARTS[preset]
    ground = training.ground_of(preset, smallest)
    for scene in training.planned(folder, preset, ground):
        training.make(scene, preset, smallest)
    found = {start: [learnt(folder, preset, network, start, ground, device, smallest)] for start in starts}
    told = [
        f"from {start or 'random weights'} {cells.score(each, PART, 'object.f1', ends=True)},"
        f" by cell {cells.score(each, PART, 'pixel.f1')}"
        + (f", less random {cells.paired(each, found[RANDOM], PART, 'object')}" if start else "")
        for start, each in found.items()
    ]
    return row(f"{preset}, {network} of the published width: F1 by object", "; ".join(told), COMMAND)


def learnt(
    folder: Path,
    preset: str,
    network: str,
    start: str,
    ground: Sequence[training.GroundRegion],
    device: str,
    smallest: bool = False,
) -> dict[str, Any]:
    """Scores of a network on the validation regions of a preset, trained if it is not yet."""
    config = load({"region": preset})
    channels = channel_set(config.training.channels)
    known, checked = (
        [scenes.load(each.path, channels) for each in training.planned(folder, preset, part)]
        for part in training.parted(ground)
    )
    recipe = replace(training.recipe_of(config, training.BUDGET[preset].samples), start=start)
    if smallest:
        recipe = replace(recipe, **SMALLEST)
    path = folder / "pretraining" / f"{preset}.{network}.{start or 'random'}.safetensors"
    if not path.is_file():
        path.parent.mkdir(exist_ok=True)
        options = registry.options(network, None, start)
        trained = train(known, checked, channels, network, options, recipe, device, progress=True)
        weights.save(path, trained.network, model_card(trained, known, checked, fingerprint(Path(__file__))))
    made, card = networks.load(path)
    maps = [predict(made, scene.features, card, device=device) for scene in checked]
    cell_m = config.grid.cell_m
    record = records.part_record(checked, maps, card.threshold, recipe.min_cells, DECOYS, cell_m)
    return {"parts": {PART: record}}


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=STARTS, default=list(STARTS), help="presets")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--smallest", action="store_true", help="a piece of two regions, 8 dates, one step")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
