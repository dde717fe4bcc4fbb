"""P0's chain with `rates.method: averaging` (B05): from wrapped pairs to inventory, report and scores, and nothing unwrapped."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sarslide.catalog import planned as paper
from sarslide.catalog import scenes
from sarslide.config import load, loading
from sarslide.errors import ConfigError
from sarslide.preflight import forecast, machine
from sarslide.workflow.graph import Graph
from tests.support import phase_weights
from tests.support.planned_regions import PAIRS, Region, regions
from tests.support.plans import Plan, plan

FREE = {"region": "valley", "simulation": {"dates": 4}, "rates": {"method": "averaging"}}
OF_UNWRAPPED = {"unwrap", "closure", "stack_rates", "window_rates", "sbas", "mintpy_load", "own_rates", "dinsar"}
OF_UNWRAPPED |= {"smallest_speed", "object_motion", "east_up", "link_dates", "rate_cycles"}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, Region]]:
    """A working folder with the small planned regions, and these."""
    folder = tmp_path_factory.mktemp("free")
    return folder, regions(folder)


@pytest.fixture(scope="module")
def place(made) -> Path:
    """The folder, with weights that read the phase alone, or beside the amplitude."""
    folder, _ = made
    for channels in ("p0_insar", "p0_insar_hsv", "p2_colours"):
        phase_weights.write(folder / f"{channels}.safetensors", channels)
    return folder


def planned(place: Path, channels: str = "p0_insar", targets: tuple[str, ...] = (), **keys: Any) -> Plan:
    """The plan of a region whose network reads these channels."""
    network = {"segmentation": {"model": "phases", "weights": f"{channels}.safetensors"}}
    return plan(place, loading.merge(FREE | network, keys), targets)


def count(made: Plan) -> Counter:
    """Jobs by rule."""
    return Counter(job.rule for job in made.jobs.values())


def readers_of(made: Plan, ending: str) -> set[str]:
    """Rules with a job that reads such a file."""
    return {job.rule for job in made.jobs.values() if any(text.endswith(ending) for text in job.reruns)}


@pytest.mark.parametrize("channels", ["p0_insar", "p0_insar_hsv"])
def test_nothing_is_unwrapped_down_to_inventory_report_scores_and_finer_products(place, channels):
    made = planned(place, channels, grid={"product_m": 15})
    wanted = {"average_phase", "segment", "candidates", "fuse", "release", "report", "score", "resample_products"}
    assert wanted <= made.rules() and not OF_UNWRAPPED & made.rules()
    for ending in (".unw_rad.tif", ".conncomp.tif", "los_rate_mm_per_yr.tif"):
        assert not [name for name in readers_of(made, ending) if name != "score"], ending
    assert readers_of(made, "los_rate_mm_per_yr.tif") <= {"score"}  # the planted truth
    folder = "results/valley/A128/f0/native/averaging"
    for layer, readers in {
        "mean_coherence": {"candidates", "observability", "release", "report", "resample_products"},
        "pair_count": {"release", "resample_products"},
        "avg_phase_rad": {"candidates", "report", "resample_products"},
    }.items():
        assert readers <= readers_of(made, f"{folder}/{layer}.tif"), layer
    assert ("fuse_phase" in made.rules()) is (channels == "p0_insar_hsv")
    assert count(made)["average_phase"] == 2  # once a track


def test_the_method_alone_decides_it(place):
    rated = planned(place, rates={"method": "stacking"})
    assert {"unwrap", "closure", "stack_rates"} <= rated.rules() and not rated.rules() - OF_UNWRAPPED - planned(
        place
    ).rules()


def test_a_map_of_a_pair_that_is_asked_for_unwraps_that_pair(place):
    jobs = count(planned(place, rates={"dinsar": PAIRS[:1]}))
    assert (jobs["unwrap"], jobs["dinsar"], jobs["stack_rates"], jobs["closure"]) == (1, 1, 0, 0)


@pytest.mark.parametrize("name", ["files", "hyp3"])
def test_engines_that_deliver_unwrapped_pairs_have_none_read(place, made, name):
    region = made[1][name]
    network = {"segmentation": {"model": "phases", "weights": "p2_colours.safetensors"}}
    planned = plan(place, loading.merge(region.config, {"rates": {"method": "averaging"}} | network), region.targets)
    assert {"release", "report"} <= planned.rules() and not OF_UNWRAPPED & planned.rules()
    assert not readers_of(planned, ".unw_rad.tif") and not readers_of(planned, ".conncomp.tif")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("averaging/downslope_rate_mm_per_yr.tif", "downslope_rate"),
        ("averaging/series/inventory.csv", "series"),
        ("averaging/factors/importance.csv", "factors"),
        ("../../../smallest_speed/f0/smallest_speed_10ha_mm_per_yr.tif", "smallest_speed"),
        ("../../../east_up/f0/up_rate_mm_per_yr.tif", "east_up"),
    ],
)
def test_what_reads_rates_is_refused_in_one_line(place, target, what):
    with pytest.raises(SystemExit) as caught:
        planned(place, targets=(os.path.normpath(f"results/valley/A128/f0/native/{target}"),))
    assert str(caught.value).startswith(
        f"E1001 config: rates.method = averaging unwraps nothing, and {what} reads rates; cure: "
    )
    assert "\n" not in str(caught.value)


def test_weights_that_read_a_rate_are_refused_in_one_line(place):
    with pytest.raises(SystemExit, match=r"^E\d{4} .*los_rate_mm_per_yr.*; cure: ") as caught:
        plan(place, FREE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"rates": {"windows": {"spring": ["20190301", "20190401"]}}},
        {"rates": {"loop_mask": True}},
        {"rates": {"series_polygons": "polygons.gpkg"}},
        {"rates": {"weighting": "coherence"}},
        {"rates": {"atmosphere": "filter"}},
        {"inventory": {"min_rate_mm_per_yr": 30.0}},
        {"interferogram": {"unwrapper": "snaphu"}},
        {"sbas": {"weighting": "fim"}},
    ],
    ids=str,
)
def test_keys_that_only_rates_read_are_refused(keys):
    section, leaf = next((section, leaf) for section, values in keys.items() for leaf in values)
    with pytest.raises(
        ConfigError, match=rf"E1001 config: {section}\.{leaf} = .* has no effect: it needs .*rates\.method = "
    ):
        load(loading.merge(FREE, keys))
    load(loading.merge(FREE, loading.merge(keys, {"rates": {"method": "mintpy" if section == "sbas" else "stacking"}})))


def test_keys_of_the_wrapped_chain_are_read():
    load(loading.merge(FREE, {"interferogram": {"goldstein_alpha": 0.3, "coherence_window": 5}}))
    load(loading.merge(FREE, {"rates": {"reference_mode": "double_difference", "double_difference_km": [1, 6]}}))
    load(loading.merge(FREE, {"interferogram": {"unwrapper": "snaphu"}, "rates": {"dinsar": PAIRS[:1]}}))


def graph_of(place: Path, **keys: Any) -> Graph:
    config = load(loading.merge(FREE, keys))
    return Graph(config, scenes.table(config, place / "resources"), Path(__file__).parents[2] / "workflow_scripts")


def test_only_the_wrapped_chain_decides_the_name_of_a_release(place, monkeypatch):
    monkeypatch.setattr(loading, "_unread", lambda *_: [])  # as a packaged region may hold them
    weights = str(place / "p0_insar.safetensors")

    def name(**keys: Any) -> str:
        return graph_of(place, **keys).release_id(weights, [])

    first = name()
    for keys in (
        {"interferogram": {"unwrapper": "snaphu", "unwrapped_phase": "unfiltered"}},
        {"rates": {"weighting": "coherence", "loop_mask": True}},
        {"inventory": {"min_rate_mm_per_yr": 30.0}},
    ):
        assert name(**keys) == first, keys
    for keys in ({"rates": {"average": "arithmetic"}}, {"rates": {"plane": False}}, {"rates": {"method": "stacking"}}):
        assert name(**keys) != first, keys


def test_windows_and_series_of_a_packaged_region_wait_for_its_rates(place, monkeypatch):
    monkeypatch.setattr(loading, "_unread", lambda *_: [])
    asked = {"windows": {"spring": ["20190301", "20190401"]}, "series_polygons": "polygons.gpkg"}
    network = {"model": "phases", "weights": "p2_colours.safetensors", "window": "spring"}
    made = plan(place, loading.merge(FREE, {"rates": asked, "segmentation": network}))
    assert "segment" in made.rules() and not OF_UNWRAPPED & made.rules() and "series" not in made.rules()
    rated = graph_of(place, rates=asked | {"method": "stacking"}).final_products()
    assert [Path(path).name for path in rated if "/windows/" in path or "/series/" in path] == (
        ["los_rate_mm_per_yr.tif"] * 2 + ["polygons.csv"] * 2
    )


def test_no_unwrapper_and_no_hours_of_one_are_wanted(monkeypatch):
    def absent(package: str) -> str:
        raise machine.PackageNotFoundError(package)

    monkeypatch.setattr(machine, "version", absent)
    plain = {"interferogram": {"linking": "none"}, "rates": {"method": "stacking", "rate_cycles": False}}
    free, rated = load(FREE), load(loading.merge(FREE, plain))
    assert machine.unwrapper(free) == [] and [one.code for one in machine.unwrapper(rated)] == ["E3009"]
    rows = {
        stack: [{"date": date} for date in sorted({d for p in PAIRS for d in p.split("_")})] for stack in free.stacks
    }
    costs = [forecast.forecast(config, rows, dict.fromkeys(rows, 1.0)) for config in (free, rated)]
    # CPU s of the demo's 114 pairs (record of its steps), on its cells: here are five pairs of each of two tracks.
    saved = sum(forecast.PER_PAIR[rule] for rule in ("unwrap", "closure", "stack_rates")) / 114 * 2 * 5
    assert 3600 * (costs[1].core_hours - costs[0].core_hours) == pytest.approx(saved, rel=1e-6)
    # Bytes of the demo's pairs, by file.
    assert costs[1].pairs_gb / costs[0].pairs_gb == pytest.approx(16.6 / (16.6 - 4.1))


def test_training_from_labels_of_such_a_region_unwraps_nothing(place):
    labels = {"labels": "polygons.gpkg", "network": "drs_unet", "channels": "p0_insar"}
    found = planned(place, targets=("train",), training=labels)
    assert "label_scene" in found.rules() and not OF_UNWRAPPED & found.rules()
    with pytest.raises(
        SystemExit, match=r"^E1001 config: training needs los_rate_mm_per_yr.*, which this region does not have"
    ):
        planned(place, targets=("train",), training=labels | {"channels": "sarslide"})


@pytest.mark.parametrize("region", ["three_rivers", "zhongxinrong"])
def test_regions_of_p0_unwrap_nothing(tmp_path, region):
    """As P0 (3.1, 3.2): 57 pairs a track of 30 dates without a gap, averaged, fused with the intensity, and mapped."""
    table = tmp_path / f"resources/{region}/scenes.csv"
    table.parent.mkdir(parents=True)
    with open(table, "w") as stream:
        paper.write(stream, paper.rows(load({"region": region})))
    # In frames each has as many.
    one = {"region": region} | ({"grid": {"frame_km": 1000}} if region == "three_rivers" else {})
    found = count(plan(tmp_path, one))
    assert not OF_UNWRAPPED & set(found) and found["interferogram"] == 2 * 57 and found["average_phase"] == 2
    assert {"fuse_phase", "segment", "candidates", "fuse", "release", "report"} <= set(found)
    rated = count(plan(tmp_path, one | {"rates": {"method": "stacking"}}))
    assert (rated["unwrap"], rated["stack_rates"], rated["closure"]) == (2 * 57, 2, 2)
