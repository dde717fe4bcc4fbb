"""Each paper's preset names the paper's networks, and each network reads the paper's layers from where
the paper has them; what a region has no layer, window, grid or weights for is one coded line.
"""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sarslide.catalog import planned
from sarslide.catalog.scenes import SceneTable
from sarslide.config import load
from sarslide.dataset.features import CHANNEL_SETS, channel_set
from sarslide.errors import ConfigError, WeightsError
from sarslide.io.hashes import sha256
from sarslide.models import weights
from sarslide.preflight import checks
from sarslide.workflow.graph import Graph
from sarslide.workflow.network_inputs import UNTRAINED, NetworkInputs
from tests.support import plans
from tests.support.cards import model_card

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
NO_SCENES = SceneTable((), [])  # what networks read is planned without any
STACK, HIDDEN = "{stack}/{frame}/native", {"layover_shadow"}
ABLATION = ["", "_resnext", "_resnext_dcb", "_resnext_dcb_cbam"]
# The networks of P0 Table 4 and Fig. 11, P2 Table 2, P3 Table 3, P4 Tables 5 and 6; that of the paper first.
NETWORKS = {
    "three_rivers": ["drs_unet", "unet", "segnet"],
    "zhongxinrong": ["drs_unet", "unet", "segnet"],
    "jinsha_lancang": ["mask_rcnn_resnext_dcb_sa", *(f"mask_rcnn{step}" for step in ABLATION)],
    "jinsha_lancang_dataset": ["mask_rcnn_resnext_dcb_sa", *(f"mask_rcnn{step}" for step in ABLATION)],
    "baihetan": ["fcadensenet", "fcn8s", "unet", "fc_densenet56"],
    "qtp_loess": ["generalized_cnn", "vcnn"],
    "zhouqu": ["generalized_cnn", "vcnn"],
}
P3_GROUND = {f"product/optical/{{frame}}/reflectance_b{band}.tif" for band in ("02", "03", "04", "08")}
P3_GROUND |= {f"product/terrain/{{frame}}/{name}.tif" for name in ("elevation_m", "slope_deg", "aspect_deg")}
P3_GROUND |= {"product/lithology/{frame}/lithology.tif"}
P4_LAYERS = {
    "p4_los": {"los"}, "p4_phase": {"phase"}, "p4_phase_los": {"phase", "los"}, "p4_phase_dem": {"phase", "dem"},
    "p4_phase_slope": {"phase", "slope"}, "p4_phase_dem_slope": {"phase", "dem", "slope"},
    "p4_all": {"phase", "los", "dem", "slope"},
}  # fmt: skip
P4_FILES = {
    "los": f"{STACK}/windows/paper/los_rate_mm_per_yr.tif", "phase": f"{STACK}/windows/paper/phase_rate_rad_per_yr.tif",
    "dem": "terrain/{frame}/elevation_m.tif", "slope": "terrain/{frame}/slope_deg.tif",
}  # fmt: skip


def inputs(region: str, **keys) -> NetworkInputs:
    return NetworkInputs(Graph(load({"region": region, **keys}), NO_SCENES, SCRIPTS))


def read(region: str, **keys) -> set[str]:
    """Files that all networks of a region read, below its results; one set, which they share."""
    found = inputs(region, **keys)
    sets = {frozenset(found.inputs_of(name).values()) for name in found.names}
    assert len(sets) == 1
    return {path.removeprefix(f"results/{region}/") for path in sets.pop()}


@pytest.mark.parametrize("region", NETWORKS)
def test_a_preset_maps_with_the_papers_networks(region, without_weights_of_papers):
    found = inputs(region)
    assert list(found.names) == NETWORKS[region] and found.main.name == NETWORKS[region][0]
    kind = "instance" if region.startswith("jinsha_lancang") else "semantic"
    assert found.of_kind(kind) == NETWORKS[region]
    assert bool(found.instances) == (kind == "instance")


@pytest.mark.parametrize("region", ["three_rivers", "zhongxinrong"])
def test_p0_reads_phase_fused_with_intensity(region):
    """B06: the picture of averaged phase and intensity; the other reading needs no picture."""
    shadow = f"{STACK}/geometry/layover_shadow.tif"
    assert read(region) == {f"{STACK}/averaging/phase_intensity_rgb.tif", shadow}
    assert inputs(region).optional_rules() == ["fuse_phase"]
    assert read(region, training={"channels": "p0_insar"}) == {
        f"{STACK}/averaging/avg_phase_rad.tif", f"{STACK}/amplitude/mean_amplitude_db.tif", shadow,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "terrain"),
    [("p0_dem", "elevation_m"), ("p0_slope", "slope_deg"), ("p0_curvature", "curvature_p")],
)
def test_p0_adds_terrain_to_its_input(channels, terrain):
    """E16: the rows of P0 Table 3, in both readings of the fusion."""
    for reading, plain in (("_hsv", "p0_insar_hsv"), ("", "p0_insar")):
        more = read("three_rivers", training={"channels": channels + reading})
        added = more - read("three_rivers", training={"channels": plain})
        assert added and all(path.startswith(f"terrain/{{frame}}/{terrain}") for path in added)


@pytest.mark.parametrize("region", ["jinsha_lancang", "jinsha_lancang_dataset"])
def test_p2_reads_rendered_phase_alone(region):
    assert read(region) == {f"{STACK}/averaging/avg_phase_rad.tif", f"{STACK}/geometry/layover_shadow.tif"}


def test_p3_reads_all_layers_of_its_figure_2_on_12_metres():
    """C09, E18: the rate of SBAS resampled, the ground made on that grid; D12: without the rate for RS."""
    network = inputs("baihetan")
    assert network.graph.network_grid().cell_m == 12.5 and network.config.grid.cell_m == 25
    files, rate = read("baihetan"), f"{STACK}/sbas/resampled/los_rate_mm_per_yr.tif"
    assert P3_GROUND | {rate} <= files and any("curvature" in path and "product/terrain" in path for path in files)
    assert {path for path in files if path.startswith("{stack}")} == {
        rate, f"{STACK}/sbas/resampled/layover_shadow.tif",
    }  # fmt: skip
    without = read("baihetan", training={"channels": "p3_rs"})
    assert without >= P3_GROUND and not any(path.startswith("{stack}") for path in without)


@pytest.mark.parametrize("channels", P4_LAYERS)
@pytest.mark.parametrize("region", ["qtp_loess", "zhouqu"])
def test_p4_reads_the_rates_of_its_window(region, channels):
    """A14, E17: each of the seven combinations of Tables 5 and 6, of 2017 to 2022."""
    files = read(region, training={"channels": channels})
    assert files - {f"{STACK}/geometry/layover_shadow.tif"} == {P4_FILES[name] for name in P4_LAYERS[channels]}
    assert CHANNEL_SETS[inputs(region).config.training.channels].name == "p4_all"


@pytest.mark.parametrize(("region", "larger"), [("zhongxinrong", "three_rivers"), ("zhouqu", "qtp_loess")])
def test_a_test_area_takes_the_weights_of_the_larger_region(region, larger, without_weights_of_papers):
    mine, other = inputs(region), inputs(larger)
    assert [mine.networks[name].weights for name in mine.names] == [
        other.networks[name].weights for name in other.names
    ]
    assert mine.main.weights.startswith(f"results/{larger}/training/")


def test_weights_that_are_still_to_be_trained_are_planned(tmp_path, monkeypatch, without_weights_of_papers):
    """Path and a word in the place of the hash; card and hash as soon as the file is there."""
    monkeypatch.chdir(tmp_path)
    before = inputs("three_rivers").main
    assert before.card is None and before.parameter == {
        "name": "drs_unet", "path": before.weights, "sha256": UNTRAINED,
    }  # fmt: skip
    card = model_card(channels=["slope_deg"], normalisation={"method": "zscore_sample", "centre": [], "scale": []})
    path = Path(before.weights)
    path.parent.mkdir(parents=True)
    save_file({"a": np.zeros(1, np.float32)}, path, {"card": card.model_dump_json()})
    after = inputs("three_rivers").main
    assert after.channels == ["slope_deg"] and after.parameter["sha256"] != UNTRAINED
    assert inputs("three_rivers").networks["unet"].card is None


def test_packaged_weights_stand_beside_others(without_weights_of_papers):
    found = inputs("qtp_loess", segmentation={"beside": ["drs_unet_compact"]})
    assert not found.networks["drs_unet_compact"].is_trained and found.main.is_trained
    packaged = found.networks["drs_unet_compact"].parameter
    assert packaged["path"] == "" and len(packaged["sha256"]) == 64
    assert f"results/qtp_loess/{STACK}/windows/paper/mean_coherence.tif" in found.inputs_of("drs_unet_compact").values()


@pytest.mark.parametrize("region", NETWORKS)
def test_every_preset_maps_with_packaged_weights_of_its_paper(region, tmp_path, monkeypatch):
    """From SLC to inventory without a training: its layers, its recipe, a quarter of its width."""
    monkeypatch.chdir(tmp_path)
    found = inputs(region)
    config, main = found.config, found.main
    assert list(found.names) == [main.name] == NETWORKS[region][:1] and main.is_there and not main.is_trained
    assert main.parameter["name"] == f"{config.training.preset}_{main.name}"
    assert main.card.channels == list(channel_set(config.training.channels))
    training = main.card.training
    assert training["paper"] == config.paper and training["width"] == 0.25 and training["ground"]
    assert not set(training["regions"]) & set(training["validation_regions"])
    assert [each.level for each in checks.weights(config)] == ["good"]


@pytest.fixture
def shipped(package, tmp_path, monkeypatch):
    """Packaged weights of P0's network, of a quarter of its width; nothing is trained in the folder."""
    channels = list(channel_set("p0_insar_hsv"))
    card = model_card(
        options={"width": 16}, channels=channels, training={"paper": "P0", "preset": "three_rivers"},
        normalisation={"method": "zscore_sample", "centre": [], "scale": []},
    )  # fmt: skip
    path = package / "p0_drs_unet.safetensors"
    save_file({"a": np.zeros(1, np.float32)}, path, {"card": card.model_dump_json()})
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize("region", ["three_rivers", "zhongxinrong"])
def test_packaged_weights_of_a_papers_network_need_no_training(region, shipped):
    """Its networks to compare with wait until somebody trains them."""
    found = inputs(region)
    assert list(found.names) == ["drs_unet"] and not found.main.is_trained and found.main.is_there
    assert found.main.weights == str(shipped) and found.main.card.options == {"width": 16}
    assert found.main.parameter == {"name": "p0_drs_unet", "path": "", "sha256": sha256(shipped)}
    assert weights.of_job(found.main.parameter) == shipped
    assert [each.level for each in checks.weights(found.config)] == ["good"]


@pytest.mark.parametrize("training", [{"channels": "p0_insar"}, {"width": 0.5}, {"preset": "p3"}])
def test_other_layers_recipe_or_width_are_to_be_trained(training, shipped):
    found = inputs("three_rivers", training=training)
    assert list(found.names) == NETWORKS["three_rivers"] and found.main.is_trained and not found.main.is_there


def test_trained_weights_go_before_packaged_ones(shipped):
    own = Path(inputs("three_rivers").main._trained_weights())
    own.parent.mkdir(parents=True)
    own.write_bytes(shipped.read_bytes())
    found = inputs("three_rivers").main
    assert found.weights == str(own) and found.is_trained
    # The folder says the published width, the card another one: one coded line.
    wrong = [each for each in checks.weights(found.config) if each.found.startswith(f"{own}: ")]
    assert [each.found.partition(": ")[2] for each in wrong] == ["weights of width 16, not 64"]
    assert wrong[0].code == "E4001" and "training.width" in wrong[0].cure


def test_packaged_weights_that_are_cut_short_are_refused(shipped):
    shipped.write_bytes(shipped.read_bytes()[:-2])
    with pytest.raises(WeightsError, match=r"^E4001 [^\n]*p0_drs_unet\.safetensors: has \d+ bytes, its header says"):
        _ = inputs("three_rivers").main.weights


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"segmentation": {"window": "spring"}}, "segmentation.window = spring is no key of rates.windows; cure: give"),
        ({"segmentation": {"grid": "product"}}, "segmentation.grid = product, and grid.product_m is null; cure: set"),
        (
            {"segmentation": {"grid": "product", "window": "a"}, "grid": {"product_m": 15}}
            | {"rates": {"windows": {"a": ["20190101", "20191231"]}}},
            "segmentation.window = a does not fit segmentation.grid = product; cure:",
        ),
        ({"segmentation": {"beside": ["unet", "unet"]}}, "segmentation.beside"),
    ],
)
def test_contradictions_are_refused_while_the_configuration_is_read(keys, line):
    with pytest.raises(ConfigError, match=f"E1001 config: {line}"):
        load({"region": "valley", **keys})


def test_networks_and_regions_that_there_are_not_are_refused():
    with pytest.raises(
        WeightsError, match=r"E4001 no packaged weights 'u_net', .*; cure: set .* drs_unet_compact, .* unet"
    ):
        inputs("valley", segmentation={"beside": ["u_net"]}).inputs_of("u_net")
    with pytest.raises(ConfigError, match="E1001 config: segmentation.weights_of: region 'atlantis' is neither"):
        _ = inputs("valley", segmentation={"model": "unet", "weights_of": "atlantis"}).main.weights


def test_layers_that_a_region_lacks_are_named_with_their_cure():
    keys = {"segmentation": {"model": "fcadensenet"}, "training": {"channels": "p3_rs"}}
    line = "training.channels = p3_rs of network fcadensenet needs reflectance_b02, .*; cure: set optical.products, or"
    with pytest.raises(ConfigError, match=line):
        inputs("qtp_loess", **keys).inputs_of("fcadensenet")
    with pytest.raises(
        ConfigError, match="rates.fusion = sin_cos, but network drs_unet reads hsv; cure: set it to hsv"
    ):
        inputs("three_rivers", rates={"fusion": "sin_cos"}).inputs_of("drs_unet")


def test_the_grid_of_the_networks_is_that_of_the_objects():
    """Candidates, and scenes that a network learns from, lie on the grid of the map."""
    fine, coarse = inputs("baihetan"), inputs("qtp_loess")
    names = ["los_rate_mm_per_yr", "slope_deg"]
    assert set(fine.inventory_layers(names).values()) == {
        f"results/baihetan/{STACK}/sbas/resampled/los_rate_mm_per_yr.tif",
        "results/baihetan/product/terrain/{frame}/slope_deg.tif",
    }
    assert coarse.graph.network_grid() == coarse.config.grid.region_grid()
    # An object's rate is that of all dates; the network, and what it learns from, is that of the window.
    assert coarse.inventory_layers(names)["los_rate_mm_per_yr"].endswith("native/stacking/los_rate_mm_per_yr.tif")
    assert coarse.track_layers()["los_rate_mm_per_yr"] == f"results/qtp_loess/{P4_FILES['los']}"
    assert {"phase_rate_std_rad_per_yr", "avg_phase_rad", "mean_amplitude_db"} <= set(fine.track_layers())


@pytest.mark.parametrize("dem", ["glo30", "heights.tif"])
def test_every_script_of_p3s_finer_cells_is_there(tmp_path, dem):
    """A rule that is used again in another folder would look for its script beside that folder."""
    config = {"region": "baihetan", "grid": {"dem": dem}}
    (tmp_path / "heights.tif").touch()
    table = tmp_path / "resources/baihetan/scenes.csv"
    table.parent.mkdir(parents=True)
    with table.open("w") as stream:
        planned.write(stream, planned.rows(load(config))[:4])
    found = plans.scripts(tmp_path, config)
    assert {"product_dem", "product_terrain", "product_optical", "product_lithology"} <= set(found)
    assert not {name: path for name, path in found.items() if not path.is_file()}
