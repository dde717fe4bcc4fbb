"""A region on real ground: its world, and the scenes of both tracks as training reads them."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sarsim import default_chain, optical, scene
from sarsim.dem_terrain import terrain_of_dem
from sarsim.world import World, build_world, load_world, save_world
from sarslide.errors import TrainingError
from sarslide.io.arrays import read_npz, write_npz
from studies.ground import cutting
from studies.ground.cutting import GroundRegion

MARGIN_M = 2000.0  # as of the benchmark's regions: enough for layover and shadow
PASSES = tuple(scene.STACKS)
OTHER_SET = "give another folder, or delete this one"


def world_path(folder: Path, region: GroundRegion) -> Path:
    """World of a region: ground, landslides, decoys, velocity (`sarsim.world.load_world`)."""
    return folder / "worlds" / f"{region.name}.npz"


def scene_path(folder: Path, region: GroundRegion, orbit_pass: str) -> Path:
    """Scene of a track (`sarslide.dataset.scenes.load`), named as those of the benchmark."""
    return folder / "scenes" / f"{region.name}.{orbit_pass}.npz"


def make(folder: Path, region: GroundRegion, set_hash: str) -> bool:
    """Write what a region lacks; True where something was made.

    Raises TrainingError where a scene of another set stands in its place.
    """
    missing = [orbit_pass for orbit_pass in PASSES if not scene_path(folder, region, orbit_pass).is_file()]
    for orbit_pass in sorted(set(PASSES) - set(missing)):
        path = scene_path(folder, region, orbit_pass)
        if (found := meta_of(path)["settings_hash"]) != set_hash:
            raise TrainingError(f"{path}: belongs to the set {found}, not {set_hash}", OTHER_SET)
    if not missing:
        return False
    world = world_of(folder, region)
    for orbit_pass in missing:
        write_npz(scene_path(folder, region, orbit_pass), observed(world, region, orbit_pass, set_hash))
    return True


def world_of(folder: Path, region: GroundRegion) -> World:
    """The world of a region, read where it stands, else made and written."""
    path = world_path(folder, region)
    if not path.is_file():
        vertical = "ellipsoidal" if region.file.geoid_m is None else "orthometric"
        ground = partial(
            terrain_of_dem, region.file.path, region=region.grid, vertical=vertical, geoid_m=region.file.geoid_m
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        save_world(path, build_world(region.grid, region.seed, MARGIN_M, cutting.drawn(region).world, ground))
    return load_world(path)


def observed(world: World, region: GroundRegion, orbit_pass: str, set_hash: str) -> dict[str, np.ndarray]:
    """The scene of a track: stored layers, reflectances and lithology, truth, and what it is.

    `label`, `decoy` and `true_los_rate_mm_per_yr` are those of the benchmark's scenes, the rate the
    mean one between the first and the last date.
    """
    found, stack = cutting.drawn(region), scene.STACKS[orbit_pass]
    seen = scene.observe(world, stack, found.dates, found.products, default_chain.rates(region.grid))
    meta = {
        "region": region.name,
        "range": region.file.mountains,
        "climate": region.file.climate,
        "stack": stack,
        "seed": region.seed,
        "dates": list(found.dates),
        "grid": region.grid.to_dict(),
        "settings_hash": set_hash,
        "products": dict(found.products.stated()),
    }
    return (
        seen.layers
        | optical.reflectance(world, region.seed)
        | {
            "lithology": optical.lithology(world, region.seed),
            "landslide_kind": scene.landslide_kinds(world),
            "label": scene.label(world, seen.seen, found.dates),
            "decoy": scene.decoys(world, seen),
            "true_los_rate_mm_per_yr": scene.los_rate(world, seen.seen, found.dates),
            "meta": np.array(json.dumps(meta, sort_keys=True)),
        }
    )


def meta_of(path: Path) -> dict[str, Any]:
    """What a scene says of itself."""
    with np.load(path) as file:
        return json.loads(str(file["meta"]))


def layers_of(folder: Path, region: GroundRegion, orbit_pass: str) -> dict[str, np.ndarray]:
    """All arrays of a scene by name."""
    return read_npz(scene_path(folder, region, orbit_pass), TrainingError, "run the part make again")
