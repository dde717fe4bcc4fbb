"""A finished simulated region delivered as products of others, and the inventories made of these.

    python -m studies.displacement.deliver --native results/demo_small --folder OUT [--record]

Each track's LOS rate, error and mean coherence are written as a GeoTIFF, as one with cells of 90 m
(means of nine), as MintPy writes them, and as points of EGMS: one in a cell whose coherence is over
0.4, somewhere in it, in EPSG:3035, of a region of Europe. Lines of sight go with MintPy and EGMS; a
GeoTIFF has those of the pass. OUT/{form} is the working folder of the region made of them, run
unless it stands there, with the snowline of the other; its release is compared as `objects` does.
Each form carries less; noise and filters of other programs are not in these rows.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from pyproj import Transformer

from sarslide.displacement import region
from sarslide.frames import WHOLE
from sarslide.grid import RegionGrid
from sarslide.inventory import records
from sarslide.io import raster
from sarslide.layers import LINE_OF_SIGHT
from sarslide.network import interval_years
from studies.displacement import objects, put
from studies.runs import sarslide

COMMAND = "python -m studies.displacement.deliver --native RESULTS --folder OUT --record"
COARSE, COHERENT, SEED = 3, 0.4, 11
MM_PER_M = 1000.0


@dataclass(frozen=True)
class Track:
    """Rates of a track of a finished region of one frame.

    Attributes
    ----------
    results : Path
        Of the region.
    stack : str
        The track.
    dates : tuple of str
        First and last date, YYYYMMDD.
    """

    results: Path
    stack: str
    dates: tuple[str, str]

    @cached_property
    def grid(self) -> RegionGrid:
        return raster.grid_of(self._path("stacking", "los_rate_mm_per_yr"))

    def rate(self, name: str) -> np.ndarray:
        """A layer of the rates."""
        return raster.read(self._path("stacking", name), self.grid)

    def geometry(self, name: str) -> np.ndarray:
        """A layer of the geometry."""
        return raster.read(self._path("geometry", name), self.grid)

    def _path(self, folder: str, name: str) -> Path:
        return self.results / self.stack / WHOLE / "native" / folder / f"{name}.tif"


def geotiff(track: Track, folder: Path, step: int = 1) -> dict[str, object]:
    """`rate.tif` (rate, error) and `temporal_coherence.tif`; returns what they cannot state."""
    layers = [coarse(track.rate(name), step) for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr")]
    _write(folder / "rate.tif", layers, track.grid, step)
    _write(folder / "temporal_coherence.tif", [coarse(track.rate("mean_coherence"), step)], track.grid, step)
    return {"unit": "mm", "positive": "towards", "period": list(track.dates)}


def geotiff_90m(track: Track, folder: Path) -> dict[str, object]:
    """As `geotiff`, in cells three times as large."""
    return geotiff(track, folder, COARSE)


def mintpy(track: Track, folder: Path) -> dict[str, object]:
    """velocity.h5, temporalCoherence.h5 and geometryGeo.h5 by MintPy's own writer."""
    from mintpy.utils import writefile

    grid = track.grid
    about = {"LENGTH": str(grid.rows), "WIDTH": str(grid.cols), "X_FIRST": str(grid.west), "Y_FIRST": str(grid.north)}
    about |= {"X_STEP": str(grid.cell_m), "Y_STEP": str(-grid.cell_m), "X_UNIT": "meters", "EPSG": str(grid.epsg)}
    about |= dict(zip(("START_DATE", "END_DATE"), track.dates, strict=True))
    names = {"velocity": "los_rate_mm_per_yr", "velocityStd": "los_rate_std_mm_per_yr"}
    files = {
        "velocity": {key: np.nan_to_num(track.rate(layer)) / MM_PER_M for key, layer in names.items()},
        "temporalCoherence": {"temporalCoherence": np.nan_to_num(track.rate("mean_coherence"))},
        "geometry": {
            "incidenceAngle": track.geometry("incidence_deg"),
            "azimuthAngle": (90 - track.geometry("heading_deg")) % 360,
        },
    }
    for kind, layers in files.items():
        path = folder / ("geometryGeo.h5" if kind == "geometry" else f"{kind}.h5")
        held = {name: cells.astype(np.float32) for name, cells in layers.items()}
        unit = {"UNIT": "m/year"} if kind == "velocity" else {}
        writefile.write(held, str(path), about | {"FILE_TYPE": kind} | unit, print_msg=False)
    return {}


def egms(track: Track, folder: Path) -> dict[str, object]:
    """Points of level 2b, with a series of the first and the last date."""
    layers = {name: track.rate(name) for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence")}
    rows, cols = np.nonzero(np.isfinite(layers["los_rate_mm_per_yr"]) & (layers["mean_coherence"] > COHERENT))
    rate, std, coherence = (layer[rows, cols] for layer in layers.values())
    aside = np.random.default_rng(SEED).uniform(-0.5, 0.5, (2, len(rows))) * track.grid.cell_m
    east, north = track.grid.x()[cols] + aside[0], track.grid.y()[rows] + aside[1]
    easting, northing = Transformer.from_crs(track.grid.epsg, 3035, always_xy=True).transform(east, north)
    table = {
        "pid": [f"{row:05d}{col:05d}" for row, col in zip(rows, cols, strict=True)],
        "easting": easting,
        "northing": northing,
        "temporal_coherence": coherence,
        **{name: track.geometry(name)[rows, cols] for name in LINE_OF_SIGHT},
        "mean_velocity": rate,
        "mean_velocity_std": std,
        track.dates[0]: 0.0,
        track.dates[1]: rate * interval_years("_".join(track.dates)),
    }
    name = f"EGMS_L2b_{track.stack[1:]}_0001_IW1_VV_{track.dates[0][:4]}_{track.dates[1][:4]}_1.csv"
    pd.DataFrame(table).to_csv(folder / name, index=False, float_format="%.4f")
    return {}


FORMS: dict[str, Callable[[Track, Path], dict[str, object]]] = {
    each.__name__: each for each in (geotiff, geotiff_90m, mintpy, egms)
}


def deliver(native: Path, tracks: Sequence[Track], snowline_m: float | None, form: str, folder: Path) -> Path:
    """Results of the region of a form, run unless its report stands there."""
    name, working = f"{native.name}_{form}", folder / form
    if not (results := working / "results" / name).joinpath("report/report.html").is_file():
        stated: dict[str, object] = {}
        for track in tracks:
            (working / track.stack).mkdir(parents=True, exist_ok=True)
            stated = FORMS[form](track, working / track.stack)
        paths = {track.stack: str((working / track.stack).resolve()) for track in tracks}
        dem = native.parents[1] / "resources" / native.name / "dem_m.tif"
        grid = tracks[0].grid
        if not (working / f"regions/{name}.yaml").is_file():
            region.begin(name, paths, stated, str(dem.resolve()), grid.epsg, grid.bounds, grid.cell_m, working)
        same = [] if snowline_m is None else ["--set", f"inventory.snowline_m={snowline_m}"]
        sarslide(working, name, "run", name, "--cores", "1", *same)
    return results


def coarse(cells: np.ndarray, step: int) -> np.ndarray:
    """Means of the known cells of step x step cells; those of less than half are unknown."""
    rows, cols = (size // step * step for size in cells.shape)
    blocks = cells[:rows, :cols].reshape(rows // step, step, cols // step, step)
    known = np.isfinite(blocks)
    count = known.sum((1, 3))
    means = np.where(known, blocks, 0).sum((1, 3)) / np.maximum(count, 1)
    return np.where(count >= step * step / 2, means, np.nan)


def _write(path: Path, layers: Sequence[np.ndarray], grid: RegionGrid, step: int) -> None:
    import rasterio
    from affine import Affine

    rows, cols = layers[0].shape
    profile = {"driver": "GTiff", "dtype": "float32", "nodata": np.nan, "crs": f"EPSG:{grid.epsg}"}
    profile |= {"transform": grid.transform * Affine.scale(step), "height": rows, "width": cols, "count": len(layers)}
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.stack(layers).astype(np.float32))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", type=Path, required=True, metavar="RESULTS", help="of a region of one frame")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    release = records.named(asked.native / "inventory/current.json")
    tracks = [Track(asked.native, stack, (days[0], days[-1])) for stack, days in sorted(release.dates.items())]
    snowline_m = (release.model_extra or {})["parameters"]["inventory"]["snowline_m"]
    rows = [
        objects.compared(asked.native, deliver(asked.native, tracks, snowline_m, form, asked.folder), COMMAND)
        for form in asked.forms
    ]
    put(rows) if asked.record else print(*(f"{each['what']}: {each['measured']}" for each in rows), sep="\n")


if __name__ == "__main__":
    main()
