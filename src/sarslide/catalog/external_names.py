"""How other processors name their files, and what their phase and coherence mean.

gamma
    `..._YYYYMMDD-YYYYMMDD_..._unw.tif`, `..._cc.tif`: interferogram = first x conj(second), the
    phase grows away from the satellite; exact 0 is void. Seen on PyRate's test data of Mexico City
    (tags INSAR_PROCESSOR=GAMMA, DATA_UNITS=RADIANS), where the sinking ground has the growing phase
    (J10).
licsar
    COMET LiCSAR: `YYYYMMDD_YYYYMMDD.geo.unw.tif` (rad, 0 void), `.geo.cc.tif` (uint8, 0..255),
    `*.geo.E|N|U.tif` (unit vector from ground to satellite: U is the cosine of the incidence),
    `baselines` (columns: date of the frame's primary, date, bperp, days), `metadata.txt`
    (`center_time=`). As LiCSBAS reads them (Morishita et al. 2020, doi:10.3390/rs12030424;
    LiCSBAS02_ml_prep.py, LiCSBAS_io_lib.read_bperp_file): displacement = -wavelength / (4 pi) x
    phase, positive towards the satellite (LiCSBAS13_sb_inv.py), so the phase grows away; coherence
    is 255 x share where it is integer. LiCSAR runs GAMMA (Lazecky et al. 2020,
    doi:10.3390/rs12152430), whose perpendicular baseline has our sign.
aria
    ARIA-S1-GUNW NetCDF: `insar/external/aria.py`.
hyp3
    HyP3 product folders: `insar/external/hyp3.py`.
nisar
    NISAR GUNW HDF5, named as delivered: `insar/external/nisar.py`.
custom
    Anything else: patterns are declared, the sign where the files do not tell it. GeoTIFFs, or what
    GAMMA, ROI_PAC and ISCE2 leave (`insar/external/binaries.py`), with dates of eight or six
    digits; without a pattern of the coherence there is none.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from sarslide.errors import InterferogramError
from sarslide.io.bounded import shown, text

MAX_BYTES = 4 << 20
MAX_BASELINE_M = 50e3
AGAIN = "download LiCSAR's files again"


@dataclass(frozen=True)
class Naming:
    """How a processor names its files: patterns below the folder, with {earlier} and {later}.

    Attributes
    ----------
    unwrapped, coherence, baselines : str
        One file a pair; `baselines` is used where the files exist.
    line_of_sight : tuple of str
        East, north and up, used where the files exist.
    metadata : str
        Used where the file exists.
    positive_phase : str, optional
        Motion that makes the phase grow, where the naming alone tells.
    byte_coherence : bool
        Whether integer coherence is 0..255.
    """

    unwrapped: str = ""
    coherence: str = ""
    baselines: str = ""
    line_of_sight: tuple[str, ...] = ()
    metadata: str = ""
    positive_phase: str | None = None
    byte_coherence: bool = False


NAMINGS = {
    "gamma": Naming("*{earlier}-{later}*unw.tif", "*{earlier}-{later}*cc.tif", positive_phase="away"),
    "licsar": Naming(
        "**/{earlier}_{later}.geo.unw.tif",
        "**/{earlier}_{later}.geo.cc.tif",
        baselines="**/baselines",
        line_of_sight=("**/*.geo.E.tif", "**/*.geo.N.tif", "**/*.geo.U.tif"),
        metadata="**/metadata.txt",
        positive_phase="away",
        byte_coherence=True,
    ),
    "aria": Naming("**/S1-GUNW-*-{later}_{earlier}-*.nc", "**/S1-GUNW-*-{later}_{earlier}-*.nc"),
    "hyp3": Naming("**/*_{earlier}*_{later}*_unw_phase.tif", "**/*_{earlier}*_{later}*_corr.tif"),
    "nisar": Naming("**/NISAR_L2_*_GUNW_*_{earlier}T*_{later}T*.h5", "**/NISAR_L2_*_GUNW_*_{earlier}T*_{later}T*.h5"),
    "custom": Naming(),
}

# With times of day, of start and end (NISAR) or of one moment (HyP3 of GAMMA); without.
TIMED = re.compile(r"(?<!\d)(\d{8})T\d{6}(?:_\d{8}T\d{6})?_(\d{8})T\d{6}(?!\d)")
DATES = re.compile(r"(?<!\d)(\d{8}|\d{6})[-_](\d{8}|\d{6})(?!\d)")
CENTURY = {True: "19", False: "20"}  # of dates of six digits: radars fly since 1978
GAMMA_DEM = "DEM/MAP parameter file"  # in the first line of GAMMA's DEM_par
IN_ONE = ("aria", "hyp3", "nisar")  # baselines and line of sight are in the product itself


def dates_of(path: str | Path) -> tuple[str, str] | None:
    """The two dates of a pair in the name of its file, else in that of its folder.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    tuple of str or None
        As YYYYMMDD, in the order of the name; those of six digits are of 1970 to 2069. None where
        there are none.
    """
    for name in (Path(path).name, Path(path).parent.name):
        if match := TIMED.search(name) or DATES.search(name):
            first, second = (day if len(day) == 8 else CENTURY[day >= "70"] + day for day in match.groups())
            return first, second
    return None


def headers_of(path: str | Path) -> list[Path]:
    """The files that say what a flat binary holds and where it lies.

    Parameters
    ----------
    path : str or Path
        The binary.

    Returns
    -------
    list of Path
        ROI_PAC's `.rsc` or ISCE2's `.xml` beside it; else GAMMA's parameter files in its folder, if
        one of them is of a map (DEM_par). Empty for others, such as GeoTIFFs.
    """
    path = Path(path)
    if path.suffix in (".tif", ".tiff", ".nc", ".zip"):
        return []
    for suffix in (".rsc", ".xml"):
        if (beside := path.with_name(path.name + suffix)).is_file():
            return [beside]
    found = [one for one in sorted(path.parent.glob("*par")) if one.is_file()]
    return found if any(is_map(one) for one in found) else []


def is_map(path: Path) -> bool:
    """Whether a parameter file is GAMMA's of a map (DEM_par).

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its first line.
    """
    with path.open("rb") as file:
        return GAMMA_DEM.encode() in file.readline(200)


def licsar_baseline_m(path: str | Path, pair: str) -> float | None:
    """Perpendicular baseline of a pair (later - earlier) from LiCSAR's `baselines`.

    Parameters
    ----------
    path : str or Path
        The file.
    pair : str
        Name of the pair.

    Returns
    -------
    float or None
        m; None where a date is not in it.

    Raises
    ------
    InterferogramError
        For a file that cannot be read, and baselines that no orbits have.
    """
    earlier, later = pair.split("_")
    rows = [line.split() for line in text(path, InterferogramError, MAX_BYTES, cure=AGAIN).splitlines()]
    baselines = {row[1]: _metres(path, row[2]) for row in rows if len(row) == 4}
    baselines |= {row[0]: 0.0 for row in rows if len(row) == 4}
    return baselines[later] - baselines[earlier] if {earlier, later} <= set(baselines) else None


def _metres(path: str | Path, value: str) -> float:
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not abs(found) <= MAX_BASELINE_M:
        raise InterferogramError(f"{path}: baseline '{shown(value)}' m is none", AGAIN)
    return found


def licsar_entries(path: str | Path) -> dict[str, str]:
    """Entries of LiCSAR's `metadata.txt`, `name=value`.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict of str to str
        Values by name, such as center_time (HH:MM:SS) and heading (degree).

    Raises
    ------
    InterferogramError
        For a file that cannot be read.
    """
    lines = text(path, InterferogramError, MAX_BYTES, "latin-1", AGAIN).splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
