"""The STAC catalogue: pystac's validator against schemas on the disk; rasters read by rasterio."""

import hashlib
import json
from urllib.parse import urlparse

import numpy as np
import pystac
import pytest
import rasterio
from shapely.geometry import shape

from sarslide.publish import source
from sarslide.publish.export import export
from tests.inventory.conftest import GRID
from tests.publish.conftest import DATES, REGION, STACK, first_objects, make_rasters, make_release


def test_the_catalogue_is_valid(exported, offline):
    catalogue = pystac.Catalog.from_file(exported / "stac" / "catalog.json")
    assert catalogue.validate_all() == 2  # it counts items, and checks the collection, too
    (collection,) = catalogue.get_children()
    assert collection.id == REGION
    items = {item.id: item for item in collection.get_items()}
    assert set(items) == {"20190330-0123abcd", f"20190330-0123abcd-{STACK}"}
    for item in items.values():
        uris = item.validate()
        assert len(uris) == 4  # of the core and three extensions
        assert item.common_metadata.start_datetime.isoformat() == "2019-03-06T00:00:00+00:00"
        assert item.common_metadata.end_datetime.isoformat() == "2019-03-30T23:59:59+00:00"


def test_the_validator_would_tell_a_mistake(exported, offline):
    catalogue = pystac.Catalog.from_file(exported / "stac" / "catalog.json")
    item = next(item for item in catalogue.get_items(recursive=True) if item.id.endswith(STACK))
    item.assets["los_rate_mm_per_yr"].extra_fields["proj:shape"] = "large"
    with pytest.raises(pystac.STACValidationError):
        item.validate()


def test_assets_are_files_by_relative_paths_with_their_checksums(exported):
    listed = set()
    for path in (exported / "stac").rglob("*.json"):
        content = json.loads(path.read_text())
        for link in content["links"]:
            assert not urlparse(link["href"]).scheme and (path.parent / link["href"]).is_file()
        for asset in content.get("assets", {}).values():
            file = (path.parent / asset["href"]).resolve()
            assert asset["href"].startswith("../") and asset["file:size"] == file.stat().st_size
            # multihash: sha2-256 is code 0x12, 32 bytes are 0x20
            assert asset["file:checksum"] == "1220" + hashlib.sha256(file.read_bytes()).hexdigest()
            listed.add(file.relative_to(exported.resolve()).as_posix())
    assert listed >= {"landslides.gpkg", "landslides.kmz", "coolr.csv", f"rasters/{STACK}_los_rate_mm_per_yr.tif"}


def test_rasters_tell_where_they_are_from(exported, working):
    path = exported / "rasters" / f"{STACK}_los_rate_mm_per_yr.tif"
    original = next((working / "results" / REGION / STACK).rglob("los_rate_mm_per_yr.tif"))
    item = json.loads(next((exported / "stac").rglob(f"*-{STACK}.json")).read_text())
    asset = item["assets"]["los_rate_mm_per_yr"]
    with rasterio.open(path) as found, rasterio.open(original) as ours:
        np.testing.assert_array_equal(found.read(1), ours.read(1))
        tags = found.tags()
        assert asset["proj:shape"] == list(found.shape) and asset["proj:transform"] == list(found.transform)[:6]
        assert found.crs.to_epsg() == GRID.epsg and found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        outline = rasterio.warp.transform_bounds(found.crs, 4326, *found.bounds)
    assert shape(item["geometry"]).bounds == pytest.approx(outline, abs=1e-6)
    assert shape(item["geometry"]).exterior.is_ccw
    assert (tags["region"], tags["release"], tags["track"]) == (REGION, "20190330-0123abcd", STACK)
    assert tags["dates"].split() == DATES[STACK] and tags["note"] == "kept" and tags["unit"] == "mm/yr"
    assert (tags["first_date"], tags["last_date"]) == ("2019-03-06", "2019-03-30")
    assert tags["TIFFTAG_DATETIME"] == "2019:03:30 00:00:00"


def test_the_series_of_the_release_is_there(exported):
    assert (exported / "series" / f"{STACK}.csv").read_text().startswith("pid,")


def test_rasters_of_other_dates_or_another_release_are_left_out(tmp_path):
    first = make_release(tmp_path, first_objects(), "20190330", "20190330-0123abcd")
    make_rasters(tmp_path)
    make_release(tmp_path, first_objects(), "20190411", "20190411-0123abcd", first.name)
    export(source.read(first), tmp_path / "old", ["series", "rasters", "stac"])
    assert not (tmp_path / "old" / "rasters").exists() and not (tmp_path / "old" / "series").exists()
    sidecar = next(tmp_path.rglob("stack_rates.json"))
    sidecar.write_text(json.dumps({"params": {"pairs": ["20190306_20190318"]}}))
    export(source.read(source.find(REGION, tmp_path)), tmp_path / "new", ["series", "rasters", "stac"])
    assert [path.name for path in (tmp_path / "new" / "rasters").iterdir()] == ["hillshade.tif"]
    assert len(list((tmp_path / "new" / "stac").rglob("*.json"))) == 3


def test_mosaics_of_frames_are_known_by_the_dates_of_their_frames(tmp_path):
    folder = make_release(tmp_path, first_objects(), "20190330", "20190330-0123abcd")
    make_rasters(tmp_path)
    stack = tmp_path / "results" / REGION / STACK
    for name, pairs in (("f0_0", ["20190306_20190318"]), ("f10_0", ["20190318_20190330"])):
        frame = stack / name / "native" / "stacking"
        frame.mkdir(parents=True)
        (frame / "stack_rates.json").write_text(json.dumps({"params": {"pairs": pairs}}))
    (stack / "f0" / "native").rename(stack / "native")
    (stack / "native" / "stacking" / "stack_rates.json").unlink()
    export(source.read(folder), tmp_path / "out", ["rasters"])
    assert (tmp_path / "out" / "rasters" / f"{STACK}_los_rate_mm_per_yr.tif").is_file()
