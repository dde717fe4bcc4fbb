"""Engine `files`: interferograms that another processor made, brought to the engine contract.

GeoTIFFs of another processor? Add a row to `NAMINGS` (`catalog.external_names`), no engine.

Taken, by naming: unwrapped phase (rad, float) and coherence, one GeoTIFF each, in any CRS, or one
geocoded binary of GAMMA, ROI_PAC or ISCE2 (`binaries`); nodata as the file declares it, and exact
zero. Products that hold everything in one (ARIA, HyP3, NISAR) have readers of their own. What files
do not have is derived or recorded as absent: the wrapped phase is the unwrapped one, wrapped; one
component covers every valid cell; the geometry is that of the product where it has one, else
constant.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rasterio import DatasetReader

from sarslide import names
from sarslide.catalog.external_names import (
    IN_ONE,
    NAMINGS,
    dates_of,
    headers_of,
    licsar_baseline_m,
    licsar_entries,
)
from sarslide.errors import InterferogramError, NamingError, RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.external import aria, binaries, constant_geometry, hyp3, line_of_sight, nisar, regrid, values
from sarslide.insar.external.pair import ExternalPair, assemble, check_phase, sign
from sarslide.insar.external.sensor import SENTINEL1_NAMINGS, Declared, Sensor, Tags, sensor
from sarslide.io import raster
from sarslide.io.bounded import shown

UNFILTERED = (".geo.unw.tif", ".geo.diff_unfiltered_pha.tif")  # LiCSAR
CONSTANT = "incidence, heading and slant range by cell (constant)"
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the delivered phase, wrapped)",
    "connected components (one component covers all valid cells)",
    "mean amplitude",
    CONSTANT,
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)
# Without coherence all cells and pairs weigh the same; above the thresholds that leave cells out.
ASSUMED_COHERENCE = 0.5
NO_COHERENCE = f"coherence ({ASSUMED_COHERENCE:g} stands wherever there is phase: cells and pairs weigh the same)"
# GAMMA exports label coherence so, too: its unit is not looked at.
RADIANS = {"RADIANS", "RADIAN", "RAD"}
BYTE = 255.0
# Names of the two dates in tags, as PyRate writes them, and as it did before version 0.5.
DATE_TAGS = (("FIRST", "SECOND"), ("MASTER", "SLAVE"))

Onto = Callable[[regrid.GeocodedBand, RegionGrid], np.ndarray]


def ingest_pair(
    unwrapped: str | Path,
    coherence: str | Path | None,
    pair: str,
    grid: RegionGrid,
    positive_phase: str | None = None,
    naming: str = "gamma",
    ionosphere: bool = False,
) -> ExternalPair:
    """One pair on the region grid, bilinear.

    A cell is valid where the source cell at its centre is.

    Parameters
    ----------
    unwrapped, coherence : str or Path
        Its files; one and the same for products that hold everything in one. None: there is no
        coherence; `ASSUMED_COHERENCE` stands wherever there is phase.
    pair : str
        Name of the pair.
    grid : RegionGrid
        Grid of the region.
    positive_phase : str, optional
        "away" or "towards", the motion that makes the phase of the files grow; None: as the product
        or its naming states.
    naming : str
        One of `NAMINGS`.
    ionosphere : bool
        Take the product's phase screen of the ionosphere off.

    Returns
    -------
    ExternalPair
        The pair with our signs.

    Raises
    ------
    InterferogramError
        Naming the file, for: dates that are not those of `pair`; no CRS; several bands, complex or
        integer samples; another unit than radians; coherence outside 0 to 1; a declared sign that
        contradicts the product; a processor whose sign nothing tells; no valid cell inside the
        region; unreadable files; a screen that products of this naming do not hold.
    """
    if naming == "nisar":
        return nisar.ingest(unwrapped, pair, grid, positive_phase, ionosphere)
    if ionosphere:
        raise InterferogramError(
            f"{unwrapped}: holds no phase screen of the ionosphere (naming {naming})", "set files.ionosphere: false"
        )
    if naming == "aria":
        return aria.ingest(unwrapped, pair, grid, positive_phase)
    if naming == "hyp3":
        return hyp3.ingest(hyp3.open_product(unwrapped), pair, grid, positive_phase)
    kind = NAMINGS[naming]
    phase, tags = _read(unwrapped, "unwrapped", pair, grid, False)
    if coherence:
        cor, _ = _read(coherence, "coherence", pair, grid, kind.byte_coherence)
    else:
        cor = np.where(np.isfinite(phase), ASSUMED_COHERENCE, np.nan)
    about = Tags(unwrapped, tags)
    recognised, because = about.grows()
    # A processor whose sign is not known has not that of the naming either.
    factor = sign(unwrapped, positive_phase or (None if because else kind.positive_phase), recognised, because)
    wavelength = about.wavelength_m()
    absent = ABSENT if coherence else (NO_COHERENCE, *ABSENT)
    raw = Path(str(unwrapped).replace(*UNFILTERED)) if naming == "licsar" else None
    unfiltered = _read(raw, "unwrapped", pair, grid, False, regrid.wrapped)[0] if raw and raw.is_file() else None
    return assemble(unwrapped, grid, phase, cor, factor, unfiltered=unfiltered).with_metadata(
        utc=_utc(unwrapped, tags),
        wavelength_m=wavelength and wavelength[0],
        processor=about.text("processor") or None,
        absent=absent if unfiltered is None else ABSENT[1:],
        free_level=unfiltered is None,
    )


def with_frame(
    pair: ExternalPair,
    name: str,
    naming: str,
    baselines: str | Path | None,
    metadata: str | Path | None,
    incidence_deg: float,
) -> ExternalPair:
    """A pair with what the files beside its own state.

    Parameters
    ----------
    pair : ExternalPair
        The pair from its own files.
    name : str
        Its name.
    naming : str
        One of `NAMINGS`.
    baselines : str, Path or None
        The naming's file of baselines.
    metadata : str, Path or None
        The frame's metadata, with the time of day.
    incidence_deg : float
        Incidence angle of the region, degree.

    Returns
    -------
    ExternalPair
        Same layers, with perpendicular baseline and times where there are files of them.
    """
    if baselines:
        pair = pair.with_metadata(bperp_m=baseline_m(baselines, name, naming, incidence_deg))
    if metadata:
        pair = pair.with_metadata(utc=frame_utc(metadata, name))
    return pair


def baseline_m(path: str | Path, pair: str, naming: str, incidence_deg: float) -> float | None:
    """Perpendicular baseline of a pair from its naming's file.

    LiCSAR's list, else GAMMA's base_perp.

    Parameters
    ----------
    path : str or Path
        The file.
    pair, naming : str
        Names of the pair and of the naming.
    incidence_deg : float
        Incidence angle of the region, degree.

    Returns
    -------
    float or None
        bperp_m of `PairRecord`, m; None where LiCSAR's list lacks a date.
    """
    if naming == "licsar":
        return licsar_baseline_m(path, pair)
    return constant_geometry.perpendicular_baseline_m(path, incidence_deg)


def frame_utc(path: str | Path, pair: str) -> tuple[str | None, str | None]:
    """Times of both dates from LiCSAR's metadata.txt, which has the time of day.

    Parameters
    ----------
    path : str or Path
        The file.
    pair : str
        Name of the pair.

    Returns
    -------
    tuple of str or None
        ISO times of the earlier and the later date.
    """
    time = licsar_entries(path).get("center_time")
    earlier, later = (values.iso_utc(path, "center_time", day, time) for day in names.split_pair(pair))
    return earlier, later


def sensor_of(
    naming: str,
    product: str | Path,
    vector: Sequence[str | Path],
    metadata: str | Path | None,
    stack: str,
    declared: Declared,
) -> Sensor:
    """The sensor of a stack of ready interferograms.

    Parameters
    ----------
    naming : str
        One of `NAMINGS`.
    product : str or Path
        File of the first pair.
    vector : sequence of str or Path
        Files of the vector's components east, north and up, or none.
    metadata : str, Path or None
        The frame's metadata, LiCSAR's.
    stack : str
        Name of the stack.
    declared : Declared
        Keys of the configuration.

    Returns
    -------
    Sensor
        The sensor.

    Raises
    ------
    InterferogramError
        As `sensor.sensor`, and for a file that cannot be read.
    """
    in_one = naming in IN_ONE
    tags: Mapping[str, str] = {}
    if metadata:
        product, tags = metadata, licsar_entries(metadata)
    elif naming == "nisar":
        tags = nisar.tags(product)
    elif headers := headers_of(product):
        tags = binaries.tags_of(product, headers)
    elif not in_one:
        with _opened(product, "export the interferogram again as GeoTIFF") as source:
            tags = source.tags()
    return sensor(Tags(product, tags), stack, declared, naming in SENTINEL1_NAMINGS, in_one or bool(vector))


def check_stack(naming: str, products: Sequence[str | Path], stack: str) -> None:
    """Check what products that hold everything in one state of the stack they are of.

    Parameters
    ----------
    naming : str
        One of `NAMINGS`.
    products : sequence of str or Path
        Files of all pairs.
    stack : str
        Name of the stack.

    Raises
    ------
    InterferogramError
        For products of another track, or of several frames, bands or CRSs (NISAR).
    """
    if naming == "nisar":
        nisar.check_stack(products, stack)


def geometry(
    naming: str,
    product: str | Path,
    vector: Sequence[str | Path],
    height_m: np.ndarray,
    grid: RegionGrid,
    incidence_deg: float,
    heading_deg: float,
) -> tuple[dict[str, np.ndarray], bool]:
    """The seven geometry layers, of the product where it has them, else constant.

    Parameters
    ----------
    naming : str
        One of `NAMINGS`.
    product : str or Path
        File of the first pair.
    vector : sequence of str or Path
        Files of the vector's components east, north and up, or none.
    height_m : (rows + 2, cols + 2) array of float
        Heights, m, one cell more on each side.
    grid : RegionGrid
        Grid of the region.
    incidence_deg, heading_deg : float
        Angles where the product has none, degree.

    Returns
    -------
    layers : dict of array
        Layers by name, each (rows, cols).
    constant : bool
        Whether they are constant.

    Raises
    ------
    InterferogramError
        For a line of sight that does not reach the region.
    """
    if naming == "aria":
        layers = aria.line_of_sight(product, height_m[1:-1, 1:-1], grid)
    elif naming == "hyp3":
        layers = hyp3.line_of_sight(hyp3.open_product(product), grid)
    elif naming == "nisar":
        layers = nisar.line_of_sight(product, height_m[1:-1, 1:-1], grid)
    elif vector:
        layers = line_of_sight.from_vector(vector[0], *(_component(path, grid) for path in vector))
    else:
        return constant_geometry.geometry(height_m, grid, incidence_deg, heading_deg), True
    return line_of_sight.with_layover(layers, height_m, grid, vector[0] if vector else product), False


def pair_of(path: str | Path) -> str:
    """The pair in a file's name, or in that of its folder.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    str
        Name of the pair.

    Raises
    ------
    InterferogramError
        Where there is none.
    """
    found = dates_of(path)
    if found and headers_of(path):  # its sign follows from the order
        found = (min(found), max(found))
    try:
        if found is None:
            raise NamingError("no dates", "")
        return names.pair_name(*found)
    except NamingError:
        raise InterferogramError(
            f"{path}: its name holds no pair of dates", "name it ..._YYYYMMDD-YYYYMMDD_..., the earlier date first"
        ) from None


def _date_tags(tags: Mapping[str, str]) -> tuple[str, str]:
    """What the tags of the two dates begin with."""
    return next((names for names in DATE_TAGS if f"{names[0]}_DATE" in tags), DATE_TAGS[0])


def _utc(path: str | Path, tags: Mapping[str, str]) -> tuple[str | None, str | None]:
    """ISO times of both dates from PyRate's tags."""
    first, second = (
        values.iso_utc(path, f"its tag {which}_TIME", tags[f"{which}_DATE"], tags.get(f"{which}_TIME"))
        if tags.get(f"{which}_DATE")
        else None
        for which in _date_tags(tags)
    )
    return first, second


@contextmanager
def _opened(path: str | Path, cure: str) -> Iterator[DatasetReader]:
    try:
        with raster.opened(path) as source:
            yield source
    except RasterError as error:
        raise InterferogramError(error.problem, cure) from error


def _component(path: str | Path, grid: RegionGrid) -> np.ndarray:
    """One component of LiCSAR's unit vector on the region grid; 0 is void."""
    with _opened(path, "download the file again") as source:
        if source.crs is None:
            raise InterferogramError(f"{path}: has no CRS", "download the file again")
        return regrid.smooth(regrid.read_band(source, grid, void=0), grid)


def _read(
    path: str | Path, kind: str, pair: str, grid: RegionGrid, byte: bool, onto: Onto = regrid.smooth
) -> tuple[np.ndarray, dict[str, str]]:
    """Band 1 on the region grid, NaN where not valid, and the file's tags.

    `byte`: integer samples are 255 x the share.
    """
    if pair_of(path) != pair:
        raise InterferogramError(f"{path}: is of pair {pair_of(path)}, not {pair}", "correct files.folder or patterns")
    if headers := headers_of(path):
        tags = binaries.tags_of(path, headers)
        band, byte = binaries.read(path, headers, grid), False
        if kind == "unwrapped" and dates_of(path) != names.split_pair(pair):
            band.values[:] *= -1  # the later date comes first
    else:
        with _opened(path, "export the interferogram again as GeoTIFF") as source:
            byte = byte and source.dtypes[0] == "uint8"
            _check_file(path, kind, source, byte)
            tags = source.tags()
            _check_tags(path, pair, tags)
            band = regrid.read_band(source, grid, void=0)
    if kind == "unwrapped":  # before a void could be averaged with its neighbours
        check_phase(path, band.values)
    found = onto(band, grid)
    if kind == "coherence" and (highest := np.nanmax(found, initial=0) / (BYTE if byte else 1)) > 1 + 1e-4:
        raise InterferogramError(f"{path}: coherence up to {highest:g}", "give coherence between 0 and 1")
    return found / BYTE if byte else found, tags


def _check_file(path: str | Path, kind: str, source: DatasetReader, byte: bool) -> None:
    problem = cure = ""
    unit = (source.tags().get("DATA_UNITS") or source.units[0] or "").upper()
    if source.crs is None:
        problem, cure = "has no CRS", "geocode the interferogram"
    elif source.count != 1:
        problem, cure = f"has {source.count} bands", f"give one band of {kind}"
    elif source.dtypes[0] not in ("float32", "float64") and not byte:
        problem, cure = f"holds {source.dtypes[0]}", "give unwrapped phase in radians, or coherence, as float32"
    elif kind == "unwrapped" and unit and unit not in RADIANS:
        problem, cure = f"is in {shown(unit)}", "give unwrapped phase in radians"
    if problem:
        raise InterferogramError(f"{path}: {problem}", cure)


def _check_tags(path: str | Path, pair: str, tags: dict[str, str]) -> None:
    """The dates inside the file, where it has them, must be those of its name."""
    for which, date in zip(_date_tags(tags), names.split_pair(pair), strict=True):
        inside = tags.get(f"{which}_DATE", "").replace("-", "")
        if inside and inside != date:
            raise InterferogramError(
                f"{path}: its tag {which}_DATE is {shown(inside)}, in its name stands {date}",
                "rename the file or export it again",
            )
