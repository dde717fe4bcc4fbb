"""The graph of a region as an object: dates, pairs, paths and products without starting Snakemake."""

from pathlib import Path

import pytest

from sarslide.catalog import scenes
from sarslide.config import load
from sarslide.errors import ConfigError, StackError
from sarslide.names import split_pair
from sarslide.workflow.graph import Graph
from sarslide.workflow.network_inputs import NetworkInputs
from sarslide.workflow.paths import PAIR_FILES

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
FOUR = {"dates": 4, "new_dates": 0}


def graph(**user) -> Graph:
    """The graph of the demo with four dates and changed keys."""
    config = load({"region": "valley", "simulation": FOUR} | user)
    return Graph(config, scenes.table(config, Path("resources")), SCRIPTS)


def test_each_date_is_paired_with_its_two_predecessors():
    pairs = graph().pairs("A128")
    assert pairs == [
        "20190306_20190318",
        "20190306_20190330",
        "20190318_20190330",
        "20190318_20190411",
        "20190330_20190411",
    ]


def test_a_new_date_adds_pairs_and_changes_none():
    now, then = (graph(simulation=FOUR | {"new_dates": new}).pairs("D062") for new in (0, 1))
    assert then[: len(now)] == now and len(then) == len(now) + 2


def test_the_explicit_list_of_pairs_wins():
    listed = ["20190306_20190330", "20190318_20190411", "20190306_20190411"]
    assert graph(network={"pairs": listed}).pairs("A128") == listed


def test_pairs_of_a_window_have_both_dates_inside_it():
    made = graph(rates={"windows": {"spring": ["20190301", "20190401"]}})
    assert made.pairs("A128", "spring") == [pair for pair in made.pairs("A128") if max(split_pair(pair)) <= "20190401"]
    found = made.pair_inputs(["unwrapped"], "A128", "f0", "spring")
    assert found["unwrapped"][-1] == "results/valley/A128/f0/native/ifg/20190318_20190330.unw_rad.tif"


def test_inputs_come_in_the_order_of_the_pairs():
    made = graph()
    found = made.pair_inputs(list(PAIR_FILES), "A128", "f0")
    assert set(found) == set(PAIR_FILES)
    for kind, paths in found.items():
        assert [Path(path).name for path in paths] == [f"{pair}.{PAIR_FILES[kind]}" for pair in made.pairs("A128")]


def test_every_path_of_a_stack_holds_its_frame():
    made = graph()
    assert made.every(f"{made.paths.rates}/los_rate_mm_per_yr.tif") == [
        f"results/valley/{stack}/f0/native/stacking/los_rate_mm_per_yr.tif" for stack in ("A128", "D062")
    ]
    assert made.every(f"{made.paths.terrain}/slope_deg.tif") == ["results/valley/terrain/f0/slope_deg.tif"]


def test_products_that_are_asked_for_belong_to_every_run():
    rates = {
        "windows": {"spring": ["20190301", "20190401"]},
        "dinsar": ["20190306_20190318"],
        "series_polygons": "x.gpkg",
        "phase_gradient": True,
    }
    products = graph(rates=rates, grid={"product_m": 15}).final_products()
    folder = "results/valley/A128/f0/native"
    assert {
        "results/valley/report/report.html",
        "results/valley/report/scores.json",
        f"{folder}/quality/network.png",
        f"{folder}/windows/spring/los_rate_mm_per_yr.tif",
        f"{folder}/dinsar/20190306_20190318.dinsar_figure.png",
        f"{folder}/phase_gradient/phase_gradient.json",
        f"{folder}/stacking/series/polygons.csv",
        f"{folder}/stacking/resampled/resample_products.json",
    } <= set(products)


def test_a_map_of_an_unknown_pair_is_refused():
    with pytest.raises(ConfigError, match="E1001 config: rates.dinsar names 20190306_20190411, which no stack has"):
        graph(rates={"dinsar": ["20190306_20190411"]}).final_products()


def test_too_few_pairs_are_refused():
    with pytest.raises(StackError, match="a rate with its error needs 3"):
        graph(simulation={"dates": 2, "new_dates": 0}).check_network()


THREE = {"frame_km": 6, "frame_margin_km": 1}  # frames from south to north, edges at 3204 and 3210 km
SOUTH = [518000, 3202000, 500]


@pytest.mark.parametrize(
    ("reference", "frames"),
    [
        (None, ()),
        (SOUTH, ("f86_533",)),
        ([518000, 3203500, 500], ("f86_533", "f86_534")),  # 500 m from the edge, margins of 1 km
        ([518000, 3202950, 4000], ("f86_533",)),  # its centre decides, not its size
    ],
)
def test_the_frames_that_hold_the_centre_take_a_named_reference(reference, frames):
    assert graph(grid=THREE, rates={"reference": reference}).config.reference_frames() == frames


@pytest.mark.parametrize(
    ("reference", "keys"),
    [
        (SOUTH, {"inventory": {"without_frames": ["f86_533"]}}),
        ([518000, 3202000, 1], {}),  # no cell has its centre in it
    ],
)
def test_a_named_reference_in_no_frame_with_rates_is_refused(reference, keys):
    with pytest.raises(
        ConfigError, match=r"E1001 config: rates.reference = \[.*\] lies in no frame with rates; cure: "
    ):
        graph(grid=THREE, rates={"reference": reference}, **keys)


def test_a_stack_that_does_not_see_the_named_reference_is_told():
    made = graph(grid=THREE, rates={"reference": SOUTH})
    assert made.check_network() == []
    made._seen = {"A128": made.frames, "D062": made.frames[1:]}  # as the orbits of real tracks give it
    assert made.check_network() == ["rates.reference lies in no frame of D062: its frames choose their own areas"]
    made._seen["A128"] = made.frames[1:]
    with pytest.raises(
        ConfigError, match="E1001 config: rates.reference = .* lies in no frame that a stack sees; cure: "
    ):
        made.check_network()
    # A run of some frames alone plans no other one.
    part = graph(grid=THREE, rates={"reference": SOUTH}, frames=["f86_534"])
    assert part.check_network() == []


def name_of(made: Graph) -> str:
    network = NetworkInputs(made)
    return made.release_id(network.main.weights_record["sha256"], network.optional_rules())


def test_only_what_a_region_uses_decides_the_name_of_its_release():
    first = name_of(graph())
    assert first.startswith("20190416-")  # the last date of the two stacks
    unused = {
        "isce2": {"step_limit_min": 5},
        "hyp3": {"looks": "10x2"},
        "snap": {"gpt": "/opt/snap/bin/gpt"},
        "sbas": {"device": "cpu"},
        "slc": {"device": "cpu"},
        "network": {"max_days": 30},  # the pairs stay what they are
        "training": {"epochs": 3},
        "rates": {"windows": {"spring": ["20190301", "20190401"]}},
    }
    for section, keys in unused.items():
        assert name_of(graph(**{section: keys})) == first, section
    assert name_of(graph(network={"max_days": 48, "neighbours": 4})) != first
    for section, keys in {"inventory": {"threshold": 0.7}, "rates": {"plane": False}, "grid": {"cell_m": 45}}.items():
        assert name_of(graph(**{section: keys})) != first, section


def test_a_review_is_part_of_the_name(tmp_path):
    review = tmp_path / "review.csv"
    review.write_text("ls_id,action\n")
    assert name_of(graph(inventory={"review": str(review)})) != name_of(graph())


def test_packaged_weights_read_what_every_track_has():
    network = NetworkInputs(graph())
    assert network.main.own_weights == [] and network.optional_rules() == []
    assert set(network.inputs_of("drs_unet_ranges")) == set(network.main.stored)


def test_channels_that_a_region_lacks_are_refused():
    network = NetworkInputs(graph(engine="snap"))
    with pytest.raises(
        ConfigError,
        match="E1001 config: training needs mean_amplitude_db, which this region does not have; cure: choose",
    ):
        network.extra_layers(["avg_phase_sin", "mean_amplitude_db"], "training")
    assert NetworkInputs(graph()).extra_layers(["avg_phase_sin", "mean_amplitude_db"], "training") == {}


def test_a_comparison_is_a_final_product_and_no_part_of_the_release(tmp_path, monkeypatch):
    """The release keeps its name; a variable that is not set leaves the inventory out."""
    monkeypatch.chdir(tmp_path)
    for name in ("slides.gpkg", "area.gpkg", "checks.csv"):
        (tmp_path / name).touch()
    scores = "results/valley/report/external_scores.json"
    complete = {"inventory": "slides.gpkg", "complete": True, "area": "area.gpkg"}
    plain, compared = graph(), graph(evaluation=complete)
    assert scores not in plain.final_products() and scores in compared.final_products()
    assert compared.external_files() == {"inventory": ["slides.gpkg"], "area": ["area.gpkg"], "points": []}
    assert compared.release_id("0" * 64, ()) == plain.release_id("0" * 64, ())
    monkeypatch.delenv("SLIDES", raising=False)
    left_out = graph(evaluation={"inventory": "$SLIDES", "points": "checks.csv"})
    assert left_out.compared and left_out.external_files()["inventory"] == []
    assert not graph(evaluation={"inventory": "${SLIDES}"}).compared
    monkeypatch.setenv("SLIDES", "none.gpkg")
    with pytest.raises(ConfigError, match=r"E1001 evaluation.inventory = \$SLIDES does not exist"):
        left_out.external_files()
