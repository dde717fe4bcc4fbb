"""Whole scenes through a network: a sliding window whose tiles are blended, with bounded memory (G01)."""

import logging
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from sarslide.dataset.features import observable
from sarslide.dataset.normalise import Normalisation
from sarslide.dataset.patches import cut, starts
from sarslide.errors import ConfigError

log = logging.getLogger(__name__)

Reader = Callable[[slice, slice], np.ndarray]


def choose_device(name: str) -> torch.device:
    """`cpu`, `cuda`, or `auto`: a GPU where there is one. Raises ConfigError for `cuda` without a GPU."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device 'cuda', but torch sees no GPU", "set device to auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def predict(
    network: nn.Module,
    stack: np.ndarray,
    normalisation: Normalisation,
    tile: int,
    overlap: float = 0.5,
    batch: int = 8,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> np.ndarray:
    """Probability (rows, cols), float32, of a feature stack (channels, rows, cols) in registry units held in memory.

    NaN where a channel is unknown. Other arguments as `predict_bands`.
    """
    bands = predict_bands(
        network, lambda r, c: stack[:, r, c], stack.shape[1:], normalisation, tile, overlap, batch, device, progress
    )
    return np.concatenate([band for _, band in bands])


def predict_bands(
    network: nn.Module,
    read: Reader,
    shape: tuple[int, int],
    normalisation: Normalisation,
    tile: int,
    overlap: float = 0.5,
    batch: int = 8,
    device: torch.device | str = "cpu",
    progress: bool = False,
) -> Iterator[tuple[int, np.ndarray]]:
    """Finished bands (first row, probability (rows of the band, cols) float32) of a scene, from north to south.

    read: features (channels, r, c) of a window given by two slices; it is called once a row of tiles, so memory holds one row
    of tiles whatever the scene's height. shape: rows, cols of the scene, any size; windows that reach beyond it are filled
    with unknown cells. tile: side of the window, a multiple of the network's `stride`. overlap: 0 to < 1; tiles are blended
    with a Hann window, so that no seam shows. NaN where a channel is unknown. Same machine, device and threads: same bytes.
    """
    if tile % network.stride:
        raise ConfigError(f"tile of {tile} cells", f"use a multiple of {network.stride}")
    rows, cols = shape
    row_starts, col_starts = starts(rows, tile, overlap), starts(cols, tile, overlap)
    window = _hann(tile)
    network = network.to(device, memory_format=torch.channels_last).eval()
    width = max(cols, tile)
    total, weight = np.zeros((tile, width), np.float32), np.zeros((tile, width), np.float32)
    known = np.zeros((tile, cols), bool)
    bar = tqdm(total=len(row_starts) * len(col_starts), desc="segment", unit="tile", disable=not progress)
    for k, row in enumerate(row_starts):
        strip = read(slice(row, min(row + tile, rows)), slice(0, cols))
        known[: strip.shape[1]] = observable(strip)
        for col, probability in _strip_tiles(network, strip, col_starts, normalisation, tile, batch, device):
            total[:, col : col + tile] += window * probability
            weight[:, col : col + tile] += window
        bar.update(len(col_starts))
        # The next row of tiles adds nothing above its own first row.
        done = (row_starts[k + 1] if k + 1 < len(row_starts) else rows) - row
        blended = total[:done, :cols] / np.maximum(weight[:done, :cols], np.finfo(np.float32).tiny)
        yield row, np.where(known[:done], blended, np.float32(np.nan))
        for array in (total, weight, known):
            array[:-done] = array[done:].copy()
            array[-done:] = 0
    bar.close()


def _strip_tiles(
    network: nn.Module,
    strip: np.ndarray,
    col_starts: list[int],
    normalisation: Normalisation,
    tile: int,
    batch: int,
    device: torch.device | str,
) -> Iterator[tuple[int, np.ndarray]]:
    """(first column, probability (tile, tile)) of the tiles of one row of tiles that see anything at all."""
    pending = []
    for col in col_starts:
        part = cut(strip, 0, col, tile, np.nan)
        if observable(part).any():
            pending.append((col, normalisation(part)))
    for first in range(0, len(pending), batch):
        group = pending[first : first + batch]
        for (col, _), probability in zip(group, _probabilities(network, [x for _, x in group], device), strict=True):
            yield col, probability


def _probabilities(network: nn.Module, tiles: list[np.ndarray], device: torch.device | str) -> np.ndarray:
    """Probabilities (tiles, tile, tile) of normalised tiles."""
    # TF32 and autotuned kernels would let a GPU's map differ from a CPU's by more than 1e-3, and from run to run.
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), exact:
        inputs = torch.from_numpy(np.stack(tiles)).to(device, memory_format=torch.channels_last)
        return torch.sigmoid(network(inputs))[:, 0].float().cpu().numpy()


def _hann(tile: int) -> np.ndarray:
    """Weights (tile, tile) of a tile, positive everywhere, near zero at its border."""
    profile = np.sin(np.pi * (np.arange(tile) + 0.5) / tile) ** 2
    return np.outer(profile, profile).astype(np.float32)
