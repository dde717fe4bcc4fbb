"""Every key of the configuration means something: it reaches the rules that its table names, and no others."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snakemake.exceptions import RuleException, WorkflowError

from sarslide.config import Config, explain, load, loading, reach
from sarslide.errors import ConfigError
from sarslide.insar.engines import ENGINES
from sarslide.models import weights
from sarslide.rates.methods import METHODS
from sarslide.workflow.release_id import settings, upstream_rules
from tests.conftest import REPOSITORY
from tests.support.planned_regions import DAYS, DELIVERED_AGAIN, PAIRS, Region, regions
from tests.support.plans import Plan, plan

LISTS = {reach.EVERY, reach.SCENES, reach.PAIRS}
ADDRESS = "https://example.org/other"
# Other values of keys for which none can be made up, as keys of the command line.
VALUES: dict[str, tuple[Any, ...]] = {
    "stacks": (["A128"],),
    "paper": ("P4",),
    "grid.bounds": ([517500, 3206400, 520500, 3209700],),
    "grid.dem": ("aw3d30", "other.tif"),
    "grid.geoid_m": (-5,),
    "simulation.dem": ("dem.tif", "other.tif"),
    "simulation.first_date": ({"A128": "20190307", "D062": "20190311"},),
    "interferogram.linking": ("evd",),
    "interferogram.ministack": (3,),
    "isce2.reference": ({"A128": DAYS[1]},),
    "isce2.aux": ("aux",),
    "network.season": (["03-01", "04-12"],),
    "network.pairs": ([*PAIRS, f"{DAYS[0]}_{DAYS[2]}"],),
    "displacement.products": (DELIVERED_AGAIN,),
    "files.naming": ("hyp3",),
    "files.folder": ("pairs_again",),
    "files.unwrapped": ("second/{earlier}_{later}.unw",),
    "files.coherence": ("second/{earlier}_{later}.cc",),
    "files.baselines": ("second/{earlier}_{later}.par",),
    "rates.own": ("more.py",),
    "rates.delays": ("delays",),
    "rates.windows": ({"spring": ["20190301", "20190331"]},),
    "rates.dinsar": (PAIRS[1:2],),
    "rates.series_polygons": ("more.gpkg",),
    "rates.double_difference_km": ([1, 6],),
    "rates.fusion_percent": ([1, 99],),
    "retrieve.earthdata": ("env:TOKEN",),
    "retrieve.copernicus": ("env:TOKEN",),
    "retrieve.product": ("slc",),
    "retrieve.orbit_sources": (["copernicus"],),
    "retrieve.sentinel2_start": ("20200201",),
    "retrieve.sentinel2_end": ("20200901",),
    "retrieve.sentinel2_granules": (["20230529T034541_T48RTR"],),
    "retrieve.sentinel2_collection": ("another",),
    "hyp3.token": ("env:TOKEN",),
    "snap.gpt": ("other_gpt",),
    "snap.snaphu": ("other_snaphu",),
    "snap.auxdata": ("aux",),
    "optical.products": (["s2b"],),
    "lithology.file": ("more.gpkg",),
    "lithology.attribute": ("kind",),
    "segmentation.beside": (["unet", "mask_rcnn", "velocity_threshold"],),
    "rates.weighting": ("coherence",),
    "segmentation.weights": ("weights.safetensors",),
    "velocity_threshold.sigmas": (3.0,),
    "velocity_threshold.noise": ("cell",),
    "velocity_threshold.min_cells": (9,),
    "velocity_threshold.min_slope_deg": (4.0,),
    "inventory.threshold": (0.7,),
    "inventory.without_frames": (["f86_534"],),
    "inventory.review": ("review.csv",),
    "inventory.masks": ("more.gpkg",),
    "inventory.masks_column": ("kind",),
    "inventory.names": ("more.gpkg",),
    "inventory.names_column": ("kind",),
    "ground.masks": ({"glacier": {"file": "more.gpkg", "layer": "landslides"}},),
    "ground.land_cover": ("other.tif",),
    "ground.land_cover_legend": ("scl",),
    "ground.exposure": ({"roads": {"file": "more.gpkg", "measure": "length"}},),
    "evaluation.inventory": ("more.gpkg",),
    "evaluation.area": ("more.gpkg",),
    "evaluation.points": ("more.gpkg",),
    "report.tiles": ("https://tiles.example/{z}/{x}/{y}.png",),
    "report.tiles_credit": ("Office of maps",),
    "factors.labels": ("more.gpkg",),
    "dataset.layer": ("landslides",),
    "dataset.area": ("more.gpkg",),
    "dataset.exclude": (["zhongxinrong"],),
    "dataset.fractions": ([0.5, 0.5],),
    "training.labels": ("more.gpkg",),
    "training.coco_file": ("more.h5",),
    "training.scenes": (["more.npz"],),
    "training.seeds": ([1, 2],),
    "training.validation_seeds": ([3, 4],),
    "benchmark.tables": (["split"],),
    "benchmark.widths": (["published"],),
}
# Keys that make sense only together.
BESIDE = explain.PARTNERS | {"segmentation.model": "segmentation.weights"}
WITH = {"dataset.class_column": "kind", "dataset.classes": {"slide": "landslide", "unclear": "ignored"}}
WITH |= {"segmentation.model": "mine", "segmentation.weights": "weights.safetensors"}
BESIDE |= {"evaluation.complete": "evaluation.area"}
WITH |= {"evaluation.complete": False, "evaluation.area": ""}
WITH |= {"segmentation.window": "spring", "rates.windows": {"spring": ["20190301", "20190501"]}}
WITH |= {"segmentation.grid": "product", "grid.product_m": 15}
# Keys without another value in any of the regions: another source is another region, a test area is
# never trained in, of packaged weights none are another region's (test_paper_networks), and frames are
# chosen in test_frame_runs.
UNTRIED = {"source", "frames", "joined", "dataset.test_area", "segmentation.weights_of"}
# No rule reads them, but `sarslide alerts` and scheduled runs (tests/alerts).
UNTRIED |= {name for name in reach.key_names() if name.startswith("alerts.")}
# Regions that read a key, or the keys of a section, tried before the others: keys without a rule are read by few.
READERS = {"hyp3": "hyp3", "displacement": "displacement", "retrieve": "archive", "catalog": "archive"}
READERS |= {"retrieve.dem_aw3d30": "hyp3", "retrieve.dem_srtm": "files", "retrieve.geoid_egm96": "files"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def bases(place) -> dict[str, tuple[Region, Config, Plan]]:
    """Regions that read every key between them, and their plans."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        made = regions(place)
        return {
            name: (region, load(region.config, place), plan(place, region.config, region.targets, region.conda))
            for name, region in made.items()
        }


def flips(name: str, config: Config) -> Iterator[dict[str, Any]]:
    """Other values of a key, nested as keys of the command line."""
    now = reach.value_of(config, name)
    made = [ADDRESS] if str(now).startswith("https://") else explain._candidates(name, explain.fields()[name], now)
    several = [{key: WITH[key] for key in (name, BESIDE[name])}] if name in BESIDE else []
    for keys in several or ({name: value} for value in VALUES.get(name, made)):
        nested: dict[str, Any] = {}
        for key, inner in keys.items():
            section, _, leaf = key.rpartition(".")
            (nested.setdefault(section, {}) if section else nested)[leaf] = inner
        yield nested


def flipped(name: str, region: Region, config: Config, place: Path) -> Plan | None:
    """The plan of a region with another value of a key; None where the region takes none."""
    for keys in flips(name, config):
        changed = loading.merge(region.config, keys)
        try:
            load(changed, place)
            return plan(place, changed, region.targets, region.conda)
        except (ConfigError, SystemExit, RuleException, WorkflowError):
            continue
    return None


def changes(name: str, bases: dict[str, tuple[Region, Config, Plan]], place: Path) -> Iterator[tuple[Plan, Plan]]:
    """Plans with the value of a key and with another, of as many regions as its rules need."""
    left, was_read = set(reach.reached(name)), False
    reader = READERS.get(name, READERS.get(name.partition(".")[0]))
    for region, config, before in (bases[base] for base in sorted(bases, key=lambda base: base != reader)):
        if reach.missing(config, name) or was_read and not left & before.rules():
            continue
        if after := flipped(name, region, config, place):
            yield before, after
            left -= before.rules()
            was_read |= before.differs(after)


@pytest.mark.parametrize("name", [name for name in reach.key_names() if name not in UNTRIED])
def test_a_key_reaches_the_rules_that_it_names(name, bases, place, monkeypatch):
    monkeypatch.chdir(place)
    named, reached, planned, was_read = set(reach.reached(name)), set(), set(), False
    for before, after in changes(name, bases, place):
        was_read |= before.differs(after)
        again = before.again(after)
        renamed = before.release != after.release
        # Whatever decides a release stands in its record and in the report.
        beside = {"release", "report"} if renamed or named & LISTS else set()
        assert named & LISTS or again <= named | beside, "reaches a rule that it does not name"
        assert not renamed or again - {"report"}, "renames the release and makes nothing again"
        reached |= again
        planned |= before.rules() | after.rules()
    assert was_read, "read by nobody"
    assert named & planned <= reached, "names a rule that it does not reach"


def test_a_test_area_is_not_trained_in(place, bases, monkeypatch):
    monkeypatch.chdir(place)
    region, *_ = bases["labelled"]
    with pytest.raises(SystemExit, match="dataset.test_area"):
        plan(place, loading.merge(region.config, {"dataset": {"test_area": True}}), region.targets)


@pytest.mark.parametrize("base", ["labelled", "sbas", "averaging", "files"])
def test_keys_that_a_region_does_not_read_make_nothing_again(base, bases, place, monkeypatch):
    """All at once: sections of other engines, methods and sources, and single keys of those in use."""
    monkeypatch.chdir(place)
    monkeypatch.setattr(loading, "_unread", lambda *_: [])  # as a packaged region may hold them
    region, config, before = bases[base]
    changed, names = dict(region.config), []
    for name in reach.key_names():
        if reach.missing(config, name):
            for keys in flips(name, config):
                one = loading.merge(changed, keys)
                try:
                    if reach.missing(load(one, place), name):
                        changed, names = one, [*names, name]
                        break
                except ConfigError:
                    continue
    assert len(names) > 40
    after = plan(place, changed, region.targets, region.conda)
    assert before.again(after) == set() and before.release == after.release


def test_the_tables_name_keys_and_rules_that_there_are():
    texts = [path.read_text() for path in (REPOSITORY / "rules").rglob("*.smk")]
    rules = {rule for name in reach.key_names() for rule in reach.reached(name)} - LISTS
    assert not [
        rule
        for rule in rules
        if not any(f"rule {rule}:" in text or f" as {rule} with:" in text or f"{rule}_{{" in text for text in texts)
    ]
    for table in (reach.REACHES, reach.NEEDS):
        for name in table:
            assert name in reach.key_names() or name.endswith(".*") and name[:-2] in Config.model_fields, name
    assert {rule for row in (*ENGINES.values(), *METHODS.values()) for rule in row.rules} >= set(reach.FROM_PAIRS)


def test_only_what_decides_a_release_is_in_its_name():
    config = load({"region": "valley"})
    found = settings(config, upstream_rules(config))
    assert set(found) >= {"engine", "stacks", "grid", "interferogram", "rates", "inventory"}
    assert not {"snap", "hyp3", "files", "isce2", "sbas", "optical", "retrieve", "network", "paper"} & set(found)
    unused = {
        "atmosphere_km",
        "atmosphere_days",
        "double_difference_km",
        "fusion",
        "fusion_percent",
        "windows",
        "dinsar",
    }
    assert not unused & set(found["rates"]) and {"atmosphere", "weighting"} <= set(found["rates"])
    assert set(found["grid"]) == {"epsg", "bounds", "cell_m", "margin_m"}


@pytest.mark.parametrize(
    ("keys", "problem", "needed"),
    [
        ({"snap": {"range_looks": 10}}, "snap.range_looks = 10", "engine = snap"),
        ({"hyp3": {"looks": "20x4"}}, "hyp3.looks = '20x4'", "engine = hyp3"),
        ({"files": {"heading_deg": 190}}, "files.heading_deg = 190.0", "engine = files"),
        ({"isce2": {"aux": "x"}}, "isce2.aux = 'x'", "engine = isce2"),
        ({"sbas": {"weighting": "fim"}}, "sbas.weighting = 'fim'", "rates.method = sbas or mintpy"),
        ({"rates": {"atmosphere_km": 2}}, "rates.atmosphere_km = 2.0", "rates.atmosphere = filter or common_scene"),
        (
            {"rates": {"method": "sbas", "weighting": "coherence"}},
            "rates.weighting = 'coherence'",
            "rates.method = stacking",
        ),
        ({"grid": {"geoid_m": 3}}, "grid.geoid_m = 3.0", "grid.dem or simulation.dem naming a file"),
        (
            {"engine": "snap", "interferogram": {"unwrapper": "snaphu"}},
            "interferogram.unwrapper",
            "engine = native or isce2",
        ),
        ({"network": {"preset": "p0", "neighbours": 3}}, "network.neighbours = 3", "network.preset = nearest"),
        ({"catalog": {"start": "20200101"}}, "catalog.start", "source = safe"),
    ],
)
def test_a_key_that_nothing_reads_is_refused_in_one_line(keys, problem, needed):
    with pytest.raises(ConfigError) as caught:
        load({"region": "valley"} | keys)
    text = str(caught.value)
    assert text.startswith(f"E1001 config: {problem}") and f"has no effect: it needs {needed}" in text
    assert "; cure: leave it out (its default is " in text and "\n" not in text


def test_the_line_names_the_region_of_the_user(tmp_path):
    (tmp_path / "regions").mkdir()
    own = tmp_path / "regions/mine.yaml"
    own.write_text("source: simulated\nstacks: [A128]\nsnap: {range_looks: 10}\n")
    with pytest.raises(ConfigError, match=rf"E1001 {own}: snap.range_looks = 10 has no effect"):
        load({"region": "mine"}, tmp_path)
    assert load({"region": "mine", "snap": {"range_looks": 8}}, tmp_path).snap.range_looks == 8
    assert load({"region": "mine", "engine": "snap"}, tmp_path).snap.range_looks == 10


def test_defaults_programs_of_the_machine_and_packaged_regions_are_never_refused():
    everything = load({"region": "valley"}).model_dump(mode="json")
    assert load(everything) == load({"region": "valley"})
    load({"region": "valley", "snap": {"gpt": "/opt/snap/bin/gpt"}, "retrieve": {"tries": 2}, "hyp3": {"wait_h": 3}})
    for region in loading.presets():
        load({"region": region})
    for keys in ({"rates": {"method": "sbas"}}, {"engine": "snap"}):  # qtp_loess sets atmosphere and unwrapper
        load({"region": "qtp_loess"} | keys)


@pytest.mark.parametrize("paper", ["", "P0"])
def test_a_copied_folder_plans_the_same_jobs(paper, tmp_path, monkeypatch):
    """No job names a folder of the installation or of the run: a copy of both has nothing to do."""
    plans = []
    for folder in (tmp_path / "here", tmp_path / "there"):
        folder.mkdir()
        plans.append(plan(folder, {"region": "valley", "simulation": {"dates": 4}, "paper": paper}))
        shutil.copytree(weights.PACKAGED, folder / "installed")
        monkeypatch.setattr(weights, "PACKAGED", folder / "installed")
    assert plans[0].again(plans[1]) == set() and plans[0].release == plans[1].release
    texts = [text for made in plans for job in made.jobs.values() for text in job.reruns]
    assert not [text for text in texts if str(REPOSITORY) in text or str(tmp_path) in text]


def test_weights_of_the_user_are_an_input(tmp_path):
    shutil.copy(weights.packaged("drs_unet_compact"), tmp_path / "mine.safetensors")
    made = plan(tmp_path, {"region": "valley", "segmentation": {"weights": "mine.safetensors"}})
    read = {job.rule for job in made.jobs.values() if "mine.safetensors" in job.reruns}
    assert read == {"segment", "report"}


def test_files_of_ground_are_inputs_of_what_reads_them(tmp_path, monkeypatch):
    """Masks of candidates and release, all others of the release; a part of a Shapefile counts, and nothing upstream."""
    monkeypatch.chdir(tmp_path)
    regions(tmp_path)
    for suffix in ("shp", "shx", "dbf"):
        (tmp_path / f"ice.{suffix}").touch()
    ground = {
        "masks": {"glacier": {"file": "ice.shp"}, "rock": {"file": "more.gpkg", "action": "attribute"}},
        "land_cover": "other.tif",
        "exposure": {"roads": {"file": "polygons.gpkg", "measure": "length"}},
    }
    valley = {"region": "valley", "simulation": {"dates": 4}}
    before, made = plan(tmp_path, valley), plan(tmp_path, valley | {"ground": ground})

    def readers(name: str) -> set[str]:
        return {job.rule for job in made.jobs.values() if name in job.reruns}

    masked = {"candidates", "release"}
    assert readers("ice.shp") == readers("ice.dbf") == readers("ice.shx") == masked
    assert readers("more.gpkg") == readers("other.tif") == readers("polygons.gpkg") == {"release"}
    assert before.again(made) <= {"candidates", "release", "report"} and before.release != made.release
    # A file whose content changes is another release, by its content and not by its name.
    (tmp_path / "ice.dbf").write_bytes(b"other")
    assert plan(tmp_path, valley | {"ground": ground}).release != made.release
    without = plan(tmp_path, valley)
    assert without.release == before.release and without.again(before) == set()
