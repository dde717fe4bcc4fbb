"""How fast whole scenes go through every network.

And what faster numbers and other overlaps do to the map.

    python -m studies.inference [--networks NAME ...] [--device auto|cpu|cuda] [--tiles N] [--scenes
    N] [--threads N]
                                   [--clock wall|cpu] [--effects also|only|none]

Every network of the registry at its published size (weights random: time does not depend on them;
the heads of instance networks are set so that each tile gives the same proposals and five objects),
and the packaged network, over a scene of made-up rasters with tiles of 128 cells and an overlap of
a half. "Network only": the scene's normalised tiles lie in memory. "Everything": rasters are read,
features made, tiles blended or objects merged, and a Cloud-Optimized GeoTIFF is written. Both count
the area of all tiles: overlap is work.

--tiles: about so many tiles a scene (default 9; 2000 or more on a GPU); fast networks get a larger
one. --scenes: scenes one after another in this process, as several tracks are (default 1; each is
the same scene). --clock: `wall`, or `cpu` on a machine with other work: user + system time over the
threads. --effects: `only` the second table, or `none` of it.
"""

import argparse
import copy
import importlib.util
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch

from sarslide.dataset import features
from sarslide.dataset.scenes import IGNORE
from sarslide.device import choose_device
from sarslide.evaluate.metrics import mask_iou, pixel_counts
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.models import networks, registry, weights
from sarslide.models.card import Card
from sarslide.segment.forward import BATCH, Forward, exact
from sarslide.segment.infer import predict
from sarslide.segment.precision import BF16, FP32, has_bf16
from sarslide.segment.scene import segment_scene
from sarslide.segment.tiles import strips
from studies.benchmark.runs import PACKAGED_NETWORK as PACKAGED
from studies.tables import publish

COMMAND = "python -m studies.inference"
CHANNELS = features.channel_set("sarslide")
TILE, OVERLAP = 128, 0.5
P2_KM2_PER_S = 72.3  # P2 section 5.1: Mask R-CNN+++ on an RTX 2080 Ti
CELL_M = 30.0
TILE_KM2 = (TILE * CELL_M) ** 2 / 1e6
OBJECTS = 5  # in a tile of 14.7 km2
REPEATS, SLOW_S = 3, 3.0
ENOUGH_S = 0.7  # a network that needs less for a scene gets the next, with so many times the tiles
SIZES = (1, 32, 128)
SCALES = {"los_rate_mm_per_yr": (0, 20), "los_rate_std_mm_per_yr": (3, 0.5), "mean_coherence": (0.5, 0.1)}
SCALES |= {"slope_deg": (30, 8), "aspect_deg": (180, 40), "los_east": (-0.6, 0.01), "los_north": (-0.1, 0.01)}
SCALES |= {"los_up": (0.79, 0.01)}
UNSEEN = 9201  # a simulated region that trained nothing


class MadeUpScene:
    """Made-up rasters of one scene."""

    def __init__(self, folder: Path, tiles: int):
        step, across = TILE // 2, max(1, round(tiles**0.5))
        rows, cols = ((n - 1) * step + TILE for n in (-(-tiles // across), across))
        self.folder, self.grid = folder, RegionGrid(32647, 515130.0, 3215640.0, CELL_M, rows, cols)
        rng = np.random.default_rng(1)
        for name in features.stored_layers(CHANNELS):
            mean, scale = SCALES.get(name, (0, 0))
            noise = rng.normal(mean, scale or 1, (rows, cols)).astype(np.float32) if scale else np.zeros((rows, cols))
            raster.write(folder / f"{name}.tif", noise, self.grid, name)

    def read(self, rows: slice, cols: slice) -> np.ndarray:
        return features.feature_array(CHANNELS, lambda name: raster.read_block(self.folder / f"{name}.tif", rows, cols))

    def run(self, forward: Forward, card: Card, scenes: int) -> None:
        """The scene from files to files."""
        for _ in range(scenes):
            with raster.create_cog(self.folder / "probability.tif", self.grid, "probability") as put:
                segment_scene(forward, self.read, self.grid.shape, card, OVERLAP, put)


def card_of(name: str) -> tuple[torch.nn.Module, Card]:
    """The packaged network and its card, or one of the registry at its published size.

    Tile and normalisation are the same.
    """
    network, card = networks.load(weights.packaged(PACKAGED))
    card = card.model_copy(update={"tile": TILE})
    if name != PACKAGED:
        torch.manual_seed(1)
        network = networks.build(name, len(CHANNELS)).eval()
        if registry.kind(name) == registry.INSTANCE:
            same_findings(network)
        card = card.model_copy(update={"calibration": None})
    return network, card


def same_findings(network: torch.nn.Module) -> None:
    """Proposals: all anchors that do not overlap too much; objects: OBJECTS of them.

    Random heads find nothing or a hundred, and take a tenth or ten times of the time.
    """
    proposals, boxes = network.rcnn.rpn.head, network.rcnn.roi_heads.box_predictor
    for head in (proposals.cls_logits, proposals.bbox_pred, boxes.cls_score, boxes.bbox_pred):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    network.rcnn.roi_heads.detections_per_img = OBJECTS


class Clock:
    """Seconds that work takes.

    By the wall, or user + system time of the process over its threads, for a busy machine.
    """

    def __init__(self, kind: str, device: torch.device):
        self.kind, self.device = kind, device

    def seconds(self, work: Callable[[], object]) -> float:
        now = time.perf_counter if self.kind == "wall" else time.process_time
        start = now()
        work()
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return (now() - start) / (1 if self.kind == "wall" else torch.get_num_threads())


def rates(name: str, scenes: list[MadeUpScene], device: torch.device, precision: str, repeats: int, kind: str):
    """Parameters (M), and km2/s of all tiles, network only and everything: the best of some runs in
    turn.

    scenes: a small one, and larger ones for fast networks, for which opening files would count too
    much.
    """
    network, card = card_of(name)
    forward, clock = Forward(network, device, precision), Clock(kind, device)
    run = forward.instances if hasattr(network, "instances") else forward.probabilities

    def alone() -> None:
        for _ in range(repeats):
            for strip in rows_of_tiles:
                for _ in run(strip.tiles):
                    pass

    for files in scenes:
        rows_of_tiles = list(strips(files.read, files.grid.shape, card.normalise, TILE, OVERLAP))
        list(run(rows_of_tiles[0].tiles))  # kernels are chosen at the first call
        first = clock.seconds(alone)
        if first > ENOUGH_S:
            break
    best = [first, np.inf]
    for turn in range(REPEATS if first < SLOW_S else 1):
        best[1] = min(best[1], clock.seconds(lambda: files.run(forward, card, repeats)))
        if turn:
            best[0] = min(best[0], clock.seconds(alone))
    km2 = repeats * TILE_KM2 * sum(len(strip.tiles) for strip in rows_of_tiles)
    return registry.parameter_count(network) / 1e6, km2 / best[0], km2 / best[1]


def throughput(names: list[str], arguments: str, tiles: int, scenes: int, clock: str) -> None:
    """Publish km2/s of the networks, on the CPU and on a GPU where there is one."""
    rows = []
    devices = {"auto": ("cpu", "cuda"), "cpu": ("cpu",), "cuda": ("cuda",)}[arguments]
    with ExitStack() as folders:
        files = [
            MadeUpScene(Path(folders.enter_context(tempfile.TemporaryDirectory())), size * tiles) for size in SIZES
        ]
        for kind in devices:
            if kind == "cuda" and not torch.cuda.is_available():
                rows += [[name, "cuda", *["not run"] * 7] for name in names]
                continue
            device = torch.device(choose_device(kind, "--device"))
            for name in names:
                found = {
                    p: rates(name, files, device, p, scenes, clock)
                    for p in (FP32, BF16)
                    if p == FP32 or has_bf16(device)
                }
                rows.append(row_of(name, kind, found))
                print(rows[-1], flush=True)
    rows.append(["Mask R-CNN+++ of P2 (printed)", "RTX 2080 Ti", None, "–", P2_KM2_PER_S, *[None] * 4])
    size = " or ".join(f"{each.grid.rows} x {each.grid.cols}" for each in files)
    how = "" if clock == "wall" else " Seconds are user + system time of the process over its threads."
    publish(
        "8_inference",
        "Inference: km2/s through every network",
        command(names, arguments, tiles, scenes, clock),
        ["network", "device", "parameters, M", "fp32 network only", "fp32 everything", "ratio"]
        + ["bf16 network only", "bf16 everything", "ratio"],
        rows,
        f"{scenes} scene of {size} cells (the larger ones for fast networks), 5 channels, tiles of {TILE}, overlap a half,"
        f" batches of {BATCH['cpu']} (GPU {BATCH['cuda']}); threads: {torch.get_num_threads()}, torch"
        f" {torch.__version__.split('+')[0]}. km2 of all tiles: overlap counts as work; without it, divide by the number of tiles"
        f" over a cell (4 in the inside of a large scene). Best of three runs in turn, one run of slow networks.{how}"
        f" {neighbours()} Weights of all but {PACKAGED} are random. Instance networks: the same proposals and {OBJECTS}"
        " objects in each tile; everything includes their merging. Goals: everything at least 0.7 of network only; drs_unet above"
        " 300 on two CPU cores; on one H100 50000 network only and 5000 with everything (`--device cuda --tiles 2000`).",
    )  # fmt: skip


def row_of(name: str, device: str, found: dict[str, tuple[float, float, float]]) -> list[object]:
    row = [name, device, found[FP32][0]]
    for precision in (FP32, BF16):
        if precision in found:
            _, alone, everything = found[precision]
            row += [float(alone), float(everything), round(float(everything / alone), 2)]
        else:
            row += ["not run"] * 3
    return row


def neighbours() -> str:
    """How busy the machine was, for the note."""
    load = os.getloadavg()[1]
    mine = torch.get_num_threads()
    return f"Other work ran beside it: load {load:.0f} on {os.cpu_count()} cores." if load > mine + 1 else ""


def command(names: list[str], arguments: str, tiles: int, scenes: int, clock: str) -> str:
    words = [COMMAND]
    if names != all_names():
        words.append("--networks " + " ".join(names))
    words.append(f"--device {arguments} --tiles {tiles} --threads {torch.get_num_threads()}")
    words += [f"--scenes {scenes}"] * (scenes > 1) + [f"--clock {clock}"] * (clock != "wall")
    return " ".join(words)


def all_names() -> list[str]:
    return [PACKAGED, *registry.names()]


def variants(network: torch.nn.Module, shape: tuple[int, ...]) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Ways to run one network; the keys say what differs from fp32 with channels last."""
    from torch.fx.experimental.optimization import fuse

    last = network.to(memory_format=torch.channels_last)
    folded = fuse(copy.deepcopy(network)).to(memory_format=torch.channels_last)
    plain = copy.deepcopy(network).to(memory_format=torch.contiguous_format)

    def half(module):
        def run(x):
            with torch.autocast("cpu", torch.bfloat16):
                return module(x)

        return run

    ways = {
        "fp32 (in use)": last,
        "channels first": lambda x: plain(x.contiguous()),
        "convolution and normalisation folded": folded,
        "bf16 (in use)": half(last),
        "bf16, folded": half(folded),
        "torch.compile": torch.compile(last),
    }
    if importlib.util.find_spec("onnxruntime") and importlib.util.find_spec("onnxscript"):
        ways["ONNX Runtime"] = onnx_runtime(network, shape)
    return ways


def onnx_runtime(network: torch.nn.Module, shape: tuple[int, ...]) -> Callable[[torch.Tensor], torch.Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "network.onnx")
        torch.onnx.export(copy.deepcopy(network), (torch.zeros(shape),), path, dynamo=True, verbose=False)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (name,) = (each.name for each in session.get_inputs())
    return lambda x: torch.from_numpy(session.run(None, {name: x.contiguous().numpy()})[0])


def speeds(network: torch.nn.Module, rounds: int, clock: Clock) -> dict[str, float]:
    """km2/s of every variant, network only, batches of eight tiles.

    The best of `rounds`, one of each in turn.
    """
    shape = (BATCH["cpu"], len(CHANNELS), TILE, TILE)
    x = torch.from_numpy(np.random.default_rng(2).normal(size=shape).astype(np.float32))
    x = x.contiguous(memory_format=torch.channels_last)
    ways, best = variants(network, shape), {}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            with exact():
                spent = clock.seconds(lambda way=way: way(x))
                if turn:
                    best[name] = min(best.get(name, np.inf), spent)
    return {name: float(shape[0] * TILE_KM2 / spent) for name, spent in best.items()}


def effects(rounds: int, clock: str) -> None:
    """Publish what precision, blending and other ways to run do to the map of the packaged network,
    and to the speed.
    """
    from sarsim.training import STACKS, training_scene, training_world

    network, card = networks.load(weights.packaged(PACKAGED))
    threshold = card.threshold
    world, scenes = training_world(UNSEEN), []
    for stack in STACKS.values():
        arrays = training_scene(world, stack)
        scenes.append((features.feature_array(CHANNELS, arrays.__getitem__), arrays["label"]))

    def maps(overlap: float = OVERLAP, precision: str = FP32, module=network) -> list[np.ndarray]:
        return [predict(module, stack, card, overlap, precision=precision) for stack, _ in scenes]

    reference = maps()

    def against(found: list[np.ndarray]) -> list[object]:
        p, q = (np.concatenate([each.ravel() for each in group]) for group in (found, reference))
        truth = np.concatenate([label.ravel() for _, label in scenes])
        counted = np.where(np.isfinite(p), truth, IGNORE)
        same = mask_iou(found, reference, threshold)
        return [
            round(same, 4),
            float(np.nanmax(np.abs(p - q))),
            float(np.nanmean(np.abs(p - q) > 1e-3)),
            round(pixel_counts(counted, p >= threshold).f1, 4),
        ]

    wide = networks.build("drs_unet", len(CHANNELS)).eval()
    timer = Clock(clock, torch.device("cpu"))
    compact_speed, wide_speed = speeds(copy.deepcopy(network), rounds, timer), speeds(wide, max(2, rounds // 3), timer)
    rows = []
    for name in compact_speed:
        if "bf16" in name and not has_bf16(torch.device("cpu")):
            continue
        module = WithLogits(variants(copy.deepcopy(network), (1, len(CHANNELS), TILE, TILE))[name], network.stride)
        if name == "ONNX Runtime":  # exported for the batch that is timed
            rows.append([name, *["not run"] * 4, compact_speed[name], wide_speed[name]])
            continue
        rows.append([name, *against(maps(module=module)), compact_speed[name], wide_speed[name]])
    for overlap in (0.0, 0.25, 0.5, 0.75):
        tiles = 1 / (1 - overlap) ** 2
        speed = [compact_speed["fp32 (in use)"] / tiles, wide_speed["fp32 (in use)"] / tiles]
        rows.append([f"overlap {overlap:g}", *against(maps(overlap)), *speed])
    publish(
        "8_inference_effects",
        "Inference: effect of precision, blending and other ways to run on the map and on the speed",
        f"{COMMAND} --effects only --threads {torch.get_num_threads()}" + f" --clock {clock}" * (clock != "wall"),
        ["variant", "mask IoU with fp32", "largest difference", "cells beyond 1e-3", "F1 by cell"]
        + ["km2/s, packaged", "km2/s, drs_unet"],
        rows,
        f"Maps: {PACKAGED} on both tracks of a simulated region that trained nothing (seed {UNSEEN}), tiles of"
        f" {card.tile}, overlap {OVERLAP:g}, threshold {threshold:g}; the reference is fp32 with that overlap. Speeds: network"
        " only, batches of"
        f" {BATCH['cpu']}, {torch.get_num_threads()} threads, best of several rounds in turn"
        f"{'' if clock == 'wall' else ', user + system time over threads'}; in the rows of overlap, of the scene's own area in"
        f" the inside of a large scene. {neighbours()}",
    )  # fmt: skip


class WithLogits(torch.nn.Module):
    """A way to run a network, in the shape that `predict` asks for."""

    def __init__(self, way: Callable[[torch.Tensor], torch.Tensor], stride: int):
        super().__init__()
        self.way, self.stride = way, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.way(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=all_names(), choices=all_names(), metavar="NAME")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--tiles", type=int, default=9)
    parser.add_argument("--scenes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--clock", default="wall", choices=("wall", "cpu"))
    parser.add_argument("--effects", default="also", choices=("also", "only", "none"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    logging.getLogger("torch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="torch")
    if arguments.effects != "only":
        throughput(arguments.networks, arguments.device, arguments.tiles, arguments.scenes, arguments.clock)
    if arguments.effects != "none":
        effects(9, arguments.clock)


if __name__ == "__main__":
    main()
