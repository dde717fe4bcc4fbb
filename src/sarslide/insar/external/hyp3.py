"""Products of ASF's HyP3 (folders, or zips read in place) brought to the engine contract.

Documented in hyp3-docs (burst_insar_product_guide.md, insar_product_guide.md) and in what writes
them (hyp3-isce2 packaging.py, hyp3-gamma ifm_sentinel.py), as MintPy's prep_hyp3.py reads them:

- The reference is the older acquisition; positive unwrapped phase is motion away from the
  satellite. Void is 0.
- lv_theta: angle of the look vector, ground to satellite, above the horizon (rad); lv_phi: its
  direction, counter-clockwise from east (rad). inc_map_ell is the incidence from the ellipsoid
  (rad); inc_map is that from the terrain, which is not taken.
- `Baseline` of ISCE2 products (INSAR_ISCE_BURST, INSAR_ISCE_MULTI_BURST) is topsApp's, minus
  bperp_m of `PairRecord` for a radar that looks right (tests/sentinel1/test_baseline.py); that of
  INSAR_GAMMA is GAMMA's base_init, which has the sign of bperp_m.
- INSAR_GAMMA subtracts the phase of a reference point from the unwrapped phase, not from the
  wrapped.
- The coherence of ISCE2 products (phsig.cor) saw the filter.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import rasterio
from pydantic import BaseModel, Field
from rasterio.errors import RasterioError

from sarslide.errors import InterferogramError, RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid, values
from sarslide.insar.external.pair import ExternalPair, assemble, sign_by_dates
from sarslide.io import bounded, raster
from sarslide.io.zip import check_archive, member_bytes

PHASE = "_unw_phase.tif"
DATES = re.compile(r"_(\d{8})(?:T\d{6})?_(\d{8})(?:T\d{6})?_")
STAMP = re.compile(r"_(\d{8})T(\d{6})")
GAMMA = re.compile(r"_INT\d+_G_")
ABSENT = (
    "unfiltered phase (both bands of wrapped_rad are the filtered phase)",
    "mean amplitude",
    "slant range by cell (from the incidence over a sphere)",
    "layover and shadow cast from elsewhere (only where the slope itself faces the radar or hides)",
)
FILTERED_COHERENCE = "coherence of unfiltered data (ISCE2's phsig.cor saw the filter)"
ONE_COMPONENT = "connected components (one component covers all valid cells)"
ORDER = "order the product with look vectors"
AGAIN = "download the product again"
MAX_TEXT_BYTES = 4 << 20  # of the parameter file
PHASE_RAD = (-1e4, 1e4)


class Stored(BaseModel):
    """What names a product that was downloaded.

    Attributes
    ----------
    file : str
        Its zip, from the folder of the description on.
    """

    file: str = Field(pattern=r"^products/[\w.-]+\.zip$")


@dataclass(frozen=True)
class Hyp3Product:
    """One HyP3 product.

    Attributes
    ----------
    path : Path
        Its folder or its zip.
    members : tuple of str
        Its files.
    name : str
        What their names begin with.
    """

    path: Path
    members: tuple[str, ...]
    name: str

    @property
    def gamma(self) -> bool:
        """Whether GAMMA made it, not ISCE2."""
        return bool(GAMMA.search(self.name))

    def has(self, suffix: str) -> bool:
        """Whether it holds a file.

        Parameters
        ----------
        suffix : str
            End of the file's name.

        Returns
        -------
        bool
            Whether there is one.
        """
        return self._member(suffix) is not None

    def _member(self, suffix: str) -> str | None:
        file = f"{self.name}{suffix}"
        return next((member for member in self.members if PurePosixPath(member).name == file), None)

    def shown(self, suffix: str) -> str:
        """Path of a file as messages give it.

        Parameters
        ----------
        suffix : str
            End of the file's name.

        Returns
        -------
        str
            Folder or zip, and file.
        """
        return f"{self.path}/{self.name}{suffix}"

    def text(self, suffix: str) -> str:
        """Text of a file.

        Parameters
        ----------
        suffix : str
            End of the file's name.

        Returns
        -------
        str
            Its content.

        Raises
        ------
        InterferogramError
            Where there is none, or it cannot be read.
        """
        member = self._required(suffix)
        if self.path.is_dir():
            return bounded.text(self.path / member, InterferogramError, MAX_TEXT_BYTES, "latin-1", AGAIN)
        return member_bytes(self.path, member, MAX_TEXT_BYTES, InterferogramError, AGAIN).decode("latin-1")

    @contextmanager
    def opened(self, suffix: str) -> Iterator[rasterio.DatasetReader]:
        """An open raster of the product.

        Parameters
        ----------
        suffix : str
            End of the file's name.

        Yields
        ------
        rasterio.DatasetReader
            The raster.

        Raises
        ------
        InterferogramError
            Names the file and what is wrong with it.
        """
        member = self._required(suffix)
        try:
            if self.path.is_dir():
                with raster.opened(self.path / member) as source:
                    yield self._checked(suffix, source)
            else:
                with raster.dataset(f"/vsizip/{{{self.path.absolute()}}}/{member}") as source:
                    yield self._checked(suffix, source)
        except (RasterError, RasterioError) as error:
            raise InterferogramError(f"{self.shown(suffix)}: cannot be read ({bounded.shown(error)})", AGAIN) from error

    def _required(self, suffix: str) -> str:
        member = self._member(suffix)
        if member is None:
            raise InterferogramError(f"{self.shown(suffix)}: is not in the product", ORDER)
        return member

    def _checked(self, suffix: str, source: rasterio.DatasetReader) -> rasterio.DatasetReader:
        if source.crs is None:
            raise InterferogramError(f"{self.shown(suffix)}: has no CRS", AGAIN)
        return source


def open_product(path: str | Path) -> Hyp3Product:
    """The product at a place.

    Parameters
    ----------
    path : str or Path
        Its folder, its zip, or its file `*_unw_phase.tif`.

    Returns
    -------
    Hyp3Product
        The product.

    Raises
    ------
    InterferogramError
        For none or several.
    """
    path = Path(path)
    name = path.name.removesuffix(PHASE) if path.name.endswith(PHASE) else ""
    if path.suffix == ".zip":
        members = check_archive(path, error=InterferogramError)
    else:
        path = path.parent if name else path
        members = tuple(sorted(member.name for member in path.glob("*") if member.is_file()))
    found = [PurePosixPath(member).name.removesuffix(PHASE) for member in members if member.endswith(PHASE)]
    if name in found:
        found = [name]
    if len(found) != 1:
        raise InterferogramError(
            f"{path}: holds {len(found)} files *{PHASE}", "give one HyP3 InSAR product, a folder or a zip"
        )
    return Hyp3Product(path, members, found[0])


def open_stored(marker: str | Path) -> Hyp3Product:
    """The product that was downloaded.

    Parameters
    ----------
    marker : str or Path
        JSON that names its zip, from the folder of the JSON on.

    Returns
    -------
    Hyp3Product
        The product.

    Raises
    ------
    InterferogramError
        As `open_product`, and for a JSON that names none.
    """
    again = "remove it and run again"
    content = bounded.json(marker, InterferogramError, cure=again)
    stored = bounded.typed(Stored, content, marker, InterferogramError, again)
    return open_product(Path(marker).parent / stored.file)


def ingest(product: Hyp3Product, pair: str, grid: RegionGrid, positive_phase: str | None = None) -> ExternalPair:
    """One product on the region grid.

    Parameters
    ----------
    product : Hyp3Product
        The product.
    pair : str
        Name of the pair.
    grid : RegionGrid
        Grid of the region.
    positive_phase : str, optional
        As declared, must agree with the order of the product's dates.

    Returns
    -------
    ExternalPair
        The pair with our signs.

    Raises
    ------
    InterferogramError
        For other dates, a contradicting sign, missing or unreadable files, no valid cell.
    """
    entries = metadata(product)
    cure = "correct the folder, or order the pair"
    factor = sign_by_dates(product.path, dates(product, entries), pair, positive_phase, cure)
    older_first = factor > 0
    phase, cor = (regrid.smooth(_band(product, suffix, grid), grid) for suffix in (PHASE, "_corr.tif"))
    components = regrid.labels(_band(product, "_conncomp.tif", grid), grid) if product.has("_conncomp.tif") else None
    filtered = (
        regrid.wrapped(_band(product, "_wrapped_phase.tif", grid), grid) if product.has("_wrapped_phase.tif") else None
    )
    if filtered is not None:
        level = _number(product, entries, "phase at reference point", PHASE_RAD, 0.0)
        filtered = np.angle(np.exp(1j * (filtered - level)))
    made = assemble(product.shown(PHASE), grid, phase, cor, factor, components, filtered=filtered)
    axis = 1 if product.gamma else -1
    strength = _number(product, entries, "phase filter parameter", (0, 2), 0.0)
    absent = (
        ABSENT + (() if product.gamma else (FILTERED_COHERENCE,)) + ((ONE_COMPONENT,) if components is None else ())
    )
    return made.with_metadata(
        utc=_utc(product, entries, older_first),
        bperp_m=_number(product, entries, "baseline", values.BASELINE_M) * axis * (1 if older_first else -1),
        processor="GAMMA" if product.gamma else "ISCE2",
        filter={"name": "adf" if product.gamma else "goldstein", "alpha": strength} if strength else None,
        absent=absent,
        free_level=True,  # of the reference point
    )


def line_of_sight(product: Hyp3Product, grid: RegionGrid) -> dict[str, np.ndarray]:
    """Six geometry layers from lv_theta and lv_phi, else from inc_map_ell and the heading.

    Parameters
    ----------
    product : Hyp3Product
        The product.
    grid : RegionGrid
        Grid of the region.

    Returns
    -------
    dict of array
        As of `line_of_sight.from_angles`.

    Raises
    ------
    InterferogramError
        For a product with neither.
    """
    if product.has("_lv_theta.tif") and product.has("_lv_phi.tif"):
        theta, phi = (_band(product, suffix, grid) for suffix in ("_lv_theta.tif", "_lv_phi.tif"))
        if theta.values.shape != phi.values.shape or theta.transform != phi.transform:
            raise InterferogramError(f"{product.path}: lv_theta and lv_phi lie on other cells", AGAIN)
        parts = (
            np.cos(theta.values) * np.cos(phi.values),
            np.cos(theta.values) * np.sin(phi.values),
            np.sin(theta.values),
        )
        return los.from_vector(
            product.path,
            *(regrid.smooth(regrid.GeocodedBand(part, theta.transform, theta.crs), grid) for part in parts),
        )
    if product.has("_inc_map_ell.tif"):
        incidence = np.degrees(regrid.smooth(_band(product, "_inc_map_ell.tif", grid), grid))
        heading = _number(product, metadata(product), "heading", values.HEADING_DEG)
        return los.from_angles(incidence, np.full(grid.shape, heading))
    raise InterferogramError(f"{product.path}: has neither look vectors nor incidence angles", ORDER)


def metadata(product: Hyp3Product) -> dict[str, str]:
    """The parameter file, `Name: value`.

    Parameters
    ----------
    product : Hyp3Product
        The product.

    Returns
    -------
    dict of str
        Values by lower-case name.
    """
    lines = product.text(".txt").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower().replace("utctime", "utc time"): value.strip() for name, _, value in pairs}


def dates(product: Hyp3Product, entries: dict[str, str]) -> tuple[str, str]:
    """Reference and secondary date, of the granules in the parameter file, else of the name.

    Parameters
    ----------
    product : Hyp3Product
        The product.
    entries : dict of str
        Of `metadata`.

    Returns
    -------
    tuple of str
        Both dates, YYYYMMDD.

    Raises
    ------
    InterferogramError
        Where both contradict each other, or neither has dates.
    """
    match = DATES.search(product.name)
    inside = [STAMP.search(f"_{entries.get(f'{which} granule', '')}") for which in ("reference", "secondary")]
    in_name, granules = set(match.groups()) if match else set(), [found[1] for found in inside if found]
    if len(granules) == 2 and in_name and set(granules) != in_name:
        raise InterferogramError(
            f"{product.shown('.txt')}: its granules are of {' and '.join(granules)}, its name of {' and '.join(sorted(in_name))}",
            "download the product again",
        )
    if len(granules) == 2:
        return granules[0], granules[1]
    if match is None:
        raise InterferogramError(f"{product.path}: its name holds no dates", "keep the product's own name")
    return match[1], match[2]


def _band(product: Hyp3Product, suffix: str, grid: RegionGrid) -> regrid.GeocodedBand:
    with product.opened(suffix) as source:
        return regrid.read_band(source, grid, void=0, name=product.shown(suffix))


def _number(
    product: Hyp3Product,
    entries: dict[str, str],
    name: str,
    within: tuple[float, float],
    default: float | None = None,
) -> float:
    if name not in entries and default is not None:
        return default
    return values.number(product.shown(".txt"), f"'{name}'", entries.get(name), within, AGAIN)


def _utc(product: Hyp3Product, entries: dict[str, str], older_first: bool) -> tuple[str | None, str | None]:
    found = [STAMP.search(f"_{entries.get(f'{which} granule', '')}") for which in ("reference", "secondary")]
    stamps = [
        one and values.iso_utc(product.shown(".txt"), "time", one[1], f"{one[2][:2]}:{one[2][2:4]}:{one[2][4:]}")
        for one in found
    ]
    first, second = stamps if older_first else stamps[::-1]
    return first, second
