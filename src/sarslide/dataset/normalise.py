"""Normalisation of features, fitted on the training part only and kept with the weights.

Methods: `robust` (median and median absolute deviation of each channel, ours), `asinh` (the inverse
hyperbolic sine of `robust` without its ends, ours: ground of 10 and of 1,000 mm/yr is told apart,
and neither drowns the other), `zscore` (mean and standard deviation of each channel, P3, D10),
`minmax` (0 to 1, P4, D13; its ends are not printed: here two percentiles, and what lies beyond is
clipped), `zscore_sample` (each sample by its own mean and deviation, P0, D03). All but the last
divide no channel that says yes or no (a rock class): its deviation would shout a rare class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarslide import layers
from sarslide.dataset.features import CLASSES
from sarslide.errors import TrainingError

METHODS = ("robust", "asinh", "zscore", "minmax", "zscore_sample")
# Beyond this many scales a robust value tells no more: a glacier at 100 scales must not drown its
# surroundings.
CLIP = 20.0
# Ends of `minmax`, in per cent. A glacier or an unwrapping error at ten times the rate of a
# landslide would put all else into a sliver around one half.
ENDS = (1.0, 99.0)


@dataclass(frozen=True)
class Normalisation:
    """(value - centre) / scale for each channel; unknown cells become 0.

    Attributes
    ----------
    method : str
        One of METHODS.
    centre, scale : tuple of float
        Of each channel, in the units of the registry; none for `zscore_sample`.
    """

    method: str
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Normalised float32 copy of features (channels, rows, cols), finite everywhere."""
        if self.method == "zscore_sample":
            centre, scale = _moments(features)
        else:
            centre, scale = (np.asarray(v, np.float32) for v in (self.centre, self.scale))
        normal = (features - centre[:, None, None]) / scale[:, None, None]
        if self.method == "robust":
            normal = np.clip(normal, -CLIP, CLIP)
        elif self.method == "asinh":
            normal = np.arcsinh(normal)
        elif self.method == "minmax":
            normal = np.clip(normal, 0, 1)
        return np.nan_to_num(normal.astype(np.float32, copy=False), nan=0.0, posinf=0.0, neginf=0.0)

    def to_dict(self) -> dict:
        """For JSON."""
        return {"method": self.method, "centre": list(self.centre), "scale": list(self.scale)}

    @classmethod
    def from_dict(cls, values: dict) -> "Normalisation":
        """The normalisation of a `to_dict`.

        Parameters
        ----------
        values : dict of str to Any
            Method, centre and scale.

        Returns
        -------
        Normalisation
            The same as before.
        """
        return cls(values["method"], tuple(values["centre"]), tuple(values["scale"]))


def fit(method: str, names: Sequence[str], parts: Sequence[np.ndarray]) -> Normalisation:
    """Normalisation fitted on the training part.

    A channel with one value becomes 0; where more than half of its cells hold one value, `robust`
    and `asinh` divide by the standard deviation. A layer whose registered range is symmetric about
    zero (a rate, a sine) keeps its zero under both: its sign means something.

    Parameters
    ----------
    method : str
        One of METHODS.
    names : sequence of str
        Registered layer of each channel.
    parts : sequence of (channels, rows, cols) array
        Features of the training part.

    Returns
    -------
    Normalisation
        Nine digits of each number.

    Raises
    ------
    TrainingError
        For an unknown method or a channel without any known value.
    """
    if method not in METHODS:
        raise TrainingError(f"normalisation '{method}' does not exist", f"use one of {', '.join(METHODS)}")
    if method == "zscore_sample":
        return Normalisation(method)
    pairs = [_fit_channel(method, name, [features[k] for features in parts]) for k, name in enumerate(names)]
    return Normalisation(method, *(tuple(float(f"{v:.9g}") for v in values) for values in zip(*pairs, strict=True)))


def _fit_channel(method: str, name: str, rasters: list[np.ndarray]) -> tuple[float, float]:
    values = np.concatenate([raster[np.isfinite(raster)] for raster in rasters]).astype(np.float64)
    if not values.size:
        raise TrainingError(f"channel '{name}' is unknown in every cell", "check the rasters of the training regions")
    if name in CLASSES:
        return 0.0, 1.0
    if np.ptp(values) == 0:
        return values[0], 1.0
    if method == "zscore":
        centre, scale = values.mean(), values.std()
    elif method == "minmax":
        low, high = np.percentile(values, ENDS)
        # Of a channel that is nearly one value the few others are the signal.
        low, high = (low, high) if low < high else (values.min(), values.max())
        centre, scale = low, high - low
    else:
        valid = layers.get(name).valid
        signed = valid is not None and valid[0] == -valid[1]
        centre = 0.0 if signed else np.median(values)
        scale = 1.4826 * np.median(np.abs(values - centre)) or np.sqrt(np.mean((values - centre) ** 2))
    return centre, scale


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel's known cells; 0 and 1 where there is none."""
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=(1, 2)), 1)
    values = np.where(known, features, 0.0).astype(np.float64)
    mean = values.sum(axis=(1, 2)) / count
    deviation = np.where(known, features - mean[:, None, None], 0.0)
    std = np.sqrt((deviation**2).sum(axis=(1, 2)) / count)
    return mean.astype(np.float32), np.where(std > 0, std, 1.0).astype(np.float32)
