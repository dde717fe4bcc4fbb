"""A finished region as the pictures of the pages need it: all values come from files of its run."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from sarslide import layers
from sarslide.grid import Lattice, RegionGrid
from sarslide.io import raster, vector
from sarslide.io.sidecar import read_json
from sarslide.names import split_pair
from sarslide.products import open_pairs, open_products
from sarslide.rates.observability import CLASSES
from studies.runs import sarslide

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL, FULL, VALLEY = "demo_small", "demo", "valley"
HIDDEN = [CLASSES.index(word) for word in ("layover", "shadow")]


def finished(folder: Path, name: str) -> "Finished":
    """A packaged region of a working folder, brought up to date.

    Its release is the first: after a change of the code its objects would be those of before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = {SMALL: ["demo", "--small"], FULL: ["demo"]}.get(name, ["run", name])
    sarslide(folder, name, *words)
    inventory = folder / "results" / name / "inventory"
    if len((inventory / "releases/INDEX.csv").read_text().splitlines()) > 2:
        shutil.rmtree(inventory)
        sarslide(folder, name, *words)
    return Finished(folder, name)


class Finished:
    """The files of a finished region.

    Attributes
    ----------
    folder : Path
        Working folder.
    name : str
        Of the region.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name
        self.results = folder / "results" / name

    @cached_property
    def products(self) -> Any:
        """`open_products` of the region."""
        return open_products(self.results)

    @property
    def stacks(self) -> list[str]:
        """Tracks of the region."""
        return [str(stack) for stack in self.products["stack"].values]

    @cached_property
    def grid(self) -> RegionGrid:
        """The region grid."""
        return raster.grid_of(next(self.results.glob("terrain/*/elevation_m.tif")))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, m."""
        return self.grid.bounds

    @property
    def shade(self) -> np.ndarray:
        """Hillshade, 1-255."""
        return self.ground("hillshade")

    def ground(self, layer: str) -> np.ndarray:
        """A layer of the region."""
        return self.products[layer].values

    def track(self, layer: str, stack: str, *, all_cells: bool = False) -> np.ndarray:
        """A layer of a stack, unknown in layover and shadow, where no one slope answers."""
        of_stack = self.products.sel(stack=stack)
        values = of_stack[layer].values.astype(np.float32)
        hidden = np.isin(of_stack["observable_class"].values, HIDDEN) & (not all_cells)
        nodata = layers.get(layer).nodata
        return np.where(hidden if nodata is None else hidden | (values == nodata), np.nan, values)

    def shortest_pair(self, stack: str) -> str:
        """The pair of the fewest days; of several the one with the highest coherence."""
        pairs = open_pairs(self.results, stack)
        days = (pairs["later"] - pairs["earlier"]).values
        coherence = pairs["cor"].mean(("y", "x")).values
        return str(pairs["pair"].values[np.lexsort((-coherence, days))[0]])

    def pair(self, stack: str, name: str) -> dict[str, np.ndarray]:
        """Layers of a pair; the unwrapped phase is unknown outside of its components."""
        one = open_pairs(self.results, stack).sel(pair=name)
        made = {key: one[key].values for key in ("wrapped_rad_unfiltered", "wrapped_rad_filtered", "cor", "unw_rad")}
        return made | {"unw_rad": np.where(one["conncomp"].values > 0, made["unw_rad"], np.nan)}

    def intensity_db(self, stack: str, date: str) -> np.ndarray:
        """Backscatter of one date with its speckle, dB, on squares of the coarser spacing."""
        path = next(self.results.glob(f"{stack}/*/native/gslc/{date}.tif"))
        lattice = Lattice.of(self.grid)
        samples = raster.read_all(path, lattice)
        power = (samples.real**2 + samples.imag**2).max(0)  # two bursts see some samples
        side = lattice.per_x // lattice.per_y
        power = power.reshape(len(power), -1, side).mean(2)
        return 10 * np.log10(power, out=np.full(power.shape, np.nan), where=power > 0)

    def dates(self, stack: str) -> list[str]:
        """Dates of a stack that are in its pairs."""
        return sorted({date for name in open_pairs(self.results, stack)["pair"].values for date in split_pair(name)})

    @cached_property
    def release(self) -> Path:
        """Folder of the current release."""
        return self.results / "inventory" / read_json(self.results / "inventory/current.json")["path"]

    def objects(self, layer: str, release: Path | None = None) -> gpd.GeoDataFrame:
        """A layer of a release; without one of the current release."""
        return vector.read((release or self.release) / "landslides.gpkg", layer)

    @property
    def planted(self) -> gpd.GeoDataFrame:
        """The planted landslides with what became of them."""
        return vector.read(self.results / "report/planted.gpkg")
