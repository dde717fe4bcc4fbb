"""What the archive holds: simulated products in the forms in which ASF and the Copernicus Data Space deliver them."""

import hashlib
import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as Plain

import numpy as np
import rasterio
from defusedxml import ElementTree
from rasterio.errors import NotGeoreferencedWarning

from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.burst import burst_number
from sarslide.sentinel1.product import SafeProduct, open_product

LATENCY = np.timedelta64(3, "h")  # from the acquisition to the product, and to the restituted orbit
PLATFORMS = {"S1A": "SENTINEL-1A", "S1B": "SENTINEL-1B", "S1C": "SENTINEL-1C", "S1D": "SENTINEL-1D"}


@dataclass
class Piece:
    """One burst as ASF lists and cuts it. path: below the extractor's address."""

    name: str
    path: str
    slc: str
    swath: str
    polarisation: str
    number: int
    start: np.datetime64
    stop: np.datetime64
    outline: list[tuple[float, float]]
    lines: tuple[int, int]
    member: str


@dataclass
class Slc:
    """One product: its facts, its bursts; zip and single bursts are made when they are asked for."""

    product: SafeProduct
    name: str
    pieces: list[Piece]
    published: np.datetime64
    withdrawn: bool = False
    _files: dict[str, bytes] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        return self.product.stack

    def zip(self) -> bytes:
        if "zip" not in self._files:
            store = io.BytesIO()
            with zipfile.ZipFile(store, "w", zipfile.ZIP_DEFLATED) as archive:
                for member in self.product.members:
                    archive.writestr(
                        zipfile.ZipInfo(f"{self.name}.SAFE/{member}"), self.product.read(member), compresslevel=1
                    )
            self._files["zip"] = store.getvalue()
        return self._files["zip"]

    def file(self, piece: Piece, suffix: str) -> bytes:
        key = f"{piece.name}.{suffix}"
        if key not in self._files:
            self._files[key] = self._metadata(piece) if suffix == "xml" else self._samples(piece)
        return self._files[key]

    def _metadata(self, piece: Piece) -> bytes:
        root = Plain.Element("burst")
        Plain.SubElement(root, "manifest").append(ElementTree.fromstring(self.product.read("manifest.safe")))
        metadata = Plain.SubElement(root, "metadata")
        for member in [m for m in self.product.members if m.startswith("annotation/s1") and m.endswith(".xml")]:
            one = Plain.SubElement(metadata, "product")
            _, swath, _, polarisation, *_ = Path(member).stem.split("-")
            Plain.SubElement(one, "swath").text = swath.upper()
            Plain.SubElement(one, "polarisation").text = polarisation.upper()
            Plain.SubElement(one, "content").extend(list(ElementTree.fromstring(self.product.read(member))))
        return Plain.tostring(root)

    def _samples(self, piece: Piece) -> bytes:
        first, last = piece.lines
        with warnings.catch_warnings(), rasterio.MemoryFile() as memory:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(self.product.gdal_path(piece.member)) as source:
                part = source.read(1, window=((first, last), (0, source.width)))
            profile = {
                "driver": "GTiff",
                "count": 1,
                "height": part.shape[0],
                "width": part.shape[1],
                "dtype": "complex_int16",
            }
            with memory.open(**profile) as target:
                target.write(part, 1)
            return bytes(memory.getbuffer())


def slc_of(path: Path, processed: str = "") -> Slc:
    """The SAFE at `path` as the archive holds it. processed: four hex digits of a later processing, in place of its own."""
    product = open_product(path)
    name = path.name.removesuffix(".zip").removesuffix(".SAFE")
    name = name[:-4] + processed if processed else name
    pieces = []
    for polarisation in product.polarisations:
        for member in product.annotation_members(polarisation):
            notes = parse_annotation(product.read(member), member)
            image = member.replace("annotation/", "measurement/").replace(".xml", ".tiff")
            pieces += _pieces(product, name, notes, polarisation, image)
    return Slc(product, name, pieces, product.stop + LATENCY)


def _pieces(product: SafeProduct, slc: str, notes, polarisation: str, member: str) -> list[Piece]:
    found = []
    lines, grid = notes.lines_per_burst, notes.grid
    half = (lines - 1) / 2 * notes.line_interval_s
    epoch = product.start.astype("datetime64[D]").astype("datetime64[us]")
    for index, burst in enumerate(notes.bursts):
        start = epoch + np.timedelta64(round(burst.start_s * 1e6), "us")
        length = np.timedelta64(round(lines * notes.line_interval_s * 1e6), "us")
        number = burst.number or burst_number(burst.anx_time_s + half, int(product.stack[1:]))
        stamp = re.sub(r"[-:]", "", str(start))[:15]
        lat, lon = np.ravel(grid.latitude), np.ravel(grid.longitude)
        west, south, east, north = lon.min(), lat.min(), lon.max(), lat.max()
        outline = [(west, south), (east, south), (east, north), (west, north), (west, south)]
        found.append(
            Piece(
                f"S1_{number:06d}_{notes.swath}_{stamp}_{polarisation}_{slc[-4:]}-BURST",
                f"{slc}/{notes.swath}/{polarisation}/{index}", slc, notes.swath, polarisation, number, start, start + length,
                [(float(a), float(b)) for a, b in outline], (index * lines, (index + 1) * lines), member,
            )
        )  # fmt: skip
    return found


def burst_record(slc: Slc, piece: Piece, base: str) -> dict:
    """The item of a burst in the answer of the Common Metadata Repository."""
    about = {
        "AZIMUTH_TIME": f"{piece.start}", "BEAM_MODE": "IW", "BURST_ID_RELATIVE": str(piece.number),
        "BURST_ID_FULL": f"{int(slc.stack[1:]):03d}_{piece.number:06d}_{piece.swath}", "SUBSWATH_NAME": piece.swath,
        "BYTE_LENGTH": str(len(slc.file(piece, "tiff"))), "POLARIZATION": piece.polarisation, "PROCESSING_TYPE": "BURST",
        "BURST_INDEX": piece.path[-1], "BURST_ID_ABSOLUTE": "1", "SAMPLES_PER_BURST": "300", "AZIMUTH_ANX_TIME": "0",
    }  # fmt: skip
    urls = [
        {"URL": f"{base}/{piece.path}.{suffix}", "Type": "USE SERVICE API", "Format": kind}
        for suffix, kind in (("tiff", "GeoTIFF"), ("xml", "XML"))
    ]
    return _record(slc, piece.name, about, urls, piece.start, piece.stop, piece.outline, "SENTINEL-1_BURSTS")


def scene_record(slc: Slc, base: str) -> dict:
    """The item of a whole SLC."""
    content = slc.zip()
    both = "VV+VH" if "VH" in slc.product.polarisations or slc.name[14] == "D" else "VV"
    about = {
        "BEAM_MODE": "IW", "BYTES": str(len(content)), "MD5SUM": hashlib.md5(content).hexdigest(), "POLARIZATION": both,
        "PROCESSING_TYPE": "SLC",
    }  # fmt: skip
    urls = [{"URL": f"{base}/{slc.name}.zip", "Type": "GET DATA"}]
    outline, platform = slc.pieces[0].outline, f"{PLATFORMS[slc.product.mission]}_SLC"
    return _record(slc, f"{slc.name}-SLC", about, urls, slc.product.start, slc.product.stop, outline, platform)


def _record(slc, name, about, urls, start, stop, outline, collection) -> dict:
    direction = {"A": "ASCENDING", "D": "DESCENDING"}[slc.stack[0]]
    about |= {"ASCENDING_DESCENDING": direction, "PATH_NUMBER": str(int(slc.stack[1:]))}
    points = [{"Longitude": lon, "Latitude": lat} for lon, lat in outline]
    umm = {
        "GranuleUR": name,
        "TemporalExtent": {"RangeDateTime": {"BeginningDateTime": f"{start}Z", "EndingDateTime": f"{stop}Z"}},
        "OrbitCalculatedSpatialDomains": [{"OrbitNumber": slc.product.facts.absolute_orbit}],
        "AdditionalAttributes": [{"Name": key, "Values": [value]} for key, value in about.items()],
        "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": points}}]}}},
        "ProviderDates": [{"Date": f"{slc.published}Z", "Type": "Insert"}],
        "CollectionReference": {"ShortName": collection, "Version": "1"},
        "PGEVersionClass": {"PGEName": "Sentinel-1 IPF", "PGEVersion": slc.product.ipf_version},
        "RelatedUrls": urls,
        "DataGranule": {
            "Identifiers": [{"Identifier": name.removesuffix("-SLC"), "IdentifierType": "ProducerGranuleId"}],
            "ProductionDateTime": f"{stop}Z",
        },
        "Platforms": [{"ShortName": PLATFORMS[slc.product.mission], "Instruments": [{"ShortName": "C-SAR"}]}],
        "MetadataSpecification": {"Name": "UMM-G", "Version": "1.6.6", "URL": "https://cdn.earthdata.nasa.gov/umm"},
    }
    return {"meta": {"concept-id": f"G-{name}", "native-id": name, "provider-id": "ASF"}, "umm": umm}


def restituted(eof: Path, start: np.datetime64) -> tuple[str, bytes]:
    """Name and bytes of a restituted orbit with the state vectors of a precise one."""
    stamp = [
        re.sub(r"[-:]", "", str((start + np.timedelta64(minutes, "m")).astype("datetime64[s]")))
        for minutes in (150, -101, 96)
    ]
    name = f"{eof.name[:3]}_OPER_AUX_RESORB_OPOD_{stamp[0]}_V{stamp[1]}_{stamp[2]}.EOF"
    return name, eof.read_bytes().replace(b"AUX_POEORB", b"AUX_RESORB")
