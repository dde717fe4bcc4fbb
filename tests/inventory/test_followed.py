"""Objects that are followed: rules `object_motion` and `release` on planted rates and series of two tracks."""

import csv
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import numpy as np
import pytest

from sarslide.inventory import followed, records
from sarslide.inventory.followed import SERIES
from sarslide.io import raster, series, vector
from sarslide.io.sidecar import read_json
from tests.inventory.conftest import GRID
from tests.inventory.test_scripts import FRAMES, RELEASE, STACKS, ground, release_job, run_script
from tests.inventory.test_scripts import region as region

DATES = [f"{date(2019, 1, 6) + timedelta(days=12 * k):%Y%m%d}" for k in range(24)]
YEARS = 12 * np.arange(24) / 365.25
LATER = np.clip(YEARS - YEARS[-7], 0, None)
LOS = {"A128": (-0.6, 0.79), "D062": (0.6, 0.2)}  # east and up, as `ground` has them


@pytest.fixture(scope="module")
def motion(region, tmp_path_factory):
    """`object_motion` of both tracks: white noise of 2 mm/yr, series of the ground that scatter by 1 mm
    from date to date, of objects by 3 mm within them; the eastern landslide speeds up at the end.
    """
    folder, paths = tmp_path_factory.mktemp("motion"), []
    checks = 3.0 * (-1.0) ** np.add.outer(np.arange(GRID.rows), np.arange(GRID.cols))
    for number, track in enumerate(STACKS):
        layers, base = ground(track), folder / track
        planted = layers["los_rate_mm_per_yr"]
        noise = np.random.default_rng(number).normal(0, 2, GRID.shape)
        rasters = {
            "los_rate_mm_per_yr": np.where(planted == 0, noise, planted),
            "stable_ground": (planted == 0).astype(np.uint8),
            "incidence_deg": np.full(GRID.shape, 38.0),
            "heading_deg": np.full(GRID.shape, 349.0),
        }
        for name, values in rasters.items():
            raster.write(base / f"{name}.tif", values, GRID, name)
        with series.create(base / "timeseries.nc", GRID, DATES) as put:
            steps = planted * YEARS[:, None, None] + (planted != 0) * checks * (YEARS > 0)[:, None, None]
            scatter = np.random.default_rng(9).normal(size=steps.shape) * np.where(planted == 0, 1.0, 0.01)
            steps[1:] += scatter[1:]
            steps[:, 10:20, 50:62] += np.sign(planted[15, 55]) * 100 * LATER[:, None, None]
            put(slice(0, GRID.rows), slice(0, GRID.cols), steps.astype(np.float32))
        inputs = {
            "candidates": region / "candidates.gpkg", "timeseries": base / "timeseries.nc",
            "los_rate": base / "los_rate_mm_per_yr.tif", "stable_ground": base / "stable_ground.tif",
            "los_rate_std": region / track / "los_rate_std_mm_per_yr.tif",
            "height_wgs84": region / track / "elevation_m.tif",
            "incidence_angle": base / "incidence_deg.tif", "track_angle": base / "heading_deg.tif",
            **{name: region / track / f"{name}.tif" for name in ("los_east", "los_north", "los_up")},
        }  # fmt: skip
        params = {"stack": track, "frame": FRAMES["f0"], "region": GRID.to_dict(), "code": ""}
        inputs = {name: str(path) for name, path in inputs.items()}
        run_script("object_motion", base, inputs, {"motion": str(base / "object_motion.json")}, params)
        paths.append(str(base / "object_motion.json"))
    return paths


def test_rates_of_tracks_over_the_outline_of_the_object(motion):
    """100 cells of white noise of 2 mm/yr: 0.2, from a map of 10,000 cells to 15 %."""
    for path, sign in zip(motion, (-1, 1), strict=True):
        (found,) = [one for one in read_json(path)["rates"].values() if one["cells"] == 100]
        assert found["los_rate_mean_mm_per_yr"] == pytest.approx(sign * 40.0)
        assert found["los_rate_mean_std_mm_per_yr"] == pytest.approx(0.2, rel=0.15)


def test_a_release_has_east_and_up_and_the_series_of_its_objects(region, motion, tmp_path):
    inputs, outputs, params = release_job(region, tmp_path)
    run_script("release", tmp_path, inputs | {"motion": motion}, outputs, params)
    folder = records.folder_of(tmp_path / "release.json")
    objects = vector.read(folder / records.PACKAGE, "landslides")
    slide = objects[objects.geometry.representative_point().x < GRID.west + 30 * 25].iloc[0]
    design = np.array([LOS[track] for track in STACKS])
    expected = np.linalg.solve(design, [-40.0, 40.0])
    assert [slide.east_rate_mm_per_yr, slide.up_rate_mm_per_yr] == pytest.approx(expected, rel=1e-3, abs=0.05)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design))) * 0.2
    assert [slide.east_rate_std_mm_per_yr, slide.up_rate_std_mm_per_yr] == pytest.approx(errors, rel=0.15)

    with closing(sqlite3.connect(folder / records.PACKAGE)) as database:
        rows = database.execute(
            f"select {', '.join(SERIES)} from series where ls_id = ? and track = 'D062' order by date", (slide.ls_id,)
        ).fetchall()
        kind = database.execute("select data_type from gpkg_contents where table_name = 'series'").fetchone()
    assert kind == ("attributes",)
    assert [row[2] for row in rows] == DATES and {row[5] for row in rows} == {100}
    np.testing.assert_allclose([row[3] for row in rows], 40.0 * YEARS, atol=0.01)
    np.testing.assert_allclose([row[4] for row in rows], np.where(YEARS > 0, 3.0, 0.0), atol=0.01)
    other = objects[objects.ls_id != slide.ls_id].iloc[0]
    assert (slide.state, other.state) == ("steady", "accelerating") and {slide.state_track, other.state_track} <= set(
        STACKS
    )

    for track, sign in zip(STACKS, (-1, 1), strict=True):
        assert f"series_{track}.csv" in records.named(tmp_path / "release.json").files
        with open(folder / f"series_{track}.csv", newline="") as stream:
            lines = {line["pid"]: line for line in csv.DictReader(stream)}
        line = lines[slide.ls_id]
        assert float(line["mean_velocity"]) == pytest.approx(sign * 40.0, abs=0.1)
        assert [float(line[day]) for day in DATES] == pytest.approx(sign * 40.0 * YEARS, abs=0.01)


def test_too_many_values_stay_out_of_the_geopackage(region, motion, tmp_path, monkeypatch):
    monkeypatch.setattr(followed, "MAX_ROWS", 100)
    inputs, outputs, params = release_job(region, tmp_path)
    run_script("release", tmp_path, inputs | {"motion": motion}, outputs, params)
    made = records.named(tmp_path / "release.json")
    assert "too many" in made.model_extra["series"] and f"series_{STACKS[0]}.csv" in made.files
    with closing(sqlite3.connect(records.folder_of(tmp_path / "release.json") / records.PACKAGE)) as database:
        assert not database.execute("select * from gpkg_contents where table_name = 'series'").fetchall()


def test_without_series_a_release_says_so(region, tmp_path):
    run_script("release", tmp_path, *release_job(region, tmp_path))
    made = records.named(tmp_path / "release.json")
    assert "no time series" in made.model_extra["series"] and made.release == RELEASE
    assert not [name for name in made.files if name.startswith("series")]
