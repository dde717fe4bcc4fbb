"""What the parts of `studies/gpu.sh` are, and what they need, at most 64 MB: plan, inputs, scenes.

    python -m studies.gpu.prepare --out CARRIED --ranges OUT
    python -m studies.gpu.prepare --out CARRIED --papers OUT
    python -m studies.gpu.prepare --out CARRIED --smallest

--ranges: folder of `studies.network.folds`, its part make done: the benchmark, all networks with
the channels and the recipe of the table of all networks, two regions of each range in the part that
it has there (`studies.benchmark.regions`); the unseen climate is scored with the test. --papers:
folder of `studies.papers.training`, its part make done: weights of the four presets. --smallest:
made-up scenes in the place of both, for a try of the script. The checks of CUDA are always there.
Scenes hold the channels of their network alone, with 12 bits of mantissa.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from sarslide.config import load
from sarslide.dataset import scenes
from sarslide.dataset.features import channel_set
from sarslide.dataset.scenes import TrainingScene
from sarslide.models import registry
from sarslide.retrieve.dem_library import FOLDER as LIBRARY
from sarslide.training.recipe import Recipe
from sarslide.workflow.weights_files import name_of_paper
from studies.benchmark import regions, runs
from studies.gpu import carried, checks
from studies.ground import cutting, making
from studies.papers import training as papers

PER_RANGE = 2  # regions of the benchmark
PART_OF = {"train": "training", "validation": "validation", "test": "test", "transfer": "test"}
SEEDS = {"quarter": (1, 2, 3), "published": (1,)}
SAMPLES = {"quarter": 12_000, "published": 4_000}  # of the benchmark
PARTS = ("training", "validation", "test")


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _arguments(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_checks(chosen.out / checks.FILE)
    parts: list[dict[str, Any]] = [{"name": "checks", "kind": "checks"}]
    if chosen.papers or chosen.smallest:
        parts += [weights_part(chosen.out, preset, chosen.papers) for preset in papers.GROUND]
    if chosen.ranges or chosen.smallest:
        parts += benchmark_parts(chosen.out, chosen.ranges)
    carried.write_plan(chosen.out, parts)
    size = carried.size_of(chosen.out)
    print(f"{len(parts)} parts, {size / 1e6:.1f} MB in {chosen.out}")
    if size > carried.MAX_BYTES:
        raise SystemExit(f"{size} bytes are more than {carried.MAX_BYTES}: prepare --ranges and --papers apart")


def benchmark_parts(out: Path, ranges: Path | None) -> list[dict[str, Any]]:
    """All networks: a quarter of the width first, the further seeds last."""
    recipe, channels = runs.EQUAL
    files: dict[str, list[str]] = {part: [] for part in PARTS}
    for part, path in _range_scenes(ranges):
        files[part].append(_carry(out, path, channels, "ranges", part))
    order = sorted((seed, k, width) for k, width in enumerate(SEEDS) for seed in SEEDS[width])
    return [
        _part(
            f"benchmark.{width}.{network}.s{seed}", "benchmark", network, 0.25 if width == "quarter" else None,
            channels, replace(runs.shortened(recipe, SAMPLES[width]), seed=seed), files,
        )
        for seed, _, width in order
        for network in registry.names()
    ]  # fmt: skip


def _range_scenes(folder: Path | None) -> Iterable[tuple[str, Path | None]]:
    """Part and file of each scene of the benchmark; None: one that is made up."""
    if folder is None:
        yield from ((part, None) for part in PARTS)
        return
    part_of = {mountains: PART_OF[part] for part, names in regions.PARTS.items() for mountains in names}
    for region in cutting.regions_of(cutting.files_of(LIBRARY, None, False), PER_RANGE):
        for orbit_pass in making.PASSES:
            yield part_of[region.file.mountains], making.scene_path(folder, region, orbit_pass)


def weights_part(out: Path, preset: str, folder: Path | None) -> dict[str, Any]:
    """The network of a preset, whose tensors are kept."""
    config = load({"region": preset})
    channels = config.training.channels
    files: dict[str, list[str]] = {part: [] for part in PARTS}
    if folder is None:
        for part in PARTS[:2]:
            files[part] = [_carry(out, None, channels, preset, part)]
    else:
        for part, paths in zip(PARTS, papers.paths_of(folder, preset, papers.ground_of(preset)), strict=False):
            files[part] = [_carry(out, path, channels, preset, part) for path in paths]
    name = name_of_paper(config, config.segmentation.model)
    recipe = replace(papers.recipe_of(config, papers.BUDGET[preset].samples), precision="fp32")
    return _part(name, "weights", config.segmentation.model, papers.WIDTH, channels, recipe, files) | {"preset": preset}


def _part(
    name: str, kind: str, network: str, width: float | None, channels: str, recipe: Recipe, files: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "network": network,
        "options": registry.options(network, width),
        "channels": list(channel_set(channels)),
        "recipe": asdict(recipe),
        "keep": kind == "weights",
        **files,
    }


def _carry(out: Path, path: Path | None, channels: str, of: str, part: str) -> str:
    """Write a scene with these channels into the carried folder; its name there."""
    names = channel_set(channels)
    if path is None:
        scene, stem = made_up(PARTS.index(part) + 1, len(names)), part
    else:
        scene, stem = scenes.load(path, names), path.stem
    name = f"scenes/{of}/{stem}.npz"
    carried.write_scene(out / name, scene)
    return name


def made_up(seed: int, channels: int, side: int = 128) -> TrainingScene:
    """A scene of noise in which squares move."""
    rng = np.random.default_rng(seed)
    label = np.zeros((side, side), np.uint8)
    label[20:52, 30:80] = label[80:110, 60:90] = 1
    features = rng.normal(size=(channels, side, side)).astype(np.float32)
    features[0] += 3 * label
    return TrainingScene(f"made_up_{seed}", f"made_up_{seed}/A128", features, label, full_label=label)


def write_checks(path: Path) -> None:
    """Inputs of the checks whose other side are compiled loops, and what those find."""
    from tests.support.interferograms import MID_S, WAVELENGTH, make_burst, orbit_over

    from sarslide.insar.native import cpu
    from sarslide.insar.native.burst_program import BurstProgram
    from sarslide.insar.native.geocode_slc import MARGIN
    from sarslide.insar.native.imaging import imaging_of
    from sarslide.insar.native.surface import earth_fixed_patch
    from sarslide.linking.cpu import link_cells
    from sarslide.linking.looks import WEIGHTS, cell_covariance, window_looks

    orbit = orbit_over(99.2, 29.0)
    arc = orbit.state_vectors().arc(MID_S - 3, MID_S + 3)
    burst = make_burst(orbit, "", MID_S, 880e3, lines=700, samples=900)
    x, y = 518500 + 5.0 * np.arange(400), 3211000 - 10.0 * np.arange(300)
    heights = 10 + 5 * np.sin(x / 900) * np.cos(y[:, None] / 700)
    point, normal = earth_fixed_patch(32647, x, y)
    points = (point + heights[..., None] * normal)[::10, ::10]
    imaging = imaging_of(arc, 32647, x, y, heights, cpu.zero_doppler)
    assert imaging is not None
    place = cpu.positions(imaging, heights)
    geocoded = np.zeros(heights.shape, np.complex64)
    samples = checks.noise(burst.lines, burst.samples)
    cpu.geocode_window(samples, (0, 0), BurstProgram.of(burst), place, WAVELENGTH, MARGIN, geocoded)
    assert (geocoded != 0).mean() > 0.2

    rng = np.random.default_rng(4)
    parts = rng.normal(size=(2, 11, 36, 60)).astype(np.float32)
    still = parts[0, :1] + 1j * parts[1, :1]
    covariance = cell_covariance((still + 0.7 * (parts[0] + 1j * parts[1])).astype(np.complex64), 3, 6)
    shares = np.broadcast_to(WEIGHTS, (covariance.shape[0] - 2, covariance.shape[1] - 2, 9)).copy()
    looks = window_looks(shares, 18.0)
    linked = {name: link_cells(covariance, shares, looks, name == "emi", 0.2)[0] for name in ("emi", "evd")}
    np.savez_compressed(
        path,
        arc_numbers=np.array([arc.centre_s, arc.half_s, arc.start_s, arc.stop_s]),
        arc_coefficients=arc.coefficients,
        points=points,
        distance_m=cpu.zero_doppler(arc, points)[1],
        burst=np.array(json.dumps(asdict(burst), default=lambda array: array.tolist())),
        place_time=place[0],
        place_range=place[1],
        wavelength_m=WAVELENGTH,
        margin=np.array(MARGIN),
        geocoded=geocoded,
        link_covariance=covariance,
        link_weights=shares,
        link_looks=looks,
        link_phase_emi=linked["emi"],
        link_phase_evd=linked["evd"],
    )


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ranges", type=Path)
    parser.add_argument("--papers", type=Path)
    parser.add_argument("--smallest", action="store_true", help="made-up scenes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
