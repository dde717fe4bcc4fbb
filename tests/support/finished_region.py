"""Products of a small finished region, cells at random: what `sarslide.products` reads."""

from pathlib import Path

import numpy as np

from sarslide import layers, products
from sarslide.grid import RegionGrid
from sarslide.io import raster, series
from sarslide.io.sidecar import sidecar, write_json
from tests.support import releases

GRID = RegionGrid(32647, 515130, 3215640, 30, 40, 25)
PAIRS = ("20190306_20190318", "20190306_20190330", "20190318_20190330")
DATES = ("20190306", "20190318", "20190330")


def some(layer: str, seed: int) -> np.ndarray:
    """Cells of a layer, a tenth of them unknown where the layer has a value for it."""
    random, spec = np.random.default_rng(seed), layers.get(layer)
    shape = (len(spec.bands), *GRID.shape) if spec.bands else GRID.shape
    low, high = np.clip(spec.valid, -100, 100)
    cells = random.uniform(low, high, shape).astype(spec.dtype)
    if spec.nodata is not None:
        cells[random.random(shape) < 0.1] = spec.nodata
    return cells


def write(folder: Path) -> None:
    """Two tracks below `folder`; only A117 has an R-index and a time series."""
    for seed, stack in enumerate(("A117", "D066")):
        base = folder / stack / "f0/native"
        stacked = {
            "stacking": ("los_rate_mm_per_yr", "pair_count", "stable_ground"), "geometry": ("layover_shadow",),
            "averaging": ("phase_intensity_rgb",), "stacking/segment/compact": ("probability",),
            "observability": ("r_index",) if stack == "A117" else (), "quality": ("closure_count",),
        }  # fmt: skip
        for part, names in stacked.items():
            for name in names:
                raster.write(base / part / f"{name}.tif", some(name, seed), GRID, name)
        write_json(base / "stacking/stack_rates.json", sidecar("stack_rates", {}, {"code": "c0de", "pairs": PAIRS}))
        for number, pair in enumerate(PAIRS):
            for name in products.PAIR_LAYERS:
                raster.write(base / f"ifg/{pair}.{name}.tif", some(name, 10 * number + seed), GRID, name)
            write_json(base / f"ifg/{pair}.json", {"bperp_m": None if number else 52.5})
    errors = np.stack([some("loop_error_cycles", 70 + number) for number in range(2)])
    path = folder / "A117/f0/native/quality/loop_error_cycles.tif"
    raster.write(path, errors, GRID, "loop_error_cycles", bands=list(PAIRS[1:]))
    for method in ("sbas", "windows/wet"):
        path = folder / f"A117/f0/native/{method}/los_rate_mm_per_yr.tif"
        raster.write(path, some("los_rate_mm_per_yr", len(method)), GRID, "los_rate_mm_per_yr")
    for name in ("elevation_m", "slope_deg"):
        raster.write(folder / f"terrain/f0/{name}.tif", some(name, 5), GRID, name)
    path = folder / "A117/f0/native/sbas/timeseries.nc"
    with series.create(path, GRID, DATES) as put:
        put(slice(0, 40), slice(0, 25), np.stack([some("los_displacement_mm", seed) for seed in range(3)]))
    releases.write(folder / "inventory", "20190330-0123abcd")
