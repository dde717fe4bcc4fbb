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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from sarslide import names
from sarslide.errors import DownloadError, InterferogramError, RasterError
from sarslide.grid import RegionGrid
from sarslide.insar.external import line_of_sight as los
from sarslide.insar.external import regrid
from sarslide.insar.external.pair import ExternalPair, assemble, sign
from sarslide.io import raster
from sarslide.io.sidecar import read_json
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

    def read(self, suffix: str) -> bytes:
        """Bytes of a file.

        Parameters
        ----------
        suffix : str
            End of the file's name.

        Returns
        -------
        bytes
            Its content.

        Raises
        ------
        InterferogramError
            Where there is none, or it cannot be read.
        """
        member = self._member(suffix)
        if member is None:
            raise InterferogramError(f"{self.shown(suffix)}: is not in the product", ORDER)
        try:
            return member_bytes(self.path, member) if self.path.is_file() else (self.path / member).read_bytes()
        except (OSError, DownloadError) as error:
            raise InterferogramError(f"{self.shown(suffix)}: cannot be read ({error})", "download it again") from error

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
        try:
            member = self._member(suffix)
            if self.path.is_dir() and member:
                with raster.opened(self.path / member) as source:
                    yield self._checked(suffix, source)
            else:
                with rasterio.MemoryFile(self.read(suffix)) as memory, memory.open() as source:
                    yield self._checked(suffix, source)
        except (RasterError, RasterioError) as error:
            raise InterferogramError(
                f"{self.shown(suffix)}: cannot be read ({str(error).splitlines()[0]})", "download the product again"
            ) from error

    def _checked(self, suffix: str, source: rasterio.DatasetReader) -> rasterio.DatasetReader:
        if source.crs is None:
            raise InterferogramError(f"{self.shown(suffix)}: has no CRS", "download the product again")
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
        try:
            members = check_archive(path)
        except DownloadError as error:
            raise InterferogramError(error.problem, error.cure) from error
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
    """
    return open_product(Path(marker).parent / read_json(marker)["file"])


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
    reference, secondary = dates(product, entries)
    if {reference, secondary} != set(names.split_pair(pair)):
        raise InterferogramError(
            f"{product.path}: is of {reference} and {secondary}, not of {pair}", "correct the folder, or order the pair"
        )
    older_first = reference < secondary
    factor = sign(
        product.path, positive_phase, "away" if older_first else "towards", f"its reference date is {reference}"
    )
    phase, cor = _layer(product, PHASE, grid, regrid.smooth), _layer(product, "_corr.tif", grid, regrid.smooth)
    components = _layer(product, "_conncomp.tif", grid, regrid.labels) if product.has("_conncomp.tif") else None
    filtered = (
        _layer(product, "_wrapped_phase.tif", grid, regrid.wrapped) if product.has("_wrapped_phase.tif") else None
    )
    if filtered is not None:
        filtered = np.angle(np.exp(1j * (filtered - _number(product, entries, "phase at reference point", 0.0))))
    made = assemble(product.shown(PHASE), grid, phase, cor, factor, components, filtered=filtered)
    axis = 1 if product.gamma else -1
    strength = _number(product, entries, "phase filter parameter", 0.0)
    absent = (
        ABSENT + (() if product.gamma else (FILTERED_COHERENCE,)) + ((ONE_COMPONENT,) if components is None else ())
    )
    return made.with_metadata(
        utc=_utc(entries, older_first),
        bperp_m=_number(product, entries, "baseline") * axis * (1 if older_first else -1),
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
        with product.opened("_lv_theta.tif") as theta_file, product.opened("_lv_phi.tif") as phi_file:
            theta, phi = (regrid.read_band(source, grid, void=0) for source in (theta_file, phi_file))
        parts = (
            np.cos(theta.values) * np.cos(phi.values),
            np.cos(theta.values) * np.sin(phi.values),
            np.sin(theta.values),
        )
        return los.from_vector(
            *(regrid.smooth(regrid.GeocodedBand(part, theta.transform, theta.crs), grid) for part in parts)
        )
    if product.has("_inc_map_ell.tif"):
        incidence = np.degrees(_layer(product, "_inc_map_ell.tif", grid, regrid.smooth))
        return los.from_angles(incidence, np.full(grid.shape, _number(product, metadata(product), "heading")))
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
    lines = product.read(".txt").decode(errors="replace").splitlines()
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


def _layer(
    product: Hyp3Product, suffix: str, grid: RegionGrid, onto: Callable[[regrid.GeocodedBand, RegionGrid], np.ndarray]
) -> np.ndarray:
    with product.opened(suffix) as source:
        return onto(regrid.read_band(source, grid, void=0), grid)


def _number(product: Hyp3Product, entries: dict[str, str], name: str, default: float | None = None) -> float:
    try:
        return float(entries[name])
    except (KeyError, ValueError):
        if default is not None:
            return default
        raise InterferogramError(
            f"{product.shown('.txt')}: has no number for '{name}'", "download the product again"
        ) from None


def _utc(entries: dict[str, str], older_first: bool) -> tuple[str | None, str | None]:
    found = [STAMP.search(f"_{entries.get(f'{which} granule', '')}") for which in ("reference", "secondary")]
    stamps = [
        one and f"{one[1][:4]}-{one[1][4:6]}-{one[1][6:]}T{one[2][:2]}:{one[2][2:4]}:{one[2][4:]}Z" for one in found
    ]
    first, second = stamps if older_first else stamps[::-1]
    return first, second
