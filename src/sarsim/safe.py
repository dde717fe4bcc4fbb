"""SAFE products and EOF orbit file of a simulated acquisition, laid out as the Copernicus ground
segment delivers them.
"""

import binascii
import hashlib
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np

from sarsim import acquisition as radar
from sarsim import annotation
from sarsim.acquisition import ProductLabel, SimulatedAcquisition
from sarsim.annotation import iso, leaves, listing, node, xml_bytes
from sarslide.io.atomic import atomic_folder
from sarslide.io.blocks import strips
from sarslide.io.raster import CACHE

NSSDC = {"S1A": "2014-016A", "S1B": "2016-025A", "S1C": "0000-000A", "S1D": "0000-000A"}
TAI_MINUS_UTC = 37  # s, since 2017
WRITTEN_LINES = 100  # of a burst at a time
RESTITUTED_ERROR_M = 0.05  # standard deviation of a restituted orbit in each direction
_EOF_TIME = "UTC=%Y-%m-%dT%H:%M:%S"
_NAMESPACES = {
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xmlns:gml": "http://www.opengis.net/gml",
    "xmlns:xfdu": "urn:ccsds:schema:xfdu:1",
    "xmlns:safe": "http://www.esa.int/safe/sentinel-1.0",
    "xmlns:s1": "http://www.esa.int/safe/sentinel-1.0/sentinel-1",
    "xmlns:s1sar": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar",
    "xmlns:s1sarl1": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-1",
    "xmlns:s1sarl2": "http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-2",
    "xmlns:gx": "http://www.google.com/kml/ext/2.2",
}


@dataclass(frozen=True)
class Member:
    """A file of a product.

    Attributes
    ----------
    path : str
        Below the SAFE folder.
    kind : str
        Its role in the manifest.
    size : int
        Bytes.
    md5 : str
        Its MD5.
    """

    path: str
    kind: str  # product, calibration, noise, measurement, mapoverlay
    size: int
    md5: str

    @property
    def identifier(self) -> str:
        """Its id in the manifest."""
        stem = Path(self.path).stem
        if self.kind == "mapoverlay":
            return "mapoverlay"
        bare = stem.removeprefix("calibration-").removeprefix("noise-").replace("-", "")
        return bare if self.kind == "measurement" else self.kind + bare


_SCHEMA = {
    "product": "s1Level1ProductSchema",
    "calibration": "s1Level1CalibrationSchema",
    "noise": "s1Level1NoiseSchema",
    "measurement": "s1Level1MeasurementSchema",
    "mapoverlay": "s1Level1MapOverlaySchema",
}


class Bursts(Sequence[np.ndarray]):
    """Bursts of which one is in memory at a time.

    Parameters
    ----------
    numbers : sequence of int
        Which.
    make : callable
        Makes the burst of a number.
    """

    def __init__(self, numbers: Sequence[int], make: Callable[[int], np.ndarray]):
        self._numbers, self._make = numbers, make

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at):
        return self._make(self._numbers[at])


@dataclass(frozen=True)
class Image:
    """One swath and polarisation of a product.

    Attributes
    ----------
    acquisition : SimulatedAcquisition
        Its acquisition, labelled.
    bursts : sequence of ndarray
        int16 (lines, samples, 2) each, real and imaginary part; each is taken once, in order.
    noise_power : float
        Mean square digital number of the thermal noise.
    """

    acquisition: SimulatedAcquisition
    bursts: Sequence[np.ndarray]
    noise_power: float


def write_acquisition(
    folder: str | Path, acq: SimulatedAcquisition, bursts: list[np.ndarray], noise_power: float
) -> Path:
    """Write one SAFE with one image and its orbit file, all or nothing.

    Parameters
    ----------
    folder : str or Path
        Where they lie.
    acq : SimulatedAcquisition
        One swath of one pass.
    bursts : list of ndarray
        As in `Image`.
    noise_power : float
        As in `Image`.

    Returns
    -------
    Path
        The SAFE folder.
    """
    return write_products(folder, [[Image(acq, bursts, noise_power)]])[0]


def write_products(folder: str | Path, products: list[list[Image]]) -> list[Path]:
    """Write the SAFE products of one pass and their orbit file, all or nothing.

    Parameters
    ----------
    folder : str or Path
        Where they lie.
    products : list of list of Image
        The images of each: VV before VH, each from near to far.

    Returns
    -------
    list of Path
        The SAFE folders, or zips.
    """
    with atomic_folder(folder) as temporary:
        written = [_write_safe(temporary, images) for images in products]
        acq = products[0][0].acquisition
        if acq.label.orbit:
            (temporary / orbit_name(acq)).write_bytes(orbit_file(acq))
        if acq.label.zipped:
            written = [_zipped(safe) for safe in written]
    return [Path(folder) / path.name for path in written]


def deliver(
    folder: str | Path,
    images: list[Image],
    label: ProductLabel | None = None,
    slices: tuple[tuple[int, ...], ...] | None = None,
    omit: frozenset[tuple[str, int]] = frozenset(),
) -> list[Path]:
    """Write the images of a pass as products of one or several slices.

    Parameters
    ----------
    folder : str or Path
        Where they lie.
    images : list of Image
        One for each polarisation and swath.
    label : ProductLabel, optional
        IPF version, kind of orbit file, zips or folders.
    slices : tuple of tuple of int, optional
        For each product the numbers of its bursts, such as ((0, 1), (2,)); neighbours may share
        one; by default all are in one product.
    omit : frozenset[tuple[str, int]]
        Bursts without a product, as (swath, number).

    Returns
    -------
    list of Path
        The SAFE folders, or zips.
    """
    label = label or ProductLabel()
    held = slices or (tuple(range(max(len(image.bursts) for image in images))),)
    products: list[list[Image]] = []
    for number, chosen in enumerate(held, 1):
        products.append([])
        for image in images:
            acq = image.acquisition
            kept = [k for k in chosen if (acq.swath.name, k) not in omit]
            if kept:
                mine = replace(label, polarisation=acq.label.polarisation, slice_number=number, slices=len(held))
                bursts = Bursts(kept, image.bursts.__getitem__)
                products[-1].append(Image(acq.part(kept, mine), bursts, image.noise_power))
    return write_products(folder, products)


def _zipped(safe: Path) -> Path:
    """The SAFE as a zip beside it, which replaces it; the same content gives the same bytes."""
    target = safe.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(safe.rglob("*")):
            if path.is_file():
                name = f"{safe.name}/{path.relative_to(safe).as_posix()}"
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes(), compresslevel=1)
    shutil.rmtree(safe)
    return target


def _period(images: list[Image]) -> tuple[datetime, datetime]:
    """First and last line of all images."""
    acquisitions = [image.acquisition for image in images]
    return min(map(annotation.start_time, acquisitions)), max(map(annotation.stop_time, acquisitions))


def _stem(acq: SimulatedAcquisition) -> str:
    label, start, stop = acq.label, annotation.start_time(acq), annotation.stop_time(acq)
    return (
        f"{acq.mission}-{acq.swath.name}-slc-{label.polarisation}-{start:%Y%m%dt%H%M%S}-{stop:%Y%m%dt%H%M%S}-"
        f"{acq.absolute_orbit:06d}-{annotation.data_take(acq):06x}-{annotation.image_number(label.polarisation, acq.swath)}"
    ).lower()


def _write_safe(folder: Path, images: list[Image]) -> Path:
    work = folder / "SAFE"
    for sub in ("annotation/calibration", "measurement", "preview"):
        (work / sub).mkdir(parents=True)
    members, measurements = [], []
    for image in images:
        acq, stem = image.acquisition, _stem(image.acquisition)
        measurement = work / "measurement" / f"{stem}.tiff"
        statistics = _Statistics()
        offsets = _write_measurement(measurement, acq, image.bursts, statistics)
        content = xml_bytes(annotation.product(acq, offsets, *statistics.mean_and_deviation()))
        members.append(_store(work, f"annotation/{stem}.xml", "product", content))
        for kind, tree in (
            ("calibration", annotation.calibration(acq)),
            ("noise", annotation.noise(acq, image.noise_power)),
        ):
            members.append(_store(work, f"annotation/calibration/{kind}-{stem}.xml", kind, xml_bytes(tree)))
        with open(measurement, "rb") as stream:
            digest = hashlib.file_digest(stream, "md5").hexdigest()
        size = measurement.stat().st_size
        measurements.append(Member(f"measurement/{stem}.tiff", "measurement", size, digest))
    members.append(_store(work, "preview/map-overlay.kml", "mapoverlay", xml_bytes(_overlay(images))))
    manifest = xml_bytes(_manifest(images, members + measurements))
    (work / "manifest.safe").write_bytes(manifest)
    acq, (start, stop) = images[0].acquisition, _period(images)
    # the product's unique identifier is the CRC-16-CCITT of its manifest; the data take is
    # dual-polarised, VH or not
    name = (
        f"{acq.mission}_IW_SLC__1SDV_{start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}_{acq.absolute_orbit:06d}_"
        f"{annotation.data_take(acq):06X}_{binascii.crc_hqx(manifest, 0xFFFF):04X}.SAFE"
    )
    return work.rename(folder / name)


def _store(work: Path, path: str, kind: str, content: bytes) -> Member:
    (work / path).write_bytes(content)
    return Member(path, kind, len(content), hashlib.md5(content).hexdigest())


class _Statistics:
    """Mean and standard deviation of real and imaginary part, of every fourth valid pixel."""

    def __init__(self) -> None:
        self.count, self.sums, self.squares = 0, np.zeros(2, np.int64), np.zeros(2, np.int64)

    def add(self, acq: SimulatedAcquisition, burst: np.ndarray) -> None:
        first, last = acq.valid_lines
        margin = radar.VALID_SAMPLES_MARGIN
        values = burst[first:last:4, margin:-margin:4].reshape(-1, 2).astype(np.int64)
        self.count += len(values)
        self.sums += values.sum(0)
        self.squares += (values**2).sum(0)

    def mean_and_deviation(self) -> tuple[complex, complex]:
        mean = self.sums / self.count
        return complex(*mean), complex(*np.sqrt(self.squares / self.count - mean**2))


def _write_measurement(
    path: Path, acq: SimulatedAcquisition, bursts: Sequence[np.ndarray], statistics: _Statistics
) -> list[int]:
    """CInt16 GeoTIFF, one uncompressed strip a line, tie points as GCPs; returns the byte offset of
    each burst's first line.
    """
    import rasterio
    from rasterio.control import GroundControlPoint

    points = [
        GroundControlPoint(row=p["line"], col=p["pixel"], x=p["lon"], y=p["lat"], z=p["height"])
        for p in annotation.geolocation_grid(acq)
    ]
    lines = acq.lines
    profile = {
        "driver": "GTiff", "width": acq.samples, "height": lines * len(bursts), "count": 1, "dtype": "complex_int16",
        "blockysize": 1, "tiled": False, "gcps": points, "crs": "EPSG:4326",
    }  # fmt: skip
    with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(path, "w", **profile) as target:
        target.update_tags(
            TIFFTAG_IMAGEDESCRIPTION=f"Sentinel-1{acq.mission[-1]} IW SLC L1 (simulated)",
            TIFFTAG_SOFTWARE=f"Sentinel-1 IPF {acq.label.ipf_version} layout, sarslide simulator",
            TIFFTAG_DATETIME=f"{annotation.start_time(acq):%Y:%m:%d %H:%M:%S}",
        )
        for k, burst in enumerate(bursts):
            statistics.add(acq, burst)
            for part in strips(lines, WRITTEN_LINES):
                target.write(
                    burst[part].astype(np.float32).view(np.complex64)[..., 0],
                    1,
                    window=((k * lines + part.start, k * lines + part.stop), (0, acq.samples)),
                )
    with rasterio.open(path) as source:
        return [int(source.get_tag_item(f"BLOCK_OFFSET_0_{k * lines}", "TIFF", 1)) for k in range(len(bursts))]


def _corners(images: list[Image]) -> list[tuple[float, float]]:
    """(lon, lat) of the scene's corners: first line near and far, last line far and near."""
    near = min((image.acquisition for image in images), key=lambda acq: acq.near_time)
    far = max((image.acquisition for image in images), key=lambda acq: acq.near_time)
    n = annotation.GRID_PIXELS
    inner, outer = annotation.geolocation_grid(near), annotation.geolocation_grid(far)
    return [(point["lon"], point["lat"]) for point in (inner[0], outer[n - 1], outer[-1], inner[-n])]


def _overlay(images: list[Image]) -> Element:
    first_near, first_far, last_far, last_near = _corners(images)
    # as published: last line first, so that the quicklook stands upright
    quad = " ".join(f"{lon:.6f},{lat:.6f}" for lon, lat in (last_near, last_far, first_far, first_near))
    return node(
        "kml",
        node(
            "Document",
            node("name", text="Sentinel-1 Map Overlay"),
            node(
                "Folder",
                node("name", text="Sentinel-1 Scene Overlay"),
                node(
                    "GroundOverlay",
                    node("name", text="Sentinel-1 Image Overlay"),
                    node("Icon", node("href", text="quick-look.png")),
                    node("gx:LatLonQuad", node("coordinates", text=quad)),
                ),
            ),
        ),
        **{key: value for key, value in _NAMESPACES.items() if key != "xmlns"},
    )


def _manifest(images: list[Image], members: list[Member]) -> Element:
    stems = [_stem(image.acquisition) for image in images]

    def annotations(stem: str) -> list[str]:
        """Identifiers of the annotation, noise and calibration of an image."""
        return [kind + stem.replace("-", "") for kind in ("product", "noise", "calibration")]

    def unit(member: Member) -> Element:
        described = " ".join(f"{name}Annotation" for name in annotations(Path(member.path).stem))
        data = {"unitType": "Measurement Data Unit", "dmdID": described} if member.kind == "measurement" else {}
        return node(
            "xfdu:contentUnit",
            node("dataObjectPointer", dataObjectID=member.identifier),
            **{"unitType": "Metadata Unit", "repID": _SCHEMA[member.kind]} | data,
        )

    package = node(
        "xfdu:contentUnit",
        *(unit(m) for m in members),
        unitType="SAFE Archive Information Package",
        textInfo="Sentinel-1 IW Level-1 SLC Product",
        dmdID="acquisitionPeriod platform generalProductInformation measurementOrbitReference measurementFrameSet",
        pdiID="processing",
    )
    pointers = [
        node(
            "metadataObject", node("dataObjectPointer", dataObjectID=name),
            ID=f"{name}Annotation", classification="DESCRIPTION", category="DMD",
        )
        for stem in stems for name in annotations(stem)
    ]  # fmt: skip
    schemas = [
        node(
            "metadataObject",
            node(
                "metadataReference", mimeType="text/xml", vocabularyName="XML Schema", locatorType="URL",
                href=f"./support/{name}.xsd",
            ),
            ID=schema, classification="SYNTAX", category="REP",
        )
        for schema, name in (
            ("s1Level1ProductSchema", "s1-level-1-product"), ("s1Level1NoiseSchema", "s1-level-1-noise"),
            ("s1Level1CalibrationSchema", "s1-level-1-calibration"), ("s1Level1MeasurementSchema", "s1-level-1-measurement"),
            ("s1Level1MapOverlaySchema", "s1-map-overlay"),
        )
    ]  # fmt: skip
    objects = [
        node(
            "dataObject",
            node(
                "byteStream",
                node("fileLocation", locatorType="URL", href=f"./{m.path}"),
                node("checksum", text=m.md5, checksumName="MD5"),
                mimeType="application/octet-stream" if m.kind == "measurement" else "text/xml",
                size=m.size,
            ),
            ID=m.identifier,
            repID=_SCHEMA[m.kind],
        )
        for m in members
    ]
    return node(
        "xfdu:XFDU",
        node("informationPackageMap", package),
        node("metadataSection", *pointers, *_metadata(images), *schemas),
        node("dataObjectSection", *objects),
        **_NAMESPACES,
        version="esa/safe/sentinel-1.0/sentinel-1/sar/level-1/slc/standard/iwdp",
    )


def _wrapped(identifier: str, text: str, content: Element, kind: str = "DESCRIPTION", category: str = "DMD") -> Element:
    return node(
        "metadataObject",
        node("metadataWrap", node("xmlData", content), mimeType="text/xml", vocabularyName="SAFE", textInfo=text),
        ID=identifier,
        classification=kind,
        category=category,
    )


def _metadata(images: list[Image]) -> list[Element]:
    acq, (start, stop) = images[0].acquisition, _period(images)
    label = acq.label
    polarisations = sorted({image.acquisition.label.polarisation for image in images}, reverse=True)
    swaths = sorted({image.acquisition.swath.name for image in images})
    node_time = acq.utc(acq.ascending_node)
    processing = node(
        "safe:processing",
        node(
            "safe:facility",
            node("safe:software", name="Sentinel-1 IPF", version=label.ipf_version),
            country="simulated",
            name="sarslide simulator",
            organisation="sarslide",
            site="simulated product, not an observation",
        ),
        node("safe:resource", name=f"{orbit_name(acq)}", role=f"AUX_{_orbit_kind(acq)[:3]}"),
        name="SLC Post Processing",
        start=iso(start + timedelta(hours=3)),
        stop=iso(stop + timedelta(hours=3)),
    )
    platform = node(
        "safe:platform",
        *leaves(
            **{
                "safe:nssdcIdentifier": NSSDC[acq.mission],
                "safe:familyName": "SENTINEL-1",
                "safe:number": acq.mission[-1],
            }
        ),
        node(
            "safe:instrument",
            node("safe:familyName", text="Synthetic Aperture Radar", abbreviation="SAR"),
            node(
                "safe:extension",
                node(
                    "s1sarl1:instrumentMode",
                    node("s1sarl1:mode", text="IW"),
                    *(node("s1sarl1:swath", text=swath) for swath in swaths),
                ),
            ),
        ),
    )
    orbit = node(
        "safe:orbitReference",
        *(node("safe:orbitNumber", text=acq.absolute_orbit, type=end) for end in ("start", "stop")),
        *(node("safe:relativeOrbitNumber", text=acq.track.relative_orbit, type=end) for end in ("start", "stop")),
        *leaves(
            **{
                "safe:cycleNumber": (acq.absolute_orbit - 73) // radar.ORBITS_PER_REPEAT + 15,
                "safe:phaseIdentifier": 1,
            }
        ),
        node(
            "safe:extension",
            node(
                "s1:orbitProperties",
                *leaves(
                    **{
                        "s1:pass": "ASCENDING" if acq.track.ascending else "DESCENDING",
                        "s1:ascendingNodeTime": iso(node_time),
                    }
                ),
            ),
        ),
    )
    general = node(
        "s1sarl1:standAloneProductInformation",
        *leaves(
            **{
                "s1sarl1:instrumentConfigurationID": 6,
                "s1sarl1:missionDataTakeID": annotation.data_take(acq),
            }
        ),
        *(node("s1sarl1:transmitterReceiverPolarisation", text=polarisation) for polarisation in polarisations),
        *leaves(
            **{
                "s1sarl1:productClass": "S",
                "s1sarl1:productClassDescription": "SAR Standard L1 Product",
                "s1sarl1:productComposition": "Slice",
                "s1sarl1:productType": "SLC",
                "s1sarl1:productTimelinessCategory": "Fast-24h",
                "s1sarl1:sliceProductFlag": "true",
                "s1sarl1:segmentStartTime": iso(start),
                "s1sarl1:sliceNumber": label.slice_number,
                "s1sarl1:totalSlices": label.slices,
            }
        ),
    )
    period = node(
        "safe:acquisitionPeriod",
        *leaves(**{"safe:startTime": iso(start), "safe:stopTime": iso(stop)}),
        node(
            "safe:extension",
            node(
                "s1:timeANX",
                *leaves(
                    **{
                        "s1:startTimeANX": f"{(start - node_time).total_seconds() * 1e3:.6e}",
                        "s1:stopTimeANX": f"{(stop - node_time).total_seconds() * 1e3:.6e}",
                    }
                ),
            ),
        ),
    )
    near, far, last_far, last_near = _corners(images)
    coordinates = " ".join(f"{lat:.6f},{lon:.6f}" for lon, lat in (last_near, last_far, far, near))
    frames = node(
        "safe:frameSet",
        node(
            "safe:frame",
            node(
                "safe:footPrint",
                node("gml:coordinates", text=coordinates),
                srsName="http://www.opengis.net/gml/srs/epsg.xml#4326",
            ),
        ),
    )
    return [
        _wrapped("processing", "Processing", processing, "PROVENANCE", "PDI"),
        _wrapped("platform", "Platform Description", platform),
        _wrapped("measurementOrbitReference", "Orbit Reference", orbit),
        _wrapped("generalProductInformation", "General Product Information", general),
        _wrapped("acquisitionPeriod", "Acquisition Period", period),
        _wrapped("measurementFrameSet", "Frame Set", frames),
    ]


def _orbit_kind(acq: SimulatedAcquisition) -> str:
    """POEORB or RESORB; a product without an orbit file was made with a restituted one."""
    return acq.label.orbit or "RESORB"


def _validity(acq: SimulatedAcquisition) -> tuple[datetime, datetime]:
    if _orbit_kind(acq) == "RESORB":
        begin = (acq.epoch - timedelta(minutes=101)).replace(microsecond=0)
        return begin, begin + timedelta(hours=3, minutes=17, seconds=30)
    day = acq.epoch.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(hours=1, minutes=0, seconds=18), day + timedelta(days=1, minutes=59, seconds=42)


def _created(acq: SimulatedAcquisition) -> datetime:
    """Precise orbits appear about twenty days after the scene, restituted ones within hours."""
    if _orbit_kind(acq) == "RESORB":
        return _validity(acq)[1] + timedelta(minutes=31, seconds=41)
    return acq.epoch.replace(hour=12, minute=6, second=17, microsecond=0) + timedelta(days=21)


def orbit_name(acq: SimulatedAcquisition) -> str:
    """Name of the orbit file.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    str
        A precise one is valid from 22:59:42 of the day before to 00:59:42 of the day after.
    """
    begin, end = _validity(acq)
    return (
        f"{acq.mission}_OPER_AUX_{_orbit_kind(acq)}_OPOD_{_created(acq):%Y%m%dT%H%M%S}_V{begin:%Y%m%dT%H%M%S}_"
        f"{end:%Y%m%dT%H%M%S}.EOF"
    )


def _published_states(acq: SimulatedAcquisition) -> np.ndarray:
    """State vectors of the orbit file: the truth, or for a restituted orbit one that is off by a
    few centimetres.

    The error is constant along the radial, the flight and the cross-track direction, drawn from the
    orbit's number alone.
    """
    if _orbit_kind(acq) == "POEORB":
        return acq.states
    position, velocity = acq.states[:, :3], acq.states[:, 3:]
    radial = position / np.linalg.norm(position, axis=1)[:, None]
    across = np.cross(position, velocity)
    across /= np.linalg.norm(across, axis=1)[:, None]
    frame = np.stack([radial, np.cross(across, radial), across], -1)
    error = frame @ np.random.default_rng(acq.absolute_orbit).normal(scale=RESTITUTED_ERROR_M, size=3)
    turn = np.cross(position, velocity) / (position**2).sum(1)[:, None]
    return np.hstack([position + error, velocity + np.cross(turn, error)])


def orbit_file(acq: SimulatedAcquisition) -> bytes:
    """Orbit file: state vectors every 10 s.

    A published file holds the whole validity of its name; this one is clipped to the revolution of
    the scene.

    Parameters
    ----------
    acq : SimulatedAcquisition
        One swath of one pass.

    Returns
    -------
    bytes
        From before the ascending node to ten minutes after the scene.
    """
    begin, end = _validity(acq)
    kind, name = _orbit_kind(acq), orbit_name(acq).removesuffix(".EOF")
    described = "Precise Orbit Ephemerides (POE) Orbit File" if kind == "POEORB" else "NRT POD Restituted Orbit File"
    fixed = node(
        "Fixed_Header",
        *leaves(
            File_Name=name, File_Description=described, Notes="simulated, clipped",
            Mission=f"Sentinel-1{acq.mission[-1]}", File_Class="OPER", File_Type=f"AUX_{kind}",
        ),
        node(
            "Validity_Period",
            *leaves(Validity_Start=begin.strftime(_EOF_TIME), Validity_Stop=end.strftime(_EOF_TIME)),
        ),
        *leaves(File_Version="0001"),
        node(
            "Source",
            *leaves(
                System="OPOD", Creator="sarslide", Creator_Version="1",
                Creation_Date=_created(acq).strftime(_EOF_TIME),
            ),
        ),
    )  # fmt: skip
    variable = node("Variable_Header", *leaves(Ref_Frame="EARTH_FIXED", Time_Reference="UTC"))
    vectors = []
    for t, state in zip(acq.state_times, _published_states(acq), strict=True):
        time = acq.utc(t)
        orbit = acq.absolute_orbit - (t < acq.ascending_node)
        vectors.append(
            node(
                "OSV",
                *leaves(
                    TAI=f"TAI={iso(time + timedelta(seconds=TAI_MINUS_UTC))}", UTC=f"UTC={iso(time)}", UT1=f"UT1={iso(time)}",
                    Absolute_Orbit=f"{orbit:+06d}",
                ),
                *(node(axis, text=f"{v:.6f}", unit="m") for axis, v in zip("XYZ", state[:3], strict=True)),
                *(node(f"V{axis}", text=f"{v:.6f}", unit="m/s") for axis, v in zip("XYZ", state[3:], strict=True)),
                node("Quality", text="NOMINAL"),
            )
        )  # fmt: skip
    return xml_bytes(
        node(
            "Earth_Explorer_File",
            node("Earth_Explorer_Header", fixed, variable),
            node("Data_Block", listing("List_of_OSVs", vectors), type="xml"),
        )
    )
