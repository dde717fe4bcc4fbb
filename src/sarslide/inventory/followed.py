"""What each track tells of each object: its mean rate over the outline of the object, the error of
that mean, its time series; and from all tracks together east and up.

Made of the fused objects, one record a track and frame; an object is in the record of the frame
whose core holds its middle. Records name objects by `candidate_id`, which a release keeps beside
the `ls_id` that it gives.
"""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sarslide.inventory.series import SeriesPolygon, header, table_row
from sarslide.inventory.tables import significant
from sarslide.io.atomic import atomic_file
from sarslide.layers import EAST_UP, LINE_OF_SIGHT
from sarslide.rates.decomposition import east_and_up
from sarslide.rates.mean_error import NoiseCorrelation, std_of_mean
from sarslide.rates.series import PolygonSeries

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


def series_records(
    polygons: Iterable[SeriesPolygon],
    found: PolygonSeries,
    ground: Mapping[str, np.ndarray],
    grid: Any,
) -> dict[str, dict[str, Any]]:
    """Time series of objects in one track.

    Parameters
    ----------
    polygons : iterable of SeriesPolygon
        Objects, by `candidate_id`.
    found : PolygonSeries
        Their series.
    ground : mapping of str to (rows, cols) array of float
        As of `series.write_csv`.
    grid : RegionGrid
        The grid of the arrays.

    Returns
    -------
    dict of str to dict
        By object `displacement_mm` and `spread_mm` at each date, `cells` that have a series, and
        `egms`, the row of the table with EGMS-like columns; objects without a series are left out.
    """
    motions = found.motions()
    return {
        polygon.pid: {
            "displacement_mm": _plain(found.displacement_mm[polygon.pid]),
            "spread_mm": _plain(found.spread_mm[polygon.pid]),
            "cells": found.cells[polygon.pid],
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


def give_east_and_up(rows: Iterable[dict], tracks: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the columns `layers.EAST_UP` of objects.

    Parameters
    ----------
    rows : iterable of dict
        Fused objects, `tables.FUSED`, which get the columns; NaN where the tracks do not look from
        both sides.
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
