"""The scene table of a region grows by what lies in its folders, and only by that."""

import re
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pyproj import Transformer

from sarslide.catalog import scenes
from sarslide.catalog.baselines import _against, _view
from sarslide.catalog.local import update
from sarslide.catalog.repeat_orbit import orbit_offset_m
from sarslide.config import load
from sarslide.errors import CatalogError, SafeError
from sarslide.grid import RegionGrid
from sarslide.insar.engines import ENGINES
from sarslide.sentinel1.annotation import parse_annotation
from sarslide.sentinel1.baseline import baseline
from sarslide.sentinel1.geometry import earth_fixed, ellipsoid_point
from sarslide.sentinel1.safe import open_scene
from tests.support.point_targets import simulate_point_targets
from tests.workflow.conftest import Checkout

REGION = RegionGrid(32647, 518000, 3209000, 30, 60, 60)  # around the point target
DATES, SEED = ("20190306", "20190318"), 1
OLD_HEADER = "stack,date,granule,platform,absolute_orbit,start_utc,sha256,orbit_file,first_seen"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Two acquisitions of one track."""
    folder = tmp_path_factory.mktemp("archive")
    for date in DATES:
        at = np.array([99.19]), np.array([29.0]), np.array([3000.0])
        simulate_point_targets(folder / "A128" / date, "A128", date, *at, samples=300)
    return folder


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff\xfe", "is no text in UTF-8 (byte 0)"),
        (b"", "has no column stack"),
        (b"a,b\n1,2\n", "has no column stack"),
        (f"{OLD_HEADER}\nA128,20190306\n".encode(), "line 2 has 2 fields, the header 9"),
        (
            f"{OLD_HEADER}\n{'A128,20190306,,,,,,,'}\nA128,20190306,,,,,,,,,,\n".encode(),
            "line 3 has 12 fields, the header 9",
        ),
        (f"{OLD_HEADER}\nA128,20190231,,,,,,,\n".encode(), "row 1: date = 20190231: '20190231' is not a date"),
        (f"{OLD_HEADER}\nX1,20190306,,,,,,,\n".encode(), "row 1: stack = X1: 'X1' is not a stack"),
    ],
)
def test_a_broken_table_is_refused_with_its_row(text, told, tmp_path):
    path = tmp_path / "scenes.csv"
    path.write_bytes(text)
    with pytest.raises(CatalogError, match=re.escape(f"{path}: {told}") + "; cure: ."):
        scenes.read(path)


def test_rows_name_product_track_and_orbit(archive, tmp_path):
    assert update(tmp_path / "scenes.csv", archive, REGION) == 2
    rows = scenes.read(tmp_path / "scenes.csv")
    assert [(row["stack"], row["date"], row["platform"]) for row in rows] == [
        ("A128", "20190306", "S1A"),
        ("A128", "20190318", "S1A"),
    ]
    assert all(row["granule"].endswith(".SAFE") and row["orbit_file"].endswith(".EOF") for row in rows)


def test_without_news_the_table_stays(archive, tmp_path):
    table = tmp_path / "scenes.csv"
    update(table, archive, REGION)
    before = table.read_bytes(), table.stat().st_mtime_ns
    assert update(table, archive, REGION) == 0
    assert (table.read_bytes(), table.stat().st_mtime_ns) == before


def test_a_zip_counts_and_a_date_waits_for_its_orbit(archive, tmp_path):
    place = tmp_path / "slc/A128/20190306"
    place.mkdir(parents=True)
    safe = next((archive / "A128/20190306").glob("*.SAFE"))
    shutil.make_archive(str(place / safe.stem), "zip", safe.parent, safe.name)
    table = tmp_path / "scenes.csv"
    assert update(table, tmp_path / "slc", REGION) == 0
    shutil.copy(next(safe.parent.glob("*.EOF")), place)
    assert update(table, tmp_path / "slc", REGION) == 1
    assert scenes.read(table)[0]["granule"] == f"{safe.stem}.zip"


def test_a_product_in_the_wrong_folder_is_named(archive, tmp_path):
    shutil.copytree(archive / "A128/20190306", tmp_path / "D062/20190306")
    with pytest.raises(CatalogError, match="is of stack A128, date 20190306; cure: move it to A128/20190306/"):
        update(tmp_path / "scenes.csv", tmp_path, REGION)


def test_a_damaged_zip_is_named_before_it_enters_the_table(archive, tmp_path):
    """One bit of the samples: no directory, no manifest and no annotation shows it."""
    date = shutil.copytree(archive / "A128/20190306", tmp_path / "A128/20190306")
    (safe,) = date.glob("*.SAFE")
    path = Path(shutil.make_archive(str(date / safe.stem), "zip", date, safe.name))
    with zipfile.ZipFile(path) as archived:
        (samples,) = (one for one in archived.infolist() if one.filename.endswith(".tiff"))
    content = bytearray(path.read_bytes())
    content[samples.header_offset + samples.compress_size // 2] ^= 1
    path.write_bytes(content)
    shutil.rmtree(safe)
    with pytest.raises(SafeError, match=r"E3001 .*\.zip: .*(checksum|is no complete zip).*; cure: copy or download"):
        update(tmp_path / "scenes.csv", tmp_path, REGION)
    assert not (tmp_path / "scenes.csv").exists()


def test_a_product_without_manifest_is_named(archive, tmp_path):
    shutil.copytree(archive / "A128", tmp_path / "A128")
    next(tmp_path.glob("*/*/*.SAFE/manifest.safe")).unlink()
    with pytest.raises(SafeError, match="manifest.safe"):
        update(tmp_path / "scenes.csv", tmp_path, REGION)


def test_the_rule_looks_again_when_something_has_arrived(archive, tmp_path):
    checkout = Checkout(tmp_path, ["region=valley", "source=safe", "stacks=[A128]", "grid={dem: dem.tif}"])
    slc = tmp_path / "resources/valley/slc"
    shutil.copytree(archive / "A128/20190306", slc / "A128/20190306")
    checkout.snakemake("update_catalog")
    table = tmp_path / "resources/valley/scenes.csv"
    assert len(scenes.read(table)) == 1
    assert "Nothing to be done" in checkout.snakemake("update_catalog").stderr
    shutil.copytree(archive / "A128/20190318", slc / "A128/20190318")
    checkout.snakemake("update_catalog")
    assert len(scenes.read(table)) == 2


def test_baselines_of_the_table_are_those_of_the_pairs(archive, tmp_path):
    """Differences of the column against the pair's baseline as the interferogram states it, at a point 3 km high: 0.1 m for a
    parallel baseline of about 15 m (the column is for height zero), and rounding to cm."""
    update(tmp_path / "scenes.csv", archive, REGION)
    orbits = scenes.SceneTable(("A128",), scenes.read(tmp_path / "scenes.csv")).baselines("A128")
    assert orbits["20190306"].bperp_m == 0
    one, other = (open_scene(archive / "A128" / date) for date in DATES)
    lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(518900, 3208100)
    point = earth_fixed(np.array(lat), np.array(lon), np.array(3000.0))
    exact = baseline(one.arc, other.arc, point).perpendicular_m
    assert orbits["20190318"].bperp_m == pytest.approx(exact, abs=0.1)
    planted = orbit_offset_m("A128", "20190318", SEED)[0] - orbit_offset_m("A128", "20190306", SEED)[0]
    assert orbits["20190318"].bperp_m == pytest.approx(
        planted, abs=1.0
    )  # the point lies up to a km beside the track's centre
    # 0.0555 m x 48.3 MHz x 862 km x tan 38.5 degrees / c
    assert orbits["20190318"].critical_m == pytest.approx(6130, rel=0.02)


def test_later_rows_keep_the_first_orbit(archive, tmp_path):
    """The table grows date by date: the same values as all at once, and old rows stay as they are."""
    slc, table = tmp_path / "slc", tmp_path / "scenes.csv"
    shutil.copytree(archive / "A128/20190318", slc / "A128/20190318")
    update(table, slc, REGION)
    before = table.read_text()
    shutil.copytree(archive / "A128/20190306", slc / "A128/20190306")
    update(table, slc, REGION)
    assert table.read_text().startswith(before)
    update(tmp_path / "both.csv", archive, REGION)
    grown, at_once = (
        scenes.SceneTable(("A128",), scenes.read(path)).baselines("A128") for path in (table, tmp_path / "both.csv")
    )
    assert grown["20190318"].bperp_m == 0
    difference = grown["20190306"].bperp_m + at_once["20190318"].bperp_m
    assert difference == pytest.approx(0, abs=0.1)


def test_an_old_table_is_refused_and_cured(archive, tmp_path):
    """A table from before the baselines: a preset that needs them says what to do, and doing it helps; nearest still works."""
    table = tmp_path / "valley/scenes.csv"
    update(table, archive, REGION)
    complete = table.read_bytes()
    rows = [line.split(",")[: len(OLD_HEADER.split(","))] for line in table.read_text().splitlines()]
    table.write_text("\n".join(",".join(row) for row in rows) + "\n")
    assert table.read_text().startswith(OLD_HEADER + "\n")
    real = {"region": "valley", "source": "safe", "stacks": ["A128"], "grid": {"dem": "dem.tif"}}
    old = scenes.table(load(real | {"network": {"preset": "p4"}}), tmp_path)
    assert not old.ready
    with pytest.raises(CatalogError, match="no bperp_m of stack A128, 20190306, 20190318.*cure: `sarslide update`"):
        old.check()
    nearest = scenes.table(load(real), tmp_path)
    nearest.check()
    assert nearest.ready
    assert update(table, archive, REGION) == 0
    assert table.read_bytes() == complete


def test_a_stack_whose_products_are_gone_is_named(archive, tmp_path):
    slc, table = tmp_path / "slc", tmp_path / "scenes.csv"
    shutil.copytree(archive / "A128/20190306", slc / "A128/20190306")
    update(table, slc, REGION)
    shutil.rmtree(slc / "A128/20190306")
    shutil.copytree(archive / "A128/20190318", slc / "A128/20190318")
    with pytest.raises(CatalogError, match="put one of them back"):
        update(table, slc, REGION)


def test_real_pair_against_isce2(shipped_data):
    """Two real acquisitions, orbits of their annotations: from the middle of IW2, on the ellipsoid, the baseline lies within
    2 m of ISCE2's at mid range, which changes by 0.6 m along the swath; its sign is opposite by definition (test_baseline)."""
    folder = shipped_data / "sentinel1/pair_20250406_20250418"
    text = (folder / "isce2_topsProc.xml").read_text()
    isce = [float(value) for value in re.findall(r"<IW-2_Bperp_at_midrange_for_\w+>([^<]+)<", text)]
    views, point = [], None
    for safe in sorted(folder.glob("*.SAFE")):
        annotation = parse_annotation(next(safe.glob("annotation/s1a-iw2-slc-vv-*.xml")).read_bytes(), safe.name)
        arc = annotation.orbit.arc(annotation.start_s, annotation.stop_s)
        if point is None:
            grid = annotation.grid
            point, normal = ellipsoid_point(np.median(grid.latitude), np.median(grid.longitude))
        burst = SimpleNamespace(samples=1, sample=lambda distance: 0.5, range_band=annotation.range_band)
        views.append(
            _view(SimpleNamespace(arc=arc, bursts=[burst], wavelength_m=annotation.wavelength_m), point, normal)
        )
    assert _against(*views, point) == pytest.approx(-np.mean(isce), abs=2)
    assert 0.02 * views[0].critical_m == pytest.approx(120, rel=0.1)  # P3's 2 % is near P4's 120 m


def test_simulated_baselines_are_known_without_a_product():
    """The planned baselines of the demo against those that the engine measured on its SAFE products."""
    wanted = {"20190306_20190318": 205.628}
    demo = scenes.table(load({"region": "valley", "network": {"preset": "p4"}}), Path("resources"))
    orbits = demo.baselines("A128")
    for pair, bperp in wanted.items():
        earlier, later = pair.split("_")
        assert orbits[later].bperp_m - orbits[earlier].bperp_m == pytest.approx(bperp, abs=0.1)
    assert not scenes.table(load({"region": "valley"}), Path("resources")).baselines("A128")


def test_products_without_orbit_file_and_after_midnight(archive, tmp_path):
    """With slc.orbits = annotation nothing waits; the second slice of a pass keeps the date of the first."""
    from tests.sentinel1.test_scene import second_slice, shift_times

    place = tmp_path / "slc/A128/20190306"
    shutil.copytree(archive / "A128/20190306", place)
    before = np.datetime64(scene_start(next(place.glob("*.SAFE/manifest.safe")).read_text()))
    shift_times(place, float((np.datetime64("2019-03-06T23:59:58") - before) / np.timedelta64(1, "s")))
    later = second_slice(place)
    manifest = later / "manifest.safe"
    text = manifest.read_text()
    manifest.write_text(text.replace(scene_start(text), "2019-03-07T00:00:01.000000"))
    next(place.glob("*.EOF")).unlink()
    table = tmp_path / "scenes.csv"
    assert update(table, tmp_path / "slc", REGION) == 0
    assert update(table, tmp_path / "slc", REGION, "annotation") == 2
    rows = scenes.read(table)
    assert {(row["date"], row["orbit_file"]) for row in rows} == {("20190306", "annotation")}
    assert sorted(row["start_utc"][:10] for row in rows) == ["2019-03-06", "2019-03-07"]


def scene_start(manifest: str) -> str:
    """Start time of a manifest, as it is written there."""
    import re

    return re.search(r"<safe:startTime>([^<]+)<", manifest)[1]


def test_every_source_of_the_configuration_has_a_scene_table():
    assert set(scenes.TABLE_OF_SOURCE) == {source for engine in ENGINES.values() for source in engine.sources}
