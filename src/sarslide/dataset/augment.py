"""Augmentation that stays physically right (D08, D10): flips and quarter turns of a north-up map, and noise in a rate.

Turning a map turns every vector on it: the components (aspect_sin, aspect_cos) and (los_east, los_north) are mixed as vectors.
Layers that belong to a cell whatever the map's orientation stay as they are: rates along the line of sight,
`downslope_sensitivity`, coherence, slope, curvature. A turned map is then a consistent world under a turned satellite. Angles in
degrees (aspect, heading) cannot be features of a turned stack: their sine and cosine can.

Added noise is smooth over a few cells, as filters and unwrapping leave it, in proportion to the standard error, which grows
with it: the channels keep telling the truth about each other.
"""

from collections.abc import Sequence

import numpy as np

from sarslide.errors import TrainingError

ORIENTATIONS = 8
VECTORS = (("aspect_sin", "aspect_cos"), ("los_east", "los_north"))
ANGLES = ("aspect_deg", "heading_deg")
RATES = (
    ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    ("phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr"),
)
NOISE_SHARE = 1.0  # most noise added, in standard errors
NOISE_CELLS = (0.7, 4.0)  # range of the noise's smoothing, standard deviation


def orient_raster(raster: np.ndarray, orientation: int) -> np.ndarray:
    """A raster (..., rows, cols), north up, in orientation 0 to 7: turned left `orientation % 4` times by 90 degrees, and
    before that mirrored east-west from 4 on."""
    mirrored = raster[..., ::-1] if orientation >= 4 else raster
    return np.rot90(mirrored, orientation % 4, axes=(-2, -1))


def orient_stack(stack: np.ndarray, names: Sequence[str], orientation: int) -> np.ndarray:
    """A feature stack (channels, rows, cols) in another orientation, east and north components turned with it.

    names: the registered layer of each channel. Raises TrainingError where a channel is an angle, or one component of a vector
    is there without the other.
    """
    names = list(names)
    turned = np.ascontiguousarray(orient_raster(stack, orientation))
    check(names)
    for east_name, north_name in VECTORS:
        if east_name in names:
            e, n = names.index(east_name), names.index(north_name)
            turned[e], turned[n] = _orient_vector(turned[e].copy(), turned[n].copy(), orientation)
    return turned


def check(names: Sequence[str]) -> None:
    """Raise TrainingError unless a stack of these channels can be turned."""
    for angle in ANGLES:
        if angle in names:
            raise TrainingError(f"channel '{angle}' is an angle and cannot be turned", "use its sine and cosine")
    for pair in VECTORS:
        if len(set(pair) & set(names)) == 1:
            raise TrainingError(f"one of the channels {pair[0]} and {pair[1]} is missing", "use both or none")


def _orient_vector(east: np.ndarray, north: np.ndarray, orientation: int) -> tuple[np.ndarray, np.ndarray]:
    """Components of a vector field after the map was mirrored and turned: left by 90 degrees makes east north."""
    if orientation >= 4:
        east = -east
    for _ in range(orientation % 4):
        east, north = -north, east
    return east, north


def add_noise(stack: np.ndarray, names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """A copy whose rates carry additional smooth noise (D08), in units of their standard error channel.

    Its share of the standard error is drawn from 0 to `NOISE_SHARE`, its smoothness from `NOISE_CELLS`. Rates without their
    standard error among the channels stay as they are.
    """
    from scipy.ndimage import gaussian_filter

    noisy, names = stack.copy(), list(names)
    for rate, error in RATES:
        if rate in names and error in names:
            field = gaussian_filter(rng.standard_normal(stack.shape[1:], np.float32), rng.uniform(*NOISE_CELLS))
            share = rng.uniform(0, NOISE_SHARE)
            noisy[names.index(rate)] += share * field / field.std() * stack[names.index(error)]
            noisy[names.index(error)] *= np.float32(np.hypot(1, share))
    return noisy
