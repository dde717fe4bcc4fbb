"""Pictures of three channels: a linear stretch to bytes that can be undone, and PNG files."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from sarslide import layers

LEVELS = 254  # of a byte that are values; 0 is unknown


@dataclass(frozen=True)
class Stretch:
    """Linear stretch of one channel to bytes: `low` becomes 1, `high` 255, unknown 0."""

    name: str
    low: float
    high: float

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """uint8 of the values; they come back to half a step, (high - low) / 508."""
        known = np.isfinite(values)
        share = (np.where(known, values, self.low) - self.low) / (self.high - self.low)
        return np.where(known, 1 + np.rint(LEVELS * np.clip(share, 0, 1)), 0).astype(np.uint8)

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "unit": layers.get(self.name).unit, "low": self.low, "high": self.high}


def stretches(names: Sequence[str], stacks: Sequence[np.ndarray]) -> list[Stretch]:
    """A stretch of each channel: 0 to 1 where that is its registered range (colours), else from least to largest value."""
    found = []
    for channel, name in enumerate(names):
        low, high = layers.get(name).valid or (0, 0)
        if (low, high) != (0, 1):
            known = [stack[channel][np.isfinite(stack[channel])] for stack in stacks]
            low = min((float(values.min()) for values in known if values.size), default=0.0)
            high = max((float(values.max()) for values in known if values.size), default=0.0)
        found.append(Stretch(name, float(low), float(high) if high > low else float(low) + 1))
    return found


def write_png(path: Path, image: np.ndarray) -> None:
    """A PNG of bytes (bands, rows, cols), without a place: that is in the COCO file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, rows, cols = image.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG", width=cols, height=rows, count=bands, dtype="uint8") as target:
            target.write(image)
