"""OPERA DISP-S1: a netCDF file a date, as its product specification describes them.

`displacement`, metres, "positive values indicate apparent motion towards the platform" (disp-s1,
`product_info.py` of d1ac6bc), NaN void. The reference date moves forward: where it changes, what
the earlier product with that date measured is added (opera-utils, `disp/_rebase.py`, which adds the
LAST product; both agree where the new reference is the last date). `recommended_mask` is 1 where
the displacement is to be trusted, and that of the last product counts; `temporal_coherence` is of
the phase linking of the mini-stack. The files hold no line-of-sight vector: OPERA delivers it with
the static layers of its frame.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.transform import Affine

from sarslide.constants import MM_PER_M
from sarslide.displacement import placed
from sarslide.displacement.contract import Declared, Displacement, Extent, rate_of
from sarslide.errors import RateError
from sarslide.grid import RegionGrid
from sarslide.network import years_of

# OPERA_L3_DISP-S1_IW_F11116_VV_20160705T140755Z_20160729T140756Z_v1.0_20250318T222753Z.nc
NAME = re.compile(r"DISP-S1_\w+?_F(\d{5})_\w\w_(\d{8})T\d{6}Z_(\d{8})T\d{6}Z_v(\d+)\.")
VERSIONS = ("1",)  # whose layers are described above; 0.x had other masks and units


def recognises(path: Path) -> bool:
    """Whether a file is of DISP-S1, by its layers.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bool
        By its content.
    """
    return {"displacement", "identification", "metadata", "spatial_ref"} <= placed.head(path).names


def _dated(paths: Sequence[Path]) -> list[tuple[str, str, Path]]:
    """Secondary date, reference date and file, in order; of one frame and a known version."""
    found, frames = [], set()
    for path in filter(recognises, paths):
        match = NAME.search(path.name)
        if match is None:
            raise RateError(f"{path}: its name is none of DISP-S1", "keep the names of the archive")
        if match[4] not in VERSIONS:
            raise RateError(f"{path}: is of product version {match[4]}", "download version 1 of DISP-S1")
        frames.add(match[1])
        found.append((match[3], match[2], path))
    if len(frames) > 1:
        raise RateError(f"{found[0][2].parent}: frames {', '.join(sorted(frames))} of DISP-S1", "name one frame")
    return sorted(found)


def dates(paths: Sequence[Path]) -> list[str]:
    """First reference date, and the dates of the products.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    list of str
        YYYYMMDD, in order.
    """
    return _days(_dated(paths))


def has_coherence(paths: Sequence[Path]) -> bool:
    """Every product has `temporal_coherence`.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    bool
        True.
    """
    return True


def _days(found: Sequence[tuple[str, str, Path]]) -> list[str]:
    return sorted({min(reference for _, reference, _ in found), *(day for day, _, _ in found)})


def extent(paths: Sequence[Path]) -> Extent:
    """Where the product lies.

    Parameters
    ----------
    paths : sequence of Path
        Files of one track.

    Returns
    -------
    Extent
        From headers alone.
    """
    *_, path = _dated(paths)[-1]
    with placed.opened(path) as file:
        transform, crs = _place(path, file)
        return placed.extent_of(transform, crs, file["displacement"].shape)


def _place(path: Path, file: Any) -> tuple[Affine, str]:
    """Transform and CRS of a product."""
    x, y = file["x"][:2], file["y"][:2]
    mapping = file["spatial_ref"].attrs
    wkt = mapping.get("crs_wkt", mapping.get("spatial_ref"))
    if wkt is None:
        raise RateError(f"{path}: has no CRS", placed.AGAIN)
    placed.check_unit_of_place(path, "meters", (float(x[0]), float(y[0])))
    step = (float(x[1] - x[0]), float(y[1] - y[0]))
    transform = Affine(step[0], 0, float(x[0]) - step[0] / 2, 0, step[1], float(y[0]) - step[1] / 2)
    return transform, wkt.decode() if isinstance(wkt, bytes) else wkt


def _layers(path: Path, names: Sequence[str], grid: RegionGrid) -> list[np.ndarray]:
    """Layers of a product on the region grid."""
    with placed.opened(path) as file:
        place = _place(path, file)
        return [placed.layer(file[name], (), *place, grid, path) for name in names]


def read(paths: Sequence[Path], grid: RegionGrid, declared: Declared) -> Displacement:
    """Series, and a line through it, on the region grid.

    Parameters
    ----------
    paths : sequence of Path
        Products of one frame.
    grid : RegionGrid
        The region.
    declared : Declared
        Angles: the products hold none.

    Returns
    -------
    Displacement
        Displacement since the first reference date.

    Raises
    ------
    RateError
        For a reference date that no earlier product leads to, products of another frame or version.
    """
    found = _dated(paths)
    days = _days(found)
    last = found[-1][2]
    mask, coherence = _layers(last, ("recommended_mask", "temporal_coherence"), grid)
    trusted = (mask > 0.5) & (mask <= 1)  # 255 is void
    since: dict[str, np.ndarray] = {}
    for day, reference, path in found:
        moved = np.where(trusted, _layers(path, ("displacement",), grid)[0] * MM_PER_M, np.nan).astype(np.float32)
        if not since:
            since[days[0]] = np.where(np.isfinite(moved), np.float32(0), np.float32(np.nan))
        if reference not in since:
            raise RateError(f"{path}: no product leads to its reference date {reference}", "add the products before it")
        since[day] = since[reference] + moved
    series = np.stack([since[day] for day in days])
    rate, std = rate_of(series, years_of(days))
    return Displacement(
        rate,
        tuple(days),
        std,
        series,
        coherence,
        reference="the reference area of the frame, as DISP-S1 chooses it",
    )
