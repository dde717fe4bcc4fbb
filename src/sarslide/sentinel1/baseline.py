"""Perpendicular baselines: later minus earlier, positive up and away from the track."""

from dataclasses import dataclass

import numpy as np

from sarslide.sentinel1.geometry import zero_doppler
from sarslide.sentinel1.orbit import Arc


@dataclass(frozen=True)
class Baseline:
    """Separation of two orbits seen from one point, in the plane across the earlier track.

    Ground that is dh higher than the DEM leaves the phase
    -(4 pi / wavelength) perpendicular_m dh / (R sin incidence).

    Attributes
    ----------
    perpendicular_m : float
        (later - earlier) . n, m, where n is the derivative of the satellite-to-ground look vector
        with the look angle: up and away from the track.
    parallel_m : float
        (later - earlier) . look vector, m.
    """

    perpendicular_m: float
    parallel_m: float


def baseline(earlier: Arc, later: Arc, point: np.ndarray) -> Baseline:
    """Baseline of two arcs, each satellite where it sees a point at zero Doppler.

    Parameters
    ----------
    earlier, later : Arc
        Orbits of the two dates.
    point : (3,) array
        Earth-fixed, m.

    Returns
    -------
    Baseline
        As the point sees it.
    """
    (time_1,), (distance,) = zero_doppler(earlier, point[None])
    (time_2,), _ = zero_doppler(later, point[None])
    satellite = earlier.position(time_1)
    separation = later.position(time_2) - satellite
    look = (point - satellite) / distance
    up = satellite / np.linalg.norm(satellite)
    # In the plane across the track, at right angles to the look vector, pointing up.
    forward = earlier.velocity(time_1) / np.linalg.norm(earlier.velocity(time_1))
    outward = np.cross(look, forward)
    outward *= np.sign(outward @ up) / np.linalg.norm(outward)
    return Baseline(float(separation @ outward), float(separation @ look))
