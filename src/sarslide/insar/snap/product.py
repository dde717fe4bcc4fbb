"""BEAM-DIMAP products as SNAP writes them, and SNAP's geocoded pair brought to the engine contract.

GeocodedBand names are those of InterferogramOp, SnaphuImportOp and RangeDopplerGeocodingOp
(senbox-org/microwave-toolbox 13.0.4): `i_ifg_..._06Mar2019_18Mar2019`, `q_ifg_...`, `coh_...`,
`Unw_Phase_ifg_06Mar2019_18Mar2019...`, `incidenceAngleFromEllipsoid` (degree), `layoverShadowMask`
(1 layover, 2 shadow, 3 both, as ours). The first date is the reference: interferogram = reference x
conj(secondary). `Perp Baseline` (jlinda's Baseline.java) is positive where the secondary sees the
ground under the smaller look angle, that is up and away from the track: the sign of bperp_m in
`PairRecord` for (secondary - reference). Voids are 0.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import numpy as np
import rasterio
from pydantic import BaseModel, Field
from rasterio.crs import CRS
from rasterio.errors import CRSError, NotGeoreferencedWarning
from rasterio.transform import Affine

from sarslide import names
from sarslide.errors import InterferogramError, ProcessorError, RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid, values
from sarslide.insar.external.pair import ExternalPair, PairMetadata, assemble
from sarslide.io import bounded, raster

BYTES = {"float32": 4, "float64": 8, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4}
INDEPENDENT = 0.48  # IW2: 48.3 of 64.35 MHz in range, 313 of 486.5 Hz in azimuth
DAY = re.compile(r"\d{2}[A-Z][a-z]{2}\d{4}")
MAKE_AGAIN = "remove the step's marker and run again"
SIDE = (1, 1_000_000)  # lines or samples of a product
BANDS = (0, 1000)
LAYOVER_SHADOW = (0, 1, 2, 3)
ABSENT = (
    "coherence corrected for its bias",
    "connected components (one component covers all valid cells)",
    "mean amplitude",
    "slant range by cell (from the incidence over a sphere)",
)


@dataclass(frozen=True)
class Dimap:
    """A product.

    Attributes
    ----------
    path : Path
        Its file .dim.
    rows, cols : int
        Size of its rasters.
    bands : dict
        Header file and data type of each band.
    transform : Affine or None
        From columns and rows to coordinates; None where it is not geocoded.
    crs : CRS or None
        Of the coordinates.
    metadata : Element
        The XML.
    """

    path: Path
    rows: int
    cols: int
    bands: dict[str, tuple[Path, str]]
    transform: Affine | None
    crs: CRS | None
    metadata: Element

    def band(self, prefix: str) -> str:
        """The one band whose name begins in one way.

        Parameters
        ----------
        prefix : str
            Beginning of the name.

        Returns
        -------
        str
            Name of the band.

        Raises
        ------
        InterferogramError
            For none or several.
        """
        found = [name for name in self.bands if name.startswith(prefix)]
        if len(found) != 1:
            raise InterferogramError(f"{self.path}: has {len(found)} bands {prefix}*", MAKE_AGAIN)
        return found[0]

    def read(self, name: str, grid: RegionGrid, void: float | None = 0.0) -> regrid.GeocodedBand:
        """A band around the region.

        Parameters
        ----------
        name : str
            Name of the band.
        grid : RegionGrid
            Grid of the region.
        void : float or None
            Value that stands for no data.

        Returns
        -------
        GeocodedBand
            Its samples, NaN where void.

        Raises
        ------
        InterferogramError
            For a product that is not geocoded, and for a raster of another size or unreadable.
        """
        header, _ = self.bands[name]
        if self.transform is None or self.crs is None:
            raise InterferogramError(f"{self.path}: is not geocoded", "geocode it with Terrain-Correction")
        try:
            with _placeless(header.with_suffix(".img")) as source:
                if source.shape != (self.rows, self.cols):
                    raise InterferogramError(
                        f"{header.with_suffix('.img')}: is {source.shape}, its product {(self.rows, self.cols)}",
                        MAKE_AGAIN,
                    )
                # Place and CRS are the product's own; the ENVI headers tell the CRS in SNAP's words
                # only.
                return regrid.read_placed(source, self.transform, self.crs, grid, 1, void)
        except RasterError as error:
            raise InterferogramError(error.problem, MAKE_AGAIN) from error

    def attribute(self, name: str, element: str = "Abstracted_Metadata") -> str | None:
        """Text of an attribute of the metadata.

        Parameters
        ----------
        name : str
            Name of the MDATTR; the first one counts.
        element : str
            Name of the MDElem that holds it; the first one counts.

        Returns
        -------
        str or None
            The text; None without such an attribute.
        """
        for group in self.metadata.iter("MDElem"):
            if group.get("name") == element:
                return next((a.text for a in group.iter("MDATTR") if a.get("name") == name), None)
        return None


@contextmanager
def _placeless(path: Path) -> Iterator[rasterio.DatasetReader]:
    """An open raster that may have no place of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with raster.opened(path, drivers=("ENVI",)) as source:
            yield source


class Windows(BaseModel):
    """Looks and coherence windows of an interferogram, samples.

    Attributes
    ----------
    range_looks, azimuth_looks : int
        Looks.
    coherence_range, coherence_azimuth : int
        Sides of the coherence window.
    """

    range_looks: int = Field(ge=1, le=1000)
    azimuth_looks: int = Field(ge=1, le=1000)
    coherence_range: int = Field(ge=1, le=1000)
    coherence_azimuth: int = Field(ge=1, le=1000)


class Made(BaseModel):
    """What the marker of SNAP's interferogram states.

    Attributes
    ----------
    wavelength_m : float
        Radar wavelength, m.
    snap : str
        Version of SNAP.
    params : Windows
        Looks and windows, of the rule's parameters.
    """

    wavelength_m: float = Field(ge=values.WAVELENGTH_M[0], le=values.WAVELENGTH_M[1])
    snap: str = Field(max_length=100)
    params: Windows


def read_made(path: str | Path) -> Made:
    """The marker of an interferogram.

    Parameters
    ----------
    path : str or Path
        JSON.

    Returns
    -------
    Made
        What it states.

    Raises
    ------
    InterferogramError
        For a file that is none.
    """
    content = bounded.json(path, InterferogramError, cure=MAKE_AGAIN)
    return bounded.typed(Made, content, path, InterferogramError, MAKE_AGAIN)


def open_dimap(path: str | Path) -> Dimap:
    """The product at a place.

    Parameters
    ----------
    path : str or Path
        Its file .dim.

    Returns
    -------
    Dimap
        The product.

    Raises
    ------
    InterferogramError
        Where it or one of its bands cannot be read.
    """
    path = Path(path)
    root = bounded.xml_file(path, InterferogramError, cure=MAKE_AGAIN)
    try:
        rows, cols = (_whole(path, root, f".//{name}", SIDE) for name in ("NROWS", "NCOLS"))
        files = {
            _whole(path, one, "BAND_INDEX", BANDS): _beside(path, _element(one, "DATA_FILE_PATH").attrib["href"])
            for one in root.iter("Data_File")
            if one.find("BAND_INDEX") is not None
        }
        bands = {}
        for one in root.iter("Spectral_Band_Info"):
            index = _whole(path, one, "BAND_INDEX", BANDS)
            if index in files and (one.findtext("VIRTUAL_BAND") or "").strip() != "true":
                bands[_text(one, "BAND_NAME")] = (files[index], _text(one, "DATA_TYPE"))
        place = root.findtext(".//Geoposition/IMAGE_TO_MODEL_TRANSFORM")
        # Java's order: scale x, shear y, shear x, scale y, origin x, origin y; from corners of
        # samples.
        a, d, b, e, c, f = (float(part) for part in place.split(",")) if place else (np.nan,) * 6
        wkt = (root.findtext(".//Coordinate_Reference_System/WKT") or "").strip()
        crs = CRS.from_wkt(wkt) if wkt else None
    except (KeyError, ValueError, CRSError) as error:
        raise InterferogramError(f"{path}: is no BEAM-DIMAP product ({bounded.shown(error)})", MAKE_AGAIN) from error
    return Dimap(path, rows, cols, bands, Affine(a, b, c, d, e, f) if place else None, crs, root)


def _beside(path: Path, href: str) -> Path:
    """The header file of a band, which lies in the product's folder."""
    inside = PurePosixPath(href)
    if inside.is_absolute() or ".." in inside.parts or inside.suffix != ".hdr":
        raise InterferogramError(f"{path}: a band lies in {bounded.shown(href)}, not in the product", MAKE_AGAIN)
    return path.parent / inside


def _whole(path: Path, parent: Element, name: str, within: tuple[int, int]) -> int:
    return values.whole(path, name.strip("./"), _text(parent, name), within, MAKE_AGAIN, InterferogramError)


def _element(parent: Element, path: str) -> Element:
    found = parent.find(path)
    if found is None:
        raise ValueError(f"no {path}")
    return found


def _text(parent: Element, path: str) -> str:
    return (_element(parent, path).text or "").strip()


def check_dimap(path: Path, prefixes: Sequence[str]) -> None:
    """Check what SNAP wrote.

    Parameters
    ----------
    path : Path
        The product, .dim.
    prefixes : sequence of str
        Beginnings of names, one band each.

    Raises
    ------
    ProcessorError
        Unless there is one band for each prefix, each file with all of its samples.
    """
    try:
        product = open_dimap(path)
        required = [product.bands[product.band(prefix)] for prefix in prefixes]
    except InterferogramError as error:
        raise ProcessorError(f"SNAP: {error.problem}", "see the log of the step") from error
    for header, dtype in required:
        image = header.with_suffix(".img")
        expected = product.rows * product.cols * BYTES.get(dtype, 1)
        size = image.stat().st_size if image.is_file() else 0
        if size < expected:
            raise ProcessorError(f"SNAP: {image} has {size} bytes, {expected} are expected", "see the log of the step")


def ingest(
    geocoded: str | Path, unfiltered: str | Path, pair: str, grid: RegionGrid, metadata: PairMetadata
) -> ExternalPair:
    """SNAP's pair on the region grid.

    Parameters
    ----------
    geocoded, unfiltered : str or Path
        The product with the filtered and unwrapped phase, and that with the unfiltered one.
    pair : str
        Name of the pair.
    grid : RegionGrid
        Grid of the region.
    metadata : PairMetadata
        What is known of the pair beside the products (filter, looks ...).

    Returns
    -------
    ExternalPair
        The pair with our signs.

    Raises
    ------
    InterferogramError
        For products of other dates, missing bands, another unit, no valid cell.
    """
    whole, raw = open_dimap(geocoded), open_dimap(unfiltered)
    first, second = _dates(whole, whole.band("Unw_Phase_ifg"))
    if {first, second} != set(names.split_pair(pair)):
        raise InterferogramError(f"{whole.path}: is of {first} and {second}, not of {pair}", MAKE_AGAIN)
    if _dates(raw, raw.band("i_ifg")) != (first, second):
        raise InterferogramError(f"{raw.path}: is of other dates than {whole.path.name}", MAKE_AGAIN)
    unit = _unit(whole, whole.band("Unw_Phase_ifg"))
    if unit not in ("", "abs_phase", "phase", "rad", "radians"):
        raise InterferogramError(
            f"{whole.path}: unwrapped phase is in {bounded.shown(unit)}", "give unwrapped phase in radians"
        )
    factor = 1.0 if first < second else -1.0
    phase = regrid.smooth(whole.read(whole.band("Unw_Phase_ifg"), grid), grid)
    coherence = regrid.smooth(raw.read(raw.band("coh"), grid), grid)
    made = assemble(
        whole.path, grid, phase, coherence, factor, unfiltered=_angle(raw, grid), filtered=_angle(whole, grid)
    )
    about = replace(
        metadata,
        utc=_utc(whole, pair),
        bperp_m=_baseline(whole, first, second, factor),
        processor="SNAP",
        absent=ABSENT,
    )
    return replace(made, metadata=about)


def looks(in_range: int, in_azimuth: int) -> float:
    """Independent looks of a window of samples: IW is sampled finer than it resolves.

    Most so in azimuth.

    Parameters
    ----------
    in_range, in_azimuth : int
        Samples of the window.

    Returns
    -------
    float
        Looks.
    """
    return in_range * in_azimuth * INDEPENDENT


def geometry(geocoded: str | Path, grid: RegionGrid) -> dict[str, np.ndarray]:
    """The seven geometry layers from SNAP's incidence, layover mask and heading of the scene.

    Parameters
    ----------
    geocoded : str or Path
        The geocoded product.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    dict of array
        Layers by name, each (rows, cols).

    Raises
    ------
    InterferogramError
        For a product that does not reach the region, states no heading, or angles that no radar
        has.
    """
    product = open_dimap(geocoded)
    incidence = regrid.smooth(product.read(product.band("incidenceAngleFromEllipsoid"), grid), grid)
    if not np.isfinite(incidence).any():
        raise InterferogramError(f"{product.path}: does not reach the region", "correct grid.bounds")
    heading = product.attribute("centre_heading")
    if heading is None:
        raise InterferogramError(f"{product.path}: has no centre_heading", MAKE_AGAIN)
    low, high = np.nanmin(incidence), np.nanmax(incidence)
    if low < values.INCIDENCE_DEG[0] or high > values.INCIDENCE_DEG[1]:
        raise InterferogramError(f"{product.path}: incidence from {low:g} to {high:g} degrees", MAKE_AGAIN)
    flown = values.number(product.path, "centre_heading", heading, values.HEADING_DEG, MAKE_AGAIN)
    layers = los.from_angles(incidence, np.where(np.isfinite(incidence), flown, np.nan))
    flags = regrid.labels(product.read(product.band("layoverShadowMask"), grid, void=None), grid)
    if not np.isin(flags[np.isfinite(flags)], LAYOVER_SHADOW).all():
        raise InterferogramError(f"{product.path}: layoverShadowMask is not 0 to 3", MAKE_AGAIN)
    known = np.isfinite(incidence) & np.isfinite(flags)
    return layers | {"layover_shadow": np.where(known, np.nan_to_num(flags), los.UNKNOWN).astype(np.uint8)}


def _angle(product: Dimap, grid: RegionGrid) -> np.ndarray | None:
    """Wrapped phase of i and q, resampled as they are; None where the product has none."""
    if not any(name.startswith("i_ifg") for name in product.bands):
        return None
    real, imaginary = (product.read(product.band(part), grid) for part in ("i_ifg", "q_ifg"))
    return np.arctan2(regrid.smooth(imaginary, grid), regrid.smooth(real, grid))


def _dates(product: Dimap, band: str) -> tuple[str, str]:
    """Reference and secondary date in a band's name."""
    try:
        first, second = (datetime.strptime(day, "%d%b%Y").strftime("%Y%m%d") for day in DAY.findall(band))
    except ValueError:
        problem = f"band {bounded.shown(band)} does not hold two dates"
        raise InterferogramError(f"{product.path}: {problem}", MAKE_AGAIN) from None
    return first, second


def _unit(product: Dimap, band: str) -> str:
    for one in product.metadata.iter("Spectral_Band_Info"):
        if (one.findtext("BAND_NAME") or "").strip() == band:
            return (one.findtext("PHYSICAL_UNIT") or "").strip().lower()
    return ""


def _baseline(product: Dimap, first: str, second: str, factor: float) -> float | None:
    """bperp (later - earlier) from `Baselines`, which are (secondary - reference)."""
    day = {date: datetime.strptime(date, "%Y%m%d").strftime("%d%b%Y") for date in (first, second)}
    for reference in product.metadata.iter("MDElem"):
        if reference.get("name") == f"Ref_{day[first]}":
            for secondary in reference.iter("MDElem"):
                if secondary.get("name") == f"Secondary_{day[second]}":
                    found = next((a.text for a in secondary.iter("MDATTR") if a.get("name") == "Perp Baseline"), None)
                    if found is None:
                        return None
                    return factor * values.number(product.path, "Perp Baseline", found, values.BASELINE_M, MAKE_AGAIN)
    return None


def _utc(product: Dimap, pair: str) -> tuple[str | None, str | None]:
    """First line times of both dates, ISO, from `first_line_time`.

    Such as 06-MAR-2019 11:13:21.123456.
    """
    found: dict[str, str] = {}
    for one in product.metadata.iter("MDATTR"):
        if one.get("name") == "first_line_time" and one.text:
            try:
                time = datetime.strptime(one.text.strip().title(), "%d-%b-%Y %H:%M:%S.%f")
            except ValueError:
                continue
            found.setdefault(f"{time:%Y%m%d}", f"{time.isoformat()}Z")
    earlier, later = names.split_pair(pair)
    return found.get(earlier), found.get(later)
