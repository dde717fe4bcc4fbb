"""Whole scenes through a network: a sliding window whose tiles are blended, with bounded memory (G01, G02)."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.patches import starts
from sarslide.errors import ConfigError
from sarslide.segment.forward import Forward
from sarslide.segment.instances import Merger
from sarslide.segment.precision import FP32
from sarslide.segment.tiles import Blend, Reader, Strip, strips

Band = tuple[int, np.ndarray, np.ndarray | None]


def predict(
    network: nn.Module,
    stack: np.ndarray,
    normalisation: Normalisation,
    tile: int,
    overlap: float = 0.5,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
    precision: str = FP32,
) -> np.ndarray:
    """Probability (rows, cols), float32, of a feature stack (channels, rows, cols) in registry units held in memory.

    NaN where a channel is unknown. Other arguments as `predict_bands`.
    """
    bands = predict_bands(
        Forward(network, device, precision, batch),
        lambda r, c: stack[:, r, c],
        stack.shape[1:],
        normalisation,
        tile,
        overlap,
        progress=progress,
    )
    return np.concatenate([band for _, band, _ in bands])


def predict_bands(
    forward: Forward,
    read: Reader,
    shape: tuple[int, int],
    normalisation: Normalisation,
    tile: int,
    overlap: float = 0.5,
    workers: int = 1,
    progress: bool = False,
) -> Iterator[Band]:
    """Finished bands (first row, probability (rows of the band, cols) float32, instances) of a scene, from north to south.

    read: features (channels, r, c) of a window given by two slices, called from threads (`workers` of them), once for every
    row of the scene. Memory holds a few hundred rows whatever the scene's height. shape: rows, cols of the scene, any size;
    windows that reach beyond it are filled with unknown cells. tile: side of the window, a multiple of the network's `stride`.
    overlap: 0 to < 1. NaN where a channel is unknown. Same machine, device, precision and threads: same bytes.

    A network that gives a map: tiles are blended with a Hann window, so that no seam shows; instances is None. A network that
    finds single objects: those of neighbouring tiles are merged (`segment.instances`), the probability is the largest over
    the objects, and instances (uint32, like the band) has the number of that object, 0 where there is none.
    """
    network = forward.network
    if tile % network.stride:
        raise ConfigError(f"tile of {tile} cells", f"use a multiple of {network.stride}")
    rows_of_tiles = strips(read, shape, normalisation, tile, overlap, workers)
    count = len(starts(shape[0], tile, overlap))
    rows_of_tiles = tqdm(rows_of_tiles, "segment", count, unit="row of tiles", disable=not progress)
    run = _objects if hasattr(network, "instances") else _map
    return run(forward, rows_of_tiles, tile, shape[1])


def _map(forward: Forward, rows_of_tiles: Iterator[Strip], tile: int, cols: int) -> Iterator[Band]:
    blend = Blend(tile, cols)
    for strip in rows_of_tiles:
        for col, probability in forward.probabilities(strip.tiles):
            blend.add(col, probability)
        yield strip.row, blend.take(strip), None


def _objects(forward: Forward, rows_of_tiles: Iterator[Strip], tile: int, cols: int) -> Iterator[Band]:
    merger = Merger(tile, cols)
    for strip in rows_of_tiles:
        for col, found in forward.instances(strip.tiles):
            merger.add(strip.row, col, found["scores"], found["masks"])
        yield from merger.take(strip.known[: strip.done])
    yield from merger.finish()
