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
from sarslide.training.recipe import Recipe
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
    config, ground = load({"region": preset}), training.ground_of(preset, smallest)
    training.make_all(folder, preset, ground, smallest)
    channels = channel_set(config.training.channels)
    files = training.paths_of(folder, preset, ground)
    known, checked = ([scenes.load(path, channels) for path in part] for part in files)
    recipe = training.recipe_of(config, training.BUDGET[preset].samples)
    if smallest:
        recipe = replace(recipe, **SMALLEST)

    def scored(start: str) -> list[cells.Record]:
        path = folder / "pretraining" / f"{preset}.{network}.{start or 'random'}.safetensors"
        learn(path, known, checked, channels, network, replace(recipe, start=start), device)
        made, card = networks.load(path)
        maps = [predict(made, scene.features, card, device=device) for scene in checked]
        counted = (card.threshold, recipe.min_cells, DECOYS, config.grid.cell_m)
        return [{"parts": {PART: records.part_record(checked, maps, *counted)}}]

    found = {start: scored(start) for start in starts}
    told = [
        f"from {start or 'random weights'} {cells.score(each, PART, 'object.f1', ends=True)},"
        f" by cell {cells.score(each, PART, 'pixel.f1')}"
        + (f", less random {cells.paired(each, found[RANDOM], PART, 'object')}" if start else "")
        for start, each in found.items()
    ]
    return row(f"{preset}, {network} of the published width: F1 by object", "; ".join(told), COMMAND)


def learn(
    path: Path,
    known: Sequence[scenes.TrainingScene],
    checked: Sequence[scenes.TrainingScene],
    channels: Sequence[str],
    network: str,
    recipe: Recipe,
    device: str,
) -> None:
    """Write the weights of a network of the published width, if they are not there."""
    if path.is_file():
        return
    options = registry.options(network, None, recipe.start)
    trained = train(known, checked, channels, network, options, recipe, device, progress=True)
    path.parent.mkdir(exist_ok=True)
    weights.save(path, trained.network, model_card(trained, known, checked, fingerprint(Path(__file__))))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=STARTS, default=list(STARTS), help="presets")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--smallest", action="store_true", help="a piece of two regions, 8 dates, one step")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
