"""The page beside an inventory of others: its outlines and points on the map, each with its match, and
the tables; without it nothing of it is there.
"""

import dataclasses
import re

import numpy as np
import pytest
from shapely.geometry import Point

from sarslide.evaluate import external, external_tables
from sarslide.inventory.changes import LAYERS
from sarslide.io import vector
from sarslide.io.sidecar import write_json
from sarslide.report.inputs import ExternalFiles
from tests.report.test_page import Page, bare, map_data, section
from tests.support.report_inputs import RELEASE


@pytest.fixture(scope="module")
def layers(inputs):
    package = inputs.current.parent / "releases" / RELEASE / "landslides.gpkg"
    return {name: vector.read(package, name).to_dict("records") for name in LAYERS}


def written(folder, inputs, layers, complete=True, inventory=True):
    """Files of a comparison: the first five landslides, and one far from all of them; two field checks."""
    outlines = [row["geometry"] for row in layers["landslides"][:5]]
    west, south, east, north = inputs.grid.bounds
    corner = min(
        (Point(x, y) for x in (west + 200, east - 200) for y in (south + 200, north - 200)),
        key=lambda place: -min(place.distance(row["geometry"]) for rows in layers.values() for row in rows),
    )
    outlines.append(corner.buffer(150))
    rows = [
        {"id": f"X{k:04d}", "name": f"<i>slope {k}", "kind": "slide", "geometry": outline}
        for k, outline in enumerate(outlines, start=1)
    ]
    observable = {"A128": np.ones(inputs.grid.shape, bool), "D062": np.zeros(inputs.grid.shape, bool)}
    rules = external.MatchRules(complete=complete)
    found = external.compare(rows, layers, observable, inputs.grid, rules)
    checks = [
        {"id": "C0001", "seen": True, "geometry": outlines[0].representative_point()},
        {"id": "C0002", "seen": True, "geometry": corner},
    ]
    points = external.check_points(checks, layers["landslides"], observable, inputs.grid)
    about = {"match_iou": 0.3, "min_area_km2": 0.018, "complete": complete}
    scores = {
        "release": RELEASE,
        "inventory": about | external.scores(found, observable, rules) if inventory else None,
        "points": external.point_scores(points),
    }
    found = found if inventory else external.Comparison([], [])
    folder.mkdir(exist_ok=True)
    vector.write_layers(folder / "external.gpkg", external_tables.layers_of(found, points, inputs.grid.epsg))
    write_json(folder / "scores.json", external_tables.plain(scores))
    return ExternalFiles(folder / "scores.json", folder / "external.gpkg")


@pytest.fixture(scope="module")
def compared(inputs, layers, tmp_path_factory):
    return dataclasses.replace(inputs, external=written(tmp_path_factory.mktemp("external"), inputs, layers))


def test_outlines_and_points_are_layers_of_the_map(compared):
    vectors = {layer["key"]: layer for layer in map_data(bare(compared))["vectors"]}
    outlines, checks = vectors["external"], vectors["checks"]
    assert len(outlines["features"]) == 6 and outlines["shown"] and outlines["answers"]
    facts = dict(outlines["features"][0]["rows"])
    assert facts["Match"] and "LS000001" in facts["With"] and facts["IoU"] == "1.00"
    # What the release has not is dashed; its popup gives no match.
    assert outlines["features"][5]["style"] and not outlines["features"][0]["style"]
    assert dict(outlines["features"][5]["rows"])["Match"] == "none"
    west, south = compared.grid.bounds[:2]
    place = vector.read(compared.external.objects, "points").geometry[0]
    assert checks["features"][0]["point"] == [round(place.y - south), round(place.x - west)]
    assert checks["features"][0]["polygons"] == [] and outlines["features"][0]["point"] is None
    assert dict(checks["features"][1]["rows"])["Result"] == "missed"


def test_the_section_states_what_is_known(compared):
    html = bare(compared)
    text = section(html, "comparison")
    assert not Page(html).open and "<i>slope" not in html
    assert "Recall, one to one 0.833" in text  # 5 of 6
    assert re.search(r"Precision, one to one 0\.\d{3}", text) and "claims to be complete" in text
    assert "1 of 2 landslides that were seen in the field" in text and "recall 0.5000" in text
    assert "1 of 2, 50.00 %, which makes an F1 of 66.67 % if none were false" in text
    assert "All 6 landslides of the inventory" in text and "All 34 released landslides" in text


def test_the_field_check_stands_beside_that_of_p4(inputs, compared):
    """Without one the statement has no answer."""
    with_checks, without = (section(bare(of, paper="P4"), "paper") for of in (compared, inputs))
    assert "field check 52 of 56 areas 3.3 1 of 2 areas" in with_checks
    assert "field check 52 of 56 areas 3.3 not answered by this run" in without


def test_precision_is_not_stated_of_an_incomplete_inventory(inputs, layers, tmp_path):
    files = written(tmp_path, inputs, layers, complete=False)
    text = section(bare(inputs, external=files), "comparison")
    assert "Recall, one to one 0.833" in text and "does not claim to be complete" in text
    assert "Precision," not in text and "F1, one to one" not in text


def test_field_checks_alone(inputs, layers, tmp_path):
    html = bare(inputs, external=written(tmp_path, inputs, layers, inventory=False))
    assert "seen in the field" in section(html, "comparison") and "one to one" not in section(html, "comparison")
    assert {"external"} & {layer["key"] for layer in map_data(html)["vectors"]} == set()


def test_without_a_comparison_nothing_of_it(inputs):
    html = bare(inputs)
    assert 'id="comparison"' not in html and "Field checks" not in html
    assert not {"external", "checks"} & {layer["key"] for layer in map_data(html)["vectors"]}
