"""ESA SNAP's graphs of one D-InSAR pair, as gpt reads them: plain XML, one node an operator.

Operators and parameters as in the @OperatorMetadata and @Parameter annotations of SNAP's Microwave
Toolbox (senbox-org/microwave-toolbox, releases 13.0.4 and 14.0.0; senbox-org/s1tbx before), held in
tests/insar/snap/test_graph.py. What is left out keeps SNAP's default. The first source of
Back-Geocoding is the reference: the earlier date, so that the interferogram is earlier x
conj(later), as InterferogramOp forms it, and its phase grows away from the satellite.

    interferogram   Read, SliceAssembly, TOPSAR-Split, Apply-Orbit-File, Back-Geocoding,
                    Enhanced-Spectral-Diversity, Interferogram, TOPSAR-Deburst, TOPSAR-Merge,
                    TopoPhaseRemoval, Multilook -> ifg.dim
    filtering       GoldsteinPhaseFiltering -> filtered.dim
    export          SnaphuExport -> snaphu/, where SNAPHU then unwraps
    geocoding       SnaphuImport, Terrain-Correction to the cells of the region -> geocoded.dim;
                    without import: unfiltered.dim
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from sarslide.grid import RegionGrid

FFT_SIZES = (32, 64, 128, 256)
DEM_VOID = -32768.0
ADAPTIVE_SINCE = 14  # from this SNAP on the Goldstein filter chooses its strength by default
ORBITS = {"POEORB": "Sentinel Precise (Auto Download)", "RESORB": "Sentinel Restituted (Auto Download)"}

Value = str | int | float | bool


@dataclass(frozen=True)
class Node:
    """One operator.

    Attributes
    ----------
    name : str
        Name of the node.
    operator : str
        SNAP's operator.
    sources : tuple of str
        Names of the nodes that it reads.
    parameters : dict
        Parameters of the operator.
    """

    name: str
    operator: str
    sources: tuple[str, ...] = ()
    parameters: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class SnapAcquisition:
    """One date.

    Attributes
    ----------
    products : tuple of Path
        SAFE folders or zips, in order of time.
    orbit : str
        Kind of its orbit file: POEORB, RESORB or empty.
    """

    products: tuple[Path, ...]
    orbit: str


@dataclass(frozen=True)
class Settings:
    """What a pair is made with.

    Attributes
    ----------
    swaths : dict of bool
        By swath: whether at least two of its bursts meet the region, as spectral diversity needs.
    polarisation : str
        VV, for example.
    area : str
        The region, WKT polygon of longitude and latitude.
    dem : Path
        Geographic GeoTIFF of ellipsoidal heights, void DEM_VOID.
    coherence_range, coherence_azimuth : int
        Samples of the coherence window.
    range_looks, azimuth_looks : int
        Samples of a multilooked one.
    """

    swaths: dict[str, bool]
    polarisation: str
    area: str
    dem: Path
    coherence_range: int
    coherence_azimuth: int
    range_looks: int
    azimuth_looks: int


def write(path: Path, nodes: Sequence[Node]) -> None:
    """Write a graph as XML for gpt.

    Parameters
    ----------
    path : Path
        File to write.
    nodes : sequence of Node
        The graph.
    """
    lines = ['<graph id="sarslide">', "  <version>1.0</version>"]
    for node in nodes:
        lines += [f"  <node id={quoteattr(node.name)}>", f"    <operator>{node.operator}</operator>", "    <sources>"]
        for k, source in enumerate(node.sources):
            tag = "sourceProduct" + (f".{k}" if k else "")
            lines.append(f"      <{tag} refid={quoteattr(source)}/>")
        lines += ["    </sources>", "    <parameters>"]
        lines += [f"      <{name}>{_text(value)}</{name}>" for name, value in node.parameters.items()]
        lines += ["    </parameters>", "  </node>"]
    path.write_text("\n".join([*lines, "</graph>", ""]))


def _text(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def interferogram(earlier: SnapAcquisition, later: SnapAcquisition, settings: Settings, out: Path) -> list[Node]:
    """From two dates to the interferogram without topography, multilooked, and its coherence.

    Parameters
    ----------
    earlier, later : SnapAcquisition
        Both dates.
    settings : Settings
        What the pair is made with.
    out : Path
        DIMAP product in radar geometry.

    Returns
    -------
    list of Node
        The graph.
    """
    nodes, swaths = [], []
    sources = {}
    for date, one in (("earlier", earlier), ("later", later)):
        reads = [
            Node(f"Read-{date}-{k}", "Read", parameters={"file": _readable(path)})
            for k, path in enumerate(one.products)
        ]
        nodes += reads
        sources[date] = reads[0].name
        if len(reads) > 1:
            slices = tuple(read.name for read in reads)
            only = {"selectedPolarisations": settings.polarisation}
            nodes.append(Node(f"SliceAssembly-{date}", "SliceAssembly", slices, only))
            sources[date] = nodes[-1].name
    for swath, several_bursts in settings.swaths.items():
        nodes += (made := list(_swath(swath, several_bursts, sources, earlier, later, settings)))
        swaths.append(made[-1].name)
    last = swaths[0]
    if len(swaths) > 1:
        nodes.append(Node("Merge", "TOPSAR-Merge", tuple(swaths), {"selectedPolarisations": settings.polarisation}))
        last = "Merge"
    topography = {"orbitDegree": 3} | _dem(settings.dem)
    nodes.append(Node("Topography", "TopoPhaseRemoval", (last,), topography))
    last = "Topography"
    if settings.range_looks > 1 or settings.azimuth_looks > 1:
        looks = {"nRgLooks": settings.range_looks, "nAzLooks": settings.azimuth_looks}
        nodes.append(Node("Looks", "Multilook", (last,), looks | {"outputIntensity": False, "grSquarePixel": False}))
        last = "Looks"
    return [*nodes, _write(last, out)]


def _swath(
    swath: str,
    several_bursts: bool,
    sources: dict[str, str],
    earlier: SnapAcquisition,
    later: SnapAcquisition,
    settings: Settings,
) -> Iterator[Node]:
    ready = []
    for date, one in (("earlier", earlier), ("later", later)):
        split = {"subswath": swath, "selectedPolarisations": settings.polarisation, "wktAoi": settings.area}
        yield Node(f"Split-{swath}-{date}", "TOPSAR-Split", (sources[date],), split)
        ready.append(f"Split-{swath}-{date}")
        if one.orbit in ORBITS:
            orbit: dict[str, Value] = {"orbitType": ORBITS[one.orbit], "polyDegree": 3, "continueOnFail": False}
            yield Node(f"Orbit-{swath}-{date}", "Apply-Orbit-File", (ready[-1],), orbit)
            ready[-1] = f"Orbit-{swath}-{date}"
    coregistration: dict[str, Value] = {
        **_dem(settings.dem), "demResamplingMethod": "BICUBIC_INTERPOLATION", "resamplingType": "BISINC_5_POINT_INTERPOLATION",
        "maskOutAreaWithoutElevation": True, "outputRangeAzimuthOffset": False, "outputDerampDemodPhase": False,
    }  # fmt: skip
    yield Node(f"Back-Geocoding-{swath}", "Back-Geocoding", tuple(ready), coregistration)
    last = f"Back-Geocoding-{swath}"
    if several_bursts:
        yield Node(f"Diversity-{swath}", "Enhanced-Spectral-Diversity", (last,))
        last = f"Diversity-{swath}"
    form: dict[str, Value] = {
        "subtractFlatEarthPhase": True, "srpPolynomialDegree": 5, "srpNumberPoints": 501, "orbitDegree": 3,
        "includeCoherence": True, "cohWinAz": settings.coherence_azimuth, "cohWinRg": settings.coherence_range,
        "squarePixel": False, "subtractTopographicPhase": False,
    }  # fmt: skip
    yield Node(f"Interferogram-{swath}", "Interferogram", (last,), form)
    only = {"selectedPolarisations": settings.polarisation}
    yield Node(f"Deburst-{swath}", "TOPSAR-Deburst", (f"Interferogram-{swath}",), only)


def filtering(source: Path, alpha: float, window: int, snap_version: int, out: Path) -> list[Node]:
    """Goldstein's filter; without strength a copy.

    Parameters
    ----------
    source : Path
        DIMAP product of the interferogram.
    alpha : float
        Strength of the filter.
    window : int
        Side of a patch, brought to the nearest that SNAP has.
    snap_version : int
        Major version of SNAP.
    out : Path
        DIMAP product.

    Returns
    -------
    list of Node
        The graph.
    """
    nodes = [_read(source)]
    if alpha > 0:
        size = min(FFT_SIZES, key=lambda known: abs(known - window))
        parameters: dict[str, Value] = {
            "alpha": alpha,
            "FFTSizeString": size,
            "windowSizeString": 3,
            "useCoherenceMask": False,
        }
        if snap_version >= ADAPTIVE_SINCE:
            parameters["useAdaptiveAlpha"] = False
        nodes.append(Node("Filter", "GoldsteinPhaseFiltering", ("Read",), parameters))
    return [*nodes, _write(nodes[-1].name, out)]


def export(source: Path, folder: Path, processors: int) -> list[Node]:
    """Phase, coherence and configuration for SNAPHU: one tile, minimum spanning tree (B20).

    Parameters
    ----------
    source : Path
        DIMAP product of the filtered interferogram.
    folder : Path
        Folder to write.
    processors : int
        Threads of SNAPHU.

    Returns
    -------
    list of Node
        The graph.
    """
    parameters: dict[str, Value] = {
        "targetFolder": str(folder), "statCostMode": "DEFO", "initMethod": "MST", "numberOfTileRows": 1, "numberOfTileCols": 1,
        "numberOfProcessors": processors, "rowOverlap": 0, "colOverlap": 0, "tileCostThreshold": 500,
    }  # fmt: skip
    return [_read(source), Node("Export", "SnaphuExport", ("Read",), parameters)]


def geocoding(source: Path, unwrapped: Path | None, dem: Path, grid: RegionGrid, out: Path) -> list[Node]:
    """All bands on cells of the region's size and alignment, with incidence and layover.

    Parameters
    ----------
    source : Path
        DIMAP product in radar geometry.
    unwrapped : Path or None
        SNAPHU's result, if any.
    dem : Path
        Geographic GeoTIFF of ellipsoidal heights.
    grid : RegionGrid
        Grid of the region.
    out : Path
        DIMAP product.

    Returns
    -------
    list of Node
        The graph.
    """
    from pyproj import CRS

    nodes = [_read(source)]
    if unwrapped is not None:
        nodes.append(_read(unwrapped, "Read-unwrapped"))
        nodes.append(Node("Import", "SnaphuImport", ("Read", "Read-unwrapped"), {"doNotKeepWrapped": False}))
    parameters: dict[str, Value] = {
        **_dem(dem), "externalDEMApplyEGM": False, "demResamplingMethod": "BILINEAR_INTERPOLATION",
        "imgResamplingMethod": "BILINEAR_INTERPOLATION", "pixelSpacingInMeter": grid.cell_m,
        "mapProjection": CRS.from_epsg(grid.epsg).to_wkt("WKT1_GDAL"), "alignToStandardGrid": True,
        "standardGridOriginX": grid.west, "standardGridOriginY": grid.north, "nodataValueAtSea": False,
        "saveSelectedSourceBand": True, "outputComplex": True, "saveIncidenceAngleFromEllipsoid": unwrapped is not None,
        "saveLayoverShadowMask": unwrapped is not None,
    }  # fmt: skip
    nodes.append(Node("Terrain-Correction", "Terrain-Correction", (nodes[-1].name,), parameters))
    return [*nodes, _write("Terrain-Correction", out)]


def _dem(path: Path) -> dict[str, Value]:
    return {"demName": "External DEM", "externalDEMFile": str(path), "externalDEMNoDataValue": DEM_VOID}


def _read(path: Path, name: str = "Read") -> Node:
    return Node(name, "Read", parameters={"file": str(path)})


def _readable(product: Path) -> str:
    """What SNAP opens: the zip, or the manifest of a SAFE folder."""
    return str(product if product.suffix == ".zip" else product / "manifest.safe")


def _write(source: str, path: Path) -> Node:
    return Node("Write", "Write", (source,), {"file": str(path), "formatName": "BEAM-DIMAP"})
