"""SAFE products as they are delivered, folders or zips (read in place), and the acquisition that they form with an orbit file."""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import rasterio
from defusedxml import ElementTree
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from sarslide import names
from sarslide.errors import AnnotationError, SafeError, StackError
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.burst import Burst, bursts_of
from sarslide.sentinel1.orbit import Arc, Orbit, choose_eof, read_eof

COPY_AGAIN = "copy or download the product again"


@dataclass(frozen=True)
class Product:
    """One SAFE. `members` are paths below the SAFE folder; `root` leads to it inside a zip, and is empty for a folder."""

    path: Path
    root: str
    members: tuple[str, ...]
    mission: str
    stack: str
    start: np.datetime64
    stop: np.datetime64
    ipf_version: str

    def read(self, member: str) -> bytes:
        """Bytes of a member, such as `annotation/s1a-iw2-slc-vv-....xml`."""
        return _read(self.path, self.root, member)

    def gdal_path(self, member: str) -> str:
        """What GDAL opens for a raster member."""
        if self.path.is_dir():
            return str(self.path / member)
        return f"/vsizip/{self.path}/{self.root}{member}"

    def annotation_members(self, polarisation: str) -> list[str]:
        """Annotation files of one polarisation (VV, VH, HH, HV), one a swath, in order of the swaths."""
        return [
            member
            for member in self.members
            if member.startswith("annotation/s1") and member.endswith(".xml") and f"-{polarisation.lower()}-" in member
        ]

    @property
    def copolarisation(self) -> str:
        """VV or HH, whichever the product has."""
        for polarisation in ("VV", "HH"):
            if self.annotation_members(polarisation):
                return polarisation
        raise SafeError(f"{self.path}: has no co-polarised annotation", COPY_AGAIN)


def open_product(path: str | Path) -> Product:
    """The product at `path`, a SAFE folder or a zip that holds one. Raises SafeError where the manifest is missing or broken."""
    path = Path(path)
    try:
        if path.is_dir():
            members = [p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file()]
            root = ""
        else:
            with zipfile.ZipFile(path) as archive:
                held = [name for name in archive.namelist() if not name.startswith("__MACOSX")]
            manifests = [name for name in held if PurePosixPath(name).name == "manifest.safe"]
            root = manifests[0].removesuffix("manifest.safe") if manifests else ""
            members = [name.removeprefix(root) for name in held if name.startswith(root) and not name.endswith("/")]
    except (OSError, zipfile.BadZipFile) as error:
        raise SafeError(f"{path}: cannot be read ({error})", COPY_AGAIN) from error
    if "manifest.safe" not in members:
        raise SafeError(f"{path}: has no manifest.safe", COPY_AGAIN)
    return Product(path, root, tuple(sorted(members)), **_manifest(path, _read(path, root, "manifest.safe")))


def _read(path: Path, root: str, member: str) -> bytes:
    try:
        if path.is_dir():
            return (path / member).read_bytes()
        with zipfile.ZipFile(path) as archive:
            return archive.read(root + member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SafeError(f"{path}: {member} cannot be read ({error})", COPY_AGAIN) from error


def _manifest(path: Path, text: bytes) -> dict:
    """Mission, stack, times and processor version of a manifest."""
    try:
        elements = list(ElementTree.fromstring(text).iter())
        first: dict[str, str] = {}
        for element in elements:
            tag = element.tag.rpartition("}")[2]
            key = f"{tag}.{element.get('type')}" if element.get("type") else tag
            if element.text and element.text.strip():
                first.setdefault(key, element.text.strip())
        software = [e.get("version") for e in elements if e.tag.endswith("}software") and "IPF" in e.get("name", "")]
        return {
            "mission": f"S1{first['number']}",
            "stack": names.stack_name(first["pass"], int(first["relativeOrbitNumber.start"])),
            "start": np.datetime64(first["startTime"], "us"),
            "stop": np.datetime64(first["stopTime"], "us"),
            "ipf_version": software[0] if software else "",
        }
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise SafeError(f"{path}/manifest.safe: not a Sentinel-1 manifest ({error})", COPY_AGAIN) from error


def products_in(folder: str | Path) -> list[Product]:
    """Products (`*.SAFE` folders, `S1*.zip`) in the folder of a date, in order of time. Raises SafeError when there is none."""
    folder = Path(folder)
    found = [open_product(path) for path in sorted([*folder.glob("S1*.SAFE"), *folder.glob("S1*.zip")])]
    if not found:
        raise SafeError(f"{folder}: holds no SAFE product", "put one S1?_IW_SLC__*.SAFE folder or zip a slice there")
    return sorted(found, key=lambda product: product.start)


@dataclass(frozen=True)
class Scene:
    """One acquisition of a stack: the bursts of all its slices and swaths, and its orbit. Times are seconds from `epoch`."""

    stack: str
    date: str
    mission: str
    polarisation: str
    ipf_version: str
    epoch: np.datetime64
    orbit: Orbit
    arc: Arc
    wavelength_m: float
    bursts: tuple[Burst, ...]

    def utc(self, time_s: float) -> str:
        """ISO time of a second count."""
        return self.orbit.utc(time_s)


def open_scene(folder: str | Path, stack: str | None = None) -> Scene:
    """The acquisition that lies in `folder`: SAFE products of one pass and the orbit file that covers them.

    Raises SafeError or AnnotationError for a broken product, OrbitError without a covering orbit file, StackError when a product
    is not of `stack` or when products of several tracks or days lie together.
    """
    products = products_in(folder)
    wanted = stack or products[0].stack
    for product in products:
        if product.stack != wanted:
            raise StackError(
                f"{product.path}: is of track {product.stack}, not {wanted}", "keep one folder for each track and date"
            )
        if product.start - products[0].stop > np.timedelta64(60, "s"):
            raise StackError(
                f"{product.path}: starts {product.start}, more than a minute after the slice before it",
                "keep the slices of one pass in the folder of their date",
            )
    first = products[0]
    epoch = first.start.astype("datetime64[D]").astype("datetime64[us]")
    polarisation = first.copolarisation
    annotations = [
        (
            product,
            parse_annotation(product.read(member), f"{product.path}/{member}", epoch),
            _measurement(product, member),
        )
        for product in products
        for member in product.annotation_members(polarisation)
    ]
    if not annotations:
        raise AnnotationError(f"{first.path}: has no annotation of {polarisation}", COPY_AGAIN)
    start = min(annotation.start_s for _, annotation, _ in annotations)
    stop = max(annotation.stop_s for _, annotation, _ in annotations)
    eof = choose_eof(Path(folder), first.mission, first.start, products[-1].stop)
    orbit = read_eof(eof, epoch, start, stop)
    arc = orbit.arc(start, stop)
    return Scene(
        stack=wanted,
        date=str(first.start)[:10].replace("-", ""),
        mission=first.mission,
        polarisation=polarisation,
        ipf_version=first.ipf_version,
        epoch=epoch,
        orbit=orbit,
        arc=arc,
        wavelength_m=annotations[0][1].wavelength_m,
        bursts=tuple(burst for _, annotation, raster in annotations for burst in bursts_of(annotation, arc, raster)),
    )


def _measurement(product: Product, annotation_member: str) -> str:
    """GDAL path of the measurement that belongs to an annotation file; it need not exist where no burst of it is wanted."""
    return product.gdal_path(annotation_member.replace("annotation/", "measurement/").replace(".xml", ".tiff"))


def check_measurement(burst: Burst) -> None:
    """SafeError unless the raster of a burst holds the samples of its annotation, to the last line."""
    wanted = burst.raster_lines, burst.samples
    with _opened(burst.raster) as source:
        if source.shape != wanted:
            raise SafeError(
                f"{burst.raster}: has {source.shape} lines and samples, its annotation {wanted}", COPY_AGAIN
            )
        source.read(1, window=Window(0, wanted[0] - 1, wanted[1], 1))


def read_samples(burst: Burst, lines: slice, samples: slice) -> np.ndarray:
    """Samples of a burst, complex64; what lies beyond its lines and samples is 0. Raises SafeError for a truncated file."""
    out = np.zeros((lines.stop - lines.start, samples.stop - samples.start), np.complex64)
    top, left = max(lines.start, 0), max(samples.start, 0)
    bottom, right = min(lines.stop, burst.lines), min(samples.stop, burst.samples)
    inner = out[top - lines.start : bottom - lines.start, left - samples.start : right - samples.start]
    with _opened(burst.raster) as source:
        inner[:] = source.read(1, window=Window(left, burst.row_offset + top, right - left, bottom - top))
    return out


@contextmanager
def _opened(path: str) -> Iterator[rasterio.DatasetReader]:
    """An open measurement; whatever fails is a SafeError that names the file."""
    try:
        with warnings.catch_warnings():
            # Samples lie in radar geometry: they have no transform.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                yield source
    except RasterioError as error:
        raise SafeError(f"{path}: truncated or unreadable ({str(error).splitlines()[0]})", COPY_AGAIN) from error
