"""Every action of a review, carried out by a release and kept by those that come after.

    python -m studies.office.review [--record]

A region of ten landslides, each of which a reviewer decides about in the review file, saved by
GeoPandas. The release that carries it out, and two more from new dates, in which every outline is
found a little larger and farther to the east: what a reviewer decided must stand in each, and the
table of decisions must hold it.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely.geometry import Polygon, box

from sarslide.grid import RegionGrid
from sarslide.inventory import records, release, review_audit, review_check, review_files, review_package, review_work
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from sarslide.inventory.review import ACTIONS
from sarslide.inventory.tables import FUSED, LANDSLIDES, MASKED, PLAIN, STATE
from sarslide.layers import EAST_UP
from studies.office import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.office.review --record"
REGION, TRACK = "office", "A128"
GRID = RegionGrid(32632, 500_000.0, 5_200_000.0, 30.0, 400, 100)
SEEN = Observability(GRID, {TRACK: np.zeros(GRID.shape, np.uint8)}, 4100.0)
EPSG = CRS.from_epsg(GRID.epsg)
RELEASES = ("20200101-00000001", "20200201-00000002", "20200301-00000003", "20200401-00000004")
COUNT, STEP = 10, 36  # landslides, one below the other, and rows from one to the next
Objects = Mapping[str, Mapping[str, Any]]


def square(number: int, top: int = 0, height: int = 10, larger: int = 0) -> Polygon:
    """Outline of landslide `number`, or of its rows from `top` on; cells of 30 m."""
    north = GRID.north - 30 * (10 + STEP * number + top - larger)
    west = GRID.west + 30 * (30 + larger)
    return box(west, north - 30 * (height + 2 * larger), west + 30 * (10 + larger), north)


def found(larger: int) -> list[dict[str, Any]]:
    """What the network finds: every landslide, by so many cells larger and farther to the east."""
    plain: dict[str, Any] = {name: {str: "", int: 0, float: 0.0}[kind] for name, kind in FUSED.items()}
    plain |= {"track": TRACK, "tracks": TRACK, "source": "network", "status": "candidate", "object_class": "landslide"}
    plain |= {"confidence": "low", "elevation_median_m": 2500.0, "los_rate_mean_mm_per_yr": -40.0}
    plain |= {"los_rate_by_track": f'{{"{TRACK}": -40.0}}', "landslide_probability": math.nan}
    plain |= dict.fromkeys(EAST_UP, math.nan) | dict.fromkeys(STATE, "")
    made = []
    for number in range(COUNT):
        outline = square(number, larger=larger)
        name = f"{TRACK}-{number + 1:04d}"
        size = {"area_km2": outline.area / 1e6, "perimeter_km": outline.length / 1e3}
        made.append(plain | size | {"geometry": outline, "candidate_id": name, "parents": name})
    return made


def file_of(folder: Path) -> Path:
    """The review file."""
    return folder / "resources" / REGION / "review.gpkg"


def publish(folder: Path, number: int) -> Objects:
    """The release `number`, as the rule makes it; its objects by ls_id, with their layer."""
    releases, name = folder / "results" / REGION / "inventory" / "releases", RELEASES[number]
    previous = release.predecessor(releases, name, EPSG) if number else None
    state = previous.inventory if previous else InventoryState()
    paths = [file_of(folder)] if number else []
    decisions = review_files.read_all(paths)
    if number:
        review_check.check(paths, decisions, review_check.Known(releases, EPSG, state), GRID)
    made = update(state, found(max(0, number - 1)), SEEN, decisions, name[:8], ChangeRules())
    after = review_check.by_id(made.layers)
    earlier = review_audit.read(releases / previous.release) if previous else []
    table = review_audit.table(decisions, review_check.by_id(state.layers), after, earlier, name)
    release.publish(
        releases,
        name,
        previous.release if previous else "",
        made,
        {"region": REGION},
        EPSG,
        tables={"decisions": table},
    )
    return after


def decide(folder: Path) -> None:
    """Fill in the review file, as a reviewer does in a GIS."""
    table = gpd.read_file(file_of(folder), layer="objects")
    texts = [name for name in table.columns if table[name].dtype == object or name in review_package.FILLED]
    table = table.astype(dict.fromkeys(texts, object))
    table["reviewer"] = "R. Geologist"
    for number, action in enumerate(("accept", "reject", "edit", "note", "split", "merge", "reclassify")):
        table.loc[number, "decision"] = action
    table.loc[0, "name"] = "Mill"
    table.loc[2, "geometry"] = square(2, 1, 8)
    table.loc[3, "comment"] = "road cracked"
    part, added = table.loc[[4]].copy(), table.loc[[4]].copy()
    table.loc[4, "geometry"], part["geometry"] = square(4, 5, 5), [square(4, 0, 5)]
    table.loc[5, "other"] = "LS000009"
    table.loc[6, "class"] = "non-landslide deformation"
    added["geometry"] = [square(1, 14, 9)]
    added[["ls_id", "uid", "release", "decision"]] = ["", "", "", "add"]
    table.loc[table.decision.fillna("") == "", "reviewer"] = ""
    pd.concat([table, part, added], ignore_index=True).to_file(file_of(folder), layer="objects", driver="GPKG")


def _is(objects: Objects, outline: Polygon, layer: str) -> bool:
    return any(one["layer"] == layer and one["geometry"].equals(outline) for one in objects.values())


CHECKS: dict[str, Callable[[Objects], bool]] = {
    "accept": lambda now: now["LS000001"]["layer"] == LANDSLIDES and now["LS000001"]["name"] == "Mill",
    "reject": lambda now: now["LS000002"]["layer"] == MASKED and now["LS000002"]["status"] == "rejected",
    "edit": lambda now: now["LS000003"]["geometry"].equals(square(2, 1, 8)),
    "note": lambda now: now["LS000004"]["comment"] == "road cracked",
    "split": lambda now: _is(now, square(4, 5, 5), LANDSLIDES) and _is(now, square(4, 0, 5), LANDSLIDES),
    "merge": lambda now: now["LS000006"]["layer"] == "vanished" or now["LS000009"]["layer"] == "vanished",
    "reclassify": lambda now: now["LS000007"]["layer"] == PLAIN,
    "add": lambda now: _is(now, square(1, 14, 9), LANDSLIDES),
}


def rows() -> Iterator[dict]:
    """A row for each action, and one for the table of decisions."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        publish(folder, 0)
        review_work.write(folder, REGION, GRID)
        decide(folder)
        later = []
        for number in range(1, len(RELEASES)):
            later.append(publish(folder, number))
            review_work.write(folder, REGION, GRID)
        releases = folder / "results" / REGION / "inventory" / "releases"
        audit = [review_audit.read(releases / name) for name in RELEASES[1:]]
        records.unprotect(releases)
    for action in ACTIONS:
        kept = sum(CHECKS[action](now) for now in later)
        what = f"review: {action}, carried out and kept by two releases of new dates"
        yield row(what, f"{kept} of {len(later)} releases have it", COMMAND, "all", kept == len(later))
    same = [{(one["ls_id"], one["decision"], one["since"], one["standing"]) for one in rows} for rows in audit]
    good = all(one == same[0] for one in same) and {one[1] for one in same[0]} == set(ACTIONS)
    standing = [sum(one[3] == review_audit.IN_FORCE for one in rows) for rows in same]
    text = f"{' and '.join(f'{count} of {len(rows)}' for count, rows in zip(standing, same, strict=True))} in force"
    met = good and all(count == len(rows) for count, rows in zip(standing, same, strict=True))
    yield row("review: table of decisions of the three releases", text, COMMAND, "the same rows, all in force", met)


def main() -> None:
    """Measure, print, and with --record keep the rows."""
    parser = argparse.ArgumentParser(prog="python -m studies.office.review", description=__doc__)
    parser.add_argument("--record", action="store_true", help="put the rows into the record and its page")
    keep_or_tell(list(rows()), put, parser.parse_args().record)


if __name__ == "__main__":
    main()
