"""The scene table of a region grows by what lies in its folders, and only by that."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from sarslide.catalog import scenes
from sarslide.catalog.local import update
from sarslide.errors import CatalogError, SafeError
from sarslide.simulate.point_targets import simulate_point_targets
from tests.workflow.conftest import Checkout


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """Two acquisitions of one track."""
    folder = tmp_path_factory.mktemp("archive")
    for date in ("20190306", "20190318"):
        at = np.array([99.19]), np.array([29.0]), np.array([3000.0])
        simulate_point_targets(folder / "A128" / date, "A128", date, *at, samples=300)
    return folder


def test_rows_name_product_track_and_orbit(archive, tmp_path):
    assert update(tmp_path / "scenes.csv", archive) == 2
    rows = scenes.read(tmp_path / "scenes.csv")
    assert [(row["stack"], row["date"], row["platform"]) for row in rows] == [
        ("A128", "20190306", "S1A"),
        ("A128", "20190318", "S1A"),
    ]
    assert all(row["granule"].endswith(".SAFE") and row["orbit_file"].endswith(".EOF") for row in rows)


def test_without_news_the_table_stays(archive, tmp_path):
    table = tmp_path / "scenes.csv"
    update(table, archive)
    before = table.read_bytes(), table.stat().st_mtime_ns
    assert update(table, archive) == 0
    assert (table.read_bytes(), table.stat().st_mtime_ns) == before


def test_a_zip_counts_and_a_date_waits_for_its_orbit(archive, tmp_path):
    place = tmp_path / "slc/A128/20190306"
    place.mkdir(parents=True)
    safe = next((archive / "A128/20190306").glob("*.SAFE"))
    shutil.make_archive(str(place / safe.stem), "zip", safe.parent, safe.name)
    table = tmp_path / "scenes.csv"
    assert update(table, tmp_path / "slc") == 0
    shutil.copy(next(safe.parent.glob("*.EOF")), place)
    assert update(table, tmp_path / "slc") == 1
    assert scenes.read(table)[0]["granule"] == f"{safe.stem}.zip"


def test_a_product_in_the_wrong_folder_is_named(archive, tmp_path):
    shutil.copytree(archive / "A128/20190306", tmp_path / "D062/20190306")
    with pytest.raises(CatalogError, match="is of stack A128, date 20190306; cure: move it to A128/20190306/"):
        update(tmp_path / "scenes.csv", tmp_path)


def test_a_product_without_manifest_is_named(archive, tmp_path):
    shutil.copytree(archive / "A128", tmp_path / "A128")
    next(tmp_path.glob("*/*/*.SAFE/manifest.safe")).unlink()
    with pytest.raises(SafeError, match="manifest.safe"):
        update(tmp_path / "scenes.csv", tmp_path)


def test_the_rule_looks_again_when_something_has_arrived(archive, tmp_path):
    checkout = Checkout(tmp_path, ["source=safe", "stacks=[A128]", "grid={dem: dem.tif}"])
    slc = tmp_path / "resources/demo/slc"
    shutil.copytree(archive / "A128/20190306", slc / "A128/20190306")
    checkout.snakemake("update_catalog")
    table = tmp_path / "resources/demo/scenes.csv"
    assert len(scenes.read(table)) == 1
    assert "Nothing to be done" in checkout.snakemake("update_catalog").stderr
    shutil.copytree(archive / "A128/20190318", slc / "A128/20190318")
    checkout.snakemake("update_catalog")
    assert len(scenes.read(table)) == 2
