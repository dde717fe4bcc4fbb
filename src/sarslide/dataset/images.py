"""Pictures of three channels: a linear stretch to bytes that can be undone, and PNG files."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.errors import NotGeoreferencedWarning

from sarslide import layers
from sarslide.io import raster

LEVELS = 254  # of a byte that are values; 0 is unknown


@dataclass(frozen=True)
class Stretch:
    """Linear stretch of one channel to bytes: `low` becomes 1, `high` 255, unknown 0.

    Attributes
    ----------
    name : str
        Registered layer.
    low, high : float
        Ends, in the unit of the layer.
    """

    name: str
    low: float
    high: float

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """Bytes that come back to half a step, (high - low) / 508.

        Parameters
        ----------
        values : array
            Values, NaN where unknown.

        Returns
        -------
        array of uint8
            1..255, 0 where unknown.
        """
        known = np.isfinite(values)
        share = (np.where(known, values, self.low) - self.low) / (self.high - self.low)
        return np.where(known, 1 + np.rint(LEVELS * np.clip(share, 0, 1)), 0).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """Name, unit and ends, for JSON."""
        return {"name": self.name, "unit": layers.get(self.name).unit, "low": self.low, "high": self.high}


def stretches(names: Sequence[str], parts: Sequence[np.ndarray]) -> list[Stretch]:
    """A stretch of each channel.

    0 to 1 where that is its registered range (colours), else from least to largest value.

    Parameters
    ----------
    names : sequence of str
        Registered layer of each channel.
    parts : sequence of (channels, rows, cols) array
        Features of all scenes.

    Returns
    -------
    list of Stretch
        One a channel.
    """
    found = []
    for channel, name in enumerate(names):
        low, high = layers.get(name).valid or (0, 0)
        if (low, high) != (0, 1):
            known = [part[channel][np.isfinite(part[channel])] for part in parts]
            low = min((float(values.min()) for values in known if values.size), default=0.0)
            high = max((float(values.max()) for values in known if values.size), default=0.0)
        found.append(Stretch(name, float(low), float(high) if high > low else float(low) + 1))
    return found


def write_png(path: Path, image: np.ndarray) -> None:
    """A PNG of bytes without a place: that is in the COCO file.

    Parameters
    ----------
    path : Path
        File; its folder is made.
    image : (bands, rows, cols) array of uint8
        One or three bands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        path.write_bytes(raster.encoded(image, driver="PNG"))
