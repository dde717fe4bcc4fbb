"""A finished simulated region delivered as products of others, and the inventories made of these.

    python -m studies.displacement.deliver --native results/demo_small --folder OUT [--record]

Each track's LOS rate, error and mean coherence are written as a GeoTIFF, as one with cells of 90 m
(means of nine), as MintPy writes them, and as points of EGMS: one in a cell whose coherence is over
0.4, somewhere in it, in EPSG:3035, of a region of Europe; and as DISP-S1, dolphin and LiCSBAS
(cells of an arc second) write them, with a series of all dates whose line has that rate and error.
Lines of sight go with MintPy, EGMS and LiCSBAS; the others have those of the pass. OUT/{form} is
the working folder of the region made of them, run unless it stands there, with the snowline and the
detector of the other (--begun: with that which `sarslide displacement` begins it with); its release
is compared as `objects` does. Each form carries less; noise and filters of other programs are not
in these rows.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from affine import Affine
from pyproj import Transformer

from sarslide.constants import MM_PER_M
from sarslide.displacement import region
from sarslide.inventory import records
from sarslide.layers import LINE_OF_SIGHT
from sarslide.network import interval_years
from studies.displacement import objects, put, written
from studies.displacement.track import SEED, Track, in_degrees
from studies.runs import sarslide
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.displacement.deliver --native RESULTS --folder OUT --record"
BEGUN = "python -m studies.displacement.deliver --native RESULTS --folder OUT --begun --record"
COARSE, COHERENT, ARC_SECOND = 3, 0.4, 1 / 3600


def geotiff(track: Track, folder: Path, step: int = 1) -> dict[str, object]:
    """`rate.tif` (rate, error) and `temporal_coherence.tif`; returns what they cannot state."""
    layers = [coarse(track.rate(name), step) for name in ("los_rate_mm_per_yr", "los_rate_std_mm_per_yr")]
    place = written.Place(track.grid.transform * Affine.scale(step), track.grid.epsg)
    written.geotiff(folder / "rate.tif", layers, place)
    written.geotiff(folder / "temporal_coherence.tif", [coarse(track.rate("mean_coherence"), step)], place)
    return {"unit": "mm", "positive": "towards", "period": list(track.period)}


def geotiff_90m(track: Track, folder: Path) -> dict[str, object]:
    """As `geotiff`, in cells three times as large."""
    return geotiff(track, folder, COARSE)


def mintpy(track: Track, folder: Path) -> dict[str, object]:
    """velocity.h5, temporalCoherence.h5 and geometryGeo.h5 by MintPy's own writer."""
    from mintpy.utils import writefile

    grid = track.grid
    about = {"LENGTH": str(grid.rows), "WIDTH": str(grid.cols), "X_FIRST": str(grid.west), "Y_FIRST": str(grid.north)}
    about |= {"X_STEP": str(grid.cell_m), "Y_STEP": str(-grid.cell_m), "X_UNIT": "meters", "EPSG": str(grid.epsg)}
    about |= dict(zip(("START_DATE", "END_DATE"), track.period, strict=True))
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
        track.period[0]: 0.0,
        track.period[1]: rate * interval_years("_".join(track.period)),
    }
    name = f"EGMS_L2b_{track.stack[1:]}_0001_IW1_VV_{track.period[0][:4]}_{track.period[1][:4]}_1.csv"
    pd.DataFrame(table).to_csv(folder / name, index=False, float_format="%.4f")
    return {}


def opera(track: Track, folder: Path) -> dict[str, object]:
    """DISP-S1 of every date, whose reference moves to the middle one."""
    written.opera(folder, track.product(), track.grid, len(track.days) // 2)
    return {}


def dolphin(track: Track, folder: Path) -> dict[str, object]:
    """velocity.tif, timeseries and temporal coherence."""
    written.dolphin(folder, track.product(), written.place_of(track.grid))
    return {}


def licsbas(track: Track, folder: Path) -> dict[str, object]:
    """cum_filt.h5 in cells of an arc second."""
    written.licsbas(folder / "cum_filt.h5", *in_degrees(track.product(), track.grid, ARC_SECOND))
    return {}


def licsbas_flat(track: Track, folder: Path) -> dict[str, object]:
    """Flat files in cells of an arc second, without a series."""
    written.licsbas_flat(folder, *in_degrees(track.product(), track.grid, ARC_SECOND))
    return {}


FORMS: dict[str, Callable[[Track, Path], dict[str, object]]] = {
    each.__name__: each for each in (geotiff, geotiff_90m, mintpy, egms, opera, dolphin, licsbas, licsbas_flat)
}


def deliver(native: Path, tracks: Sequence[Track], same: Sequence[str], form: str, folder: Path) -> Path:
    """Results of the region of a form, with values `same`, run unless its report stands there."""
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
        sarslide(working, name, "run", name, "--cores", "1", *(word for one in same for word in ("--set", one)))
    return results


def coarse(cells: np.ndarray, step: int) -> np.ndarray:
    """Means of the known cells of step x step cells; those of less than half are unknown."""
    parts = blocks(cells, step)
    known = np.isfinite(parts)
    count = known.sum((1, 3))
    means = np.where(known, parts, 0).sum((1, 3)) / np.maximum(count, 1)
    return np.where(count >= step * step / 2, means, np.nan)


def blocks(cells: np.ndarray, step: int) -> np.ndarray:
    """(rows, step, cols, step) of whole blocks of step x step cells."""
    rows, cols = (size // step for size in cells.shape)
    return cells[: rows * step, : cols * step].reshape(rows, step, cols, step)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--native", type=Path, required=True, metavar="RESULTS", help="of a region of one frame")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--begun", action="store_true", help="with the detector that the product is begun with")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/displacement.json")
    asked = parser.parse_args(arguments)
    release = records.named(asked.native / "inventory/current.json")
    tracks = [Track(asked.native, stack, tuple(days)) for stack, days in sorted(release.dates.items())]
    parameters = (release.model_extra or {})["parameters"]
    detector = () if asked.begun else ("segmentation.method", "segmentation.model")
    keys = ("inventory.snowline_m", *detector)
    values = {key: parameters[key.split(".")[0]][key.split(".")[1]] for key in keys}
    same = [f"{key}={value}" for key, value in values.items() if value is not None]
    rows = [
        objects.compared(asked.native, deliver(asked.native, tracks, same, form, asked.folder), COMMAND)
        for form in asked.forms
    ]
    if asked.begun:
        rows = [each | {"what": f"{each['what']}, mapped as it is begun", "command": BEGUN} for each in rows]
    keep_or_tell(rows, put, asked.record)


if __name__ == "__main__":
    main()
