"""One acquisition, or a piece of it, as an archive lists it, checked before it is used."""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from sarslide.catalog.scene_row import ADDRESS, ArchiveRow
from sarslide.catalog.scenes import ARCHIVE_COLUMNS
from sarslide.errors import DownloadError
from sarslide.io import bounded

# Names become names of files: what does not look like one of these is not taken.
BURST = re.compile("S1_[0-9]{1,6}_IW[123]_[0-9]{8}T[0-9]{6}_(VV|VH|HH|HV)_[0-9A-F]{4}-BURST")
SCENE = re.compile(
    "S1[A-D]_IW_SLC__1S(SV|SH|DV|DH)_[0-9]{8}T[0-9]{6}_[0-9]{8}T[0-9]{6}_[0-9]{6}_[0-9A-F]{6}_[0-9A-F]{4}"
)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z?")
NAME_S = 5.0  # between the start of an acquisition and that in its name, which has whole seconds, s
SAME_S = 3.0  # products of one slice, processed twice, start within this, s


def utc(text: str) -> np.datetime64:
    """A time of a record.

    Parameters
    ----------
    text : str
        ISO 8601, UTC, with or without `Z`.

    Returns
    -------
    numpy.datetime64
        Microseconds.

    Raises
    ------
    ValueError
        For another text, an offset among them.
    """
    if not TIME.fullmatch(text):
        raise ValueError(f"the time {bounded.shown(text)}")
    return np.datetime64(text.rstrip("Z"), "us")


@dataclass(frozen=True)
class Granule:
    """A single burst or a whole SLC. Times are UTC.

    Attributes
    ----------
    stack : str
        Pass and relative orbit.
    granule : str
        Name.
    platform : str
        S1A ...
    absolute_orbit : int
        Number of the orbit.
    start, stop : numpy.datetime64
        UTC.
    polarisation : str
        VV, VH, HH or HV.
    burst_ids : tuple of str
        Such as 136231_IW2, sorted.
    bytes : int
        Of its file; 0 where the archive does not state it.
    checksum : str
        `md5:` or `sha256:` and hex digits; empty where the archive does not state it.
    address : str
        Of its file.
    ipf, published : str
        Version of the processor and time of publication: order two versions of one acquisition.
    """

    stack: str
    granule: str
    platform: str
    absolute_orbit: int
    start: np.datetime64
    stop: np.datetime64
    polarisation: str
    burst_ids: tuple[str, ...]
    bytes: int
    checksum: str
    address: str
    ipf: str
    published: str

    def __post_init__(self) -> None:
        texts = isinstance(self.granule, str) and isinstance(self.address, str)
        named = texts and (BURST.fullmatch(self.granule) or SCENE.fullmatch(self.granule))
        cure = "check the address of the search in the section catalog"
        if not (named and ADDRESS.fullmatch(self.address)):
            raise DownloadError(
                f"the archive lists '{bounded.shown(self.granule)}' at '{bounded.shown(self.address)}', which is no"
                " Sentinel-1 granule",
                cure,
            )
        day = str(self.start)[:10].replace("-", "")
        bounded.typed(
            ArchiveRow, self.row(day, ""), f"the archive lists {self.granule}", DownloadError, "run again later"
        )
        if not self._fits_name():
            raise DownloadError(
                f"the archive lists {self.granule} with the time, orbit or burst of another", "run again later"
            )

    def _fits_name(self) -> bool:
        """Whether facts are those that the name states."""
        try:
            stated = datetime.strptime(re.findall("[0-9]{8}T[0-9]{6}", self.granule)[0], "%Y%m%dT%H%M%S")
        except ValueError:
            return False
        if not abs((self.start - np.datetime64(stated)) / np.timedelta64(1, "s")) < NAME_S:
            return False
        if BURST.fullmatch(self.granule):
            _, number, swath, _, polarisation, _ = self.granule.split("_")
            return (self.burst_ids, self.polarisation) == ((f"{int(number):06d}_{swath}",), polarisation)
        return (self.platform, f"{self.absolute_orbit:06d}") == (self.granule[:3], self.granule[49:55])

    @property
    def what(self) -> tuple:
        """What was acquired: the same for two versions of it."""
        if BURST.fullmatch(self.granule):
            return self.stack, self.absolute_orbit, self.burst_ids, self.polarisation
        return self.stack, self.absolute_orbit, self.platform

    def row(self, date: str, first_seen: str) -> dict[str, str]:
        """The row of the scene table, without orbit.

        Parameters
        ----------
        date : str
            `YYYYMMDD`: UTC date of its pass.
        first_seen : str
            When the archive was searched.

        Returns
        -------
        dict
            By column.
        """
        return dict.fromkeys(ARCHIVE_COLUMNS, "") | {
            "stack": self.stack,
            "date": date,
            "granule": self.granule,
            "platform": self.platform,
            "absolute_orbit": f"{self.absolute_orbit:06d}",
            "start_utc": str(self.start),
            "stop_utc": str(self.stop),
            "polarisation": self.polarisation,
            "burst_ids": " ".join(self.burst_ids),
            "bytes": str(self.bytes or ""),
            "checksum": self.checksum,
            "address": self.address,
            "first_seen": first_seen,
        }


def same_acquisition(row: dict[str, str], granule: Granule) -> bool:
    """Whether the row of a table shows another version of what a granule shows.

    Parameters
    ----------
    row : dict
        Of the scene table.
    granule : Granule
        The granule.

    Returns
    -------
    bool
        True for the same bursts, or SLCs that start within SAME_S.
    """
    if (row["stack"], int(row["absolute_orbit"])) != (granule.stack, granule.absolute_orbit):
        return False
    if bool(BURST.fullmatch(row["granule"])) != bool(BURST.fullmatch(granule.granule)):
        return False
    if BURST.fullmatch(granule.granule):
        return (row["burst_ids"], row["polarisation"]) == (" ".join(granule.burst_ids), granule.polarisation)
    return bool(abs((np.datetime64(row["start_utc"]) - granule.start) / np.timedelta64(1, "s")) < SAME_S)
