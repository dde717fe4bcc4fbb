"""What the samples of a burst are computed with, by `cpu` and `tensor` alike."""

from dataclasses import dataclass

import numpy as np

from sarslide.insar.native.kernel import azimuth_table, range_table
from sarslide.sentinel1.burst import Burst
from sarslide.sentinel1.deramp import Ramp, ramp_of


@dataclass(frozen=True)
class BurstProgram:
    """What the samples of a burst are computed with.

    Attributes
    ----------
    burst : Burst
        The burst.
    ramp : Ramp
        Its ramp.
    azimuth_table, range_table : array of float32
        Interpolation tables of its bands.
    """

    burst: Burst
    ramp: Ramp
    azimuth_table: np.ndarray
    range_table: np.ndarray

    @classmethod
    def of(cls, burst: Burst) -> "BurstProgram":
        """The program of a burst.

        Parameters
        ----------
        burst : Burst
            The burst.

        Returns
        -------
        BurstProgram
            Its ramp and tables.
        """
        return cls(
            burst,
            ramp_of(burst),
            azimuth_table(burst.azimuth_band, burst.line_interval_s),
            range_table(burst.range_band, burst.range_sampling_hz),
        )
