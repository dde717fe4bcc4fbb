"""Acquisitions that arrive one by one, with kill -9 in between, end in the inventory that is made in one go."""

from pathlib import Path

import numpy as np
import pytest
from studies.replay import BOUNDS, Plan, compare, replay, search

from sarslide.inventory import records, release
from sarslide.inventory.changes import ChangeRules, InventoryState, update
from sarslide.inventory.observability import Observability
from tests.archive.server import WORD
from tests.inventory.conftest import GRID, cell_box, fused_row

REPOSITORY = Path(__file__).resolve().parents[2]

SEEN = Observability(GRID, {"A128": np.zeros(GRID.shape, np.uint8)}, 4100.0)


def objects(count: int, **of_the_first) -> list[dict]:
    found = [fused_row(cell_box(5 + 20 * k, 10, 10, 10 + k)) for k in range(count)]
    return [
        found[0] | of_the_first,
        *found[1:],
        fused_row(cell_box(5, 60, 10, 10), status="masked", reason="above_snowline"),
    ]


def released(folder: Path, *steps: tuple[str, list[dict]]) -> Path:
    """An inventory folder after a release for each step (date, objects)."""
    inventory = InventoryState()
    release.repair(folder / "releases")
    for number, (date, found) in enumerate(steps):
        inventory = update(inventory, found, SEEN, {}, date, ChangeRules())
        made = release.publish(folder / "releases", f"{date}-0000000{number}", "", inventory, {}, "EPSG:32647")
    records.write_pointer(folder / "current.json", made)
    return folder


def test_histories_that_differ_are_the_same_inventory(tmp_path):
    """Objects found in another order have other ids, and one that vanished on the way is no object of today."""
    last = "20200301", objects(4)
    one = released(tmp_path / "one", ("20200101", [*objects(2)[1:], fused_row(cell_box(60, 60, 10, 10))]), last)
    other = released(tmp_path / "other", last)
    found = compare(one, other)
    assert found["same"] and found["ids_one_to_one"] and found["objects"] == found["matched"] == 5
    assert (
        found["first_seen_earlier"] == 2 and found["differ"] == {}
    )  # the landslide and the masked object of the first date


def test_an_object_that_differs_is_seen(tmp_path):
    one = released(tmp_path / "one", ("20200301", objects(4)))
    faster = released(tmp_path / "faster", ("20200301", objects(4, los_rate_mean_mm_per_yr=-40.001)))
    found = compare(one, faster)
    assert not found["same"] and found["matched"] == 5 and found["differ"] == {"los_rate_mean_mm_per_yr": 1}
    moved = released(tmp_path / "moved", ("20200301", objects(4, geometry=cell_box(5, 11, 10, 10))))
    found = compare(one, moved)
    assert not found["same"] and (found["matched"], found["objects"], found["other"]) == (4, 5, 5)
    fewer = released(tmp_path / "fewer", ("20200301", objects(3)))
    assert not compare(one, fewer)["same"] and not compare(fewer, one)["same"]


def test_a_secret_is_found_in_files_and_names(tmp_path):
    (tmp_path / "a.log").write_text("all is well")
    assert search([tmp_path], [])["found"] == []
    (tmp_path / "b.log").write_bytes(b"\0\1" + WORD.encode())
    (tmp_path / f"{WORD}.txt").touch()
    assert search([tmp_path], ["/cdn/ Basic"]) | {"mb": 0} == {
        "files": 3, "mb": 0, "secrets": 4, "sent_elsewhere": ["/cdn/ Basic"],
        "found": [str(tmp_path / "b.log"), str(tmp_path / f"{WORD}.txt")],
    }  # fmt: skip


@pytest.mark.full
def test_four_dates_of_one_track(tmp_path):
    plan = Plan(dates=4, tracks=("A128",), bounds=BOUNDS["small"], kills=0.4, seed=1)
    found = replay(plan, tmp_path)
    content, same = found["replay"], found["replay"]["same"]
    assert content["kills"] >= 1 and len(content["arrivals"]) == 4
    releases = [row["release"] for row in content["arrivals"]]
    assert not any(releases[:2]) and all(releases[2:]) and releases[2] != releases[3]  # three pairs need three dates
    # The last date brings its own download, image and pairs, whatever was killed meanwhile.
    last = content["arrivals"][3]
    assert {name: last["jobs"][name] for name in ("retrieve_slc", "geocode_slc", "interferogram", "report")} == {
        "retrieve_slc": 1, "geocode_slc": 1, "interferogram": 1, "report": 1,
    }  # fmt: skip
    assert sum(last["changes"].values()) >= last["counts"]["landslides"] > 0
    assert same["same"] and same["objects"] > 0 and same["ids_one_to_one"], same
    assert not found["secret_search"]["found"] and not found["secret_search"]["sent_elsewhere"]
    assert found["secret_search"]["files"] > 300
