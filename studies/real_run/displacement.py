"""Step `displacement`: OPERA DISP-S1 of the ground of step `region`, to release and scores."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from sarslide.config import Config
from sarslide.displacement.region import begin
from sarslide.io import raster
from sarslide.retrieve.access import Access
from sarslide.workflow.release_id import retrieve_access
from studies.real_run import COMMAND, disp_s1, row
from studies.real_run.place import Place
from studies.real_run.region import KEYS
from studies.real_run.scores import score_rows

NAME = "california_disp_s1"
WHAT = "from DISP-S1"
MAX_RMS_MM = 10.0  # mm/yr, what the rates of a demo of one year hold to
GB = 1e9


def run(place: Place, slcs: Place) -> list[dict[str, Any]]:
    """Search, download, release and score.

    Parameters
    ----------
    place : Place
        Working folder, without a config.yaml: the region that is begun there is of products.
    slcs : Place
        That of step `region`, whose ground and window are taken, and whose rates are compared where
        they stand.

    Returns
    -------
    list of dict
        Rows of the record.
    """
    slcs.begin(KEYS)
    place.folder.mkdir(parents=True, exist_ok=True)
    config = slcs.config()
    paths, grid = fetched(config, place.folder), config.grid.region_grid()
    if not (place.folder / f"regions/{NAME}.yaml").is_file():
        begin(NAME, paths, {}, config.grid.dem, grid.epsg, grid.bounds, grid.cell_m, place.folder)
    place.run("run", *(word for value in carried(config) for word in ("--set", value)), region=NAME)
    rows = score_rows(place, WHAT, NAME)
    for stack in paths:
        ours, theirs = slcs.rates(stack), place.rates(stack, NAME)
        if ours.is_file():
            rows.append(rate_row(stack, raster.read(ours, grid), raster.read(theirs, grid)))
    return rows


def carried(config: Config) -> list[str]:
    """Keys of the other region, `section.key=value`: how its DEM is read, what it is scored by."""
    grid = config.grid.model_dump(include={"margin_m", "dem_vertical", "geoid_m"}, exclude_defaults=True)
    evaluation = config.evaluation.model_dump(exclude_defaults=True) if config.evaluation.named() else {}
    return [f"grid.{key}={value}" for key, value in grid.items()] + [
        f"evaluation.{key}={value}" for key, value in evaluation.items()
    ]


def fetched(config: Config, folder: Path) -> dict[str, str]:
    """Folder of the products of each track that has some, by stack."""
    access = Access.of(SimpleNamespace(**retrieve_access(config)))
    grid = config.grid.region_grid()
    how: dict[str, Any] = {"timeout_s": access.timeout_s, "tries": access.tries, "pause_s": access.pause_s}
    start, end = config.catalog.start or disp_s1.FIRST, config.catalog.end or "20991231"
    products = disp_s1.search(access.search_asf, grid, disp_s1.FIRST, end, **how)
    found = {stack: disp_s1.in_window(disp_s1.of_track(products, stack, grid), start) for stack in config.stacks}
    found = {stack: mine for stack, mine in found.items() if mine}
    if not found:
        raise SystemExit(f"{access.search_asf}: no {disp_s1.COLLECTION} of {', '.join(config.stacks)} over the region")
    need = sum(one.bytes for mine in found.values() for one in mine)
    for stack, mine in found.items():
        size = sum(one.bytes for one in mine) / GB
        print(f"{stack}: frame {mine[0].frame}, {len(mine)} products, {size:.3g} GB", flush=True)
    if need > shutil.disk_usage(folder).free:
        raise SystemExit(f"{folder}: {need / GB:.3g} GB are needed: make room, or shorten the window")
    folders = {}
    for stack, mine in found.items():
        path = folder / "products" / stack
        disp_s1.fetch(mine, path, lambda: access.session("asf"), access.tries, access.pause_s)
        folders[stack] = str(path.resolve())
    return folders


def rate_row(stack: str, ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """LOS rates of a track from SLCs beside those of the products, both in mm/yr.

    Each is relative to a reference area of its own: the median difference is taken off.
    """
    both = np.isfinite(ours) & np.isfinite(theirs)
    between = (ours - theirs)[both]
    rms = 1.4826 * float(np.median(np.abs(between - np.median(between)))) if between.size else float("nan")
    correlation = float(np.corrcoef(ours[both], theirs[both])[0, 1]) if between.size > 1 else float("nan")
    return row(
        f"{stack}: LOS rates from SLCs beside DISP-S1, mm/yr",
        f"robust rms {rms:.3g}, correlation {correlation:.2f}, {between.size} cells",
        COMMAND,
        f"<= {MAX_RMS_MM}",
        rms <= MAX_RMS_MM,
    )
