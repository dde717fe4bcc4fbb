"""Drawn valleys beside the ranges: quiet, coherent ground, which real terrain under snow and forest
lacks. A network of the ranges alone misses landslides without noise (demo_small: recall 0.20).

A valley is one of `sarsim.training`, its pairs and rates as the default configuration makes them.
"""

from collections.abc import Sequence
from pathlib import Path

from sarsim import default_chain
from sarsim.scene import STACKS
from sarsim.training import REGION, random_settings, training_scene, training_world
from sarslide.io.arrays import write_npz

TRAINING, VALIDATION = tuple(range(9001, 9009)), (9101,)  # of training.seeds: never a demo's


def paths_of(folder: Path, seeds: Sequence[int]) -> list[Path]:
    """Scenes of both tracks of valleys."""
    return [_path(folder, seed, orbit_pass) for seed in seeds for orbit_pass in STACKS]


def make(folder: Path, seed: int) -> None:
    """Write the scenes of a valley, where they are missing."""
    missing = {key: stack for key, stack in STACKS.items() if not _path(folder, seed, key).is_file()}
    if not missing:
        return
    world, rates = training_world(seed), default_chain.rates(REGION)
    products = vars(default_chain.products(random_settings(seed)[1]))
    for orbit_pass, stack in missing.items():
        write_npz(_path(folder, seed, orbit_pass), training_scene(world, stack, rates, **products))


def _path(folder: Path, seed: int, orbit_pass: str) -> Path:
    return folder / "valleys" / f"{seed}.{orbit_pass}.npz"
