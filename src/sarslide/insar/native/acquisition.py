"""What the sidecar of a geocoded SLC states of its acquisition, and what the pairs take from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarslide import names
from sarslide.constants import SPEED_OF_LIGHT
from sarslide.errors import CoverageError, StackError
from sarslide.grid import RegionGrid
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from sarslide.sentinel1.baseline import Baseline, baseline
from sarslide.sentinel1.geometry import zero_doppler
from sarslide.sentinel1.orbit import Arc, Orbit

if TYPE_CHECKING:  # pairs start without the readers of products
    from sarslide.sentinel1.safe import Scene

AROUND_S = 40.0  # orbit kept on both sides of the region's centre, s


@dataclass(frozen=True)
class Acquisition:
    """One date of a stack as seen from the centre of the region.

    Attributes
    ----------
    stack, date, mission : str
        Stack such as A128, date YYYYMMDD, satellite such as S1A.
    utc : str
        Zero-Doppler time of the centre, ISO.
    wavelength_m : float
        Radar wavelength, m.
    centre_m : (3,) array of float
        Earth-fixed coordinates of the centre, m.
    samples_per_m2 : float
        Independent samples on level ground, from bandwidths and windows.
    cycle_phase : float
        Fraction of the burst cycle at which the bursts have their middle, 0 to 1.
    orbit : Orbit
        State vectors around the pass.
    """

    stack: str
    date: str
    mission: str
    utc: str
    wavelength_m: float
    centre_m: np.ndarray
    samples_per_m2: float
    cycle_phase: float
    orbit: Orbit

    def to_dict(self) -> dict:
        """JSON-ready values."""
        return {
            "stack": self.stack,
            "date": self.date,
            "platform": self.mission,
            "orbit_pass": "ASCENDING" if self.stack[0] == "A" else "DESCENDING",
            "relative_orbit": int(self.stack[1:]),
            "utc": self.utc,
            "wavelength_m": self.wavelength_m,
            "centre_m": self.centre_m.tolist(),
            "samples_per_m2": self.samples_per_m2,
            "cycle_phase": self.cycle_phase,
            "orbit": {
                "file": self.orbit.source,
                "epoch": str(self.orbit.epoch),
                "time_s": self.orbit.time_s.tolist(),
                "position_m": self.orbit.position_m.tolist(),
                "velocity_m_s": self.orbit.velocity_m_s.tolist(),
            },
        }

    @classmethod
    def from_dict(cls, values: dict) -> "Acquisition":
        """The acquisition of a sidecar.

        Parameters
        ----------
        values : dict
            Content of the sidecar.

        Returns
        -------
        Acquisition
            The acquisition.
        """
        orbit = values["orbit"]
        time_s, position_m, velocity_m_s = (np.array(orbit[key]) for key in ("time_s", "position_m", "velocity_m_s"))
        return cls(
            stack=values["stack"],
            date=values["date"],
            mission=values["platform"],
            utc=values["utc"],
            wavelength_m=values["wavelength_m"],
            centre_m=np.array(values["centre_m"]),
            samples_per_m2=values["samples_per_m2"],
            cycle_phase=values["cycle_phase"],
            orbit=Orbit(np.datetime64(orbit["epoch"], "us"), time_s, position_m, velocity_m_s, orbit["file"]),
        )


def noise_bandwidth(bandwidth_hz: float, window: float) -> float:
    """Noise-equivalent bandwidth of a generalised Hamming window a + (1 - a) cos.

    (integral of w^2)^2 / (integral of w^4): the number of equal-power independent samples in a
    second of speckle.

    Parameters
    ----------
    bandwidth_hz : float
        Bandwidth, Hz.
    window : float
        Coefficient a.

    Returns
    -------
    float
        Rate of independent samples, Hz.
    """
    f = np.linspace(-0.5, 0.5, 2001)
    power = (window + (1 - window) * np.cos(2 * np.pi * f)) ** 2
    return float(bandwidth_hz * power.mean() ** 2 / (power**2).mean())


def acquisition_of(scene: "Scene", surface: Surface, region: RegionGrid) -> Acquisition:
    """The acquisition of a scene over the centre of a region.

    Parameters
    ----------
    scene : Scene
        The scene.
    surface : Surface
        Heights of the ground.
    region : RegionGrid
        Grid of the region.

    Returns
    -------
    Acquisition
        The acquisition.

    Raises
    ------
    CoverageError
        When the state vectors around the scene do not pass the centre.
    """
    west, south, east, north = region.bounds
    x, y = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    point, normal = earth_fixed_patch(region.epsg, x, y)
    centre = (point + surface.heights(x, y)[..., None] * normal)[0, 0]
    (time,), (distance,) = zero_doppler(scene.arc, centre[None])
    if not np.isfinite(time):
        raise CoverageError(
            f"{scene.stack} {scene.date}: the products lie more than a minute of flight from the region or frame",
            "take the date out, or add the slices that are missing",
        )
    satellite, velocity = scene.arc.position(time), scene.arc.velocity(time)
    incidence = np.arccos(normal[0, 0] @ (satellite - centre) / distance)
    speed = _ground_speed(satellite, velocity, centre)
    # The swath whose middle is nearest in range, so that the choice is the same on all dates.
    burst = min(scene.bursts, key=lambda one: (abs(float(one.sample(distance)) / one.samples - 0.5), one.swath))
    range_rate = 2 * noise_bandwidth(burst.range_band.bandwidth_hz, burst.range_band.window) / SPEED_OF_LIGHT
    azimuth_rate = noise_bandwidth(burst.azimuth_band.bandwidth_hz, burst.azimuth_band.window) / speed
    return Acquisition(
        stack=scene.stack,
        date=scene.date,
        mission=scene.mission,
        utc=scene.utc(time),
        wavelength_m=scene.wavelength_m,
        centre_m=centre,
        samples_per_m2=float(range_rate * np.sin(incidence) * azimuth_rate),
        cycle_phase=scene.cycle_phase,
        orbit=scene.orbit.cut(time, time, AROUND_S),
    )


def ground_speed(arc: Arc, acquisition: Acquisition) -> float:
    """Speed of the beam over the ground at the centre of the region.

    Parameters
    ----------
    arc : Arc
        Orbit of the pass.
    acquisition : Acquisition
        The acquisition.

    Returns
    -------
    float
        Speed, m/s.
    """
    (time,), _ = zero_doppler(arc, acquisition.centre_m[None])
    return _ground_speed(arc.position(time), arc.velocity(time), acquisition.centre_m)


def _ground_speed(satellite: np.ndarray, velocity: np.ndarray, ground: np.ndarray) -> float:
    # The beam moves over the ground more slowly than the satellite flies.
    return float(np.linalg.norm(velocity) * np.linalg.norm(ground) / np.linalg.norm(satellite))


def pair_baseline(earlier: Acquisition, later: Acquisition) -> Baseline:
    """Baseline of a pair at the centre of the region.

    Parameters
    ----------
    earlier, later : Acquisition
        Both dates.

    Returns
    -------
    Baseline
        (later - earlier).

    Raises
    ------
    StackError
        For dates of different tracks or in the wrong order.
    """
    if earlier.stack != later.stack:
        raise StackError(
            f"{earlier.date} is of track {earlier.stack}, {later.date} of {later.stack}", "pair dates of one track only"
        )
    names.pair_name(earlier.date, later.date)
    arcs = []
    for one in (earlier, later):
        time = float((np.datetime64(one.utc, "us") - one.orbit.epoch) / np.timedelta64(1, "us") * 1e-6)
        arcs.append(one.orbit.arc(time, time))
    return baseline(arcs[0], arcs[1], earlier.centre_m)


def bands_swapped(earlier: Acquisition, later: Acquisition) -> bool:
    """Whether bursts that are even on one date are odd on the other.

    The bursts of a track come at one phase of the cycle, to 0.02; where that lies next to a whole
    number it is rounded down on one date and up on the other.

    Parameters
    ----------
    earlier, later : Acquisition
        Both dates.

    Returns
    -------
    bool
        Whether their bands change places.
    """
    return abs(earlier.cycle_phase - later.cycle_phase) > 0.5
