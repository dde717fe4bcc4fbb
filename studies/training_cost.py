"""CPU seconds a patch, and memory, of a step of each network by the recipe of its paper.

    python -m studies.training_cost
    python -m studies.training_cost --networks drs_unet unet --scenes

One core; the second of two steps counts. Each network and width runs in a process of its own, whose
peak memory is its. Writes src/sarslide/training/costs.json, from which `sarslide train` forecasts.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from sarslide.io.sidecar import write_json
from sarslide.models import registry
from sarslide.training.cost import FILE

# Recipe and channels of the paper of a network.
PAPERS = {"P0": ("p0", "p0_insar"), "P2": ("p2", "p2_colours"), "P3": ("p3", "p3_rs_dr"), "P4": ("p4", "p4_all")}
WIDTHS = {"published": 1.0, "quarter": 0.25}
CLIMATES = ("three_rivers", "jinsha_lancang", "baihetan", "qtp_loess")


def measure(name: str, width: float) -> dict[str, float]:
    """Parameters, CPU seconds of a patch and peak memory of this process, MB."""
    import torch

    from sarslide.dataset.features import channel_set
    from sarslide.models import networks
    from sarslide.training import recipe as recipes
    from sarslide.training import targets
    from sarslide.training.loss import segmentation_loss

    preset, channels = PAPERS[registry.get(name).paper.split(",")[0]]
    recipe, count = recipes.preset(preset), len(channel_set(channels))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    torch.manual_seed(0)
    network = networks.build(name, count, **registry.options(name, width)).train()
    network = network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-5)
    inputs = torch.randn(recipe.batch, count, recipe.patch, recipe.patch)
    labels = torch.zeros(recipe.batch, recipe.patch, recipe.patch, dtype=torch.uint8)
    labels[:, 20:60, 30:80] = 1
    for _ in range(2):
        begun = time.process_time()
        if registry.kind(name) == registry.INSTANCE:
            shown, wanted = targets.with_targets(inputs, labels, recipe.min_cells)
            loss = sum(network(shown.to(memory_format=torch.channels_last), wanted).values())
        else:
            logits = network(inputs.to(memory_format=torch.channels_last))[:, 0]
            loss = segmentation_loss(logits, labels, recipe.loss, lambda value: value)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        seconds = time.process_time() - begun
    return {
        "parameters": registry.parameter_count(network),
        "seconds_a_patch": float(f"{seconds / recipe.batch:.3g}"),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "base_mb": round(base),
        "patch": recipe.patch,
        "batch": recipe.batch,
    }


def of_scene(climate: str) -> float:
    """CPU seconds of a scene of a climate's region, first seed and track."""
    from sarsim.paper_scene import Chain, simulate
    from sarslide.config import load
    from sarslide.workflow.training_inputs import simulated_chain

    config = load({"region": climate})
    begun = time.process_time()
    simulate(climate, config.training.seeds[0], config.stacks[0], Chain.of(simulated_chain(config)))
    return float(f"{time.process_time() - begun:.3g}")


def apart(*words: str) -> dict:
    """What this module prints in a process of its own, with one thread."""
    command = [sys.executable, "-m", "studies.training_cost", *words]
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="*", choices=registry.names(), help="only these")
    parser.add_argument("--scenes", action="store_true", help="simulate the scenes, too")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "WIDTH"), help=argparse.SUPPRESS)
    parser.add_argument("--scene", help=argparse.SUPPRESS)
    parser.add_argument("--record", type=Path, default=FILE)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(measure(chosen.one[0], float(chosen.one[1]))))
        return
    if chosen.scene:
        print(json.dumps({"seconds": of_scene(chosen.scene)}))
        return
    held = json.loads(chosen.record.read_text()) if chosen.record.is_file() else {"networks": {}, "scenes": {}}
    for name in registry.names() if chosen.networks is None else chosen.networks:
        row: dict = {}
        for word, width in WIDTHS.items():
            found = apart("--one", name, str(width))
            row |= {key: found.pop(key) for key in ("patch", "batch", "base_mb")}
            row[word] = found
        held["networks"][name] = row
        print(name, row, flush=True)
        write_json(chosen.record, held)
    for climate in CLIMATES if chosen.scenes else ():
        held["scenes"][climate] = apart("--scene", climate)["seconds"]
        print(climate, held["scenes"][climate], flush=True)
        write_json(chosen.record, held)


if __name__ == "__main__":
    main()
