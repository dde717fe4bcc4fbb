"""One scene from files to files, with bounded memory.

It is read ahead, goes through the network, is calibrated and written behind.
"""

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np

from sarslide.errors import RasterError
from sarslide.models.card import Card
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
    card: Card,
    overlap: float,
    put: Put,
    put_instances: Put | None = None,
    progress: bool = False,
    whole: bool = True,
) -> int:
    """Put the probability of a scene, and the objects of an instance network, band by band.

    Parameters
    ----------
    forward : Forward
        The network, ready to run.
    read : callable
        As in `infer.predict_bands`.
    shape : tuple of int
        Rows and columns of the scene.
    card : Card
        Model card; its tile (the thresholds of an RSBU are means over the tile), normalisation,
        calibration.
    overlap : float
        Of neighbouring windows, 0 to < 1.
    put : callable
        Receives (rows, cols, band, 1) of the probability.
    put_instances : callable or None
        The same for numbers of objects.
    progress : bool
        Show a progress bar.
    whole : bool
        The scene is a whole region, where nothing known is an error; a frame of several may be
        unknown.

    Returns
    -------
    int
        Number of cells that have a probability.

    Raises
    ------
    RasterError
        When no cell of a whole region has every channel; names those that are unknown everywhere.
    """
    known_cells: list[np.ndarray] = []

    def counted(rows: slice, cols: slice) -> np.ndarray:
        features = read(rows, cols)
        known_cells.append(np.isfinite(features).sum(axis=(1, 2)))
        return features

    bands = predict_bands(
        forward,
        counted,
        shape,
        card.normalise,
        card.tile,
        overlap,
        READERS.get(forward.device.type, 1),
        progress,
    )
    with ExitStack() as writers:
        write = writers.enter_context(behind(put))
        write_instances = writers.enter_context(behind(put_instances)) if put_instances else None
        found = 0
        for row, probability, instances in bands:
            rows, cols = slice(row, row + len(probability)), slice(0, shape[1])
            found += int(np.isfinite(probability).sum())
            write(rows, cols, calibration.apply(probability, card.calibration), 1)
            if write_instances and instances is not None:
                write_instances(rows, cols, instances, 1)
    if not found and whole:
        raise _nothing_known(card.channels, np.sum(known_cells, axis=0))
    return found


def _nothing_known(channels: list[str], known_cells: np.ndarray) -> RasterError:
    empty = [name for name, cells in zip(channels, known_cells, strict=True) if not cells]
    problem = f"{', '.join(empty)} unknown in every cell" if empty else "no cell in which all of them are known"
    return RasterError(
        f"channels {', '.join(channels)}: {problem}",
        "check these rasters, and layover_shadow, or choose other channels",
    )
