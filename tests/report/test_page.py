"""The page: self-contained, complete, the same bytes twice; parts without inputs vanish; a browser
draws it.
"""

import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from sarslide.errors import RasterError
from sarslide.io import vector
from sarslide.layers import SMALLEST_SPEED
from sarslide.models import weights
from sarslide.report import downloads, figures, qgis, stages
from sarslide.report.page import context, without_images
from sarslide.report.reading import model_card
from tests.support import cards, releases
from tests.support.chromium import body_of, dom_of
from tests.support.report_inputs import RELEASE, html_of, make_region

SCRIPT = Path(__file__).parents[2] / "workflow_scripts" / "report.py"
VOID = {"meta", "link", "img", "input", "br", "hr"}
SECTIONS = ("map-section", "landslides", "changes", "masked", "method", "limits", "provenance")
OPTIONAL = ("scores", "acquisitions", "figures", "run-times")


class Named(dict):
    __getattr__ = dict.__getitem__


class Page(HTMLParser):
    """Addresses by attribute, ids, text of style sheets and of data, and whether every element is
    closed.
    """

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.ids, self.open, self.styles, self.rows = [], [], [], [], [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids += [values["id"]] if "id" in values else []
        self.rows += tag == "tr"
        if tag == "a":
            self.links.append(values["href"])
        else:
            self.loads += [values[key] for key in ("src", "href", "data", "action", "srcset") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] == "style":
            self.styles.append(text)


def map_data(html):
    return json.loads(re.search(r'id="map-data">(.*?)</script>', html, re.S).group(1))


def test_nothing_is_loaded_from_anywhere(html):
    page = Page(html)
    assert not page.open
    assert page.loads and all(address.startswith("data:") for address in page.loads)
    offered = {address for _, address in downloads.links(RELEASE)}
    assert all(link.startswith(("#", "https://doi.org/")) for link in page.links if link not in offered)
    assert offered <= set(page.links)
    for css in page.styles:
        assert "@import" not in css
        assert all(address.startswith(("data:", "#")) for address in re.findall(r"url\(([^)]*)\)", css))
    assert "sourceMappingURL" not in html
    assert "default-src 'none'" in html  # a browser refuses whatever the checks above might miss


def test_inner_links_have_targets(html):
    page = Page(html)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert set(SECTIONS + OPTIONAL) <= set(page.ids)


def test_same_inputs_same_bytes(inputs, html):
    assert html_of(inputs) == html


def test_says_what_was_found(inputs, html):
    found = vector.read(inputs.current.parent / "releases" / RELEASE / "landslides.gpkg", "landslides")
    assert f"{len(found)} active landslides on {found.area_km2.sum():.2f} km²" in html
    assert RELEASE in html and "Simulated data." in html
    assert "2019-03-06" in html and "57 pairs" in html
    assert "10.3390/rs14081848" in html and "10.3390/rs16061090" in html


def test_method_is_that_of_the_region(inputs, html):
    def method(**changes):
        page = html_of(dataclasses.replace(inputs, **changes))
        return page[page.index('id="method"') : page.index('id="limits"')]

    assert "eq. 1]" in html and "(SBAS" not in html and "[P3]" not in html
    sbas = method(method="sbas")
    assert "(SBAS)" in sbas and "Stacking" not in sbas and "removed from each pair" in sbas and "rs16060992" in sbas
    mintpy = method(method="mintpy", settings={"rates": {"height_correlated": True}})
    assert "(MintPy)" in mintpy and "removed from each date" in mintpy
    assert "removed from each" not in method(settings={"rates": {"height_correlated": False}})
    assert "weighted by coherence" in method(settings={"rates": {"weighting": "coherence"}})
    assert "smooth in space and rough in time" in method(settings={"rates": {"atmosphere": "filter"}})


def test_map_holds_all_layers(inputs, html):
    data = map_data(html)
    assert (data["width"], data["height"]) == (27 * 300.0, 51 * 300.0)
    assert {"los_rate_mm_per_yr-A128", "los_rate_mm_per_yr-D062", "probability-A128"} <= {
        r["key"] for r in data["rasters"]
    }
    counts = {layer["key"]: len(layer["features"]) for layer in data["vectors"]}
    assert counts == {"landslides": 34, "non_landslide_deformation": 1, "masked": 12, "planted": 34}
    landslides = next(layer for layer in data["vectors"] if layer["key"] == "landslides")
    facts = dict(landslides["features"][2]["rows"])
    assert {"Area", "Slope", "Probability", "Tracks", "Change", "Status", "Latitude", "Longitude"} <= set(facts)
    assert facts["Mean LOS rate"].endswith("mm/yr")
    assert landslides["features"][0]["style"]["dashArray"]  # not observable
    masked = next(layer for layer in data["vectors"] if layer["key"] == "masked")
    assert dict(masked["features"][0]["rows"])["Masked because"] == "text of too_small"
    planted = next(layer for layer in data["vectors"] if layer["key"] == "planted")
    assert not planted["shown"] and not planted["answers"]


def test_a_release_with_maps_of_what_can_be_seen_shows_them(tmp_path):
    inputs = make_region(tmp_path, speeds=True)
    figure = next(one for one in context(inputs)["figures"] if one.title == "What can be seen")
    assert figure.caption.startswith("A landslide of 2 ha that moves down the slope at ")
    assert figure.caption.count("% of the slopes") == len(SMALLEST_SPEED)
    layers = [name for name, path, _, shown in qgis.rasters(inputs) if path.is_file() and not shown]
    assert set(SMALLEST_SPEED) <= set(layers)


def test_parts_without_inputs_vanish(inputs):
    bare = dataclasses.replace(
        inputs,
        stacks=tuple(dataclasses.replace(s, rasters={}, pairs=(), references={}) for s in inputs.stacks),
        simulated=False,
        candidates=None,
        scores=None,
        planted=None,
        terrain={},
        benchmarks=None,
        settings={},
    )
    html = html_of(bare)
    page = Page(html)
    assert set(SECTIONS) <= set(page.ids) and not set(OPTIONAL) & set(page.ids)
    assert "Simulated data." not in html and "<img" not in html
    assert map_data(html)["rasters"] == [] and map_data(html)["shown"] == ""


def test_engine_files_without_amplitude_and_baselines(inputs, tmp_path):
    stack = inputs.stacks[0]
    pairs = []
    for path in stack.pairs:
        about = json.loads(path.read_text()) | {"bperp_m": None}
        pairs.append(tmp_path / path.name)
        pairs[-1].write_text(json.dumps(about))
    rasters = {layer: path for layer, path in stack.rasters.items() if layer not in ("mean_amplitude_db", "cor")}
    files = dataclasses.replace(stack, rasters=rasters, pairs=tuple(pairs))
    html = html_of(
        dataclasses.replace(inputs, engine="files", stacks=(files,), scores=None, planted=None, simulated=False)
    )
    assert "Delivered ready and unwrapped" in html and "Mean amplitude" not in html
    assert "11:17:03" in html  # time of day from the pair of times


def test_text_from_files_is_never_markup(tmp_path):
    inputs = make_region(tmp_path, seed=3)
    evil = "</script><script>alert(1)</script>"
    package = inputs.current.parent / "releases" / RELEASE / "landslides.gpkg"
    layers = {
        name: vector.read(package, name) for name in ("landslides", "non_landslide_deformation", "masked", "vanished")
    }
    layers["masked"].loc[0, "reason_text"] = evil
    layers["landslides"].loc[0, "ls_id"] = evil
    package.unlink()
    vector.write_layers(package, layers)
    releases.renew(package.parent)
    html = html_of(dataclasses.replace(inputs, region="<b>demo"))
    assert "alert(1)" in html and "<script>alert" not in html and "<b>demo" not in html
    assert not Page(html).open


def test_region_without_landslides(tmp_path):
    """Moving flat ground alone is reported as no landslide, in plain text."""
    inputs = make_region(tmp_path, seed=4)
    package = inputs.current.parent / "releases" / RELEASE / "landslides.gpkg"
    layers = {
        name: vector.read(package, name) for name in ("landslides", "non_landslide_deformation", "masked", "vanished")
    }
    package.unlink()
    vector.write_layers(package, layers | {"landslides": layers["landslides"].iloc[:0]})
    releases.renew(package.parent)
    html = html_of(dataclasses.replace(inputs, stacks=(), terrain={}, candidates=None))
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    assert "No active landslide in a region of 124 km², seen by 0 tracks" in text
    # Nothing moves beside it, and what is not there has no area.
    assert re.search(r"1 area of flat ground \(\d+\.\d\d km²\) moves: non-landslide deformation\.", text)
    head = html[html.index("<header>") : html.index("</header>")]
    assert "0.00" not in head and "Their area" not in head and "All 1 " not in html


def section(html, name):
    """Text of a section of the page."""
    part = html[html.index(f'<section id="{name}"') :]
    return " ".join(re.sub(r"<[^>]*>", " ", part[: part.index("</section>")]).split())


def bare(inputs, **changes):
    """The page without rasters."""
    return html_of(
        dataclasses.replace(inputs, **{"stacks": (), "terrain": {}, "candidates": None, "scores": None, **changes})
    )


def test_the_network_is_said_to_read_its_channels(inputs):
    """The packaged one reads no phase and no elevation."""
    text = section(bare(inputs, weights=weights.packaged("drs_unet_compact")), "method")
    names = ", ".join(weights.read_card(weights.packaged("drs_unet_compact")).channels)
    assert f"( drs_unet ) reads {names} in overlapping tiles" in text
    assert "A deep network reads each track in overlapping tiles" in section(bare(inputs, weights=None), "method")


def test_a_map_by_threshold_is_not_said_to_be_one_of_a_network(inputs):
    rule = {"form": "tuned", "sigmas": 4.0, "noise": None, "min_cells": None, "min_slope_deg": 0.0}
    settings = inputs.settings | {"segmentation": {"method": "velocity_threshold"}, "velocity_threshold": rule}
    page = bare(inputs, weights=None, settings=settings)
    assert "the map is that of a threshold" in section(page, "limits")
    text = section(page, "method")
    assert "network reads" not in text and "in overlapping tiles" not in text
    assert "without a network: |LOS rate| over a multiple of the noise" in text
    assert "( velocity_threshold , form tuned , sigmas: 4.0 , min_slope_deg: 0.0 )" in text


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("native", "Geocoded SLC"),
        ("isce2", "Made by ISCE2, brought to the region grid; coherence from unfiltered data. Unwrapping."),
        ("snap", "Made and unwrapped by SNAP, brought to the region grid. Averaged phase."),
        ("hyp3", "Delivered ready and unwrapped (engine hyp3"),
        ("files", "Delivered ready and unwrapped (engine files"),
    ],
)
def test_who_made_the_interferograms(inputs, engine, said):
    text = section(bare(inputs, engine=engine), "method").replace("files )", "files)")
    assert said in text and ("Delivered" in said) == ("Delivered" in text)


@pytest.mark.parametrize(("snowline", "said"), [(None, True), (4100.0, False)])
def test_a_region_without_a_snowline_says_so(inputs, snowline, said):
    """C10: neither mask nor page takes one for granted."""
    text = section(bare(inputs, settings={"inventory": {"snowline_m": snowline}}), "masked")
    assert (
        "No snowline is set ( inventory.snowline_m ): snow and glaciers are not masked by their height." in text
    ) == said


def test_a_reference_area_of_the_south_and_west(inputs, tmp_path):
    """Defect: "-34.1824 degrees N"."""
    about = json.loads(inputs.stacks[0].references["f0"].read_text()) | {
        "epsg": 32719,
        "x_m": 350000.0,
        "y_m": 6215000.0,
    }
    (tmp_path / "reference.json").write_text(json.dumps(about))
    stack = dataclasses.replace(inputs.stacks[0], rasters={}, pairs=(), references={"f0": tmp_path / "reference.json"})
    text = section(bare(inputs, stacks=(stack,)), "method")
    assert re.search(r"around 34\.\d{4}° S, 70\.\d{4}° W:", text)


def test_masked_candidates_are_those_of_the_release(inputs, monkeypatch):
    """The number in the head, in the figure and on the map is one: deformation of flat ground is released."""
    drawn = []
    monkeypatch.setattr(
        stages, "panel_figure", lambda panels, *_: drawn.extend(panels) or figures.panel_figure(panels, *_)
    )
    html = html_of(inputs)
    (panel,) = [panel for panel in drawn if panel.title == "Masked candidates"]
    assert panel.outlines[0].label == "masked (12)" and len(panel.outlines[0].frame) == 12
    assert re.search(r"<dt>Masked</dt><dd>12 <small>candidates", html)


def test_broken_raster_is_named(inputs, tmp_path):
    broken = tmp_path / "probability.tif"
    broken.write_bytes(b"II*\0 and no more")
    stack = dataclasses.replace(inputs.stacks[0], rasters={"probability": broken})
    with pytest.raises(RasterError, match=r"E1002 .*probability\.tif"):
        html_of(dataclasses.replace(inputs, stacks=(stack,)))


def test_weights_card_is_shown(inputs, tmp_path):
    file = tmp_path / "w.safetensors"
    save_file(
        {"a": np.zeros(1)}, file, metadata={"card": cards.model_card(trained_on=cards.trained_on()).model_dump_json()}
    )
    html = html_of(dataclasses.replace(inputs, weights=file, stacks=(), terrain={}, candidates=None, scores=None))
    assert "trained on simulation" in html and "drs_unet" in html and "15 to 125 mm/yr down the slope" in html
    file.write_bytes(b"not weights")
    assert model_card(file) is None and model_card(tmp_path / "absent") is None


def test_style_sheet_without_files():
    css = "a{background:url(images/x.png)} b{behavior: url(#default#VML)}"
    assert re.findall(r"url\(([^)]*)\)", without_images(css))[0].startswith("data:image/gif")
    assert "#default#VML" in without_images(css)


def test_script_writes_the_page(inputs, tmp_path):
    html = html_of(dataclasses.replace(inputs, weights=weights.packaged("drs_unet_compact")))
    stacks = inputs.stacks
    of = {name: [str(s.rasters[layer]) for s in stacks] for name, layer in SCRIPT_INPUTS.items()}
    files = {
        **{layer: str(path) for layer, path in inputs.terrain.items()},
        **of,
        "current": str(inputs.current),
        "candidates": str(inputs.candidates),
        "scores": [str(inputs.scores)],
        "planted": [str(inputs.planted)],
        "reference": [str(s.references["f0"]) for s in stacks],
        "pairs": [str(path) for s in stacks for path in s.pairs],
    }
    wrapped = []
    for stack in stacks:  # the workflow names the file by its pair
        target = stack.pairs[0].parent / f"{stack.example_pair}.wrapped_rad.tif"
        shutil.copy(stack.rasters["wrapped_rad"], target)
        wrapped.append(str(target))
    params = {
        "region": "valley",
        "grid": inputs.grid.to_dict(),
        "frames": {"f0": {"core": inputs.grid.to_dict(), "stacks": ["A128", "D062"]}},
        "stacks": [s.stack for s in stacks],
        "engine": "native",
        "method": "stacking",
        "simulated": True,
        "settings": inputs.settings,
        "paper": "",
        "assumptions": {},
        "assumed": {},
        "benchmarks": str(inputs.benchmarks),
        "network": {"name": "drs_unet_compact", "path": ""},
        "flow": str(tmp_path / "flow.json"),
        "ranked": [],
        "base_map": {"tiles": "", "tiles_credit": "", "tiles_zoom": inputs.base_map.zoom},
    }
    job = SimpleNamespace(
        rule="report",
        input=files | {"wrapped": wrapped},
        output=Named({name: str(tmp_path / "report" / file) for name, file in REPORTS.items()}),
        params=SimpleNamespace(**params),
        resources=SimpleNamespace(published=""),
        log=[str(tmp_path / "report.log")],
    )
    exec(compile(SCRIPT.read_text(), str(SCRIPT), "exec"), {"snakemake": job, "__name__": "__main__"})
    assert (tmp_path / "report" / "report.html").read_text() == html
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == sorted(REPORTS.values())


REPORTS = {"html": "report.html", "files": "report_files", "project": "region.qgs"}
SCRIPT_INPUTS = {
    "amplitude": "mean_amplitude_db",
    "avg_phase": "avg_phase_rad",
    "los_rate": "los_rate_mm_per_yr",
    "los_rate_std": "los_rate_std_mm_per_yr",
    "mean_coherence": "mean_coherence",
    "probability": "probability",
    "coherence": "cor",
}


def test_size_at_the_demo_grid(tmp_path):
    """The demo's grid, with more noise in the rasters than a region has: the whole page stays below
    8 MB.
    """
    assert len(html_of(make_region(tmp_path, 510, 270, 30.0)).encode()) < 8e6


PROBE = """<script>
document.body.dataset.violations = 0;
document.addEventListener("securitypolicyviolation", function () { document.body.dataset.violations++; });
window.addEventListener("load", function () {
  document.querySelector("button[data-object]").click();
  document.querySelectorAll("#landslides table")[0].querySelectorAll("th button")[4].click();
  const first = document.querySelector("#landslides tbody").rows;
  document.body.dataset.sorted = Array.from(first).map(function (row) { return row.cells[4].dataset.sort; }).join(" ");
  const loaded = performance.getEntriesByType("resource").filter(function (e) { return !e.name.startsWith("data:"); });
  document.body.dataset.requests = loaded.length;
});
</script></body>"""


def test_a_browser_draws_it_offline(html, tmp_path):
    """Headless Chromium, without a network: the map has its images and outlines, a click opens a
    popup, a heading sorts.
    """
    dom = dom_of(tmp_path, html.replace("</body>", PROBE))
    body = body_of(dom)
    assert 'data-requests="0"' in body and 'data-violations="0"' in body
    areas = [float(value) for value in re.search(r'data-sorted="([^"]*)"', body).group(1).split()]
    assert len(areas) == 34 and areas == sorted(areas)
    assert len(re.findall(r'<path class="leaflet-interactive"', dom)) == 35
    assert len(re.findall(r'<img[^>]*class="leaflet-image-layer', dom)) == 2
    assert "leaflet-popup-content" in dom and "LOS rate (mm/yr)" in dom
