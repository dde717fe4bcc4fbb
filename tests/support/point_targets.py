"""Point targets without speckle or noise: what the engine's phase and geolocation are tested with."""

from pathlib import Path

import numpy as np

from sarsim import geometry, safe
from sarsim.acquisition import SimulatedAcquisition, SimulatedTrack, acquire, plan_track
from sarsim.slc import BurstImage


def simulate_point_targets(
    folder: str | Path,
    stack: str,
    date: str,
    lon: np.ndarray,
    lat: np.ndarray,
    height_m: np.ndarray,
    amplitude: np.ndarray | float = 8000.0,
    extra_path_m: np.ndarray | float = 0.0,
    seed: int = 1,
    samples: int | None = None,
    track: SimulatedTrack | None = None,
) -> tuple[Path, SimulatedAcquisition]:
    """Write one SAFE folder and its orbit file into `folder` (replaced), holding only these targets.

    lon, lat (degree), height_m (ellipsoidal), each (n,): positions, WGS 84. amplitude: peak digital number (below 32767 where
    targets overlap). extra_path_m: one-way path delay, positive = longer path; only the phase -4 pi / wavelength (R + extra)
    feels it. samples: range samples kept around the targets' middle (all targets by default). track: the track of another
    date's call, so that dates with other targets share the swath. Returns the SAFE folder and the true acquisition; its
    `arc` and `burst_starts` give each target's exact time and range through `geometry.zero_doppler`.
    """
    points = geometry.to_ecef(np.asarray(lon, float), np.asarray(lat, float), np.asarray(height_m, float)).reshape(
        -1, 3
    )
    acq = acquire(track or plan_track(stack, points, samples), date, seed)
    t, slant = geometry.zero_doppler(acq.arc, points)
    bursts = []
    for k in range(len(acq.burst_starts)):
        image = BurstImage(acq, k)
        image.add_points(t, slant, amplitude, extra_path_m)
        bursts.append(image.pixels())
    return safe.write_acquisition(folder, acq, bursts, noise_power=0.0), acq
