"""EGMS points on a grid: columns of the product description, values by hand."""

import zipfile

import numpy as np
import pytest

from sarslide.displacement import egms
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
@pytest.mark.parametrize("chunk", [1, 50_000])
def test_means_errors_and_gaps(tmp_path, monkeypatch, zipped, chunk):
    monkeypatch.setattr(egms, "CHUNK", chunk)
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
        (ROWS, NAME.replace("L2b", "L3"), HEADER, "is L3, east or up"),
        (ROWS, "points", HEADER, "states no level"),
        (ROWS, NAME, HEADER.replace("easting", "x"), "has no column easting"),
        ((point(6.22, 48.34, 1, 1, 1, "0,0,0"),), NAME, HEADER, "easting 6.22, northing 48.34 is outside EPSG:3035"),
        ((point("", 2810445.25, 1, 1, 1, "0,0,0"),), NAME, HEADER, "easting nan"),
        ((*ROWS, ROWS[0] + ",7.0,8.0"), NAME, HEADER, "Expected 27 fields"),
        (ROWS, NAME, HEADER.replace("20190116", "20200116"), "dates are not in order"),
    ],
)
def test_points_that_are_refused(tmp_path, rows, name, header, words):
    with pytest.raises(RateError, match=rf"{name}.csv: .*{words}.*; cure: ") as caught:
        read(burst(tmp_path, rows, name, header), GRID)
    assert "\n" not in str(caught.value)


def test_bursts_of_one_track_level_and_dates(tmp_path):
    burst(tmp_path)
    second = NAME.replace("0282", "0283")
    assert read(burst(tmp_path, ROWS, second), GRID)[1].rate_std_mm_per_yr[0, 1] == pytest.approx(0.5 / 2**0.5)
    burst(tmp_path, ROWS, second, HEADER.replace("20190128", "20190203"))
    with pytest.raises(RateError, match="0283.* has other dates than"):
        read(tmp_path, GRID, Declared())
    burst(tmp_path, ROWS, NAME.replace("088", "015"))
    with pytest.raises(RateError, match="mixes L2b of track 015 and L2b of track 088"):
        read(tmp_path, GRID)
