"""A small region as the workflow leaves it on disk, made without it: smooth terrain, elliptical
landslides, two tracks.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
from shapely.affinity import rotate, scale
from shapely.geometry import Point

from sarslide import names
from sarslide.grid import RegionGrid
from sarslide.inventory import changes
from sarslide.inventory.release import changes_csv
from sarslide.inventory.tables import ATTRIBUTES, CANDIDATES, FUSED, OBJECTS, typed
from sarslide.io import raster, vector
from sarslide.layers import EAST_UP, SMALLEST_SPEED
from sarslide.report import downloads
from sarslide.report.inputs import FrameInputs, ReportInputs, StackInputs
from sarslide.report.page import render
from tests.support import releases

RELEASE = "20200216-0123abcd"
TRACKS = {"A128": (-1.0, "20190306"), "D062": (1.0, "20190311")}


def smooth(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> np.ndarray:
    """A Gaussian field of unit variance, correlated over `cells`."""
    from scipy.ndimage import gaussian_filter

    field = gaussian_filter(rng.standard_normal(shape), cells, mode="wrap")
    return field / field.std()


def ellipses(grid: RegionGrid, rng: np.random.Generator, count: int) -> list:
    """Outlines inside the region, m."""
    west, south, east, north = grid.bounds
    size = min(east - west, north - south)
    shapes = []
    for _ in range(count):
        centre = Point(
            rng.uniform(west + 0.1 * size, east - 0.1 * size), rng.uniform(south + 0.1 * size, north - 0.1 * size)
        )
        disc = centre.buffer(size * rng.uniform(0.015, 0.045), quad_segs=5)
        shapes.append(rotate(scale(disc, 1, rng.uniform(1, 2.6)), rng.uniform(0, 180)))
    return shapes


def object_rows(shapes: list, rng: np.random.Generator, **values) -> list[dict]:
    """Rows with every column of the inventory's tables."""
    rows = []
    for number, shape in enumerate(shapes, start=1):
        rate = float(rng.choice([-1, 1]) * rng.uniform(20, 90))
        tracks = ("A128", "D062", "A128+D062")[int(rng.integers(3))]
        row = dict.fromkeys(OBJECTS, "") | {
            name: float(rng.uniform(0, 1)) for name, kind in ATTRIBUTES.items() if kind is float
        }
        row |= dict.fromkeys(EAST_UP, math.nan)
        row |= {
            "geometry": shape,
            "ls_id": f"LS{number:06d}",
            "candidate_id": f"{tracks[:4]}-{number:04d}",
            "track": tracks[:4],
        }
        row |= {
            "tracks": tracks,
            "area_km2": shape.area / 1e6,
            "cells": int(shape.area / 900),
            "change": "new",
            "status": "released",
        }
        row |= {
            "object_class": "landslide",
            "object_type": int(rng.integers(1, 4)),
            "shape": "tongue",
            "confidence": "high",
        }
        row |= {
            "los_rate_mean_mm_per_yr": rate,
            "los_rate_p95_mm_per_yr": 1.5 * rate,
            "los_rate_max_mm_per_yr": 1.8 * rate,
        }
        row |= {
            "los_rate_by_track": json.dumps({track: rate for track in tracks.split("+")}),
            "slope_mean_deg": rng.uniform(20, 45),
        }
        row |= {
            "elevation_mean_m": rng.uniform(2950, 3900),
            "aspect_mean_deg": rng.uniform(0, 360),
            "source": "network",
        }
        rows.append(row | values)
    return rows


def make_region(
    folder: Path,
    rows: int = 51,
    cols: int = 27,
    cell_m: float = 300.0,
    seed: int = 1,
    rates: bool = True,
    speeds: bool = False,
) -> ReportInputs:
    """Write a simulated region of two tracks and return what its report is made of; without rates as averaging leaves it.

    speeds: whether the release holds the maps of what can be seen.
    """
    rng = np.random.default_rng(seed)
    grid = RegionGrid(32647, 515130, 3215640, cell_m, rows, cols)
    results = folder / "results" / "valley"
    landslides, plain, masked = (ellipses(grid, rng, count) for count in (34, 1, 12))
    terrain = write_terrain(results / "terrain/f0", grid, rng)
    stacks = tuple(write_stack(results / stack / "f0/native", stack, grid, landslides, rng) for stack in TRACKS)
    if speeds:
        write_speeds(results / "inventory/releases" / RELEASE, grid)
    current = write_release(results / "inventory", landslides, plain, masked, rng, rates)
    write_benchmarks(results / "studies")
    vector.write(
        folder / "planted.gpkg", gpd.GeoDataFrame(geometry=[s.buffer(40) for s in landslides], crs=32647), "landslides"
    )
    found = scores()
    if not rates:
        stacks = tuple(replace(stack, rasters=without_rates(stack.rasters)) for stack in stacks)
        unknown = dict.fromkeys(TRACKS)
        found |= {"los_rmse_mm_per_yr": unknown, "predicted_rmse_mm_per_yr": unknown, "rate_error": None}
    (folder / "scores.json").write_text(json.dumps(found))
    return ReportInputs(
        region="valley",
        grid=grid,
        stacks=stacks,
        method="stacking" if rates else "averaging",
        current=current,
        frames=(FrameInputs("f0", grid, tuple(TRACKS)),),
        simulated=True,
        candidates=results / "inventory" / "candidates.gpkg",
        scores=folder / "scores.json",
        planted=folder / "planted.gpkg",
        terrain=terrain,
        benchmarks=results / "studies",
        settings={"region": "valley", "rates": {"min_coherence": 0.3, "reference": None}, "stacks": ["A128", "D062"]},
    )


def html_of(inputs: ReportInputs) -> str:
    """The page of a region that is small enough for nothing but downloads and sheets to lie beside it."""
    page = render(inputs)
    beside = {name for name in page.files if not name.startswith("sheet-")}
    assert beside == {downloads.GEOJSON, downloads.CSV}
    return page.html


def write_terrain(folder: Path, grid: RegionGrid, rng: np.random.Generator) -> dict[str, Path]:
    """A valley with its derivatives."""
    across = np.linspace(-1, 1, grid.cols)[None] * np.ones((grid.rows, 1))
    ridges = smooth(rng, grid.shape, grid.cols / 20) + 0.3 * smooth(rng, grid.shape, grid.cols / 70)
    height = 2900 + 1500 * np.abs(across) ** 1.6 + 110 * ridges * np.minimum(1, 2 * np.abs(across))
    south, east = np.gradient(height, grid.cell_m)
    slope, aspect = np.arctan(np.hypot(south, east)), np.arctan2(-east, south)
    light = np.clip(np.cos(np.pi / 4) * (np.cos(slope) + np.sin(slope) * np.cos(aspect - np.radians(315))), 0, 1)
    slope, aspect = np.degrees(slope), np.degrees(aspect) % 360
    arrays = {
        "elevation_m": height,
        "slope_deg": slope,
        "aspect_deg": aspect,
        "curvature_profile_per_m": np.gradient(slope, axis=0) / 5e3,
        "curvature_plan_per_m": np.gradient(slope, axis=1) / 5e3,
        "hillshade": (1 + 254 * light).astype(np.uint8),
    }
    return write_layers(folder, arrays, grid)


def write_stack(folder: Path, stack: str, grid: RegionGrid, landslides: list, rng: np.random.Generator) -> StackInputs:
    """Rasters, reference and 57 pair sidecars of one track."""
    from rasterio.features import rasterize
    from scipy.ndimage import gaussian_filter

    look, start = TRACKS[stack]
    speeds = rng.uniform(25, 110, len(landslides)) * look * rng.choice([-1, 1], len(landslides))
    shapes = list(zip(landslides, speeds, strict=True))
    motion = gaussian_filter(rasterize(shapes, grid.shape, transform=grid.transform, dtype="float32"), 0.8)
    hidden = smooth(rng, grid.shape, 3) > 2.1
    rate = np.where(hidden, np.nan, motion + 3 * smooth(rng, grid.shape, 5) + 2 * rng.standard_normal(grid.shape))
    coherence = np.clip(0.62 + 0.15 * smooth(rng, grid.shape, 4), 0.05, 0.98)
    phase = -4 * np.pi / 55.466 * rate * 24 / 365.25 + 0.5 * smooth(rng, grid.shape, 9)
    noisy = phase + 0.5 * rng.standard_normal(grid.shape)
    arrays = {
        "mean_amplitude_db": -9 + 3 * smooth(rng, grid.shape, 2) + rng.standard_normal(grid.shape),
        "avg_phase_rad": np.angle(np.exp(1j * phase)),
        "los_rate_mm_per_yr": rate,
        "los_rate_std_mm_per_yr": np.where(hidden, np.nan, 3 / coherence),
        "mean_coherence": coherence,
        "cor": np.clip(coherence + 0.1 * rng.standard_normal(grid.shape), 0, 1),
        "probability": np.clip(np.abs(motion) / 60 + 0.03 * rng.random(grid.shape), 0, 1),
        "wrapped_rad": np.angle(np.exp(1j * np.stack([noisy, phase]))),
    }
    layers = write_layers(folder, arrays, grid)
    reference = folder / "reference.json"
    place = {"epsg": 32647, "x_m": grid.x()[3], "y_m": grid.y()[3], "cells": 500, "area_km2": 0.45}
    reference.write_text(json.dumps(place | {"reason": "largest connected area of stable, coherent ground"}))
    first = names.parse_date(start)
    dates = [(first + timedelta(days=12 * k)).strftime("%Y%m%d") for k in range(30)]
    orbit = dict(zip(dates, rng.normal(0, 70, 30), strict=True))
    pairs = names.nearest_pairs(dates, 24, 2)
    return StackInputs(
        stack,
        layers,
        tuple(write_pair(folder / "ifg", pair, orbit, rng) for pair in pairs),
        pairs[-1],
        {"f0": reference},
    )


def write_pair(folder: Path, pair: str, orbit: dict[str, float], rng: np.random.Generator) -> Path:
    """A pair's sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    earlier, later = names.split_pair(pair)
    about = {
        "dates": [earlier, later],
        "utc": [f"{date[:4]}-{date[4:6]}-{date[6:]}T11:17:03.25Z" for date in (earlier, later)],
        "bperp_m": orbit[later] - orbit[earlier],
        "mean_coherence": float(rng.uniform(0.4, 0.75)),
    }
    (folder / f"{pair}.json").write_text(json.dumps(about))
    return folder / f"{pair}.json"


def write_layers(folder: Path, arrays: dict[str, np.ndarray], grid: RegionGrid) -> dict[str, Path]:
    """Registered layers on the grid."""
    for layer, values in arrays.items():
        raster.write(folder / f"{layer}.tif", values, grid, layer)
    return {layer: folder / f"{layer}.tif" for layer in arrays}


def write_speeds(release: Path, grid: RegionGrid) -> None:
    """What can be seen: of larger landslides less speed, of a tenth of the cells none."""
    random = np.random.default_rng(77)
    shared = smooth(random, grid.shape, 3) ** 2 + 1
    shared[random.random(grid.shape) < 0.1] = np.nan
    release.mkdir(parents=True, exist_ok=True)
    write_layers(release, {layer: 20 * shared / np.sqrt(area) for layer, area in SMALLEST_SPEED.items()}, grid)


def without_rates(layers: Mapping[str, Path]) -> dict[str, Path]:
    """Layers of a stack whose pairs were not unwrapped."""
    return {layer: path for layer, path in layers.items() if not layer.startswith("los_rate")}


def without_rate(row: dict) -> dict:
    """An object of a region whose pairs were not unwrapped."""
    empty = {name: float("nan") for name in row if "_rate_" in name and name.endswith("mm_per_yr")}
    note = {
        "reason": row["reason"] or "not_unwrapped",
        "reasons": "not_unwrapped",
        "reason_text": "nothing was unwrapped",
    }
    return row | empty | note | {"los_rate_by_track": "{}", "head_toe_ratio": float("nan"), "motion": ""}


def write_release(
    folder: Path, landslides: list, plain: list, masked: list, rng: np.random.Generator, rates: bool = True
) -> Path:
    """Candidates, a release that follows another one, and the pointer."""
    rows = {
        "landslides": object_rows(landslides, rng),
        "non_landslide_deformation": object_rows(
            plain, rng, ls_id="LS000901", object_class="non-landslide deformation"
        ),
        "masked": object_rows(masked, rng, status="masked", change=""),
        "vanished": [],
    }
    for k, row in enumerate(rows["masked"]):
        code = ("too_small", "too_small", "above_snowline", "uphill")[k % 4]
        row |= {"ls_id": f"LS{800 + k:06d}", "reason": code, "reasons": code, "reason_text": f"text of {code}"}
    if not rates:
        rows = {name: [without_rate(row) for row in layer] for name, layer in rows.items()}
    rows["landslides"][0] |= {"status": "not_observable", "change": "not_observable"}
    rows["landslides"][1] |= {"change": "grown+accelerated"}
    everything = [row for name in ("landslides", "non_landslide_deformation", "masked") for row in rows[name]]
    found = [row | {"status": "candidate" if row["status"] != "masked" else "masked"} for row in everything]
    by_track = [row | {"track": track} for row in found for track in row["tracks"].split("+")]
    vector.write_layers(
        folder / "candidates.gpkg",
        {"candidates": typed(found, FUSED, "EPSG:32647"), "by_track": typed(by_track, CANDIDATES, "EPSG:32647")},
    )
    release = folder / "releases" / RELEASE
    vector.write_layers(
        release / "landslides.gpkg", {name: typed(rows[name], OBJECTS, "EPSG:32647") for name in changes.LAYERS}
    )
    change = {
        "ls_id": "LS000002",
        "uid": "",
        "change": "grown",
        "related": "",
        "detail": "area times 1.40",
        "area_before_km2": 0.1,
    }
    change |= {"area_after_km2": 0.14, "los_rate_before_mm_per_yr": float("nan"), "los_rate_after_mm_per_yr": 31.0}
    (release / "CHANGES.csv").write_text(changes_csv([change]))
    scenes = [{"stack": "A128", "date": "20190306", "granule": "S1A_IW_SLC__1SDV_20190306T111703"}]
    releases.write(
        folder, RELEASE, parent="20200204-89abcdef", sequence=2, code="0123456789abcdef", scenes=scenes,
        versions={"sarslide": "0.1.0", "numpy": "2.4.0"},
    )  # fmt: skip
    return folder / "current.json"


def write_benchmarks(folder: Path) -> None:
    """Two jobs of one rule below its folder, one job of another beside it, as Snakemake writes
    them.
    """
    head = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
    for name, seconds, memory, cpu in (
        ("geocode_slc/A128/20190306", 21, 812, 38.5),
        ("geocode_slc/A128/20190318", 19, 905, 36.5),
        ("fuse", 2, 150, "NA"),
    ):
        path = folder / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}{seconds}\t0:00:{seconds}\t{memory}\t0\t0\t0\t0\t0\t180\t{cpu}\n")


def scores() -> dict:
    """scores.json as the rule `score` writes it."""
    planted = {
        "planted_id": "P01",
        "area_km2": 0.21,
        "scored": True,
        "ls_id": "LS000001",
        "iou": 0.71,
        "best_iou": 0.71,
    }
    decoy = {"decoy_id": "D01", "kind": "glacier", "area_km2": 0.4, "fate": "masked: above_snowline", "released": []}
    error = {
        "decoy_id": "D02",
        "kind": "subsidence",
        "area_km2": 0.9,
        "fate": "released (error)",
        "released": ["LS000003"],
    }
    return {
        "planted": 50,
        "scored": 31,
        "object_recall": 0.871,
        "object_precision": 0.794,
        "object_f1": 0.831,
        "los_rmse_mm_per_yr": {"A128": 4.21, "D062": 5.0},
        "predicted_rmse_mm_per_yr": {"A128": 4.0, "D062": 3.5},
        "pixels": {"A128": {"precision": 0.8, "recall": 0.7, "f1": 0.747, "iou": 0.596, "cells": 130000}},
        "decoys": [decoy, error],
        "objects": {
            "planted": [planted, planted | {"planted_id": "P02", "scored": False, "ls_id": "", "iou": 0.0}],
            "released": [],
        },
    }
