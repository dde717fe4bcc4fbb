"""From ISCE2's bursts to the region grid, on bursts written by the test: sums by a plain loop, line of sight by definition."""

import numpy as np
import pytest
from pyproj import Transformer

from sarslide.errors import CoverageError, ProcessorError
from sarslide.grid import RegionGrid
from sarslide.insar.isce2 import regrid as isce2_grid
from sarslide.insar.isce2.regrid import find_cells, geometry, mean_power, pair_sums, read_cells
from tests.insar.isce2.test_topsstack import write_product

REGION = RegionGrid(32647, 517500, 3208000, 30, 20, 24)
DATES = ("20190306", "20190318", "20190330")
PAIRS = ("20190306_20190318", "20190318_20190330")
LINES, SAMPLES, BURSTS = 300, 260, 2
INCIDENCE, TO_SATELLITE = 38.0, 257.4  # degree: from the vertical; direction of the satellite, clockwise from north
NEAR_M, SPACING_M = 850000.0, 2.5


def positions(burst):
    """Map positions of the samples: lines run 12 degrees off north, the second burst overlaps the first by a third."""
    line, sample = np.mgrid[:LINES, :SAMPLES].astype(float)
    line += burst * LINES * 2 / 3
    turn = np.radians(-12)
    across, along = 2.8 * sample + 160, 1.9 * line - 150
    return (
        REGION.west + across * np.cos(turn) + along * np.sin(turn),
        REGION.north - 600 - across * np.sin(turn) + along * np.cos(turn),
    )


VRT = """<VRTDataset rasterXSize="{samples}" rasterYSize="{lines}">
<VRTRasterBand dataType="CFloat32" band="1" subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">{name}</SourceFilename>
<ByteOrder>LSB</ByteOrder><ImageOffset>0</ImageOffset><PixelOffset>8</PixelOffset><LineOffset>{stride}</LineOffset>
</VRTRasterBand></VRTDataset>"""


def write_slc(path, samples):
    """As ISCE2 leaves a resampled burst: raw samples, and a VRT beside them."""
    samples.tofile(path)
    text = VRT.format(samples=SAMPLES, lines=LINES, name=path.name, stride=8 * SAMPLES)
    path.with_name(f"{path.name}.vrt").write_text(text)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Folders of three dates; the last one lacks the second burst."""
    root = tmp_path_factory.mktemp("work")
    rng = np.random.default_rng(1)
    reference = root / DATES[0]
    write_product(reference / "reference", BURSTS, LINES, SAMPLES)
    topo = reference / "geom_reference/IW2"
    topo.mkdir(parents=True)
    samples = {}
    for burst in range(BURSTS):
        x, y = positions(burst)
        lon, lat = Transformer.from_crs(32647, 4326, always_xy=True).transform(x, y)
        los = np.stack([np.full(x.shape, INCIDENCE), np.full(x.shape, -TO_SATELLITE)], axis=1)
        mask = np.zeros(x.shape, np.uint8)
        mask[:, 100:140], mask[:, 140:160], mask[:, 160:180] = 1, 2, 3
        for name, values in {
            "lat": lat,
            "lon": lon,
            "hgt": 0 * lat,
            "los": los.astype(np.float32),
            "shadowMask": mask,
        }.items():
            values.tofile(topo / f"{name}_{burst + 1:02d}.rdr")
        for date in DATES[: 3 - burst]:
            folder = reference / "reference/IW2" if date == DATES[0] else root / date / f"coreg_secondarys/{date}/IW2"
            folder.mkdir(parents=True, exist_ok=True)
            slc = (rng.normal(size=(LINES, SAMPLES)) + 1j * rng.normal(size=(LINES, SAMPLES))).astype(np.complex64)
            slc[:7], slc[:, -9:] = 0, 0
            samples[date, burst] = slc
            write_slc(folder / f"burst_{burst + 1:02d}.slc", slc)
    folders = {date: root / date for date in DATES}
    return folders, find_cells(reference, root / "cells", REGION), samples


def truth(samples, pair):
    """Sums of a pair by np.add.at over every sample."""
    earlier, later = pair.split("_")
    product, power = np.zeros(REGION.shape, complex), np.zeros((2, *REGION.shape))
    for burst in range(BURSTS):
        if (earlier, burst) in samples and (later, burst) in samples:
            x, y = positions(burst)
            first, second = samples[earlier, burst], samples[later, burst]
            row, col = np.floor((REGION.north - y) / 30).astype(int), np.floor((x - REGION.west) / 30).astype(int)
            ok = (row >= 0) & (row < REGION.rows) & (col >= 0) & (col < REGION.cols) & (first != 0) & (second != 0)
            at = row[ok], col[ok]
            np.add.at(product, at, (first * second.conj())[ok])
            np.add.at(power[0], at, np.abs(first[ok]) ** 2)
            np.add.at(power[1], at, np.abs(second[ok]) ** 2)
    return product, power


@pytest.mark.parametrize("lines_at_once", [64, 1000])
def test_sums_of_pairs(work, monkeypatch, lines_at_once):
    monkeypatch.setattr(isce2_grid, "LINES_AT_ONCE", lines_at_once)
    folders, bursts, samples = work
    sums = pair_sums(folders, DATES[0], PAIRS, bursts, REGION)
    for pair in PAIRS:
        product, power = truth(samples, pair)
        assert (power[0] > 0).mean() > 0.4
        # float32 samples, double sums
        np.testing.assert_allclose(sums[pair].product, product, atol=1e-3)
        np.testing.assert_allclose(sums[pair].power_earlier, power[0], rtol=1e-4)
        np.testing.assert_allclose(sums[pair].power_later, power[1], rtol=1e-4)
    # The second pair has one burst only: its cells are fewer.
    assert (sums[PAIRS[1]].power_later > 0).sum() < (sums[PAIRS[0]].power_later > 0).sum()


def test_mean_power(work):
    folders, bursts, samples = work
    power = mean_power({DATES[1]: folders[DATES[1]]}, DATES[0], bursts, REGION)
    assert (
        np.nanmean(power) == pytest.approx(2.0, rel=0.02) and np.isnan(power).any()
    )  # two normal parts of unit variance


def test_cells_are_read_again(work):
    folders, bursts, _ = work
    again = read_cells(folders[DATES[0]], folders[DATES[0]].parent / "cells")
    assert [one.stem for one in again] == [one.stem for one in bursts] == ["IW2_01", "IW2_02"]
    for one, other in zip(again, bursts, strict=True):
        np.testing.assert_array_equal(one.cells, other.cells)


def test_line_of_sight_and_masks(work):
    folders, bursts, _ = work
    seen = geometry(folders[DATES[0]], bursts, REGION)
    known = np.isfinite(seen.incidence_deg)
    azimuth = np.radians(TO_SATELLITE)
    expected = {
        "incidence_deg": INCIDENCE,
        "heading_deg": (TO_SATELLITE + 90) % 360,  # an ascending track that looks right
        "los_east": np.sin(np.radians(INCIDENCE)) * np.sin(azimuth),
        "los_north": np.sin(np.radians(INCIDENCE)) * np.cos(azimuth),
        "los_up": np.cos(np.radians(INCIDENCE)),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(seen, name)[known], value, rtol=1e-5)
    assert 0.5 < known.mean() < 1
    # ISCE's 1 is shadow, its 2 layover; ours are the other way round.
    x, y = positions(0)
    for sample, flag in ((40, 0), (120, 2), (150, 1), (170, 3)):
        row, col = int((REGION.north - y[150, sample]) // 30), int((x[150, sample] - REGION.west) // 30)
        assert seen.layover_shadow[row, col] == flag
        assert seen.slant_range_m[row, col] == pytest.approx(NEAR_M + SPACING_M * sample, abs=SPACING_M * 10)
    assert (seen.layover_shadow == 255).sum() == (~known).sum()


def test_ground_without_samples_inside_the_scene_is_layover(work):
    folders, bursts, _ = work
    holes = bursts[0].cells.copy()
    holes[np.isin(holes, np.add.outer(np.arange(8, 14) * REGION.cols, np.arange(10, 14)))] = -1
    one = type(bursts[0])(bursts[0].swath, bursts[0].burst, bursts[0].first_line, bursts[0].first_sample, holes)
    seen = geometry(folders[DATES[0]], [one], REGION)
    assert (seen.layover_shadow[8:14, 10:14] == 1).all() and np.isfinite(seen.incidence_deg[8:14, 10:14]).all()


def test_a_pair_without_a_common_burst(work, tmp_path):
    folders, bursts, _ = work
    with pytest.raises(
        CoverageError, match="E3004 pair 20190318_20190330: no burst on the region that both dates have"
    ):
        pair_sums(folders, DATES[0], PAIRS[1:], bursts[1:], REGION)
    with pytest.raises(CoverageError, match="no burst of the reference date falls on the region"):
        find_cells(folders[DATES[0]], tmp_path / "cells", RegionGrid(32647, 617500, 3208000, 30, 20, 24))


@pytest.mark.parametrize("left", [0, 100])
def test_a_truncated_burst_is_named(work, tmp_path, left):
    folders, bursts, samples = work
    folder = tmp_path / "coreg_secondarys/20190318/IW2"
    folder.mkdir(parents=True)
    for burst in range(BURSTS):
        write_slc(folder / f"burst_{burst + 1:02d}.slc", samples[DATES[1], burst][:left])
    with pytest.raises(
        ProcessorError,
        match=rf"burst_01.slc: has {left * SAMPLES * 8} bytes, its burst more; cure: run the steps of that",
    ):
        pair_sums(folders | {DATES[1]: tmp_path}, DATES[0], PAIRS[:1], bursts, REGION)
