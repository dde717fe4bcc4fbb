"""How a track sees a region at product level: one heading, incidence that grows linearly across the
region, layover and shadow along one line of sight.
"""

from dataclasses import dataclass

import numpy as np

from sarsim import landcover
from sarsim.geometry import visibility
from sarsim.scattering import ScatteringSettings, texture
from sarsim.world import World
from sarslide.catalog.repeat_orbit import INCIDENCE_DEG
from sarslide.names import check_stack

HEADING_DEG = {"A": 347.4, "D": 192.6}
RANGE_M = 850e3  # slant range in the middle of the swath


@dataclass(frozen=True)
class TrackView:
    """How a track sees the region; arrays are (rows, cols).

    Attributes
    ----------
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    incidence_deg : ndarray
        From the vertical, degree.
    los_east, los_north, los_up : ndarray
        Unit vector from the ground to the satellite.
    layover_shadow : ndarray
        uint8, as the layer.
    local_incidence_deg : ndarray
        From the slope's normal, in the plane of range, degree; negative where the slope overtakes
        the wave front.
    """

    stack: str
    incidence_deg: np.ndarray
    los_east: np.ndarray
    los_north: np.ndarray
    los_up: np.ndarray
    layover_shadow: np.ndarray
    local_incidence_deg: np.ndarray


def to_range(stack: str) -> np.ndarray:
    """Where a track looks on the map.

    Parameters
    ----------
    stack : str
        Name of the stack.

    Returns
    -------
    (2,) array of float
        Unit vector, east and north, away from the satellite.
    """
    look = np.radians(HEADING_DEG[stack[0]] + 90)
    return np.array([np.sin(look), np.cos(look)])


def view(world: World, stack: str) -> TrackView:
    """The geometry of a track over the world's region.

    Parameters
    ----------
    world : World
        The simulated region.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.

    Returns
    -------
    TrackView
        The geometry.
    """
    check_stack(stack)
    away = to_range(stack)
    x, y = world.region.x(), world.region.y()
    ground_range = (x - x.mean())[None, :] * away[0] + (y - y.mean())[:, None] * away[1]
    middle = np.radians(INCIDENCE_DEG[stack[0]])
    incidence = middle + ground_range * np.cos(middle) / RANGE_M
    los = np.array([-np.sin(middle) * away[0], -np.sin(middle) * away[1], np.cos(middle)])
    shadow, layover = visibility(world.elevation_m, world.grid.cell_m, los)
    north, east = np.gradient(world.elevation_m, -world.grid.cell_m, world.grid.cell_m)
    rise = np.arctan(north * away[1] + east * away[0])[world.window]
    # A slope that rises away from the satellite faces it.
    local = incidence - rise
    return TrackView(
        stack,
        np.degrees(incidence).astype(np.float32),
        (-np.sin(incidence) * away[0]).astype(np.float32),
        (-np.sin(incidence) * away[1]).astype(np.float32),
        np.cos(incidence).astype(np.float32),
        (layover + 2 * shadow).astype(np.uint8)[world.window],
        np.degrees(local).astype(np.float32),
    )


def gamma_nought_db(world: World, scattering: ScatteringSettings | None = None) -> np.ndarray:
    """Backscatter of the ground.

    Parameters
    ----------
    world : World
        The simulated region.
    scattering : ScatteringSettings, optional
        Classes and texture; None: those of `landcover`, without texture.

    Returns
    -------
    (rows, cols) array of float32
        dB.
    """
    settings, cover = scattering or ScatteringSettings(), world.land_cover[world.window]
    gamma = settings.table("gamma0_db")[cover]
    if settings.texture_variance:
        uneven = texture(world.seed, world.grid.cell_m, *world.window, settings.texture_variance)
        gamma += np.where(cover == landcover.WATER, 0, 10 * np.log10(uneven))
    return gamma


def mean_amplitude_db(world: World, seen: TrackView, scattering: ScatteringSettings | None = None) -> np.ndarray:
    """Backscatter in slant range.

    Gamma nought of the ground by the area that a range cell holds.

    Parameters
    ----------
    world : World
        The simulated region.
    seen : TrackView
        How the track sees the region.
    scattering : ScatteringSettings, optional
        As of `gamma_nought_db`.

    Returns
    -------
    (rows, cols) array of float32
        dB.
    """
    local = np.radians(np.clip(seen.local_incidence_deg, 4, 86))
    return (gamma_nought_db(world, scattering) - 10 * np.log10(np.tan(local))).astype(np.float32)
