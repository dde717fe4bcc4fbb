"""Small synthetic ground, objects and inventories with known answers."""

import math

import numpy as np
import pytest
from shapely.geometry import box

from sarslide.grid import RegionGrid
from sarslide.inventory.observability import Observability
from sarslide.inventory.tables import ATTRIBUTES, STATE
from sarslide.layers import EAST_UP

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 100, 120)


@pytest.fixture
def grid() -> RegionGrid:
    """3.6 km x 3 km of 30 m cells."""
    return GRID


def cell_box(row: int, col: int, rows: int, cols: int):
    """Outline of a block of cells."""
    west, north = GRID.west + col * 30, GRID.north - row * 30
    return box(west, north - rows * 30, west + cols * 30, north)


def slope_layers(grid: RegionGrid = GRID) -> dict[str, np.ndarray]:
    """A plane that dips 30 degrees to the east, quiet and coherent, seen by a satellite in the
    west-south-west.
    """
    shape = grid.shape
    full = {
        "probability": 0.0,
        "los_rate_mm_per_yr": 0.0,
        "los_rate_std_mm_per_yr": 2.0,
        "phase_rate_rad_per_yr": np.nan,
        "avg_phase_rad": 0.0,
        "mean_coherence": 0.7,
        "los_east": -0.6,
        "los_north": -0.1,
        "los_up": 0.79,
        "slope_deg": 30.0,
        "aspect_deg": 90.0,
    }
    layers = {name: np.full(shape, value, np.float32) for name, value in full.items()}
    layers["elevation_m"] = np.broadcast_to(
        3000 - np.tan(np.radians(30)) * 30 * np.arange(shape[1], dtype=np.float32), shape
    ).copy()
    layers["layover_shadow"] = np.zeros(shape, np.uint8)
    return layers


def fused_row(geometry, **changes) -> dict:
    """One fused object, moving at 40 mm/yr in track A128."""
    row = {name: {str: "", int: 0, float: 0.0}[kind] for name, kind in ATTRIBUTES.items()}
    row |= {
        "candidate_id": "A128-0001", "track": "A128", "tracks": "A128", "parents": "A128-0001", "masked_parents": "",
        "source": "network", "status": "candidate", "object_class": "landslide", "confidence": "low", "object_type": 3,
        "shape": "", "motion": "", "geometry": geometry, "area_km2": geometry.area / 1e6,
        "perimeter_km": geometry.length / 1e3, "elevation_median_m": 3000.0, "los_rate_mean_mm_per_yr": -40.0,
        "los_rate_by_track": '{"A128": -40.0}', "probability_mean": 0.7, "landslide_probability": math.nan,
        **dict.fromkeys(EAST_UP, math.nan), **dict.fromkeys(STATE, ""),
    }  # fmt: skip
    return row | changes


@pytest.fixture
def all_seen() -> Observability:
    """One track that sees everything."""
    return Observability(GRID, {"A128": np.zeros(GRID.shape, np.uint8)}, 4100.0)
