"""Every preset with the weights of the package: a piece of its region from SAFE products to the
inventory, nothing trained, beside the velocity threshold, the default network and the limit.

    python -m studies.papers.shipped --folder FOLDER [--only REGION ...]

First what the weights and the wheel weigh. A piece is simulated, 12 km x 12 km in the middle of the
region, with twelve dates a track, landslides and scattering as measured; pairs, rates, cells and
layers are the preset's. The default network and the velocity threshold in its tuned form read rates
of the same pairs, for P0, which makes none, stacked ones. The limit marks the cells of all
landslides that a detector finds which is told their outlines (`studies.ground.limit`). What stands
in FOLDER is read, not made again.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sarsim import products, scene
from sarslide.config import load
from sarslide.inventory.velocity_threshold import TUNED
from sarslide.models import weights
from sarslide.report.tables import run_time_rows
from sarslide.workflow.weights_files import of_paper
from studies.benchmark.rows import put
from studies.ground import limit
from studies.papers.pieces import Piece, chosen, make, method_of, pooled_f1, snakemake, without_training
from studies.structure.records import REPOSITORY, row

COMMAND = "python -m studies.papers.shipped --folder FOLDER"
DEFAULT = load({}).segmentation.model
SIMULATION = {"landslides": "inventories", "scattering": "measured"}


def configuration(region: str) -> dict[str, Any]:
    """The user's configuration of a piece."""
    made = without_training(region)
    return made | {"simulation": made["simulation"] | SIMULATION}


def by_default(piece: Piece) -> dict[str, Any]:
    """The same piece with the default network."""
    method = {"method": method_of(piece.config)}
    return piece.made | {"rates": method, "segmentation": {"model": DEFAULT, "beside": []}}


def of_default(piece: Piece) -> tuple[float, float]:
    """F1 by cell and by object of the default network, its maps made if they are not there."""
    other = Piece(piece.folder, by_default(piece))
    maps = [other.map_of(DEFAULT, stack) for stack in other.config.stacks]
    if not all((piece.folder / path).is_file() for path in maps):
        snakemake(piece.folder, f"{piece.region}_default", other.made, *maps)
    return other.of_network(DEFAULT)


def of_limit(piece: Piece) -> tuple[float, float]:
    """F1 by cell and by object of the limit."""
    world = piece.world
    bodies = world.body[world.window]
    tracks = {
        stack: (piece.rates(stack)[0], scene.los_rate(world, products.view(world, stack))) for stack in piece.truth
    }
    found = limit.of_region(bodies, tracks, world.region.cell_m, world.seed)
    counts = []
    for stack, label in piece.truth.items():
        seen = 1 + np.flatnonzero(found[stack][:, 0] > limit.FOUND)
        counts.append(piece.counts(label, np.isin(bodies, seen) & (label == scene.LANDSLIDE), 1))
    return pooled_f1(counts)


def packaged_files() -> list[Path]:
    """Packaged weights of the papers' networks."""
    return sorted(weights.PACKAGED.glob("p[0-9]_*.safetensors"))


def sizes() -> list[dict]:
    """What the weights of the papers' networks weigh, and a download of the package."""
    files = packaged_files()
    each = ", ".join(f"{path.stem} {path.stat().st_size / 1e6:.1f}" for path in files)
    total = sum(path.stat().st_size for path in files) / 1e6
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
        (wheel,) = Path(folder).glob("*.whl")
        download = wheel.stat().st_size / 1e6
    return [
        row("packaged weights of the papers' networks, MB", f"{total:.1f}: {each}", COMMAND, "<= 24", total <= 24),
        row("wheel of the package, all packaged weights in it, MB", f"{download:.1f}", COMMAND),
    ]


def of_validation() -> Iterator[dict]:
    """What each card says of its validation part: the last region of each range."""
    for path in packaged_files():
        card = weights.read_card(path)
        found = card.scores["object"]
        text = f"{found['f1']:.2f} (precision {found['precision']:.2f}, recall {found['recall']:.2f})"
        text += f", by cell {card.scores['pixel']['f1']:.2f}; {card.training['samples_seen']:,} samples"
        command = f"python -m studies.papers.training --folder OUT --only {card.training['preset']}"
        what = f"{path.stem}: F1 by object on the validation regions of its training"
        yield row(what, text, command, "above 0", found["f1"] > 0)


def rows(piece: Piece) -> Iterator[dict]:
    """Rows of the record."""
    region, network = piece.region, piece.config.segmentation.model
    name = of_paper(piece.config, network)
    own = piece.of_network(network)
    found = {
        name: own,
        DEFAULT: of_default(piece),
        "velocity threshold": piece.of_threshold(TUNED),
        "limit": of_limit(piece),
    }
    text = "; ".join(f"{what} {by_object:.2f}, {by_cell:.2f}" for what, (by_cell, by_object) in found.items())
    yield row(f"{region}, a piece of it: F1 by object, by cell", text, COMMAND, f"{name} above 0", min(own) > 0)
    scores, shown = piece.of_inventory()
    counts = f"{scores['planted']} planted, {scores['scored']} scored, {scores['released']} released"
    yield row(
        f"{region}, a piece of it: its inventory",
        f"{counts}: recall {shown['object_recall']}, precision {shown['object_precision']}",
        COMMAND,
    )
    times = run_time_rows(piece.results / "benchmarks")
    cost = f"{sum(one['jobs'] for one in times)}, {sum(one['cpu_s'] for one in times):.0f}"
    yield row(f"{region}, a piece of it: jobs, CPU s", cost, COMMAND)


def main() -> None:
    folder, regions = chosen(__doc__)
    put([*sizes(), *of_validation()])
    for region in regions:
        make(folder, configuration(region))
        put(list(rows(Piece(folder, configuration(region)))))


if __name__ == "__main__":
    main()
