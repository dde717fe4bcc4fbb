"""Products of known motion: values, signs, dates and lines of sight that the readers find."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
from studies.displacement import written

from sarslide.displacement import formats
from sarslide.displacement.contract import Declared
from sarslide.errors import RateError
from sarslide.insar.external import regrid
from tests.displacement import products
from tests.displacement.products import DAYS, GRID, HEADING, INCIDENCE

TRUTH = products.rate(*np.meshgrid(GRID.x(), GRID.y()))
PLAIN = Declared("mm", "towards", (DAYS[0], DAYS[-1]))
# Bilinear twice, on cells of an arc second (31 m): an eighth of the curvature, 61 mm/yr * 2 / (200 m)^2 * (31 m)^2 / 8.
BILINEAR = 0.8


def made(name: str, folder: Path) -> Path:
    """A product of a format in a folder."""
    if name == "licsbas":
        products.licsbas(folder / "cum_filt.h5")
    elif name == "geotiff":
        products.geotiff(folder / "rate.tif")
    else:
        if name == "mintpy":
            pytest.importorskip("mintpy")
        getattr(products, name)(folder)
    return folder


@pytest.mark.parametrize("name", ["geotiff", "dolphin", "mintpy", "licsbas", "opera"])
def test_each_format_gives_the_motion_that_was_put_in(name, tmp_path):
    found_as, found = formats.read(made(name, tmp_path), GRID, PLAIN if name == "geotiff" else Declared())
    assert found_as == ("geotiff" if name == "dolphin" else name)
    assert list(found.dates) == (DAYS if name != "geotiff" else [DAYS[0], DAYS[-1]])
    known = np.isfinite(found.rate_mm_per_yr)
    assert known.mean() > (0.7 if name in ("mintpy", "licsbas") else 0.99)  # twelve rows of theirs were not seen
    off = np.abs(found.rate_mm_per_yr - TRUTH)[known]
    assert off.max() < (BILINEAR if name in ("mintpy", "licsbas") else 1e-3)
    if found.series_mm is not None:
        assert np.allclose(found.series_mm[-1][known], (found.rate_mm_per_yr * products.YEARS[-1])[known], atol=0.01)
    if name in ("mintpy", "licsbas"):
        assert not known[:3].any()
        assert np.nanmax(np.abs(found.heading_deg - HEADING)) < 1e-3
        assert np.nanmax(np.abs(found.incidence_deg - INCIDENCE)) < 1e-3
    if name in ("mintpy", "geotiff"):
        assert np.allclose(found.rate_std_mm_per_yr[known], 2.0)


def test_cells_that_licsbas_rejects_have_no_rate_and_no_series(tmp_path):
    """LiCSBAS16_filt_ts.py copies `mask` of LiCSBAS15_mask_ts.py into cum_filt.h5; `vel` and `cum` are unmasked there."""
    products.licsbas(tmp_path / "cum_filt.h5")
    before = np.isfinite(formats.read(tmp_path, GRID)[1].rate_mm_per_yr)
    with h5py.File(tmp_path / "cum_filt.h5", "a") as file:
        mask = np.ones(file["vel"].shape, np.float32)
        mask[:, : mask.shape[1] // 2] = 0
        file["mask"] = mask
    found = formats.read(tmp_path, GRID)[1]
    known, half = np.isfinite(found.rate_mm_per_yr), GRID.cols // 2
    # The region is turned by less than a degree to the meridian: 2 columns in 64 rows.
    assert not known[:, : half - 3].any() and (known == before)[:, half + 3 :].all()
    assert (np.isfinite(found.series_mm) == known).all()


def test_flat_files_of_licsbas(tmp_path):
    products.licsbas_flat(tmp_path)
    found_as, found = formats.read(tmp_path, GRID)
    assert found_as == "licsbas" and found.dates == (DAYS[0], DAYS[-1]) and found.series_mm is None
    known = np.isfinite(found.rate_mm_per_yr)
    assert not known[:3].any() and np.abs(found.rate_mm_per_yr - TRUTH)[known].max() < BILINEAR
    assert np.allclose(found.rate_std_mm_per_yr, 2) and np.allclose(found.coherence, 0.6)
    assert np.abs(found.heading_deg - HEADING).max() < 1e-3 and np.abs(found.incidence_deg - INCIDENCE).max() < 1e-3
    assert found.reference == "ref_area 10:11/20:21" and formats.look(tmp_path).has_coherence
    (tmp_path / "results/vel.mskd").write_bytes(bytes(8))
    with pytest.raises(RateError, match=r"vel\.mskd: has 8 bytes"):
        formats.read(tmp_path, GRID)
    (tmp_path / "info/EQA.dem_par").unlink()
    with pytest.raises(RateError, match=r"LiCSBAS's EQA\.dem_par is missing; cure: name the folder TS_GEOC"):
        formats.read(tmp_path, GRID)


def test_mintpy_reads_the_same_of_its_file(tmp_path):
    """The truth is what MintPy itself reads at the cell that it finds for a place."""
    readfile = pytest.importorskip("mintpy.utils.readfile")
    from mintpy.objects import coord
    from pyproj import Transformer

    products.mintpy(tmp_path)
    values, about = readfile.read(str(tmp_path / "velocity.h5"), datasetName="velocity")
    found = formats.read(tmp_path, GRID)[1]
    x, y = GRID.x()[29], GRID.y()[31]
    lon, lat = Transformer.from_crs(32632, 4326, always_xy=True).transform(x, y)
    row, col = (int(np.ravel(part)[0]) for part in coord.coordinate(about).geo2radar(lat, lon)[:2])
    # Half a cell away at most, where the rate changes by 0.26 mm/yr a metre.
    assert abs(found.rate_mm_per_yr[31, 29] - values[row, col] * 1e3) < 0.26 * 16
    assert values[row, col] < 0 and found.rate_mm_per_yr[31, 29] < -30


def test_mintpy_in_radar_coordinates_lies_where_its_lookup_says(tmp_path):
    pytest.importorskip("mintpy")
    products.mintpy_radar(tmp_path)
    found = formats.read(tmp_path, GRID)[1]
    known = np.isfinite(found.rate_mm_per_yr)
    assert known.mean() > 0.9
    # The nearest radar cell is at most 18 m away, where the rate changes by 0.26 mm/yr a metre.
    assert np.abs(found.rate_mm_per_yr - TRUTH)[known].max() < 0.26 * 18
    assert np.allclose(found.heading_deg[known], 190) and np.allclose(found.incidence_deg[known], INCIDENCE)
    assert np.allclose(found.rate_std_mm_per_yr[known], 2)


def test_mintpy_finds_radar_cells_where_its_own_lookup_has_them(tmp_path):
    """A lookup in the map's cells, of a subset; MintPy's own regular-grid geocoding is the truth."""
    pytest.importorskip("mintpy")
    from mintpy.objects.resample import resample
    from mintpy.utils import readfile, writefile

    products.mintpy_radar(tmp_path)
    (tmp_path / "geometryRadar.h5").unlink()
    with h5py.File(tmp_path / "velocity.h5", "a") as file:
        file.attrs.update({"SUBSET_YMIN": "40", "SUBSET_YMAX": "150", "SUBSET_XMIN": "7", "SUBSET_XMAX": "117"})
    rows, cols = np.mgrid[0:64, 0:64].astype(np.float32)
    lookup = {"azimuthCoord": 40.23 + 1.317 * rows + 0.1071 * cols, "rangeCoord": 7.41 + 1.2173 * cols + 0.1037 * rows}
    about = {"LENGTH": "64", "WIDTH": "64", "X_FIRST": str(GRID.west), "Y_FIRST": str(GRID.north)}
    about |= {"X_STEP": "30", "Y_STEP": "-30", "X_UNIT": "meters", "Y_UNIT": "meters", "EPSG": "32632"}
    lut = str(tmp_path / "geometryGeo.h5")
    writefile.write(lookup, lut, about | {"FILE_TYPE": "geometry"}, print_msg=False)
    found = formats.read(tmp_path, GRID)[1]

    source = str(tmp_path / "velocity.h5")
    theirs = resample(lut_file=lut, src_file=source, interp_method="nearest", software="scipy")
    theirs.open()
    theirs.src_meta = readfile.read_attribute(source)
    theirs.prepare()
    velocity = readfile.read(source, datasetName="velocity")[0]
    expected = theirs.run_resample(velocity, box_ind=0, print_msg=False) * 1e3
    expected[expected == 0] = np.nan
    both = np.isfinite(expected) & np.isfinite(found.rate_mm_per_yr)
    assert both.sum() > 3000 and np.abs(found.rate_mm_per_yr - expected)[both].max() < 1e-3


def test_a_folder_in_radar_coordinates_without_lookup_is_refused(tmp_path):
    pytest.importorskip("mintpy")
    products.mintpy_radar(tmp_path)
    (tmp_path / "geometryRadar.h5").unlink()
    with pytest.raises(RateError, match=r"velocity\.h5: lies in radar coordinates, without a lookup"):
        formats.read(tmp_path, GRID)


def test_a_plain_geotiff_follows_what_is_declared(tmp_path):
    products.geotiff(tmp_path / "rate.tif", factor=0.1)
    away = formats.read(tmp_path, GRID, Declared("cm", "away", (DAYS[0], DAYS[-1])))[1]
    assert np.allclose(away.rate_mm_per_yr, -TRUTH, atol=1e-3) and np.allclose(away.rate_std_mm_per_yr, 2.0)


def test_the_coherence_of_dolphin_is_no_date_of_its_series(tmp_path):
    """dolphin's `sequential.py` names it by the span of its acquisitions."""
    products.dolphin(tmp_path)
    name = f"temporal_coherence_average_{DAYS[0]}_{DAYS[-1]}.tif"
    written.geotiff(tmp_path / name, [np.full(GRID.shape, 0.7)], written.place_of(GRID), void=0.0)
    assert formats.look(tmp_path).has_coherence and list(formats.look(tmp_path).dates) == DAYS
    found = formats.read(tmp_path, GRID)[1]
    assert np.allclose(found.coherence, 0.7) and np.allclose(found.series_mm[-1], TRUTH * products.YEARS[-1], atol=0.01)


@pytest.mark.parametrize("name", ["geotiff", "dolphin", "mintpy", "licsbas", "licsbas_flat", "opera"])
def test_every_reader_refuses_a_raster_that_cannot_come_onto_the_grid_by_its_own_code(name, tmp_path, monkeypatch):
    """`regrid` speaks for interferograms: too many cells is the refusal that it has for any raster."""
    monkeypatch.setattr(regrid, "ALWAYS", 0)
    monkeypatch.setattr(regrid, "MOST_PER_CELL", 1e-3)
    if name == "licsbas_flat":
        products.licsbas_flat(tmp_path)
    else:
        made(name, tmp_path)
    with pytest.raises(RateError, match=rf"^E3008 {tmp_path}.*: has .* cells on the region.*; cure: give cells nearer"):
        formats.read(tmp_path, GRID, PLAIN)


@pytest.mark.parametrize("name", ["geotiff", "licsbas"])
def test_a_raster_that_does_not_reach_the_region_is_named_with_its_cure(name, tmp_path):
    made(name, tmp_path)
    if name == "geotiff":  # in a CRS of the region, flown askew: no north-up cells
        with rasterio.open(tmp_path / "rate.tif", "r+") as target:
            target.transform = target.transform * target.transform.rotation(5)
        words = r"rate\.tif: its cells \(.*\) are not north-up; cure: warp it"
    else:  # from the north downwards is how LiCSBAS writes
        with h5py.File(tmp_path / "cum_filt.h5", "a") as file:
            file["post_lat"][...] = products.STEP
        words = r"cum_filt\.h5: its cells \(.*\) are not north-up; cure: warp it"
    with pytest.raises(RateError, match=words) as caught:
        formats.read(tmp_path, GRID, PLAIN)
    assert str(caught.value).startswith("E3008 ") and "\n" not in str(caught.value)


def bad_version(folder):
    products.opera(folder, version="0.4")


def two_frames(folder):
    products.opera(folder)
    products.opera(folder, frame="11115")


def no_way_to_the_reference(folder):
    products.opera(folder)
    for path in folder.glob("*_20200501T140756Z_*"):
        path.unlink()


def metres_for_degrees(folder):
    products.licsbas(folder / "cum.h5")
    with h5py.File(folder / "cum.h5", "a") as file:
        file["corner_lon"][...] = 576000.0


def two_formats(folder):
    products.licsbas(folder / "cum.h5")
    products.geotiff(folder / "rate.tif")


def elsewhere(folder):
    products.licsbas(folder / "cum.h5")
    with h5py.File(folder / "cum.h5", "a") as file:
        file["corner_lon"][...] = 20.0


def undeclared(folder):
    products.geotiff(folder / "rate.tif")


def other_first_dates(folder):
    products.dolphin(folder)
    products.geotiff(folder / "20200201_20200301.tif", "meters", 1e-3, 1)


def nothing(folder):
    (folder / "notes.txt").write_text("no product")


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (bad_version, "version 0"),
        (two_frames, "frames 11115, 11116"),
        (no_way_to_the_reference, "reference date 20200501"),
        (metres_for_degrees, "no degrees"),
        (two_formats, "geotiff and licsbas"),
        (elsewhere, "no cell of the region"),
        (undeclared, "unit and sign"),
        (other_first_dates, "2 first dates"),
        (nothing, "no known format"),
    ],
)
def test_a_bad_product_is_one_coded_line(broken, word, tmp_path):
    broken(tmp_path)
    with pytest.raises(RateError) as caught:
        formats.read(tmp_path, GRID)
    text = str(caught.value)
    assert word in text and text.startswith("E3008") and "cure" in text and "\n" not in text


def test_metres_called_millimetres_are_noticed(tmp_path):
    products.geotiff(tmp_path / "rate.tif")
    with pytest.raises(RateError, match="state the unit"):
        formats.read(tmp_path, GRID, Declared("m", "towards", (DAYS[0], DAYS[-1])))
