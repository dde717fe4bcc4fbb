"""Fringes within a cell: what they leave of the coherence, at SAFE and at product level.

    python -m studies.ground.fringes

Level ground moves so that the phase of a pair is quadratic, to the east in the northern half of a
small region and to the north in the southern one: its ramp grows from 0 to one and a half cycles a
cell. Two dates are simulated as SAFE products and geocoded by the native engine, and simulated at
product level. The product of both, taken around the phase at the cells' centres and summed over
cells of like ramp, is the coherence that the ramp leaves.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from sarsim import landcover, products
from sarsim.acquisition import WAVELENGTH
from sarsim.stack import StackSimulator
from sarsim.world import World, WorldSettings, build_world
from sarslide.constants import DAYS_PER_YEAR
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.geocode_slc import geocode
from sarslide.insar.native.surface import read_surface
from sarslide.io import raster
from sarslide.names import days_between
from sarslide.sentinel1.safe import open_scene
from studies.ground import put, row

COMMAND = "python -m studies.ground.fringes"
GRID = RegionGrid(32647, 518000.0, 3209000.0, 30.0, 112, 112)
STACK, SEED, DATES = "A128", 5, ("20190306", "20190318")
MOST = 1.5  # cycles a cell, at the edges
CYCLES = (0.0, 0.25, 0.5, 0.75, 1.0)
WITHIN = 0.05  # of the coherence: three standard errors of 500 cells of 8 looks


def ramps() -> tuple[np.ndarray, np.ndarray]:
    """Cycles a cell of the pair's phase, and its direction: True to the east."""
    rows, cols = np.indices(GRID.shape) - (GRID.rows - 1) / 2
    north = rows < 0
    middle = GRID.rows / 4
    along = np.where(north, cols / (GRID.cols / 2), (middle - np.abs(rows)) / middle)
    return MOST * along, north


def moving_world() -> World:
    """Level settlement whose phase has these ramps, by motion straight up and down."""
    bare = build_world(GRID, SEED, 1500.0, WorldSettings(landslides=(0, 0, 1), glacier=0, snow=0))
    ramp, north = ramps()
    # The integral of a ramp that is linear in the distance, from its zero.
    steps = np.where(north, GRID.cols / 2, GRID.rows / 4)
    cycles = ramp**2 / (2 * MOST) * steps * np.where(north, 1, np.sign(np.indices(GRID.shape)[0] - GRID.rows / 2))
    seen = products.view(bare, STACK)
    years = days_between(*DATES) / DAYS_PER_YEAR
    velocity = np.zeros((3, *bare.grid.shape), np.float32)
    velocity[2][bare.window] = -cycles * WAVELENGTH / 2 * 1000 / years / seen.los_up
    return World(
        GRID,
        bare.grid,
        np.full(bare.grid.shape, 3000.0, np.float32),
        np.full(bare.grid.shape, landcover.SETTLEMENT, np.uint8),
        velocity,
        bare.landslides[:0],
        bare.decoys[:0],
        bare.snowline_m,
        SEED,
    )


def safe_level(world: World, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Product of the pair around its phase, and root of both powers, through the native engine."""
    lattice, simulator = Lattice.of(GRID), StackSimulator(world, STACK)
    dem = GRID.pad(600)
    raster.write(folder / "dem_m.tif", np.full(dem.shape, 3000, np.float32), dem, "dem_m", {"vertical": "ellipsoidal"})
    surface, delays, bands = read_surface(folder / "dem_m.tif"), [], []
    for date in DATES:
        delays.append(simulator.simulate(date, folder / date))
        held: dict[int, np.ndarray] = {}
        for block in geocode(open_scene(folder / date, STACK), surface, lattice):
            for band, samples in block.samples.items():
                held.setdefault(band, np.zeros(lattice.shape, np.complex64))[block.rows, block.cols] = samples
        bands.append(held)

    def cells(values: np.ndarray) -> np.ndarray:
        return values.reshape(GRID.rows, lattice.per_y, GRID.cols, lattice.per_x).sum((1, 3))

    first, second = bands
    product, powers = np.zeros(GRID.shape, np.complex64), np.zeros((2, *GRID.shape))
    for band in first.keys() & second.keys():
        both = (first[band] != 0) & (second[band] != 0)
        product += cells(np.where(both, first[band] * second[band].conj(), 0))
        powers += [cells(np.where(both, np.abs(part[band]) ** 2, 0)) for part in bands]
    path_mm = delays[1] - delays[0] - simulator.los_rate_mm_per_yr * days_between(*DATES) / DAYS_PER_YEAR
    return product * np.exp(-4j * np.pi / WAVELENGTH * path_mm / 1000), np.sqrt(powers.prod(0))


def product_level(world: World) -> tuple[np.ndarray, np.ndarray]:
    """The same at product level."""
    settings = products.ProductSettings(dem_error_m=0.0, cells=products.CellSettings(block_m=0.0))
    a, b = products.simulate_dates(world, products.view(world, STACK), DATES, SEED, settings)
    product = np.einsum("krc,krc->rc", a.samples, b.samples.conj())
    phase = 4 * np.pi / WAVELENGTH * (b.path_mm - a.path_mm) / 1000
    return product * np.exp(-1j * phase), np.sqrt(a.power * b.power)


def kept(product: np.ndarray, power: np.ndarray) -> dict[str, float]:
    """Coherence around each of CYCLES, to the east and to the north; not at edges and seam."""
    ramp, east = ramps()
    rows = np.indices(GRID.shape)[0]
    inner = (np.abs(rows - GRID.rows / 2) > 4) & (rows >= 4) & (rows < GRID.rows - 4)
    found = {}
    for name, half in (("east", east), ("north", ~east)):
        for cycles in CYCLES:
            near = inner & half & (np.abs(np.abs(ramp) - cycles) < 0.06)
            found[f"{cycles:.2f} cycles a cell to the {name}"] = float((product[near].sum() / power[near].sum()).real)
    return found


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    world = moving_world()
    with tempfile.TemporaryDirectory() as folder:
        safe = kept(*safe_level(world, Path(folder)))
    product, found = kept(*product_level(world)), []
    for name, value in safe.items():
        met = abs(product[name] - value) <= WITHIN
        text, goal = f"{product[name]:.3f} / {value:.3f}", f"within {WITHIN}"
        found.append(row(f"coherence at {name}, product / SAFE level", text, COMMAND, goal, met))
    put(found)


if __name__ == "__main__":
    main()
