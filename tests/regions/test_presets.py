"""Paper regions: what the papers print is what the presets say, and everything else is marked as
ours.
"""

import re

import pytest
import yaml

from sarslide import config, names
from sarslide.catalog import planned
from sarslide.catalog.scenes import BPERP, CRITICAL
from sarslide.catalog.tracks import passes, seen_share
from sarslide.errors import ConfigError
from sarslide.network import DateBaseline, choose_pairs

PAPERS = [name for name in config.presets() if config.load({"region": name}).paper]


def loaded(region: str) -> config.Config:
    return config.load({"region": region})


def test_all_regions_of_the_papers_are_there():
    wanted = {"three_rivers", "zhongxinrong", "baihetan", "qtp_loess", "zhouqu", "california"}
    assert wanted | {"jinsha_lancang", "jinsha_lancang_dataset"} == set(PAPERS)


@pytest.mark.parametrize("region", PAPERS)
def test_assumptions_name_keys_and_give_reasons(region):
    preset = loaded(region)
    assert preset.assumptions
    for name, reason in preset.assumptions.items():
        section, _, leaf = name.rpartition(".")
        assert leaf in type(getattr(preset, section) if section else preset).model_fields
        assert len(reason) > 10


@pytest.mark.parametrize("region", PAPERS)
def test_every_value_is_the_papers_or_marked_as_ours(region):
    """A line of a preset has an id of docs/papers.md (A13, B18 ...), repeats a line that has one,
    or its key is an assumption.
    """
    text = (config.REGIONS / f"{region}.yaml").read_text()
    assumed = set(loaded(region).assumptions)
    marked = set(re.findall(r"^ *(\w+):.*# .*[A-J]\d\d", text, flags=re.M))
    for other in PAPERS:
        if loaded(other).paper == loaded(region).paper:
            there = (config.REGIONS / f"{other}.yaml").read_text()
            marked |= set(re.findall(r"^ *(\w+):.*# .*[A-J]\d\d", there, flags=re.M))
    ours = {
        "paper",
        "source",
        "engine",
        "assumptions",
        "epsg",
        "archive",
        "labels",
        "product",
        "width",
        "channels",
        "start",
    }
    recipe = {"preset", "patch", "overlap", "fractions", "negatives", "network"}
    values = yaml.safe_load(text)
    leaves = {f"{key}.{leaf}": leaf for key, part in values.items() if isinstance(part, dict) for leaf in part}
    leaves |= {key: key for key, part in values.items() if not isinstance(part, dict)}
    for name, leaf in leaves.items():
        if name.startswith("assumptions"):
            continue
        public = loaded(region).paper == "H22"  # its numbers stand in the text of the preset's reasons
        assert name in assumed or leaf in marked | ours | recipe or public, (
            f"{region}: {name} is neither printed nor marked"
        )


def test_an_assumption_about_no_key_is_refused():
    with pytest.raises(ConfigError, match="'rates.metod', which is no key"):
        config.load({"region": "zhouqu", "assumptions": {"rates.metod": "a typing error"}})


@pytest.mark.parametrize("region", PAPERS)
def test_the_tracks_see_the_region(region):
    """All of it; a third at least of the region that four tracks share, and Zhouqu's west by one
    track alone (marked).
    """
    preset = loaded(region)
    least = {"qtp_loess": 0.33, "zhouqu": 0.8}.get(region, 0.97)
    assert all(seen_share(stack, preset.grid.region_grid()) >= least for stack in preset.stacks)


def test_printed_numbers():
    p0, p2, p3, p4 = map(loaded, ("three_rivers", "jinsha_lancang", "baihetan", "qtp_loess"))
    assert p0.network.preset == "p0" and p0.inventory.snowline_m == 5132
    west, south, east, north = p2.grid.bounds
    assert (east - west) * (north - south) / 1e6 == pytest.approx(53_200)  # 5.32 x 10^4 km2, P2 5.1
    assert p2.grid.cell_m == 25
    assert (p3.grid.product_m, p3.rates.method, p3.network.preset) == (12.5, "sbas", "p3")
    tiles = ("20230529T034541_T48RTR", "20230529T034541_T48RUR", "20230521T033539_T48RTQ", "20230521T033539_T48RUQ")
    assert p3.retrieve.sentinel2 and p3.retrieve.sentinel2_granules == tiles  # P3 Table 1
    assert {one.rates.paper_wavelength_m for one in (p2, p4, loaded("zhouqu"))} == {0.056}  # B29
    assert p4.grid.bounds[2] - p4.grid.bounds[0] == 600e3 and p4.grid.bounds[3] - p4.grid.bounds[1] == 450e3
    assert set(p4.stacks) == {"A128", "D062", "D033", "D135"} and p4.rates.windows["paper"][1] == "20221231"
    assert set(loaded("zhouqu").stacks) == {"A055", "D062"}


@pytest.mark.parametrize("region", [name for name in config.presets() if loaded(name).source == "safe"])
def test_the_snowline_is_the_papers_or_none(region):
    """C10: P0 prints 5132 m; no other region masks by height, and each says so."""
    preset = loaded(region)
    assert preset.inventory.snowline_m == (5132 if preset.paper == "P0" else None)
    assert "inventory.snowline_m" in preset.assumptions


def test_the_simulated_regions_keep_their_snowline():
    for region in ("valley", "demo_small"):
        assert loaded(region).inventory.snowline_m == loaded(region).simulation.snowline_m == 4100


def test_zhongxinrong_lies_in_three_rivers():
    inner, outer = loaded("zhongxinrong").grid.bounds, loaded("three_rivers").grid.bounds
    assert outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def test_the_data_set_of_p2_shares_no_ground_with_the_area_that_is_mapped():
    """A06: areas I and II; 421 landslides at the density of the 891 in 53,200 km2."""
    one, two = loaded("jinsha_lancang_dataset"), loaded("jinsha_lancang")
    west, south, east, north = one.grid.bounds
    assert south >= two.grid.bounds[3] and one.stacks == two.stacks
    assert (east - west) * (north - south) / 1e6 == pytest.approx(53_200 * 421 / 891, rel=0.01)
    assert one.grid.cell_m == 30 and one.dataset == two.dataset  # D06
    assert one.training.network == two.training.network == two.segmentation.model


@pytest.mark.parametrize(("region", "scenes"), [("qtp_loess", 1379), ("baihetan", 103), ("three_rivers", 60)])
def test_tables_have_the_printed_numbers(region, scenes):
    rows = planned.rows(loaded(region))
    assert len(rows) == scenes
    assert len({row["granule"] + row["stack"] for row in rows}) == scenes


def test_repeat_orbit_gives_the_periods_of_p4():
    """Table 1 of P4: first and last day of four paths, none of which the model of the orbit was
    made from.
    """
    grid = loaded("qtp_loess").grid.region_grid()
    for stack, first, last in (
        ("A128", "20170320", "20230124"),
        ("D062", "20170219", "20230119"),
        ("D033", "20170325", "20221224"),
        ("D135", "20170320", "20230124"),
    ):
        found = passes(stack, grid, first, last)
        assert (found[0], found[-1]) == (first, last)


def test_repeat_orbit_explains_the_scenes_of_p3():
    """A09: 103 scenes from 9 January 2021 to 29 May 2023 are path 26 with both satellites."""
    rows = planned.rows(loaded("baihetan"))
    assert (rows[0]["date"], rows[0]["platform"]) == ("20210109", "S1B")
    assert (rows[-1]["date"], rows[-1]["platform"]) == ("20230529", "S1A")
    assert sum(row["platform"] == "S1B" for row in rows) == 30


def test_pairs_of_p3():
    """B14: the numbers of pairs that the preset's reason names; 310 is printed, and no reading of
    the limits gives it.
    """
    preset = loaded("baihetan")
    rows = planned.rows(preset)
    orbits = {row["date"]: DateBaseline(float(row[BPERP]), float(row[CRITICAL])) for row in rows}
    own = [row["date"] for row in rows if row["platform"] == "S1A"]
    found = {
        "770": len(names.nearest_pairs(list(orbits), 60, 103)),
        "639": len(choose_pairs(list(orbits), preset.network.preset, baselines=orbits)),
        "303": len(names.nearest_pairs(list(orbits), 60, 3)),
        "317": len(names.nearest_pairs(list(orbits), 24, 103)),
        "350": len(names.nearest_pairs(own, 60, 103)),
    }
    assert found == {number: int(number) for number in found}
    assert all(number in preset.assumptions["network.preset"] for number in (*found, "310", "103", str(len(own))))


def test_repeat_orbit_sees_what_the_archive_lists(shipped_data):
    """Real scenes of a listing of ASF: the orbit passes on their days and sees their centres."""
    from pyproj import Transformer

    from sarslide.grid import RegionGrid

    text = next((shipped_data / "catalogue").glob("S1A_IW_SLC*_stack.yml")).read_text()
    words = ("centerLat", "centerLon", "flightDirection", "pathNumber", "startTime", "platform")
    items = [
        [re.search(rf'"{word}": "?([^",]+)', part) for word in words] for part in text.split('"properties": {')[1:]
    ]
    found = [[match.group(1) for match in item] for item in items if all(item)]
    found = [item[:5] for item in found if item[5] == "Sentinel-1A"]
    assert len(found) >= 20
    for lat, lon, way, path, start in found[:40]:
        epsg = 32601 + int((float(lon) + 180) // 6)
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(float(lon), float(lat))
        grid = RegionGrid.from_bounds(epsg, (round(x) - 300, round(y) - 300, round(x) + 300, round(y) + 300), 30)
        stack, date = f"{way[0]}{int(path):03d}", start[:10].replace("-", "")
        assert seen_share(stack, grid) == 1.0
        assert passes(stack, grid, date, date) == [date]
