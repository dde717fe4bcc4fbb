"""Weights of the papers' networks, from what `studies/gpu.sh` trained.

    python -m studies.gpu.collect --carried CARRIED --records RECORDS --papers OUT

CARRIED, RECORDS: folders of that run; OUT: of `studies.papers.training`, into whose folder weights
they are written. Threshold, calibration and scores are made here, from the validation scenes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import load_file

from sarslide.dataset.normalise import Normalisation
from sarslide.io.sidecar import read_json
from sarslide.models import networks, weights
from sarslide.training import trained_on
from sarslide.training.recipe import Recipe
from sarslide.training.train import Learnt, finish
from studies.gpu.carried import read_plan, read_scene
from studies.gpu.learning import tensors_path
from studies.gpu.run import record_path
from studies.papers import training as papers


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--carried", "--records", "--papers"):
        parser.add_argument(name, type=Path, required=True)
    chosen = parser.parse_args(arguments)
    for part in read_plan(chosen.carried):
        tensors = tensors_path(chosen.records, part["name"])
        if part["kind"] == "weights" and tensors.is_file():
            print(write_weights(chosen.carried, chosen.records, chosen.papers, part))


def write_weights(carried: Path, records: Path, folder: Path, part: dict) -> Path:
    """The weights file of a part."""
    record, preset = read_json(record_path(records, part["name"])), part["preset"]
    network = networks.build(part["network"], len(part["channels"]), **record["options"])
    network.load_state_dict(load_file(tensors_path(records, part["name"])))
    learnt = Learnt(
        network=network.eval(),
        name=part["network"],
        options=record["options"],
        channels=tuple(part["channels"]),
        recipe=Recipe(**record["recipe"]),
        normalisation=Normalisation.from_dict(record["normalisation"]),
        best_epoch=record["best_epoch"],
        history=record["history"],
        device="cpu" if record["device"] == "cpu" else "cuda",
    )
    known, checked = ([read_scene(carried / name) for name in part[key]] for key in ("training", "validation"))
    training, _ = papers.paths_of(folder, preset, papers.ground_of(preset))
    paths = [path for path in training if path.is_file()]
    card = papers.card_of(finish(learnt, checked), known, checked, preset, trained_on.measure(paths) if paths else None)
    path = papers.weights_path(folder, preset)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.save(path, network, card, half=True)
    return path


if __name__ == "__main__":
    main()
