"""Every action of a reviewer on a release, and whether it holds in a release from newer dates.

The inventory is made up: nine objects on a slope that one track sees, found again a year later with
outlines that are shifted by a cell. The review is written as `sarslide review` writes it, filled in
by GeoPandas as a GIS does, and read back; each decision is looked for in three releases: the one
that carries it out, one from newer dates, and one after the file was written again from that.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely.geometry import MultiPolygon, Polygon, box

from sarslide.grid import RegionGrid
from sarslide.inventory import (
    records,
    release,
    review,
    review_apply,
    review_audit,
    review_check,
    review_files,
    review_work,
)
from sarslide.inventory.changes import ChangeRules, update
from sarslide.inventory.observability import Observability
from studies.register import put, row

GRID = RegionGrid(32647, 500000.0, 3200000.0, 30.0, 100, 120)
SEEN = Observability(GRID, {"A128": np.zeros(GRID.shape, np.uint8)}, None)
REGION, CRS_OF_REGION = "made_up", CRS.from_epsg(32647)
DATES = ("20200101", "20200601", "20210101", "20210601")
COMMAND = "python -m studies.register.review"


def cells(top: int, left: int, height: int, width: int) -> Polygon:
    """Outline of a block of cells."""
    west, north = GRID.west + 30 * left, GRID.north - 30 * top
    return box(west, north - 30 * height, west + 30 * width, north)


def found(outline: Polygon, status: str = "candidate", reason: str = "") -> dict:
    """A fused object that moves at 40 mm/yr in track A128."""
    made = review_apply.unseen(outline, GRID.cell_area_km2)
    return made | {
        "source": "network", "status": status, "reason": reason, "confidence": "low", "candidate_id": "A128-0001",
        "track": "A128", "tracks": "A128", "elevation_median_m": 3000.0, "los_rate_mean_mm_per_yr": -40.0,
        "los_rate_by_track": '{"A128": -40.0}',
    }  # fmt: skip


PLACES = {
    "accept": (5, 5), "reject": (5, 25), "edit": (5, 45), "split": (5, 65), "stays": (30, 5), "merge": (30, 16),
    "reclassify": (30, 45), "note": (30, 65), "untouched": (55, 5),
}  # fmt: skip
ADDED = cells(60, 40, 9, 11)
EDITED = cells(6, 46, 6, 7)


def objects(shift: int) -> list[dict]:
    """What the networks find, its outlines shifted by some cells; one of them is masked."""
    rows = []
    for action, (top, left) in PLACES.items():
        status, reason = ("masked", "too_small") if action == "accept" else ("candidate", "")
        rows.append(found(cells(top + shift, left, 10, 10), status, reason))
    return rows


def step(folder: Path, number: int, shift: int) -> dict[str, Mapping]:
    """A release of a date, as the rule makes it; its objects by ls_id."""
    releases = folder / "results" / REGION / "inventory" / records.RELEASES
    name = f"{DATES[number]}-{number:08x}"
    release.repair(releases)
    previous = release.predecessor(releases, name, CRS_OF_REGION)
    paths = sorted((folder / "resources" / REGION).glob("review.*"))
    decisions = review_files.read_all(paths)
    known = review_check.Known(releases, CRS_OF_REGION, previous.inventory)
    review_check.check(paths, decisions, known, GRID)
    made = update(previous.inventory, objects(shift), SEEN, decisions, name[:8], ChangeRules())
    after = review_check.by_id(made.layers)
    review.check_ids(decisions, {*after, *review_check.by_id(previous.inventory.layers)})
    earlier = review_audit.read(releases / previous.release) if previous.release else []
    audit = review_audit.table(decisions, review_check.by_id(previous.inventory.layers), after, earlier, name)
    about = {"region": REGION, "dates": {"A128": [name[:8]]}}
    release.publish(releases, name, previous.release, made, about, CRS_OF_REGION, tables={"decisions": audit})
    return by_place(folder, name)


def by_place(folder: Path, name: str) -> dict[str, Mapping]:
    """Objects of a release by ls_id, read back."""
    place = folder / "results" / REGION / "inventory" / records.RELEASES / name
    return review_check.by_id(release.layers_of(place, CRS_OF_REGION))


def fill(path: Path, ids: Mapping[str, str]) -> None:
    """What a reviewer does in a GIS, by GeoPandas: decisions, an outline, parts, a drawn one."""
    table = gpd.read_file(path, layer="objects")
    table["decision"] = table["decision"].fillna("").astype(object)
    by_id = {ls_id: index for index, ls_id in enumerate(table.ls_id)}
    words = {"reviewer": "R. Geologist", "date": "2020-03-01", "comment": "seen in the field"}

    def decide(action: str, **values: str) -> int:
        index = by_id[ids[action]]
        table.loc[index, ["decision", *words, *values]] = [action, *words.values(), *values.values()]
        return index

    decide("accept", name="Upper Slide", evidence="https://example.org/1", photos="photos/crown.jpg")
    decide("reject")
    table.loc[decide("edit"), "geometry"] = EDITED
    first = decide("split")
    decide("merge", other=ids["stays"])
    decide("reclassify", **{"class": "non-landslide deformation"})
    decide("note", evidence="https://example.org/2")
    west, south, east, north = table.geometry[first].bounds
    second = table.loc[[first]].copy()
    table.loc[first, "geometry"] = box(west, south, east, south + 180)
    second["geometry"] = [box(west, south + 180, east, north)]
    blank = {name: [""] for name in ("ls_id", "uid", "release")}
    added = gpd.GeoDataFrame(
        blank | {"decision": ["add"]} | {name: [word] for name, word in words.items()}, geometry=[ADDED], crs=table.crs
    )
    whole = gpd.GeoDataFrame(pd.concat([table, second, added], ignore_index=True), crs=table.crs)
    whole.to_file(path, layer="objects", driver="GPKG")


def holds(action: str, ids: Mapping[str, str], now: Mapping[str, Mapping]) -> bool:
    """Whether a decision shows in a release."""
    one = now.get(ids.get(action, ""), {})
    at = {row["geometry"].normalize().wkb_hex for row in now.values() if row["status"] == "released"}
    top, left = PLACES.get(action, (0, 0))
    if action == "accept":
        return (one["layer"], one["name"], one["review"]) == ("landslides", "Upper Slide", "accept")
    if action == "reject":
        return (one["layer"], one["status"]) == ("masked", "rejected")
    if action == "edit":
        return one["geometry"].normalize().equals(EDITED.normalize())
    if action == "split":
        parts = [cells(top + 4, left, 6, 10), cells(top, left, 4, 10)]
        ours = [row for row in now.values() if any(row["geometry"].equals(part) for part in parts)]
        return (
            len(ours) == 2
            and {row["layer"] for row in ours} == {"landslides"}
            and ids["split"] in {row["ls_id"] for row in ours}
        )
    if action == "merge":
        stays = now[ids["stays"]]["geometry"]
        return one["layer"] == "vanished" and isinstance(stays, MultiPolygon) and stays.area == 2 * 300 * 300
    if action == "reclassify":
        return (one["layer"], one["object_class"]) == ("non_landslide_deformation", "non-landslide deformation")
    if action == "note":
        return (one["review"], one["evidence"], one["layer"]) == ("note", "https://example.org/2", "landslides")
    return ADDED.normalize().wkb_hex in at  # add


ACTIONS = ("accept", "reject", "edit", "add", "split", "merge", "reclassify", "note")


def run(folder: Path) -> tuple[dict[str, list[bool]], dict[str, int]]:
    """Four releases with a review between the first two.

    Parameters
    ----------
    folder : Path
        Working folder, empty.

    Returns
    -------
    dict of str to list of bool
        By action, whether it shows in the three releases after the review.
    dict of str to int
        `audit`: rows of the table of decisions in the last release that are in force; `uids`:
        objects whose uid is another than in the first review release; `digests`: other digests of
        the decisions after the file was saved again.
    """
    start = step(folder, 0, 0)
    corner = {(round((GRID.north - one["geometry"].bounds[3]) / 30), round((one["geometry"].bounds[0] - GRID.west) / 30)): k
              for k, one in start.items()}  # fmt: skip
    ids = {action: corner[place] for action, place in PLACES.items()}
    path = review_work.write(folder, REGION, GRID).path
    fill(path, ids)
    before = review_files.digest([path])
    shown = [step(folder, 1, 0)]
    gpd.read_file(path, layer="objects").to_file(path, layer="objects", driver="GPKG")
    digests = {before, review_files.digest([path])}
    shown.append(step(folder, 2, 1))
    review_work.write(folder, REGION, GRID)
    shown.append(step(folder, 3, 1))
    uids = {ls_id: one["uid"] for ls_id, one in shown[0].items()}
    changed = sum(one["uid"] != uids[ls_id] for now in shown for ls_id, one in now.items() if ls_id in uids)
    releases = folder / "results" / REGION / "inventory" / records.RELEASES
    audit = review_audit.read(releases / f"{DATES[3]}-{3:08x}")
    in_force = sum(one["standing"] == review_audit.IN_FORCE for one in audit)
    lines = {action: [holds(action, ids, now) for now in shown] for action in ACTIONS}
    return lines, {"audit": in_force, "rows": len(audit), "uids": changed, "digests": len(digests) - 1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and put the rows into the record."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        lines, beside = run(Path(folder))
    for action, shows in lines.items():
        print(f"{action:12}", *("kept" if one else "lost" for one in shows))
    kept = [action for action, shows in lines.items() if all(shows)]
    put([
        row(
            "review: every action on a release, in that release, in one from newer dates, and after the file is written"
            " again from that one",
            f"{len(kept)} of {len(lines)} kept ({', '.join(kept)}); {beside['audit']} of {beside['rows']} rows of the"
            f" table in force; {beside['uids']} other uids; {beside['digests']} other digests",
            COMMAND,
            "all kept, each in the table of decisions; uids as they were; saving the file again gives the same digest",
            len(kept) == len(lines) and beside == {"audit": 9, "rows": 9, "uids": 0, "digests": 0},
        )
    ])  # fmt: skip


if __name__ == "__main__":
    main()
