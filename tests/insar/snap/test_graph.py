"""SNAP's graphs, checked node by node against the descriptors of SNAP's operators; SNAP itself is not needed.

OPERATORS holds names of operators, their parameters and how many sources they take, as read from the annotations
@OperatorMetadata, @Parameter, @SourceProduct and @SourceProducts of senbox-org/microwave-toolbox, tags 13.0.4 and 14.0.0
(equal but for what is in SINCE_14), and of senbox-org/s1tbx 2023-04; VALUES holds the valueSet and interval of those that are
named. Read and Write are SNAP's own (snap-engine, ReadOp and WriteOp).
"""

from pathlib import Path

import pytest
from defusedxml import ElementTree

from sarslide.insar.snap import graph as snap_graph
from sarslide.insar.snap.graph import Settings, SnapAcquisition
from tests.support.engine_products import GRID

DEM = {"demName", "externalDEMFile", "externalDEMNoDataValue"}
ONE, SOME = (1, 1), (2, 99)
OPERATORS = {
    "Read": (
        (0, 0),
        {"file", "formatName", "bandNames", "useAdvancedOptions", "copyMetadata", "pixelRegion", "maskNames"},
    ),
    "SliceAssembly": (SOME, {"selectedPolarisations"}),
    "TOPSAR-Split": (ONE, {"subswath", "selectedPolarisations", "firstBurstIndex", "lastBurstIndex", "wktAoi"}),
    "Apply-Orbit-File": (ONE, {"orbitType", "polyDegree", "continueOnFail"}),
    "Back-Geocoding": (
        SOME,
        DEM
        | {"demResamplingMethod", "resamplingType", "maskOutAreaWithoutElevation", "outputRangeAzimuthOffset"}
        | {"outputDerampDemodPhase", "disableReramp"},
    ),
    "Enhanced-Spectral-Diversity": (
        ONE,
        {"fineWinWidthStr", "fineWinHeightStr", "cohThreshold", "numBlocksPerOverlap"},
    ),
    "Interferogram": (
        ONE,
        DEM
        | {
            "subtractFlatEarthPhase",
            "srpPolynomialDegree",
            "srpNumberPoints",
            "orbitDegree",
            "includeCoherence",
            "cohWinAz",
        }
        | {"cohWinRg", "squarePixel", "subtractTopographicPhase", "externalDEMApplyEGM", "tileExtensionPercent"},
    ),
    "TOPSAR-Deburst": (ONE, {"selectedPolarisations"}),
    "TOPSAR-Merge": (SOME, {"selectedPolarisations"}),
    "TopoPhaseRemoval": (
        ONE,
        DEM
        | {"orbitDegree", "tileExtensionPercent", "outputTopoPhaseBand", "outputElevationBand", "outputLatLonBands"},
    ),
    "Multilook": (ONE, {"sourceBands", "nRgLooks", "nAzLooks", "outputIntensity", "grSquarePixel"}),
    "GoldsteinPhaseFiltering": (
        ONE,
        {"alpha", "FFTSizeString", "windowSizeString", "useCoherenceMask", "coherenceThreshold"},
    ),
    "SnaphuExport": (
        ONE,
        {"targetFolder", "statCostMode", "initMethod", "numberOfTileRows", "numberOfTileCols", "numberOfProcessors"}
        | {"rowOverlap", "colOverlap", "tileCostThreshold"},
    ),
    "SnaphuImport": ((2, 2), {"doNotKeepWrapped"}),
    "Terrain-Correction": (
        ONE,
        DEM
        | {"sourceBands", "externalDEMApplyEGM", "demResamplingMethod", "imgResamplingMethod", "pixelSpacingInMeter"}
        | {"pixelSpacingInDegree", "mapProjection", "alignToStandardGrid", "standardGridOriginX", "standardGridOriginY"}
        | {"nodataValueAtSea", "saveDEM", "saveLatLon", "saveIncidenceAngleFromEllipsoid", "saveLocalIncidenceAngle"}
        | {"saveProjectedLocalIncidenceAngle", "saveSelectedSourceBand", "saveLayoverShadowMask", "outputComplex"}
        | {"applyRadiometricNormalization", "saveSigmaNought", "saveGammaNought", "saveBetaNought"},
    ),
    "Write": (ONE, {"file", "formatName", "deleteOutputOnFailure", "writeEntireTileRows", "clearCacheAfterRowWrite"}),
}
SINCE_14 = {"GoldsteinPhaseFiltering": {"useAdaptiveAlpha", "alphaMin", "alphaMax", "fftSizeMeters"}}
RESAMPLING = {
    "NEAREST_NEIGHBOUR", "BILINEAR_INTERPOLATION", "CUBIC_CONVOLUTION", "BISINC_5_POINT_INTERPOLATION",
    "BISINC_11_POINT_INTERPOLATION", "BISINC_21_POINT_INTERPOLATION", "BICUBIC_INTERPOLATION",
}  # fmt: skip
VALUES = {
    "subswath": {"IW1", "IW2", "IW3"},
    "orbitType": {"Sentinel Precise (Auto Download)", "Sentinel Restituted (Auto Download)"},
    "demResamplingMethod": RESAMPLING,
    "imgResamplingMethod": RESAMPLING,
    "resamplingType": RESAMPLING,
    "srpPolynomialDegree": {str(k) for k in range(1, 9)},
    "srpNumberPoints": {"301", "401", "501", "601", "701", "801", "901", "1001"},
    "FFTSizeString": {"32", "64", "128", "256"},
    "windowSizeString": {"3", "5", "7"},
    "statCostMode": {"TOPO", "DEFO", "SMOOTH", "NOSTATCOSTS"},
    "initMethod": {"MST", "MCF"},
    "formatName": {"BEAM-DIMAP"},
}
EARLIER = SnapAcquisition((Path("/data/S1A_20190306_a.SAFE"), Path("/data/S1A_20190306_b.zip")), "POEORB")
LATER = SnapAcquisition((Path("/data/S1A_20190318.zip"),), "RESORB")
SETTINGS = Settings(
    {"IW1": True, "IW2": False}, "VV", "POLYGON ((1 2, 3 4, 1 2))", Path("/data/a & b.tif"), 20, 5, 8, 2
)


def graphs(tmp_path, version=13, settings=SETTINGS, earlier=EARLIER, later=LATER):
    """All graphs as XML, by name."""
    nodes = {
        "interferogram": snap_graph.interferogram(earlier, later, settings, Path("/work/ifg.dim")),
        "filtering": snap_graph.filtering(Path("/work/ifg.dim"), 0.5, 40, version, Path("/work/filtered.dim")),
        "export": snap_graph.export(Path("/work/filtered.dim"), Path("/work/snaphu"), 4),
        "unfiltered": snap_graph.geocoding(
            Path("/work/ifg.dim"), None, settings.dem, GRID, Path("/work/unfiltered.dim")
        ),
        "geocoding": snap_graph.geocoding(
            Path("/work/filtered.dim"),
            Path("/work/snaphu/UnwPhase.hdr"),
            settings.dem,
            GRID,
            Path("/work/geocoded.dim"),
        ),
    }
    found = {}
    for name, made in nodes.items():
        snap_graph.write(tmp_path / f"{name}.xml", made)
        found[name] = ElementTree.parse(tmp_path / f"{name}.xml").getroot()
    return found


def parameters_of(node) -> dict[str, str]:
    return {one.tag: one.text or "" for one in node.find("parameters")}


@pytest.mark.parametrize("version", [9, 13, 14])
def test_every_node_is_an_operator_of_snap_with_its_parameters(tmp_path, version):
    seen = set()
    for name, graph in graphs(tmp_path, version).items():
        assert graph.tag == "graph" and graph.get("id") and graph.findtext("version") == "1.0"
        before = []
        for node in graph.findall("node"):
            operator, where = node.findtext("operator"), f"{name}: {node.get('id')}"
            sources, parameters = OPERATORS[operator]
            parameters = parameters | (SINCE_14.get(operator, set()) if version >= 14 else set())
            assert set(parameters_of(node)) <= parameters, where
            for parameter, value in parameters_of(node).items():
                assert value in VALUES.get(parameter, {value}), f"{where}: {parameter} = {value}"
                assert value not in ("", "None", "True", "False"), f"{where}: {parameter}"
            given = [source.get("refid") for source in node.find("sources")]
            assert sources[0] <= len(given) <= sources[1], where
            assert set(given) <= set(before), f"{where}: a source that is not made before it"
            tags = [source.tag for source in node.find("sources")]
            assert tags == ["sourceProduct" + (f".{k}" if k else "") for k in range(len(given))], where
            before.append(node.get("id"))
            seen.add(operator)
        assert len(before) == len(set(before)), f"{name}: names are not unique"
        used = {source.get("refid") for source in graph.iter() if source.get("refid")}
        assert set(before) - used == {before[-1]}, f"{name}: results that nobody takes"
    assert seen == set(OPERATORS)


def test_intervals_of_the_told_numbers(tmp_path):
    made = graphs(tmp_path)
    filtering = next(node for node in made["filtering"].findall("node") if node.get("id") == "Filter")
    assert 0 < float(parameters_of(filtering)["alpha"]) <= 1
    looks = next(node for node in made["interferogram"].findall("node") if node.get("id") == "Looks")
    assert int(parameters_of(looks)["nRgLooks"]) >= 1 and int(parameters_of(looks)["nAzLooks"]) >= 1


def order_of(graph) -> list[str]:
    return [node.findtext("operator") for node in graph.findall("node")]


def test_the_order_of_the_chain(tmp_path):
    made = graphs(tmp_path)
    chain = order_of(made["interferogram"])
    swath = ["TOPSAR-Split", "Apply-Orbit-File"] * 2 + ["Back-Geocoding"]
    end = ["Interferogram", "TOPSAR-Deburst"]
    assert chain == (
        ["Read", "Read", "SliceAssembly", "Read"] + swath + ["Enhanced-Spectral-Diversity"] + end + swath + end
        + ["TOPSAR-Merge", "TopoPhaseRemoval", "Multilook", "Write"]
    )  # fmt: skip
    assert order_of(made["geocoding"]) == ["Read", "Read", "SnaphuImport", "Terrain-Correction", "Write"]
    assert order_of(made["unfiltered"]) == ["Read", "Terrain-Correction", "Write"]
    assert order_of(made["export"]) == ["Read", "SnaphuExport"]


def test_the_earlier_date_is_the_reference(tmp_path):
    graph = graphs(tmp_path)["interferogram"]
    nodes = {node.get("id"): node for node in graph.findall("node")}

    def file_of(name: str) -> str:
        while nodes[name].findtext("operator") != "Read":
            name = nodes[name].find("sources")[0].get("refid")
        return parameters_of(nodes[name])["file"]

    for node in graph.findall("node"):
        if node.findtext("operator") == "Back-Geocoding":
            reference, secondary = (file_of(source.get("refid")) for source in node.find("sources"))
            assert reference == "/data/S1A_20190306_a.SAFE/manifest.safe" and secondary == "/data/S1A_20190318.zip"
    assert parameters_of(nodes["Orbit-IW1-earlier"])["orbitType"].startswith("Sentinel Precise")
    assert parameters_of(nodes["Orbit-IW1-later"])["orbitType"].startswith("Sentinel Restituted")


def test_heights_are_ellipsoidal_and_cells_those_of_the_region(tmp_path):
    from pyproj import CRS

    made = graphs(tmp_path)
    for graph in made.values():
        for node in graph.findall("node"):
            if "demName" in parameters_of(node):
                assert (
                    parameters_of(node)["demName"] == "External DEM"
                    and parameters_of(node)["externalDEMFile"] == "/data/a & b.tif"
                )
                assert parameters_of(node)["externalDEMNoDataValue"] == "-32768.0"
    correction = parameters_of(
        next(n for n in made["geocoding"].findall("node") if n.get("id") == "Terrain-Correction")
    )
    assert correction["externalDEMApplyEGM"] == "false" and correction["outputComplex"] == "true"
    assert CRS.from_wkt(correction["mapProjection"]).to_epsg() == GRID.epsg
    assert float(correction["pixelSpacingInMeter"]) == GRID.cell_m
    assert (float(correction["standardGridOriginX"]), float(correction["standardGridOriginY"])) == (
        GRID.west,
        GRID.north,
    )
    assert correction["saveIncidenceAngleFromEllipsoid"] == correction["saveLayoverShadowMask"] == "true"


def test_what_a_small_pair_leaves_out(tmp_path):
    alone = Settings({"IW2": False}, "VV", "POLYGON ((1 2, 3 4, 1 2))", Path("/data/dem.tif"), 20, 5, 1, 1)
    plain = SnapAcquisition((Path("/data/a.zip"),), "")
    chain = order_of(graphs(tmp_path, settings=alone, earlier=plain, later=plain)["interferogram"])
    assert chain == (
        ["Read"] * 2 + ["TOPSAR-Split"] * 2
        + ["Back-Geocoding", "Interferogram", "TOPSAR-Deburst", "TopoPhaseRemoval", "Write"]
    )  # fmt: skip
    nodes = snap_graph.filtering(Path("/work/ifg.dim"), 0.0, 32, 13, Path("/work/filtered.dim"))
    assert [node.operator for node in nodes] == ["Read", "Write"]


@pytest.mark.parametrize(("window", "size"), [(8, 32), (32, 32), (50, 64), (100, 128), (256, 256)])
def test_the_filter_s_patch_is_one_that_snap_has(window, size):
    nodes = snap_graph.filtering(Path("a.dim"), 0.5, window, 13, Path("b.dim"))
    assert nodes[1].parameters["FFTSizeString"] == size and "useAdaptiveAlpha" not in nodes[1].parameters
    assert (
        snap_graph.filtering(Path("a.dim"), 0.5, window, 14, Path("b.dim"))[1].parameters["useAdaptiveAlpha"] is False
    )
