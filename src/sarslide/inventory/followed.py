"""What each track tells of each object: its mean rate over the outline of the object, the error of
that mean, its time series and whether that bends; and from all tracks together east and up.

Made of the fused objects, one record a track and frame; an object is in the record of the frame
whose core holds its middle. Records name objects by `candidate_id`, which a release keeps beside
the `ls_id` that it gives.
"""

import csv
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sarslide.grid import RegionGrid
from sarslide.inventory.series import SeriesPolygon, header, table_row
from sarslide.inventory.tables import significant
from sarslide.io.atomic import atomic_file
from sarslide.io.blocks import blocks
from sarslide.io.series import CHUNK_CELLS
from sarslide.layers import EAST_UP, LINE_OF_SIGHT
from sarslide.network import years_of
from sarslide.rates import states
from sarslide.rates.decomposition import east_and_up
from sarslide.rates.mean_error import NoiseCorrelation, std_of_mean
from sarslide.rates.series import PolygonSeries

STILL_CHUNKS, STILL_BLOCK = 16, 8  # of the series of the ground: chunks that are read, cells of a side
MAX_ROWS = 1_000_000  # of the table in the GeoPackage, which the next release reads whole
MIN_STILL = 100  # series, below which the memory of their noise is not known
SERIES = {"ls_id": str, "track": str, "date": str, "displacement_mm": float, "spread_mm": float, "cells": int}


def mean_rates(
    polygons: Iterable[SeriesPolygon],
    rate: np.ndarray,
    std: np.ndarray,
    noise: NoiseCorrelation | None,
    line_of_sight: Mapping[str, np.ndarray],
) -> dict[str, dict[str, float | None]]:
    """Mean rate of a track over objects.

    Parameters
    ----------
    polygons : iterable of SeriesPolygon
        Objects, by `candidate_id`.
    rate, std : (rows, cols) array of float
        LOS rates, positive towards the satellite, and their standard errors, mm/yr; NaN where
        unknown.
    noise : NoiseCorrelation or None
        How alike the noise of cells is; None: no mean has an error.
    line_of_sight : mapping of str to (rows, cols) array of float
        `layers.LINE_OF_SIGHT`, from the ground to the satellite.

    Returns
    -------
    dict of str to dict of str to float or None
        By object `los_rate_mean_mm_per_yr`, `los_rate_mean_std_mm_per_yr`, `cells` that have a rate
        and the mean line of sight over these, None where unknown; objects without such a cell are
        left out.
    """
    found = {}
    for polygon in polygons:
        rows, cols = polygon.cells
        known = np.isfinite(rate[rows, cols])
        if not known.any():
            continue
        rows, cols = rows[known], cols[known]
        top, left = rows.min(), cols.min()
        window = (slice(top, rows.max() + 1), slice(left, cols.max() + 1))
        inside = np.zeros(rate[window].shape, bool)
        inside[rows - top, cols - left] = True
        values = {
            "cells": int(known.sum()),
            "los_rate_mean_mm_per_yr": rate[rows, cols].mean(dtype=float),
            "los_rate_mean_std_mm_per_yr": std_of_mean(std[window], inside, noise) if noise else math.nan,
            **{name: line_of_sight[name][rows, cols].mean(dtype=float) for name in LINE_OF_SIGHT},
        }
        found[polygon.pid] = dict(zip(values, _plain(values.values()), strict=True))
    return found


def still_series(read_block: Callable[[slice, slice], tuple[list[str], np.ndarray]], stable: np.ndarray) -> np.ndarray:
    """Series of still ground, as objects have them: means of blocks of 8 x 8 cells.

    Parameters
    ----------
    read_block : callable
        Rows, cols -> dates, displacement (dates, rows, cols), mm.
    stable : (rows, cols) array of bool
        Ground that does not move.

    Returns
    -------
    (series, dates) array of float
        Of blocks at least half of whose cells are still and known at all dates, in the 16 chunks of
        64 x 64 cells with most stable ground; none without such a block.
    """
    chunks = [(stable[part].sum(), part) for part in blocks(stable.shape, CHUNK_CELLS, CHUNK_CELLS)]
    found = []
    for count, (rows, cols) in sorted(chunks, key=lambda chunk: -chunk[0])[:STILL_CHUNKS]:
        if not count:
            break
        _, block = read_block(rows, cols)
        use = stable[rows, cols] & np.isfinite(block).all(0)
        for part in blocks(use.shape, STILL_BLOCK, STILL_BLOCK):
            if use[part].sum() >= STILL_BLOCK**2 / 2:
                found.append(block[:, *part][:, use[part]].mean(1, dtype=float))
    return np.array(found)


def states_of(found: PolygonSeries, still_mm: np.ndarray) -> dict[str, str]:
    """Whether objects speed up or slow down in one track (`rates.states`).

    Parameters
    ----------
    found : PolygonSeries
        Their series.
    still_mm : (series, dates) array of float
        Series of still ground.

    Returns
    -------
    dict of str to str
        By object that has a series; none with fewer dates or still series than a test needs.
    """
    known = {pid: values for pid, values in found.displacement_mm.items() if np.isfinite(values).all()}
    if not known or len(found.dates) < states.MIN_DATES or len(still_mm) < MIN_STILL:
        return {}
    years = years_of(found.dates)
    limit = states.limit(years, states.noise_of(still_mm, years))
    return dict(zip(known, states.states(np.array(list(known.values())), years, limit), strict=True))


def series_records(
    polygons: Iterable[SeriesPolygon],
    found: PolygonSeries,
    still_mm: np.ndarray,
    ground: Mapping[str, np.ndarray],
    grid: RegionGrid,
) -> dict[str, dict[str, Any]]:
    """Time series of objects in one track.

    Parameters
    ----------
    polygons : iterable of SeriesPolygon
        Objects, by `candidate_id`.
    found : PolygonSeries
        Their series.
    still_mm : (series, dates) array of float
        Series of still ground.
    ground : mapping of str to (rows, cols) array of float
        As of `series.write_csv`.
    grid : RegionGrid
        The grid of the arrays.

    Returns
    -------
    dict of str to dict
        By object `displacement_mm` and `spread_mm` at each date, `cells` that have a series,
        `state`, empty where it is not known, and `egms`, the row of the table with EGMS-like
        columns; objects without a series are left out.
    """
    motions, known_states = found.motions(), states_of(found, still_mm)
    return {
        polygon.pid: {
            "displacement_mm": _plain(found.displacement_mm[polygon.pid]),
            "spread_mm": _plain(found.spread_mm[polygon.pid]),
            "cells": found.cells[polygon.pid],
            "state": known_states.get(polygon.pid, ""),
            "egms": table_row(
                polygon, found.dates, found.displacement_mm[polygon.pid], motions[polygon.pid], ground, grid
            ),
        }
        for polygon in polygons
        if found.cells[polygon.pid]
    }


def joined(records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The records of the frames of each track as one.

    Parameters
    ----------
    records : iterable of mapping
        `stack`, `dates`, `rates`, `series` each.

    Returns
    -------
    dict of str to dict
        By track `rates` and `series` by object; a series has its `dates`.
    """
    tracks: dict[str, dict[str, Any]] = {}
    for record in records:
        track = tracks.setdefault(record["stack"], {"rates": {}, "series": {}})
        track["rates"] |= record["rates"]
        track["series"] |= {pid: {"dates": record["dates"], **one} for pid, one in record["series"].items()}
    return tracks


def give_motion(rows: Iterable[dict], tracks: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the columns `layers.EAST_UP` and `tables.STATE` of objects.

    The state is that in the track with the largest mean rate either way: one test an object, so
    that the rate of false alarms is that of a test.

    Parameters
    ----------
    rows : iterable of dict
        Fused objects, `tables.FUSED`, which get the columns; NaN where the tracks do not look from
        both sides, empty without a series.
    tracks : mapping of str to mapping
        As `joined` returns them.
    """
    for row in rows:
        seen = [
            track["rates"][row["candidate_id"]] for track in tracks.values() if row["candidate_id"] in track["rates"]
        ]
        names = ("los_rate_mean_mm_per_yr", "los_rate_mean_std_mm_per_yr", "los_east", "los_up")
        values = np.array([[_number(one[name]) for one in seen] for name in names])
        row |= dict(zip(EAST_UP, map(float, east_and_up(*values)), strict=True))
        told = {
            name: track["series"][row["candidate_id"]]["state"]
            for name, track in tracks.items()
            if row["candidate_id"] in track["series"] and row["candidate_id"] in track["rates"]
        }
        rates = {name: abs(tracks[name]["rates"][row["candidate_id"]]["los_rate_mean_mm_per_yr"]) for name in told}
        best = max(sorted(rates), key=lambda name: rates[name], default="")
        row |= {"state": told.get(best, ""), "state_track": best if told.get(best) else ""}


def series_table(rows: Iterable[Mapping], tracks: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """The series of the objects of a release as one table.

    Parameters
    ----------
    rows : iterable of mapping
        Objects with their `ls_id` and `candidate_id`.
    tracks : mapping of str to mapping
        As `joined` returns them.

    Returns
    -------
    DataFrame
        Columns `SERIES`, one row an object, track and date with a value.
    """
    found = [
        (row["ls_id"], track, date, value, spread, one["cells"])
        for row in rows
        for track, records in tracks.items()
        if (one := records["series"].get(row["candidate_id"]))
        for date, value, spread in zip(one["dates"], one["displacement_mm"], one["spread_mm"], strict=True)
        if value is not None
    ]
    return pd.DataFrame(found, columns=list(SERIES)).astype(
        {name: kind for name, kind in SERIES.items() if kind is not str}
    )


def write_series(folder: Path, rows: Sequence[Mapping], tracks: Mapping[str, Mapping[str, Any]]) -> None:
    """Write `series_{track}.csv` of each track that has series, with EGMS-like columns.

    Parameters
    ----------
    folder : Path
        Of the release.
    rows : sequence of mapping
        Objects with their `ls_id` and `candidate_id`.
    tracks : mapping of str to mapping
        As `joined` returns them.
    """
    for track, records in tracks.items():
        of_objects = [(row["ls_id"], records["series"].get(row["candidate_id"])) for row in rows]
        lines = [one["egms"] | {"pid": ls_id} for ls_id, one in sorted(of_objects, key=lambda pair: pair[0]) if one]
        if not lines:
            continue
        dates = sorted({date for one in records["series"].values() for date in one["dates"]})
        with atomic_file(folder / f"series_{track}.csv") as temporary, open(temporary, "w", newline="") as stream:
            table = csv.DictWriter(stream, header(dates), restval="", lineterminator="\n")
            table.writeheader()
            table.writerows(lines)


def _plain(values: Iterable[float]) -> list[float | None]:
    """For JSON, which has no NaN; six significant digits."""
    return [significant(float(value)) if np.isfinite(value) else None for value in values]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
