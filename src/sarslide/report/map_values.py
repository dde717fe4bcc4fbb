"""The numbers behind the images of the map, for the value under the pointer: LOS rate and its error
in steps of 0.5 mm/yr, which is below the error of any rate, packed as the browser unpacks them.
"""

import base64
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from sarslide.report.better_track import RATE, STD
from sarslide.report.stages import StackMaps

STEP_MM_PER_YR = 0.5
UNKNOWN = -32768


def of_tracks(stacks: Iterable[StackMaps]) -> list[dict[str, Any]]:
    """LOS rate and error of each track.

    Parameters
    ----------
    stacks : iterable of StackMaps
        Rasters of each track.

    Returns
    -------
    list of dict
        track, rows, cols, step (mm/yr), unknown and packed: base64 of `packed` rates, then errors;
        none of a track without rates.
    """
    found = []
    for maps in stacks:
        if RATE in maps.layers:
            rate = maps.layers[RATE]
            both = np.stack([rate, maps.layers.get(STD, np.full_like(rate, np.nan))])
            rows, cols = rate.shape
            about = {"track": maps.stack, "rows": rows, "cols": cols, "step": STEP_MM_PER_YR, "unknown": UNKNOWN}
            found.append(about | {"packed": base64.b64encode(packed(both)).decode()})
    return found


def packed(values: np.ndarray) -> bytes:
    """Numbers as steps of 16 bits, low bytes before high bytes, by zlib.

    Parameters
    ----------
    values : array
        mm/yr; NaN where unknown.

    Returns
    -------
    bytes
        For the browser's `DecompressionStream("deflate")`.
    """
    steps = np.clip(np.rint(values / STEP_MM_PER_YR), UNKNOWN + 1, -UNKNOWN - 1)
    whole = np.where(np.isfinite(values), steps, UNKNOWN).astype("<i2").ravel()
    return zlib.compress(whole.view(np.uint8).reshape(-1, 2).T.tobytes(), 9)
