"""A network made ready for inference: its device, its memory layout, its precision.

Tiles go in, probabilities or objects come out.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sarslide.segment.precision import BF16, FP32

# Not tuned: measurements of batches on a CPU scattered more than they differed, and a GPU was not
# there.
BATCH = {"cpu": 8, "cuda": 32}


class Forward:
    """Runs a network over normalised tiles (channels, tile, tile), float32.

    Nothing of the network changes but its device, its memory layout (channels last: no copies
    before each convolution) and its mode (evaluation).

    Parameters
    ----------
    network : nn.Module
        The network.
    device : torch.device or str
        Where it runs.
    precision : str
        `fp32` or `bf16` (`precision.choose_precision`).
    batch : int or None
        Tiles at once; None: `BATCH`.
    """

    def __init__(
        self, network: nn.Module, device: torch.device | str = "cpu", precision: str = FP32, batch: int | None = None
    ):
        self.device, self.precision = torch.device(device), precision
        self.batch = batch or BATCH[self.device.type]
        self.network: Any = network.to(self.device).to(memory_format=torch.channels_last).eval()

    def probabilities(self, tiles: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
        """Maps of tiles, in order.

        Parameters
        ----------
        tiles : iterable of (int, array)
            Key and normalised tile (channels, tile, tile).

        Yields
        ------
        key : int
            Key of the tile.
        probability : (tile, tile) array of float32
            Its probability.
        """
        pending = None
        for group in _batches(tiles, self.batch):
            found = self._map([tile for _, tile in group])
            # A GPU works on this batch while the last one is copied and blended.
            if pending is not None:
                yield from _fetched(*pending)
            pending = group, found
        if pending is not None:
            yield from _fetched(*pending)

    def instances(self, tiles: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Objects of tiles, in order.

        Parameters
        ----------
        tiles : iterable of (int, array)
            Key and normalised tile (channels, tile, tile).

        Yields
        ------
        key : int
            Key of the tile.
        objects : dict of str to array
            `scores` (K) and `masks` (K, tile, tile), float32, 0-1.
        """
        for group in _batches(tiles, self.batch):
            with exact(), self._autocast():
                found = self.network.instances(self._inputs([tile for _, tile in group]))
            for (key, _), objects in zip(group, found, strict=True):
                yield key, {name: objects[name].float().cpu().numpy() for name in ("scores", "masks")}

    def _map(self, tiles: list[np.ndarray]) -> Tensor:
        with exact():
            with self._autocast():
                logits = self.network(self._inputs(tiles))
            return torch.sigmoid(logits.float())[:, 0]

    def _inputs(self, tiles: list[np.ndarray]) -> Tensor:
        inputs = torch.from_numpy(np.stack(tiles))
        return inputs.to(self.device, memory_format=torch.channels_last)

    def _autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.precision == BF16 else nullcontext()


@contextmanager
def exact() -> Iterator[None]:
    """No gradients, no TF32, repeatable kernels.

    TF32 and autotuned kernels would let a GPU's map differ from a CPU's by more than 1e-3, and from
    run to run.
    """
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with torch.inference_mode(), flags:
        yield


def _batches(items: Iterable, size: int) -> Iterator[list]:
    items = iter(items)
    while group := list(islice(items, size)):
        yield group


def _fetched(group: list, found: Tensor) -> Iterator[tuple[int, np.ndarray]]:
    yield from zip((key for key, _ in group), found.cpu().numpy(), strict=True)
