"""Mosaics of frames: which cell comes from where, levels, coarser copies, bounded memory."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sarslide import layers
from sarslide.errors import GridError
from sarslide.frames import frames_of
from sarslide.grid import RegionGrid, common_part, part_of, window_of
from sarslide.io import mosaic, raster
from sarslide.io.mosaic import Piece, overviews_of, write_mosaic
from sarslide.io.resample import finer_grid
from sarslide.io.sidecar import read_json
from sarslide.rates.levelling import planes_of
from sarslide.report.quicklooks import levelling_figure
from tests.support.rule_jobs import run_script

REGION = RegionGrid(32647, 418_000, 3_060_400, 100.0, 200, 310)  # 2 x 2 frames of 15 km, cut by the bounds
FRAMES = frames_of(REGION, 15, 1.2)


def wide(layer="elevation_m"):
    """A layer over the region and the margins around it: every cell has another value."""
    grid = REGION.pad(2000)
    return grid, np.arange(grid.rows * grid.cols).reshape(grid.shape).astype(layers.get(layer).dtype) / 8


def written(folder, layer, values, frames=FRAMES, grid=None, parts=1):
    """Files of a layer of the frames, cut from a grid that holds them."""
    paths = []
    for frame in frames:
        of_frame = finer_grid(frame.grid, frame.grid.cell_m / parts)
        cells = values(frame) if callable(values) else values[..., *window_of(grid, of_frame)]
        paths.append(folder / frame.name / f"{layer}.tif")
        raster.write(paths[-1], cells, of_frame, layer)
    return paths


def pieces(paths, frames=FRAMES):
    return [Piece.of(path, frame.core) for path, frame in zip(paths, frames, strict=True)]


def test_parts_of_grids():
    part = part_of(REGION, slice(3, 10), slice(5, 25))
    assert part.shape == (7, 20) and part.west == REGION.west + 500 and part.north == REGION.north - 300
    assert window_of(REGION, part) == (slice(3, 10), slice(5, 25))
    other = part_of(REGION, slice(8, 12), slice(0, 6))
    assert common_part(part, other) == common_part(other, part) == part_of(REGION, slice(8, 10), slice(5, 6))
    assert common_part(part, part_of(REGION, slice(10, 12), slice(5, 25))) is None


@pytest.mark.parametrize("block", [64, 1024])
def test_every_cell_comes_from_the_frame_whose_core_holds_it(tmp_path, monkeypatch, block):
    monkeypatch.setattr(mosaic, "BLOCK", block)
    numbers = {frame.name: number for number, frame in enumerate(FRAMES, start=1)}
    paths = written(tmp_path, "elevation_m", lambda frame: np.full(frame.grid.shape, numbers[frame.name], float))
    held = write_mosaic(tmp_path / "mosaic.tif", REGION, "elevation_m", pieces(paths))
    found = raster.read(tmp_path / "mosaic.tif", REGION)
    x, y = np.meshgrid(REGION.x(), REGION.y())
    for frame in FRAMES:
        west, south, east, north = frame.core.bounds
        inside = (west < x) & (x < east) & (south < y) & (y < north)
        assert inside.any() and (found[inside] == numbers[frame.name]).all()
    assert held == found.size and len(FRAMES) == 4


def test_the_mosaic_of_one_field_is_the_field(tmp_path):
    grid, values = wide()
    paths = written(tmp_path, "elevation_m", values, grid=grid)
    write_mosaic(tmp_path / "mosaic.tif", REGION, "elevation_m", pieces(paths), {"frames": "all"})
    assert np.array_equal(raster.read(tmp_path / "mosaic.tif", REGION), values[window_of(grid, REGION)])
    tags = raster.tags_of(tmp_path / "mosaic.tif")
    assert tags["layer"] == "elevation_m" and tags["unit"] == "m" and tags["frames"] == "all"


@pytest.mark.parametrize(
    ("layer", "unknown"), [("elevation_m", np.nan), ("layover_shadow", 255), ("pair_count", 0), ("closure_count", 0)]
)
def test_where_there_is_no_frame_the_layer_is_unknown(tmp_path, layer, unknown):
    few = FRAMES[:2]
    paths = written(tmp_path, layer, lambda frame: np.full(frame.grid.shape, 2, layers.get(layer).dtype), few)
    held = write_mosaic(tmp_path / "mosaic.tif", REGION, layer, pieces(paths, few))
    found = raster.read(tmp_path / "mosaic.tif", REGION)
    missing = ~(found == 2)
    assert held == found.size - missing.sum() and 0 < missing.sum() < found.size
    assert np.array_equal(np.unique(found[missing]), [unknown], equal_nan=True)


def test_finer_cells_and_several_bands(tmp_path):
    grid = finer_grid(REGION.pad(2000), 50)
    rng = np.random.default_rng(0)
    values = rng.uniform(-3, 3, (2, *grid.shape)).astype(np.float32)
    paths = written(tmp_path, "wrapped_rad", values, grid=grid, parts=2)
    write_mosaic(tmp_path / "mosaic.tif", REGION, "wrapped_rad", pieces(paths))
    fine = finer_grid(REGION, 50)
    assert np.array_equal(raster.read_all(tmp_path / "mosaic.tif", fine), values[:, *window_of(grid, fine)])
    assert raster.band_names(tmp_path / "mosaic.tif") == ["unfiltered", "filtered"]


def test_how_coarser_copies_are_made():
    named = {name: overviews_of(layers.get(name)).name for name in layers.LAYERS if layers.get(name).dtype[0] != "c"}
    mean = ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence", "probability", "elevation_m", "slope_deg")
    assert {named[name] for name in mean} == {"average"}
    assert {named[name] for name in ("avg_phase_rad", "wrapped_rad", "aspect_deg", "heading_deg")} == {"nearest"}
    assert {named[name] for name in ("layover_shadow", "observable_class", "stable_ground")} == {"mode"}


def test_coarser_copies_of_a_large_mosaic(tmp_path):
    region = RegionGrid(32647, 0, 60_000, 100, 600, 600)
    frames = frames_of(region, 30, 1)
    rng = np.random.default_rng(1)
    whole = region.pad(1000)
    noise = rng.normal(size=whole.shape).astype(np.float32)
    noise[:40] = np.nan
    phase = np.where(rng.random(whole.shape) < 0.5, 3.1, -3.1).astype(np.float32)
    classes = np.full(whole.shape, 1, np.uint8)
    classes[::2, ::2] = 3
    for layer, values in (("los_rate_mm_per_yr", noise), ("avg_phase_rad", phase), ("layover_shadow", classes)):
        paths = written(tmp_path, layer, values, frames, whole)
        write_mosaic(tmp_path / f"{layer}.tif", region, layer, pieces(paths, frames))
    with rasterio.open(tmp_path / "los_rate_mm_per_yr.tif", overview_level=0) as source:
        coarse, cells = source.read(1), noise[window_of(whole, region)]
    expected = cells.reshape(300, 2, 300, 2).mean(axis=(1, 3))
    assert np.allclose(coarse[40:], expected[40:], atol=1e-5) and np.isnan(coarse[:10]).all()
    with rasterio.open(tmp_path / "avg_phase_rad.tif", overview_level=0) as source:
        assert set(np.unique(source.read(1))) == {np.float32(3.1), np.float32(-3.1)}
    with rasterio.open(tmp_path / "layover_shadow.tif", overview_level=0) as source:
        assert (source.read(1) == 1).all()


def test_files_that_do_not_hold_their_core(tmp_path):
    path = written(tmp_path, "elevation_m", lambda frame: np.ones(frame.grid.shape), FRAMES[:1])[0]
    with pytest.raises(GridError, match="does not hold the core"):
        Piece.of(path, FRAMES[1].core)
    with pytest.raises(GridError, match="does not hold the core"):
        Piece.of(path, replace(FRAMES[0].core, epsg=32648))
    fine = written(tmp_path / "fine", "elevation_m", lambda frame: np.ones((2 * frame.grid.rows, 2 * frame.grid.cols)),
                   FRAMES[1:2], parts=2)  # fmt: skip
    with pytest.raises(GridError, match="several cells"):
        write_mosaic(tmp_path / "m.tif", REGION, "elevation_m", pieces([path, *fine], FRAMES[:2]))
    assert not (tmp_path / "m.tif").exists()


def test_no_more_than_a_block_is_read_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(mosaic, "BLOCK", 64)
    sizes, read = [], raster.read_block

    def counted(path, rows, cols, band=1):
        sizes.append((rows.stop - rows.start, cols.stop - cols.start))
        return read(path, rows, cols, band)

    monkeypatch.setattr(raster, "read_block", counted)
    paths = written(tmp_path, "elevation_m", lambda frame: np.ones(frame.grid.shape))
    write_mosaic(tmp_path / "mosaic.tif", REGION, "elevation_m", pieces(paths))
    assert (
        max(max(size) for size in sizes) <= 64 and sum(rows * cols for rows, cols in sizes) == REGION.rows * REGION.cols
    )


NOISE = 0.5


@pytest.fixture(scope="module")
def two_frames(tmp_path_factory):
    """A rate map of two frames with a step and a tilt at the seam, levelled and mosaicked by the scripts."""
    folder = tmp_path_factory.mktemp("seam")
    region = RegionGrid(32647, 420_000, 3_060_000, 100.0, 150, 300)
    frames, rng = frames_of(region, 15, 1.5), np.random.default_rng(11)
    whole = region.pad(1500)
    x, y = np.meshgrid(whole.x() - 435_000, whole.y() - 3_052_500)
    heights = 2000 + 600 * np.sin(x / 900) * np.cos(y / 1300)
    rate = 5 * np.sin(x / 9000 + y / 7000)
    planted = {frames[0].name: (4.0, 0.2, -0.3, 2.0), frames[1].name: (-6.0, -0.1, 0.4, -1.0)}

    def seen(frame):
        window, (offset, east, north, height) = window_of(whole, frame.grid), planted[frame.name]
        added = offset + (east * x + north * y)[window] / 1e3 + height * (heights[window] - 2000) / 1e3
        return (rate[window] + added + rng.normal(size=added.shape) * NOISE).astype(np.float32)

    paths = {
        "los_rate": written(folder, "los_rate_mm_per_yr", seen, frames),
        "stable_ground": written(folder, "stable_ground", lambda frame: np.ones(frame.grid.shape, np.uint8), frames),
        "elevation": written(folder, "elevation_m", heights, frames, whole),
    }
    paths = {name: [str(path) for path in of_layer] for name, of_layer in paths.items()}
    grids = {frame.name: frame.to_dict() for frame in frames}
    levels = str(folder / "level_frames.json")
    run_script(
        "level_frames",
        folder,
        paths,
        {"levels": levels},
        frames=grids,
        plane=True,
        height_correlated=True,
        reference=[],
    )
    made = {}
    for name, of_levels in (("unlevelled", []), ("levelled", [levels])):
        inputs = {
            "layer": paths["los_rate"],
            "levels": of_levels,
            "elevation": paths["elevation"] if of_levels else [],
            "records": [],
        }
        outputs = {"map": str(folder / f"{name}.tif"), "sidecar": str(folder / f"{name}.json")}
        run_script("mosaic", folder, inputs, outputs, grid=region.to_dict(), frames=grids)
        made[name] = outputs
    return region, frames, levels, made


def steps_at_the_seam(path, region, frames):
    """Difference of the cells on both sides of the seam, row by row, mm/yr."""
    seam = window_of(region, frames[1].core)[1].start
    rate = raster.read(path, region).astype(float)
    return rate[:, seam] - rate[:, seam - 1]


def test_the_step_at_a_seam_is_below_the_planted_noise(two_frames):
    region, frames, _, made = two_frames
    before = steps_at_the_seam(made["unlevelled"]["map"], region, frames)
    after = steps_at_the_seam(made["levelled"]["map"], region, frames)
    # Neighbouring cells differ by two noises anyway; over 50 rows their mean has a seventh of that.
    # The field itself changes by 0.06 mm/yr from cell to cell.
    means = np.abs(after.reshape(3, 50).mean(axis=1))
    assert np.abs(before.reshape(3, 50).mean(axis=1)).min() > 5 * NOISE
    assert means.max() < NOISE and abs(after.mean()) < 0.06 + 4 * np.sqrt(2) * NOISE / np.sqrt(len(after)), means
    assert after.std() < 1.2 * np.sqrt(2) * NOISE


def test_phase_rates_are_levelled_by_the_same_planes(two_frames, tmp_path):
    region, frames, levels, made = two_frames
    wavelength_m = 0.0555
    rate = raster.read(made["levelled"]["map"], region)
    record = tmp_path / "pair.json"
    record.write_text(json.dumps({"wavelength_m": wavelength_m}))
    folder = Path(levels).parent
    rates = {frame.name: raster.read(folder / frame.name / "los_rate_mm_per_yr.tif") for frame in frames}
    # Phase grows away from the satellite: a metre of it is -4 pi / wavelength.
    of_frames = written(
        tmp_path,
        "phase_rate_rad_per_yr",
        lambda frame: rates[frame.name] * (-4 * np.pi / wavelength_m / 1000),
        frames,
    )
    inputs = {
        "layer": [str(path) for path in of_frames],
        "levels": [levels],
        "elevation": [str(folder / frame.name / "elevation_m.tif") for frame in frames],
        "records": [str(record)],
    }
    outputs = {"map": str(tmp_path / "phase.tif"), "sidecar": str(tmp_path / "phase.json")}
    grids = {frame.name: frame.to_dict() for frame in frames}
    run_script("mosaic", tmp_path, inputs, outputs, grid=region.to_dict(), frames=grids)
    found = raster.read(outputs["map"], region)
    assert np.allclose(found, rate * (-4 * np.pi / wavelength_m / 1000), atol=1e-3)


def test_the_figure_of_the_levels(two_frames, tmp_path):
    region, frames, levels, made = two_frames
    inputs = {"los_rate": made["levelled"]["map"], "levels": levels}
    outputs = {"figure": str(tmp_path / "levels.png")}
    grids = {frame.name: frame.to_dict() for frame in frames}
    run_script("level_figure", tmp_path, inputs, outputs, {"stack": "A128"}, grid=region.to_dict(), frames=grids)
    assert Path(outputs["figure"]).read_bytes().startswith(b"\x89PNG")
    planes = planes_of(read_json(levels))
    figure = levelling_figure("A128", raster.read(made["levelled"]["map"]), region, cores_of(frames), planes)
    taken = figure.axes[1].images[0].get_array().filled(np.nan)
    for frame in frames:
        flat = replace(planes[frame.name], height_mm_per_yr_per_km=0.0).on(frame.core)
        assert np.allclose(taken[window_of(region, frame.core)], flat)
    # On coarser cells that do not divide those of the frames no cell is without a frame.
    coarse = RegionGrid(region.epsg, region.west, region.north, 700.0, 22, 43)
    reduced = levelling_figure("A128", np.zeros(coarse.shape), coarse, cores_of(frames), planes)
    known = np.isfinite(reduced.axes[1].images[0].get_array().filled(np.nan))
    assert known[coarse.y() > region.bounds[1]][:, coarse.x() < region.bounds[2]].all()


def cores_of(frames):
    return {frame.name: frame.core for frame in frames}


def test_what_the_mosaic_says_of_itself(two_frames):
    region, frames, levels, made = two_frames
    tags = raster.tags_of(made["levelled"]["map"])
    assert tags["levelled"] == "yes" and tags["frames"] == " ".join(frame.name for frame in frames)
    assert "levelled" not in raster.tags_of(made["unlevelled"]["map"])
    about = read_json(made["levelled"]["sidecar"])
    assert about["layer"] == "los_rate_mm_per_yr" and about["cells"] == region.rows * region.cols
    assert list(about["inputs"]["levels"]) == [levels.rsplit("/", 1)[1]]
