"""Products of full swath width without a scene: what costs and memory of an engine are measured
with.
"""

from pathlib import Path

import numpy as np

from sarsim import annotation, geometry, safe
from sarsim.acquisition import SimulatedAcquisition, acquire, plan_track
from sarsim.slc import BurstImage

SAMPLES = 25000  # of an IW2 burst


def write_noise_product(
    folder: str | Path,
    stack: str,
    date: str,
    lon: float,
    lat: float,
    height_m: float,
    samples: int = SAMPLES,
    seed: int = 1,
) -> tuple[Path, SimulatedAcquisition]:
    """Write one SAFE folder and its orbit file: two bursts of speckle without a scene.

    The samples fill the processed bands under the annotated windows and carry the azimuth ramp, as
    those of a scene do; their mean power is that of ground of sigma nought -12 dB. Dates have no
    coherence with each other. About 7 CPU s and 1.6 GB for 25,000 samples.

    Parameters
    ----------
    folder : str or Path
        Is replaced.
    stack : str
        Name of the stack, `A128` for an ascending, `D062` for a descending relative orbit.
    date : str
        Day of the pass, YYYYMMDD.
    lon, lat, height_m : float
        Ground in the middle of the swath, where the two bursts overlap; degrees, and ellipsoidal
        height in m.
    samples : int
        Samples of a line.
    seed : int
        Seed of the speckle.

    Returns
    -------
    tuple
        Path of the SAFE folder, and the acquisition.
    """
    point = geometry.to_ecef(*np.array([[lon], [lat], [height_m]], float))
    acq = acquire(plan_track(stack, point, samples), date, seed)
    power = annotation.noise_power(acq) * 10**1.2
    keys = [np.random.SeedSequence((seed, *acq.track.seed_key(int(date), 4, k))) for k in range(len(acq.burst_starts))]
    bursts = [BurstImage(acq, k).pixels(power, np.random.default_rng(key)) for k, key in enumerate(keys)]
    return safe.write_acquisition(folder, acq, bursts, annotation.noise_power(acq)), acq
