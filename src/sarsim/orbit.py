"""Orbits of the simulated satellite: Earth-fixed state vectors by numerical integration, polynomial
arcs around a scene.

The force model is the point mass and J2 of WGS 84, written in the rotating frame, so that no
sidereal time enters: the simulated track repeats exactly every twelve days, as the reference orbit
of Sentinel-1 does.
"""

from dataclasses import dataclass

import numba
import numpy as np

GM = 3.986004418e14  # m3/s2, WGS 84
J2 = 1.08262668e-3
EARTH_RADIUS = 6378137.0  # m
EARTH_RATE = 7.2921150e-5  # rad/s
STATE_STEP = 10.0  # s between published state vectors


@dataclass(frozen=True)
class SimulatedArc:
    """Earth-fixed position as a polynomial of time.

    Attributes
    ----------
    coefficients : (n, 3) array of float
        Of the powers of (t - middle) / scale, m.
    middle : float
        Middle of the arc, s after the epoch of the scene.
    scale : float
        The arc holds for |t - middle| <= scale, s.
    """

    coefficients: np.ndarray
    middle: float
    scale: float

    def state(self, t: np.ndarray | float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position, velocity and acceleration.

        Parameters
        ----------
        t : float or array of float
            s.

        Returns
        -------
        tuple of ndarray
            m, m/s, m/s2, (..., 3) each.
        """
        from numpy.polynomial import polynomial

        x = (np.asarray(t, float) - self.middle) / self.scale
        first, second = polynomial.polyder(self.coefficients), polynomial.polyder(self.coefficients, 2)
        values = (polynomial.polyval(x, c) for c in (self.coefficients, first / self.scale, second / self.scale**2))
        position, velocity, acceleration = (np.moveaxis(v, 0, -1) for v in values)
        return position, velocity, acceleration


def fit_arc(times: np.ndarray, positions: np.ndarray, velocities: np.ndarray, degree: int) -> SimulatedArc:
    """Least-squares polynomial through state vectors.

    Parameters
    ----------
    times : (n,) array of float
        s.
    positions, velocities : (n, 3) array of float
        Earth-fixed, m and m/s.
    degree : int
        Of the polynomial.

    Returns
    -------
    SimulatedArc
        The arc.
    """
    middle = 0.5 * (times[0] + times[-1])
    scale = 0.5 * (times[-1] - times[0])
    x = (times - middle) / scale
    powers = np.vander(x, degree + 1, increasing=True)
    slopes = np.zeros_like(powers)
    slopes[:, 1:] = powers[:, :-1] * np.arange(1, degree + 1)
    # Chebyshev-scaled fits would be needed only above degree 15; here the normal matrix stays well
    # conditioned
    design = np.vstack([powers, slopes])
    coefficients = np.linalg.lstsq(design, np.vstack([positions, velocities * scale]), rcond=None)[0]
    return SimulatedArc(coefficients, middle, scale)


@numba.njit(cache=True)
def _acceleration(state):
    x, y, z, vx, vy, vz = state
    r2 = x * x + y * y + z * z
    pull = -GM / (r2 * np.sqrt(r2))
    oblate = 1.5 * J2 * EARTH_RADIUS**2 / r2
    equator = pull * (1.0 + oblate * (1.0 - 5.0 * z * z / r2))
    pole = pull * (1.0 + oblate * (3.0 - 5.0 * z * z / r2))
    w = EARTH_RATE
    ax = equator * x + 2.0 * w * vy + w * w * x
    ay = equator * y - 2.0 * w * vx + w * w * y
    return np.array([vx, vy, vz, ax, ay, pole * z])


@numba.njit(cache=True)
def _integrate(state, step, steps, every):
    """Runge-Kutta of order 4; states after each `every` steps, the first included."""
    out = np.empty((steps // every + 1, 6))
    out[0] = state
    for k in range(1, steps + 1):
        k1 = _acceleration(state)
        k2 = _acceleration(state + 0.5 * step * k1)
        k3 = _acceleration(state + 0.5 * step * k2)
        k4 = _acceleration(state + step * k3)
        state = state + step / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        if k % every == 0:
            out[k // every] = state
    return out


def propagate(
    state: np.ndarray, before: float, after: float, step: float = STATE_STEP
) -> tuple[np.ndarray, np.ndarray]:
    """States of an orbit before and after a known one.

    Runge-Kutta steps of at most 1 s: the integration error stays below 1e-6 m over an hour.

    Parameters
    ----------
    state : (6,) array of float
        Earth-fixed, m and m/s.
    before, after : float
        How far, s.
    step : float
        Between states, s.

    Returns
    -------
    tuple of ndarray
        Times, s, 0 at `state`; states (n, 6).
    """
    per_step = int(np.ceil(step))
    back, forth = int(np.ceil(before / step)), int(np.ceil(after / step))
    past = _integrate(state, -step / per_step, back * per_step, per_step)[:0:-1]
    future = _integrate(state, step / per_step, forth * per_step, per_step)
    return np.arange(-back, forth + 1) * step, np.vstack([past, future])


def ascending_node_time(state: np.ndarray) -> float:
    """Time of the last northward crossing of the equator.

    Parameters
    ----------
    state : (6,) array of float
        Earth-fixed, m and m/s.

    Returns
    -------
    float
        s, negative, 0 at `state`.
    """
    times, states = propagate(state, 6000.0, STATE_STEP)
    z, vz = states[:, 2], states[:, 5]
    k = np.nonzero((z[:-1] < 0) & (z[1:] >= 0) & (times[:-1] < 0))[0][-1]
    t = -z[k] / vz[k]
    for _ in range(5):
        at = _integrate(states[k], t / 16.0, 16, 16)[-1]
        t -= at[2] / at[5]
    return float(times[k] + t)
