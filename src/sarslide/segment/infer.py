"""Whole scenes through a network: a sliding window whose tiles are blended (G01, G02).

Memory is bounded.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.patches import starts
from sarslide.errors import ConfigError
from sarslide.segment import calibration
from sarslide.segment.forward import Forward
from sarslide.segment.instances import Merger
from sarslide.segment.precision import FP32
from sarslide.segment.tiles import Blend, Reader, Strip, strips

if TYPE_CHECKING:
    from sarslide.models.card import Card

FinishedRows = tuple[int, np.ndarray, np.ndarray | None]


def predict(
    network: nn.Module,
    features: np.ndarray,
    card: "Card",
    overlap: float = 0.5,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
    precision: str = FP32,
) -> np.ndarray:
    """Calibrated probability of features that are held in memory: what the card's threshold is for.

    Parameters
    ----------
    network : nn.Module
        The network.
    features : (channels, rows, cols) array
        Features in registry units, NaN where unknown.
    card : Card
        Its card (`models.networks.load` gives both): normalisation, tile and calibration.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    batch : int or None
        Tiles at once; None: `forward.BATCH`.
    device : torch.device or str
        Where the network runs.
    progress : bool
        Show a progress bar.
    precision : str
        `fp32` or `bf16`.

    Returns
    -------
    (rows, cols) array of float32
        Probability, NaN where a channel is unknown.
    """
    raw = uncalibrated(network, features, card.normalise, card.tile, overlap, batch, device, progress, precision)
    return calibration.apply(raw, card.calibration)


def uncalibrated(
    network: nn.Module,
    features: np.ndarray,
    normalisation: Normalisation,
    tile: int,
    overlap: float = 0.5,
    batch: int | None = None,
    device: torch.device | str = "cpu",
    progress: bool = False,
    precision: str = FP32,
) -> np.ndarray:
    """What a network without a card, such as one in training, gives for features in memory.

    Parameters
    ----------
    network : nn.Module
        The network.
    features : (channels, rows, cols) array
        Features in registry units, NaN where unknown.
    normalisation : Normalisation
        That of the training.
    tile : int
        Side of the window, cells, a multiple of the network's `stride`.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    batch : int or None
        Tiles at once; None: `forward.BATCH`.
    device : torch.device or str
        Where the network runs.
    progress : bool
        Show a progress bar.
    precision : str
        `fp32` or `bf16`.

    Returns
    -------
    (rows, cols) array of float32
        Probability, NaN where a channel is unknown.
    """
    bands = predict_bands(
        Forward(network, device, precision, batch),
        lambda r, c: features[:, r, c],
        features.shape[1:],
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
) -> Iterator[FinishedRows]:
    """The map of a scene of any size, in bands from north to south.

    Memory holds a few hundred rows whatever the scene's height. Same machine, device, precision and
    threads: same bytes.

    A network that gives a map: tiles are blended with a Hann window, so that no seam shows. A
    network that finds single objects: those of neighbouring tiles are merged (`segment.instances`),
    the probability is the largest over the objects.

    Parameters
    ----------
    forward : Forward
        The network, ready to run.
    read : callable
        Features (channels, r, c) of a window given by two slices, called from threads (`workers` of
        them), once for every row of the scene.
    shape : tuple of int
        Rows and columns of the scene; windows that reach beyond it are filled with unknown cells.
    normalisation : Normalisation
        That of the training.
    tile : int
        Side of the window, cells, a multiple of the network's `stride`.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    workers : int
        Threads that read.
    progress : bool
        Show a progress bar.

    Returns
    -------
    iterator of tuple
        First row of the band; probability (rows of the band, cols), float32, NaN where a channel is
        unknown; instances (uint32, like the band): number of the object, 0 where there is none, or
        None for a network that gives a map.

    Raises
    ------
    ConfigError
        For a tile that is no multiple of the stride.
    """
    network = forward.network
    if tile % network.stride:
        raise ConfigError(f"tile of {tile} cells", f"use a multiple of {network.stride}")
    rows_of_tiles: Iterable[Strip] = strips(read, shape, normalisation, tile, overlap, workers)
    count = len(starts(shape[0], tile, overlap))
    if progress:
        from tqdm import tqdm

        rows_of_tiles = tqdm(rows_of_tiles, "segment", count, unit="row of tiles")
    run = _objects if hasattr(network, "instances") else _map
    return run(forward, rows_of_tiles, tile, shape[1])


def _map(forward: Forward, rows_of_tiles: Iterable[Strip], tile: int, cols: int) -> Iterator[FinishedRows]:
    blend = Blend(tile, cols)
    for strip in rows_of_tiles:
        for col, probability in forward.probabilities(strip.tiles):
            blend.add(col, probability)
        yield strip.row, blend.take(strip), None


def _objects(forward: Forward, rows_of_tiles: Iterable[Strip], tile: int, cols: int) -> Iterator[FinishedRows]:
    merger = Merger(tile, cols)
    for strip in rows_of_tiles:
        for col, found in forward.instances(strip.tiles):
            merger.add(strip.row, col, found["scores"], found["masks"])
        yield from merger.take(strip.known[: strip.done])
    yield from merger.finish()
