"""The forecast against what was measured: the published tables, and the demo as it ran."""

import json

import pytest
from studies.frames import whole_region

from sarslide.catalog import planned
from sarslide.catalog.scenes import table
from sarslide.catalog.tracks import seen_share
from sarslide.config import load
from sarslide.preflight import forecast as module
from sarslide.preflight.forecast import forecast

# Repeated runs on a busy machine differ by up to a half.
BUSY = 0.5


@pytest.fixture(scope="module")
def published(repository):
    return json.loads((repository / "studies/records/validation.json").read_text())


def test_costs_are_the_published_ones(published):
    demo = {row[0]: row[2] for row in published["6_steps"]["rows"]}
    for costs in (module.PER_SIMULATED_DATE, module.PER_DATE, module.PER_PAIR, module.PER_STACK, module.PER_REGION):
        for rule, seconds in costs.items():
            assert seconds == pytest.approx(demo[rule], rel=BUSY, abs=1.0), rule
    wide = {
        row[2]: row[4] / row[3] for row in published["1_engine_3_cost"]["rows"] if row[:2] == ["native", "first pair"]
    }
    for rule, (cells, seconds) in module.SECOND_SIZE.items():
        if cells == module.WIDE_CELLS:
            assert seconds == pytest.approx(wide[rule], rel=BUSY), rule


def test_the_demo_costs_what_it_cost(published, tmp_path):
    """CPU seconds of all steps but the scores and the terrain of the simulation, which the forecast leaves out."""
    config = load({"region": "valley"})
    rows = table(config, tmp_path).rows()
    scenes = {stack: [row for row in rows if row["stack"] == stack] for stack in config.stacks}
    found = forecast(config, scenes, dict.fromkeys(config.stacks, 1.0))
    measured = {row[0]: row[2] for row in published["6_steps"]["rows"]}
    left_out = ("all", "simulate_world", "score")
    wanted = sum(seconds for rule, seconds in measured.items() if rule not in left_out)
    assert found.core_hours * 3600 == pytest.approx(wanted, rel=BUSY)
    assert (found.dates, found.pairs, found.download_gb) == (60, 114, 0)
    # Geocoded SLCs, their linked phases, and pairs of the demo: 0.58, 0.13 and 0.26 GB on disk.
    assert found.slc_gb == pytest.approx(0.583 + 0.131, rel=0.05) and found.pairs_gb == pytest.approx(0.260, rel=0.05)


def of_region(region: str, **user) -> module.Forecast:
    config = load({"region": region, **user})
    rows = planned.rows(config)
    scenes = {stack: [row for row in rows if row["stack"] == stack] for stack in config.stacks}
    return forecast(config, scenes, dict.fromkeys(config.stacks, 1.0))


def test_bursts_are_counted_by_ground_and_scenes_by_number():
    bursts = of_region("zhongxinrong")
    # 1,623 km2 hold one burst of 1,573 km2, and three hang over its edges.
    assert bursts.download_gb == pytest.approx(60 * 4.03 * 0.147, rel=0.01)
    scenes = of_region("zhongxinrong", retrieve={"product": "slc"})
    assert scenes.download_gb == pytest.approx(60 * 4.3)


def test_networks_beside_and_their_finer_grid_cost_more():
    """Of P3's preset: four maps in place of one, on four times the cells."""
    alone, region = {"beside": [], "grid": "region"}, {"grid": "region"}
    one, four = (of_region("baihetan", segmentation=keys).core_hours for keys in (alone, region))
    finest = of_region("baihetan").core_hours
    per_map = (four - one) / 3
    # 98 km x 150 km reach into 2 x 4 frames of 60 km (a narrow third column joins the second), each
    # with a margin of 2 km on all sides.
    with_margins = (98_000 + 2 * 4000) * (150_000 + 4 * 4000)
    on_demo = module.PER_STACK["segment"]
    assert per_map == pytest.approx(with_margins / 25**2 * on_demo / 2 / module.DEMO_CELLS / 3600)
    candidates = module.PER_STACK["candidates"] / on_demo * per_map
    assert finest - four == pytest.approx(3 * (4 * per_map + candidates))


def test_smaller_cells_and_more_pairs_cost_more():
    usual = of_region("zhongxinrong")
    fine = of_region("zhongxinrong", grid={"cell_m": 15})
    assert fine.cells == 4 * usual.cells and fine.pairs_gb == pytest.approx(4 * usual.pairs_gb)
    assert usual.core_hours < fine.core_hours < 4 * usual.core_hours
    denser = of_region("zhongxinrong", network={"preset": "p3"})
    assert denser.pairs > usual.pairs and denser.core_hours > usual.core_hours


def test_a_region_of_frames_costs_what_it_cost(repository, tmp_path):
    """Simulated products are of the region, not of its frames with their margins."""
    record = json.loads((repository / "studies/records/frames.json").read_text())
    ran = {row["what"].partition("dates: ")[2]: row["measured"] for row in record}
    config = whole_region.configured(whole_region.keys(1855))
    rows = table(config, tmp_path).rows()
    scenes = {stack: [row for row in rows if row["stack"] == stack] for stack in config.stacks}
    found = forecast(config, scenes, {stack: seen_share(stack, config.grid.region_grid()) for stack in scenes})
    disk_gb, cpu_s = (
        float(ran[name].split()[0].replace(",", "")) for name in ("disk, GB (forecast)", "CPU s of jobs (forecast)")
    )
    assert found.disk_gb == pytest.approx(disk_gb, rel=0.2)
    assert found.core_hours * 3600 == pytest.approx(cpu_s, rel=BUSY)


def test_linked_dates_and_cycles_of_the_rate_cost_more():
    """On the region of the demo's size, two tracks: as much as was measured."""
    off, without = {"linking": "none"}, {"rate_cycles": False}
    plain = of_region("valley", interferogram=off, rates=without).core_hours
    linked = of_region("valley", rates=without).core_hours
    cycled = of_region("valley", interferogram=off).core_hours
    assert (linked - plain) * 3600 == pytest.approx(module.PER_LINKED_DATE["link_dates"], rel=0.05)
    assert (cycled - plain) * 3600 == pytest.approx(module.PER_CYCLED_PAIR["rate_cycles"], rel=0.05)
