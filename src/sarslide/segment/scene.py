"""One scene from files to files: read ahead, through the network, calibrated, written behind; bounded memory."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np

from sarslide.dataset.normalise import Normalisation
from sarslide.errors import RasterError
from sarslide.segment import calibration
from sarslide.segment.forward import Forward
from sarslide.segment.infer import predict_bands
from sarslide.segment.stream import behind
from sarslide.segment.tiles import Reader

Put = Callable[[slice, slice, np.ndarray, int], None]
# Threads that read. A CPU's network has all cores; a GPU waits for its input.
READERS = {"cpu": 1, "cuda": 4}


def segment_scene(
    forward: Forward,
    read: Reader,
    shape: tuple[int, int],
    card: Mapping[str, Any],
    overlap: float,
    put: Put,
    put_instances: Put | None = None,
    progress: bool = False,
) -> int:
    """Put the probability of a scene, and the objects of an instance network, band by band; the number of cells that have one.

    read, shape, overlap: as `infer.predict_bands`. card: model card; its tile (the thresholds of an RSBU are means over the
    tile), normalisation, calibration. put, put_instances: receive (rows, cols, band, 1), the second numbers of objects.
    Raises RasterError when no cell has every channel, naming those that are unknown everywhere.
    """
    known_cells: list[np.ndarray] = []

    def counted(rows: slice, cols: slice) -> np.ndarray:
        stack = read(rows, cols)
        known_cells.append(np.isfinite(stack).sum(axis=(1, 2)))
        return stack

    bands = predict_bands(
        forward,
        counted,
        shape,
        Normalisation.from_dict(card["normalisation"]),
        card["tile"],
        overlap,
        READERS.get(forward.device.type, 1),
        progress,
    )
    with ExitStack() as stack:
        write = stack.enter_context(behind(put))
        write_instances = stack.enter_context(behind(put_instances)) if put_instances else None
        found = 0
        for row, probability, instances in bands:
            rows, cols = slice(row, row + len(probability)), slice(0, shape[1])
            found += int(np.isfinite(probability).sum())
            write(rows, cols, calibration.apply(probability, card), 1)
            if write_instances and instances is not None:
                write_instances(rows, cols, instances, 1)
    if not found:
        raise _nothing_known(card["channels"], np.sum(known_cells, axis=0))
    return found


def _nothing_known(channels: list[str], known_cells: np.ndarray) -> RasterError:
    empty = [name for name, cells in zip(channels, known_cells, strict=True) if not cells]
    problem = f"{', '.join(empty)} unknown in every cell" if empty else "no cell in which all of them are known"
    return RasterError(
        f"channels {', '.join(channels)}: {problem}",
        "check these rasters, and layover_shadow, or choose other channels",
    )
