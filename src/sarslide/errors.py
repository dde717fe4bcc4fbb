"""Every error that a user can cause or meet, each with a code, the file, the value and the cure.

Codes: 1xxx inputs, 2xxx network, 3xxx SAR, 4xxx model, 5xxx inventory.
`docs/reference/errors.md` lists them with their cures.
"""

import errno
import re
import shutil
from collections.abc import Sequence

FORMAT_VERSION = 1
FULL, FULL_BYTES = (errno.ENOSPC, errno.EDQUOT), 2**20  # GDAL gives no number, only a failed write
LONGEST_MESSAGE = 300  # characters of the message of an unexpected exception


class SarslideError(Exception):
    """Root of all sarslide errors; `str(error)` is one line, `E1001 problem; cure: what to do`.

    Parameters
    ----------
    problem : str
        What is wrong, with the file or the value.
    cure : str
        What to do.
    of_ground : bool
        Whether it lies in the ground of a frame: other frames may have rates.
    """

    code = 1000

    def __init__(self, problem: str, cure: str, of_ground: bool = False):
        self.problem, self.cure, self.of_ground = problem, cure, of_ground
        super().__init__(f"E{self.code} {problem}; cure: {cure}")


def shorten(text: str, limit: int) -> str:
    """Cut a text.

    Parameters
    ----------
    text : str
        The text.
    limit : int
        Characters that it may have.

    Returns
    -------
    str
        The text, or its beginning and `...`.
    """
    return text if len(text) <= limit else text[: limit - 3] + "..."


def without_secrets(text: str) -> str:
    """A text without what addresses in it hold for their server alone: user, password, query.

    Parameters
    ----------
    text : str
        A message, or an address.

    Returns
    -------
    str
        `https://host/path` of `https://user:word@host/path?key=word`.
    """
    without_login = re.sub(r"(://)[^\s'\"]*@", r"\1", text)
    return re.sub(r"(://[^\s?#'\"]*)[?#][^\s'\"]*", r"\1", without_login)


def unexpected(error: BaseException, record: str) -> SarslideError:
    """The coded line of an exception that no code of ours raised on purpose.

    Parameters
    ----------
    error : BaseException
        The exception.
    record : str
        Where its traceback stands: a log file, or words.

    Returns
    -------
    SarslideError
        OutputError for a full disk, else E1000 with type and message; the cure names `record`.
    """
    message = shorten(" ".join(str(error).split()), LONGEST_MESSAGE)
    if isinstance(error, OSError) and (error.errno in FULL or shutil.disk_usage(".").free < FULL_BYTES):
        return OutputError(message, "free space on the disk, or take another with --directory; then run again")
    if isinstance(error, MemoryError):
        cure = f"run again with fewer --cores or more memory; the traceback is in {record}"
        return SarslideError(f"out of memory: {message or 'an allocation failed'}", cure)
    cure = f"report it with the traceback in {record}"
    if isinstance(error, OSError):
        cure = f"see that what it names is there, whole, readable and writable; else {cure}"
    return SarslideError(f"unexpected {type(error).__name__}: {message or 'no message'}", cure)


class ConfigError(SarslideError):
    """A configuration key or value that the models refuse.

    As text, one coded line for each mistake of a configuration.

    Parameters
    ----------
    problem, cure : str
        Of the first mistake.
    others : sequence of ConfigError
        Further mistakes of the same configuration.
    """

    code = 1001

    def __init__(self, problem: str, cure: str, others: "Sequence[ConfigError]" = ()):
        super().__init__(problem, cure)
        self.others = tuple(others)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.others)])


class RasterError(SarslideError):
    """A raster that cannot be read, is truncated, or is not what its name states."""

    code = 1002


class LayerError(SarslideError):
    """A raster layer that is not in the registry, or does not have its registered dtype or unit."""

    code = 1003


class GridError(SarslideError):
    """Rasters that do not lie on the region grid, or bounds that hold no cell."""

    code = 1004


class VectorError(SarslideError):
    """A vector file that cannot be read, or whose geometry or columns are not usable."""

    code = 1005


class DemError(SarslideError):
    """A DEM that does not cover the region, or whose heights are not ellipsoidal."""

    code = 1006


class OutputError(SarslideError):
    """A folder that cannot be written, one for an export that holds other files, or a full disk."""

    code = 1007


class CatalogError(SarslideError):
    """A scene table that is missing, empty, not readable or contradictory."""

    code = 1008


class NamingError(SarslideError):
    """A date, pair, stack, burst or release identifier that does not parse."""

    code = 1009


class FormatError(SarslideError):
    """A results folder of an older or a newer version."""

    code = 1010


class PackageError(SarslideError):
    """A package that a choice of the configuration needs and that is not installed."""

    code = 1011


class LockError(SarslideError):
    """Another run, or a job of an earlier one, works in the folder; one was interrupted there; or a
    newer run has begun.
    """

    code = 1012


class DamageError(SarslideError):
    """A file of the results that does not have the hash that was recorded when it was written."""

    code = 1013


class HistoryError(SarslideError):
    """Results whose inputs, times or records of making have changed since they were made."""

    code = 1014


class NetworkError(SarslideError):
    """A disconnected network of pairs: a gap splits that of a stack into islands."""

    code = 2001


class DownloadError(SarslideError):
    """A server that refuses, does not answer, or delivers a file that is incomplete or wrong."""

    code = 2002
    gone = False  # whether the server states that there is no such file


class CredentialsError(SarslideError):
    """Credentials that are missing, or that a server does not accept."""

    code = 2003


class SafeError(SarslideError):
    """A SAFE product that is incomplete or corrupt."""

    code = 3001


class AnnotationError(SafeError):
    """An annotation without the records that the engine needs, or with numbers of no IW product."""

    code = 3002


class OrbitError(SarslideError):
    """Missing state vectors, or an orbit file that does not cover the acquisition."""

    code = 3003


class CoverageError(SarslideError):
    """A region that lies outside every burst."""

    code = 3004


class StackError(SarslideError):
    """Acquisitions that do not form one stack: another track, too few dates."""

    code = 3005


class UnwrapError(SarslideError):
    """A phase field that could not be unwrapped."""

    code = 3006


class InterferogramError(SarslideError):
    """An external interferogram whose pair, sign, unit or grid is not usable."""

    code = 3007


class RateError(SarslideError):
    """A rate that cannot be estimated: no pairs, no valid cell, no reference area."""

    code = 3008


class ProcessorError(SarslideError):
    """An outside processor (ISCE2, SNAP, MintPy ...) that is absent, fails or takes too long."""

    code = 3009


class DelayError(SarslideError):
    """Delays of a date that are missing, unreadable, elsewhere, or in another unit or sign."""

    code = 3010


class WeightsError(SarslideError):
    """Network weights that are missing, corrupt, or made for other channels or another network."""

    code = 4001


class TrainingError(SarslideError):
    """A training set or a training run that cannot give a usable network."""

    code = 4002


class ReviewError(SarslideError):
    """A reviewer's file with an unknown action, id or geometry, or of another release or region."""

    code = 5001


class ReleaseError(SarslideError):
    """A release that is not there, is incomplete or was changed, or dates that end before those of
    the newest release.
    """

    code = 5002
