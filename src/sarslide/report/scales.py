"""One colour scale per quantity, the same in every figure and on the map.

Phases are cyclic (`twilight`), rates diverge around zero (`RdBu`: blue towards the satellite, red
away from it), what has a magnitude runs from dark to bright (`viridis` and relatives). None of them
needs red to be distinguished from green.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sarslide import layers

TOWARDS_AWAY = ("away", "towards")


@dataclass(frozen=True)
class Scale:
    """How values become colours.

    Attributes
    ----------
    cmap : str
        Name of a colour map of matplotlib.
    low, high : float
        Values of its ends.
    label : str
        Quantity and unit.
    ends : (str, str)
        Terms for the low and the high end.
    cyclic : bool
        Whether high equals low.
    part : (float, float)
        Share of the colour map that is used.
    classes : bool
        Whether the values are the whole numbers from low to high, a colour each.
    counts : bool
        Whether the values are whole numbers.
    """

    cmap: str
    low: float
    high: float
    label: str
    ends: tuple[str, str] = ("", "")
    cyclic: bool = False
    part: tuple[float, float] = (0.0, 1.0)
    classes: bool = False
    counts: bool = False

    def ticks(self) -> list[float]:
        """Low, middle, high; of classes each one, of counts no half."""
        if self.classes:
            return [float(value) for value in range(round(self.low), round(self.high) + 1)]
        middle = (self.low + self.high) / 2
        return [self.low, self.high] if self.counts and middle % 1 else [self.low, middle, self.high]

    def tick_labels(self) -> list[str]:
        """Texts of the ticks; those of a phase are −π, 0, π."""
        if self.cyclic and math.isclose(self.high, math.pi, rel_tol=1e-6):
            return ["−π", "0", "π"]
        return [tick_text(value) for value in self.ticks()]

    def indices(self, values: np.ndarray) -> np.ndarray:
        """Colour index of each value.

        Parameters
        ----------
        values : array
            NaN where unknown.

        Returns
        -------
        array of uint8
            0-254, 255 where there is no value, the shape of `values`.
        """
        known = np.isfinite(values)
        share = (np.where(known, values, self.low) - self.low) / (self.high - self.low)
        return np.where(known, np.clip(np.rint(share * 254), 0, 254), 255).astype(np.uint8)

    def palette(self) -> np.ndarray:
        """The 255 colours of `indices`, shape (255, 3), uint8."""
        return self._colours(np.linspace(*self.part, 255))

    def bar(self) -> np.ndarray:
        """The colours of its bar from low to high, (n, 3) uint8: one a class, else all."""
        return self._colours(np.linspace(*self.part, len(self.ticks()))) if self.classes else self.palette()

    def _colours(self, shares: np.ndarray) -> np.ndarray:
        from matplotlib import colormaps

        return (colormaps[self.cmap](shares)[:, :3] * 255).round().astype(np.uint8)


def scale_for(layer: str, arrays: Iterable[np.ndarray] = ()) -> Scale:
    """The scale of a registered layer.

    Parameters
    ----------
    layer : str
        Its name.
    arrays : iterable of array, optional
        All that will be compared; they set the limits where the layer has no fixed ones.

    Returns
    -------
    Scale
        The scale.

    Raises
    ------
    LayerError
        For a layer that is not registered.
    """
    if layer in _FIXED:
        return _FIXED[layer]
    values = np.concatenate([a[np.isfinite(a)] for a in arrays] or [np.empty(0)])
    cmap, label, kind = _ADAPTIVE.get(layer, ("viridis", _plain_label(layer), "range"))
    if kind == "symmetric":
        limit = _round_up(_percentile(np.abs(values), 99.5, 1.0))
        return Scale(cmap, -limit, limit, label, TOWARDS_AWAY if layer in _LINE_OF_SIGHT else ("", ""))
    if kind in ("from zero", "counts"):
        return Scale(cmap, 0.0, _round_up(_percentile(values, 98, 1.0)), label, counts=kind == "counts")
    low, high = _percentile(values, 1, 0.0), _percentile(values, 99, 1.0)
    # The low end of `gist_earth` is water.
    return Scale(
        cmap, low, high if high > low else low + 1, label, part=(0.3, 1.0) if cmap == "gist_earth" else (0.0, 1.0)
    )


def light(shade: np.ndarray) -> np.ndarray:
    """Brightness of a hillshade: slopes that face away from the sun keep their colours readable.

    Parameters
    ----------
    shade : array
        Hillshade, 1-255.

    Returns
    -------
    array
        0.35 to 1.
    """
    return 0.35 + 0.65 * np.clip(shade / 255.0 * 1.25, 0, 1)


def tick_text(value: float) -> str:
    """A tick in at most three significant digits, with a real minus sign.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        Its text.
    """
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−") if float(text) else "0"


def _plain_label(layer: str) -> str:
    unit = layers.get(layer).unit
    return f"{layer} ({unit})" if unit != "1" else layer


def _percentile(values: np.ndarray, share: float, default: float) -> float:
    return float(np.percentile(values, share)) if len(values) else default


def _round_up(value: float) -> float:
    """The next 1, 2, 3, 4, 5, 6 or 8 times a power of ten."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 3, 4, 5, 6, 8) if step * power >= value * (1 - 1e-9)), 10 * power)


_LINE_OF_SIGHT = ("los_rate_mm_per_yr", "los_displacement_mm")
_PHASE = ("twilight_shifted", -math.pi, math.pi)  # zero is light
_FIXED = {
    "wrapped_rad": Scale(*_PHASE, "Phase (rad), grows away from the satellite", cyclic=True),
    "avg_phase_rad": Scale(*_PHASE, "Averaged phase (rad), grows away", cyclic=True),
    "aspect_deg": Scale("twilight", 0, 360, "Aspect (degree, clockwise from north)", cyclic=True),
    "cor": Scale("gray", 0, 1, "Coherence"),
    "mean_coherence": Scale("gray", 0, 1, "Mean coherence"),
    "probability": Scale("magma_r", 0, 1, "Probability of an active landslide"),
    "hillshade": Scale("gray", 1, 255, "Hillshade, light from the north-west"),
    "phase_bias_flag": Scale("magma_r", 0, 1, "1 biased", classes=True),
    "observable_class": Scale("cividis", 0, 5, "Class of observability", classes=True),
    "layover_shadow": Scale("cividis", 0, 3, "0 good, 1 layover, 2 shadow, 3 both", classes=True),
}
_ADAPTIVE = {
    "los_rate_mm_per_yr": ("RdBu", "LOS rate (mm/yr)", "symmetric"),
    "los_displacement_mm": ("RdBu", "LOS displacement (mm)", "symmetric"),
    "los_rate_std_mm_per_yr": ("viridis", "Standard error of the LOS rate (mm/yr)", "from zero"),
    **dict.fromkeys(layers.SMALLEST_SPEED, ("viridis", "Smallest speed down the slope (mm/yr)", "from zero")),
    "unw_rad": ("viridis", "Unwrapped phase (rad), grows away", "range"),
    "slope_deg": ("cividis", "Slope (degree)", "from zero"),
    "avg_phase_std_rad": ("viridis", "Standard error of the averaged phase (rad)", "from zero"),
    "curvature_profile_per_m": ("PuOr", "Profile curvature (1/m)", "symmetric"),
    "curvature_total_per_m": ("PuOr", "Curvature (1/m)", "symmetric"),
    "curvature_plan_per_m": ("PuOr", "Plan curvature (1/m)", "symmetric"),
    "closure_rms_rad": ("viridis", "RMS of the phase closure (rad)", "from zero"),
    "unwrap_error_count": ("magma_r", "Triplets that do not close", "counts"),
    "elevation_m": ("gist_earth", "Ellipsoidal height (m)", "range"),
    "mean_amplitude_db": ("gray", "Mean backscatter (dB, uncalibrated)", "range"),
}
