"""EGMS points on a grid: columns of the product description, values by hand."""

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from sarslide.config import load
from sarslide.displacement import bursts, region
from sarslide.displacement.contract import Declared
from sarslide.displacement.formats import read
from sarslide.errors import RateError
from sarslide.grid import RegionGrid

# Table 5 of the product description, in its order.
HEADER = (
    "pid,mp_type,latitude,longitude,easting,northing,height,height_wgs84,line,pixel,rmse,temporal_coherence,"
    "amplitude_dispersion,incidence_angle,track_angle,los_east,los_north,los_up,mean_velocity,mean_velocity_std,"
    "acceleration,acceleration_std,seasonality,seasonality_std,20190104,20190116,20190128"
)
GRID = RegionGrid(3035, 4041400.0, 2810600.0, 100.0, 2, 2)
NAME = "EGMS_L2b_088_0282_IW2_VV_2018_2022_1"


def point(east, north, rate, std, coherence, series):
    """A row; angles of the description's own example: incidence 36.56, track -8.28 degrees."""
    los = "36.56,-8.28,-0.589,-0.086,0.803"
    return f"2RxqTcBKkF,0,48.34,6.22,{east},{north},340.2,388.3,275,36,2.1,{coherence},0.2,{los},{rate},{std},0,0,0,0,{series}"


ROWS = (
    point(4041441.25, 2810445.25, -7.4, 0.3, 0.69, "1.0,0.0,-2.0"),
    point(4041460.0, 2810450.0, -5.4, 0.4, 0.91, "0.0,-1.0,-1.0"),
    point(4041590.0, 2810590.0, 2.0, 0.5, 0.8, "0.0,0.5,1.0"),
    point(4060000.0, 2810590.0, 2.0, 0.5, 0.8, "0.0,0.5,1.0"),
)


def burst(folder, rows=ROWS, name=NAME, header=HEADER, zipped=False):
    text = "\n".join((header, *rows)) + "\n"
    if zipped:
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", text)
            archive.writestr(f"{name}.xml", "<BURST/>")
    else:
        (folder / f"{name}.csv").write_text(text)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("size", [100, 16 << 20])
def test_means_errors_and_gaps(tmp_path, monkeypatch, zipped, size):
    monkeypatch.setattr(bursts, "BLOCK", size)
    form, found = read(burst(tmp_path, zipped=zipped), GRID)
    assert form == "egms" and found.dates == ("20190104", "20190116", "20190128")
    np.testing.assert_allclose(found.rate_mm_per_yr, [[np.nan, 2.0], [-6.4, np.nan]])
    # Two points: mean of the squared errors 0.125, spread 1: sqrt(1.125 / 2).
    np.testing.assert_allclose(found.rate_std_mm_per_yr, [[np.nan, 0.5], [0.75, np.nan]])
    np.testing.assert_allclose(found.coherence, [[np.nan, 0.8], [0.8, np.nan]])
    np.testing.assert_allclose(found.series_mm[:, 1, 0], [0, -1, -2], atol=1e-6)
    assert np.isnan(found.series_mm[:, 0, 0]).all()  # no point: not observable, not still
    # Three decimals of the direction: 0.1 degrees.
    assert found.incidence_deg[0, 1] == pytest.approx(36.56, abs=0.1)
    assert found.heading_deg[0, 1] == pytest.approx(360 - 8.28, abs=0.2)
    assert "A-EPND" in found.reference


@pytest.mark.parametrize(
    ("rows", "name", "header", "words"),
    [
        (ROWS, "points", HEADER, "states no level"),
        (ROWS, NAME, HEADER.replace("easting", "x"), "has no column easting"),
        ((point(6.22, 48.34, 1, 1, 1, "0,0,0"),), NAME, HEADER, "easting 6.22, northing 48.34 is outside EPSG:3035"),
        ((point("", 2810445.25, 1, 1, 1, "0,0,0"),), NAME, HEADER, "easting nan"),
        ((*ROWS, ROWS[0] + ",7.0,8.0"), NAME, HEADER, "Expected 27 columns, got 29"),
        (ROWS, NAME, HEADER.replace("20190116", "20200116"), "dates are not in order"),
    ],
)
def test_points_that_are_refused(tmp_path, rows, name, header, words):
    with pytest.raises(RateError, match=rf"{name}.csv: .*{words}.*; cure: ") as caught:
        read(burst(tmp_path, rows, name, header), GRID)
    assert "\n" not in str(caught.value)


def drawn(seed, count, level=0.0, side=1000.0):
    """Rows of points anywhere in a square at the corner of the grid, and their table."""
    rng = np.random.default_rng(seed)
    east, north = GRID.west + rng.uniform(0, side, count), GRID.north - rng.uniform(0, side, count)
    rates = rng.normal(0, 5, count).round(1) + level
    series = [f"0.0,{rate / 30:.1f},{rate / 15:.1f}" for rate in rates]
    coherence = rng.uniform(0.4, 1, count).round(2)
    points = zip(
        east.round(2), north.round(2), rates, rng.uniform(0.1, 2, count).round(1), coherence, series, strict=True
    )
    rows = [point(*each) for each in points]
    return rows, pd.read_csv(io.StringIO("\n".join((HEADER, *rows))))


WIDE = RegionGrid(3035, GRID.west, GRID.north, 100.0, 8, 8)


def test_points_in_blocks_are_what_a_table_of_all_of_them_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(bursts, "BLOCK", 3000)
    rows, table = drawn(5, 2000)
    found = read(burst(tmp_path, rows, zipped=True), WIDE)[1]
    row, col = (GRID.north - table.northing) // 100, (table.easting - GRID.west) // 100
    inside = (row < 8) & (col < 8)
    cells = table[inside].groupby([row[inside].astype(int), col[inside].astype(int)])
    np.testing.assert_allclose(found.rate_mm_per_yr, cells.mean_velocity.mean().unstack(), rtol=1e-12)
    np.testing.assert_allclose(found.coherence, cells.temporal_coherence.mean().unstack(), rtol=1e-12)
    moved = cells["20190128"].mean() - cells["20190104"].mean()
    np.testing.assert_allclose(found.series_mm[2], moved.unstack(), atol=1e-5)  # float32
    spread = cells.mean_velocity.std(ddof=0) ** 2 + cells.mean_velocity_std.apply(lambda std: (std**2).mean())
    np.testing.assert_allclose(found.rate_std_mm_per_yr, np.sqrt(spread / cells.size()).unstack(), rtol=1e-9)


def test_blocks_hold_no_more_than_two_pieces_and_every_row_once(tmp_path, monkeypatch):
    monkeypatch.setattr(bursts, "BLOCK", 1000)
    rows, _ = drawn(6, 300)
    (path,) = burst(tmp_path, rows, zipped=True).iterdir()
    found = list(bursts.blocks(path))
    assert b"".join(found).decode().splitlines() == rows
    assert len(found) > 20 and max(map(len, found)) <= 2000


def test_a_member_that_is_larger_than_what_a_zip_gives_at_once(tmp_path):
    rows, table = drawn(9, 20_000)  # 2.4 MB, stored
    found = read(burst(tmp_path, rows, zipped=True), WIDE)[1]
    inside = (table.easting < WIDE.west + 800) & (table.northing > WIDE.north - 800)
    cells = np.nanmean(found.rate_mm_per_yr)
    # Means of cells weigh points by 1/n: 5 mm/yr over the root of 12,800 points, some more for their unequal number.
    assert abs(cells - table.mean_velocity[inside].mean()) < 4 * 5 / 12_800**0.5


@pytest.mark.parametrize("suffix", ["csv", "zip", "tif"])
def test_tiles_of_ortho_are_refused_with_what_to_take(tmp_path, suffix):
    """Names of the format specification, two tiles of a folder; table 6 has no line of sight."""
    header = "pid,easting,northing,height,rmse,mean_velocity,mean_velocity_std,20190104,20190110"
    for tile in ("EGMS_L3_E40N28_100km_U_2018_2022_1", "EGMS_L3_E41N28_100km_E_2018_2022_1"):
        if suffix == "tif":
            (tmp_path / f"{tile}.tif").write_bytes(b"II*\0")
        else:
            burst(tmp_path, ("a,4041450,2810450,1.0,1.0,1.0,0.1,0.0,0.1",), tile, header, suffix == "zip")
    words = rf"E40N28_100km_U_2018_2022_1\.{suffix}: is L3 .* no line of sight; cure: take L2b .* each track a stack"
    with pytest.raises(RateError, match=words) as caught:
        read(tmp_path, GRID)
    assert str(caught.value).startswith("E3008 ") and "\n" not in str(caught.value)


def test_a_burst_that_lies_there_twice_counts_once(tmp_path):
    """The zip beside what was unpacked of it would halve the squared error; a correction replaces what it corrects."""
    burst(tmp_path, zipped=True)
    assert read(burst(tmp_path), GRID)[1].rate_std_mm_per_yr[0, 1] == pytest.approx(0.5)
    corrected = (*ROWS[:2], point(4041590.0, 2810590.0, 3.0, 0.5, 0.8, "0.0,0.5,1.0"))
    burst(tmp_path, corrected, NAME.replace("_1", "_2"))
    assert read(tmp_path, GRID)[1].rate_mm_per_yr[0, 1] == 3
    # The first updates have no years in their names.
    burst(tmp_path, ROWS[:2], NAME.removesuffix("_2018_2022_1"))
    assert read(tmp_path, GRID)[1].rate_mm_per_yr[0, 1] == 3


def test_bursts_that_overlap_are_averaged_and_their_step_is_told(tmp_path):
    first, _ = drawn(7, 3000)
    second, _ = drawn(8, 3000, level=3.0)
    burst(tmp_path, first, NAME.replace("L2b", "L2a"))
    alone = read(tmp_path, WIDE)[1]
    assert not alone.absent
    burst(tmp_path, second, NAME.replace("L2b", "L2a").replace("0282", "0283"))
    both = read(tmp_path, WIDE)[1]
    # 3,000 points of 5 mm/yr in a square of 100 cells: 30 a cell, so 0.9 mm/yr, and 0.65 of a mean of both.
    assert abs(np.mean(both.rate_mm_per_yr - alone.rate_mm_per_yr) - 1.5) < 4 * 0.65 / 8
    (told,) = both.absent
    assert told.startswith("common reference: ") and "L2b has one reference" in told
    # The median of 64 cells' differences: 1.25 * 1.3 mm/yr / 8.
    assert abs(float(told.partition("up to ")[2].split()[0]) - 3) < 4 * 0.2


def test_clusters_of_one_burst_have_references_of_their_own(tmp_path):
    header, rows = HEADER.replace("pid,", "pid,cluster_label,"), [row.replace(",", ",2,", 1) for row in ROWS]
    burst(tmp_path, [rows[0].replace(",2,", ",1,", 1), *rows[1:]], NAME.replace("L2b", "L2a"), header)
    (told,) = read(tmp_path, GRID)[1].absent
    assert "steps between bursts or clusters remain, no overlap shows them" in told


def test_bursts_of_one_track_level_and_dates(tmp_path):
    burst(tmp_path)
    second = NAME.replace("0282", "0283")
    assert read(burst(tmp_path, ROWS, second), GRID)[1].rate_std_mm_per_yr[0, 1] == pytest.approx(0.5 / 2**0.5)
    burst(tmp_path, ROWS, second, HEADER.replace("20190128", "20190203"))
    found = read(tmp_path, GRID, Declared())[1]
    assert found.dates == ("20190104", "20190116") and found.absent[0].startswith("series of 2 dates: ")
    assert found.rate_std_mm_per_yr[0, 1] == pytest.approx(0.5 / 2**0.5)  # rates of both
    burst(tmp_path, ROWS, second, HEADER.replace("201901", "202001"))
    with pytest.raises(RateError, match="its bursts have 0 dates in common; cure: give bursts of one update"):
        read(tmp_path, GRID, Declared())
    burst(tmp_path, ROWS, NAME.replace("088", "015"))
    with pytest.raises(RateError, match="mixes L2b of track 015 and L2b of track 088"):
        read(tmp_path, GRID)


def test_points_begin_a_region_that_the_network_of_products_maps(tmp_path):
    """In cells of 100 m by themselves, where rasters are left to the velocity threshold."""
    begun = region.begin("mine", {"A088": str(burst(tmp_path))}, {}, "glo30", folder=tmp_path)
    assert begun.grid.cell_m == 100
    segmentation = load({"region": "mine"}, tmp_path).segmentation
    assert (segmentation.method, segmentation.model) == ("network", region.NETWORK)
