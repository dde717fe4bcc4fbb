"""Sentinel-2 files to the region grid: means of clear pixels by numpy, and what a product states of its numbers."""

import runpy
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin

from sarslide.errors import RasterError
from sarslide.grid import RegionGrid
from sarslide.io import raster
from sarslide.io.sidecar import read_json
from sarslide.retrieve import optical
from sarslide.retrieve.optical import BANDS, open_product, reflectance

GRID = RegionGrid(32647, 519000.0, 3208500.0, 30.0, 20, 26)
CLEAR, CLOUD, THIN_CIRRUS, SNOW, DARK = 4, 9, 10, 11, 2
MARGIN = 6  # pixels of 10 m around the region, two whole cells
METADATA = """<?xml version="1.0"?><n1:Level-2A_User_Product xmlns:n1="x"><Q><BOA_QUANTIFICATION_VALUE unit="none">10000
</BOA_QUANTIFICATION_VALUE></Q>{}</n1:Level-2A_User_Product>"""
NEW = "S2A_MSIL2A_20230529T034541_N0509_R104_T47RPM_20230529T081159"
OLD = "S2A_MSIL2A_20190529T034541_N0212_R104_T47RPM_20190529T081159"


def pixels(seed=0) -> np.ndarray:
    """Numbers of four bands, (4, rows, cols) of 10 m around GRID."""
    shape = (4, 3 * GRID.rows + 2 * MARGIN, 3 * GRID.cols + 2 * MARGIN)
    return np.random.default_rng(seed).integers(1200, 4000, shape).astype(np.uint16)


def write(path, data, driver="GTiff", epsg=32647, step=10.0, nodata=None, scale=None, names=(), origin=None):
    data = np.atleast_3d(data.T).T if data.ndim == 2 else data
    west, north = origin or (GRID.west - 10 * MARGIN, GRID.north + 10 * MARGIN)
    lossless = {"QUALITY": "100", "REVERSIBLE": "YES"} if driver == "JP2OpenJPEG" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver=driver, width=data.shape[2], height=data.shape[1], count=len(data), dtype=data.dtype,
        crs=f"EPSG:{epsg}", transform=from_origin(west, north, step, step), nodata=nodata, **lossless,
    ) as target:  # fmt: skip
        target.write(data)
        if scale:
            target.scales, target.offsets = [scale[0]] * len(data), [scale[1]] * len(data)
        for index, name in enumerate(names, start=1):
            target.set_band_description(index, name)


def safe(folder, numbers, classes, name=NEW, offsets=True):
    """A SAFE with JPEG 2000 bands of 10 m, others of 20 m beside them, and a scene classification of 20 m."""
    inside = folder / f"{name}.SAFE" / "GRANULE" / "L2A_T47RPM_A041428" / "IMG_DATA"
    for band, values in zip(BANDS.values(), numbers, strict=True):
        write(inside / "R10m" / f"T47RPM_20230529T034541_{band}_10m.jp2", values, "JP2OpenJPEG")
        write(inside / "R20m" / f"T47RPM_20230529T034541_{band}_20m.jp2", values[::2, ::2], "JP2OpenJPEG", step=20.0)
    write(inside / "R20m" / "T47RPM_20230529T034541_SCL_20m.jp2", classes, "JP2OpenJPEG", step=20.0)
    ids = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    text = "".join(f'<BOA_ADD_OFFSET band_id="{k}">-1000</BOA_ADD_OFFSET>' for k in ids) if offsets else ""
    (folder / f"{name}.SAFE" / "MTD_MSIL2A.xml").write_text(METADATA.format(text))
    return folder / f"{name}.SAFE"


def on_grid(*products, grid=GRID):
    out = np.full((4, *grid.shape), -1, np.float32)
    for rows, cols, values in reflectance(products, grid):
        out[:, rows, cols] = values
    return out


def cell_means(values: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Means of the clear ones of 3 x 3 pixels, NaN where fewer than half are clear."""

    def cells(pixels):
        inner = pixels[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        parts = inner.reshape(*inner.shape[:-2], GRID.rows, 3, GRID.cols, 3)
        return np.moveaxis(parts, -3, -2).reshape(*inner.shape[:-2], *GRID.shape, 9)

    values, clear = cells(values.astype(float)), cells(clear)
    count = clear.sum(-1)
    means = (values * clear).sum(-1) / np.maximum(count, 1)
    return np.where(count >= 4.5, means, np.nan)


def test_a_safe_by_hand(tmp_path):
    """Offset -1000 of the metadata, cloud mask of 20 m, JPEG 2000: equal to means by numpy."""
    numbers = pixels()
    classes = np.random.default_rng(1).choice(
        [CLEAR, CLOUD, THIN_CIRRUS, SNOW, DARK, 0], (36, 45), p=[0.5, 0.15, 0.1, 0.1, 0.1, 0.05]
    )
    classes = classes.astype(np.uint8)
    found = on_grid(open_product(safe(tmp_path, numbers, classes)))
    clear = ~np.isin(np.repeat(np.repeat(classes, 2, 0), 2, 1), (CLOUD, THIN_CIRRUS, 0))[
        : numbers.shape[1], : numbers.shape[2]
    ]
    truth = cell_means((numbers.astype(float) - 1000) / 10000, clear)
    assert np.isnan(truth).any() and np.isfinite(truth).any()
    # Float32 of numbers below 1.
    assert np.allclose(found, truth, atol=2e-6, equal_nan=True)


def test_blocks_leave_no_seam(tmp_path, monkeypatch):
    product = open_product(safe(tmp_path, pixels(), np.full((36, 45), CLEAR, np.uint8)))
    whole = on_grid(product)
    monkeypatch.setattr(optical, "BLOCK", 7)
    assert np.array_equal(on_grid(product), whole)


def test_another_zone_and_a_fine_slant(tmp_path):
    """Reflectance that is linear in the region's coordinates: a cell's mean is the value at its centre, in any zone."""
    to_other = Transformer.from_crs(32647, 32648, always_xy=True)
    west, south, east, north = GRID.pad(600).bounds
    x, y = to_other.transform([west, west, east, east], [south, north, south, north])
    shape = int((max(y) - min(y)) / 10), int((max(x) - min(x)) / 10)
    columns, rows = np.meshgrid(min(x) + 10 * (np.arange(shape[1]) + 0.5), max(y) - 10 * (np.arange(shape[0]) + 0.5))
    u, v = Transformer.from_crs(32648, 32647, always_xy=True).transform(columns, rows)

    def plane(u, v):
        return 0.3 + 1e-4 * (u - GRID.west) - 2e-4 * (v - GRID.north)

    data = np.stack([plane(u, v)] * 4).astype(np.float32)
    write(tmp_path / "stack.tif", data, epsg=32648, origin=(min(x), max(y)), names=list(BANDS.values()))
    found = on_grid(open_product(tmp_path / "stack.tif"))
    truth = plane(*np.meshgrid(GRID.x(), GRID.y()))
    # Pixels of 10 m, whole ones or weighted by their part, in a cell of 30 m: their mean place is
    # off by at most a few metres, of which 2e-4 is 1e-3.
    assert np.abs(found - truth).max() < 1e-3


def test_a_median_of_three_forgets_a_cloud(tmp_path):
    numbers, white = pixels(), pixels()
    white[:, 20:50, 20:50] = 9000
    truth = None
    products = []
    for name, values in (("a", numbers), ("b", white), ("c", numbers)):
        write(tmp_path / f"{name}.tif", values, scale=(1e-4, 0.0))
        products.append(open_product(tmp_path / f"{name}.tif"))
        truth = on_grid(products[0]) if truth is None else truth
    assert not np.allclose(on_grid(products[1]), truth)
    assert np.array_equal(on_grid(*products), truth)


def test_pixels_without_data_and_a_product_beside_the_region(tmp_path):
    numbers = pixels()
    numbers[:, :, : MARGIN + 30] = 0  # the swath's edge: ten cells
    write(tmp_path / "left.tif", numbers, scale=(1e-4, 0.0))
    write(tmp_path / "far.tif", numbers, scale=(1e-4, 0.0), origin=(900000, 3208500))
    found = on_grid(open_product(tmp_path / "left.tif"), open_product(tmp_path / "far.tif"))
    assert np.isnan(found[:, :, :10]).all() and np.isfinite(found[:, :, 10:]).all()


def test_snow_in_the_sun_is_held_at_one(tmp_path):
    numbers = np.full_like(pixels(), 14000)
    numbers[:, :, 40:] = 500  # below the offset
    found = on_grid(open_product(safe(tmp_path, numbers, np.full((36, 45), SNOW, np.uint8))))
    assert found.max() == 1 and found.min() == 0 and not np.isnan(found).any()


@pytest.mark.parametrize(
    ("name", "scale", "kind", "stated"),
    [
        (NEW, None, np.uint16, (1e-4, -0.1)),
        (OLD, None, np.uint16, (1e-4, 0.0)),
        ("composite", (1e-4, -0.1), np.uint16, (1e-4, -0.1)),
        ("composite", None, np.float32, (1.0, 0.0)),
    ],
)
def test_what_a_product_states_of_its_numbers(tmp_path, name, scale, kind, stated):
    for band, values in zip(BANDS.values(), pixels(), strict=True):
        write(tmp_path / name / f"{band}.tif", values.astype(kind), scale=scale)
    bands = open_product(tmp_path / name).bands.values()
    assert {(band.scale, band.offset) for band in bands} == {stated}


def test_metadata_before_the_offset(tmp_path):
    product = open_product(safe(tmp_path, pixels(), np.full((36, 45), CLEAR, np.uint8), OLD, offsets=False))
    assert {(band.scale, band.offset) for band in product.bands.values()} == {(1e-4, 0.0)}
    again = open_product(tmp_path / f"{OLD}.SAFE", scale=2e-4, offset=0.01)
    assert {(band.scale, band.offset) for band in again.bands.values()} == {(2e-4, 0.01)}


def test_a_silent_product_is_refused(tmp_path):
    write(tmp_path / "silent.tif", pixels())
    with pytest.raises(
        RasterError, match=r"E1002 .*silent.tif: does not state whether the offset .*; cure: set optical.offset"
    ):
        open_product(tmp_path / "silent.tif")
    assert open_product(tmp_path / "silent.tif", offset=-0.1).bands["reflectance_b08"].scale == 1e-4


def test_bad_products(tmp_path):
    for band in ("B02", "B03", "B04"):
        write(tmp_path / "few" / f"{band}.tif", pixels()[0], scale=(1e-4, 0.0))
    with pytest.raises(RasterError, match="E1002 .*few: has no band B08; cure: "):
        open_product(tmp_path / "few")
    write(tmp_path / "few" / "B08.tif", pixels()[0][::2, ::2], step=20.0, scale=(1e-4, 0.0))
    with pytest.raises(RasterError, match="E1002 .*B08.tif: is on another grid than B02.tif; cure: give bands of 10 m"):
        on_grid(open_product(tmp_path / "few"))
    write(tmp_path / "few" / "other" / "B02.tif", pixels()[0], scale=(1e-4, 0.0))
    with pytest.raises(RasterError, match="E1002 .*few: band B02 is in B02.tif, B02.tif; cure: "):
        open_product(tmp_path / "few")
    with pytest.raises(RasterError, match="E1002 .*gone: does not exist"):
        open_product(tmp_path / "gone")
    product = safe(tmp_path, pixels(), np.full((36, 45), CLEAR, np.uint8))
    (product / "MTD_MSIL2A.xml").write_text("<html>")
    with pytest.raises(RasterError, match="E1002 .*MTD_MSIL2A.xml: is no readable XML"):
        open_product(product)


class Named(dict):
    __getattr__ = dict.__getitem__


def run(repository, folder, inputs):
    outputs = {layer: str(folder / f"{layer}.tif") for layer in BANDS} | {"sidecar": str(folder / "optical.json")}
    snakemake = SimpleNamespace(
        rule="optical", input=Named(products=inputs, scenes=[]), output=Named(outputs), log=[str(folder / "log")],
        params=Named(grid=GRID.to_dict(), scale=None, offset=None, code="0"),
    )  # fmt: skip
    runpy.run_path(str(repository / "workflow_scripts/optical.py"), {"snakemake": snakemake})


def test_the_rule_writes_registered_layers(tmp_path, repository, capsys):
    classes = np.full((36, 45), CLEAR, np.uint8)
    classes[:, :20] = CLOUD
    product = safe(tmp_path / "in", pixels(), classes)
    run(repository, tmp_path, [str(product)])
    written = np.stack([raster.read(tmp_path / f"{layer}.tif", GRID) for layer in BANDS])
    assert np.array_equal(written, on_grid(open_product(product)), equal_nan=True)
    about = read_json(tmp_path / "optical.json")
    assert about["products"][product.name]["offset"]["reflectance_b08"] == -0.1
    assert about["products"][product.name]["cloud_mask"] is True
    assert about["clear_share"] == pytest.approx(np.isfinite(written[0]).mean(), abs=1e-6)
    cloudy = safe(tmp_path / "cloudy", pixels(), np.full((36, 45), CLOUD, np.uint8))
    with pytest.raises(SystemExit):
        run(repository, tmp_path / "out", [str(cloudy)])
    assert f"E1002 {cloudy.name}: no clear pixel in the region" in capsys.readouterr().err
    assert not (tmp_path / "out/reflectance_b02.tif").exists()
