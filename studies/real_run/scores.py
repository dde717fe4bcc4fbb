"""Rows that a finished region gives: what it released, and what of the public slides is in it."""

from typing import Any

from sarslide.inventory import records
from sarslide.inventory.changes import LANDSLIDES
from sarslide.io.sidecar import read_json
from studies.real_run import COMMAND, row
from studies.real_run.place import Place


def score_rows(place: Place, what: str, region: str = "") -> list[dict[str, Any]]:
    """Rows of a finished region.

    Parameters
    ----------
    place : Place
        Working folder.
    what : str
        How its rows begin.
    region : str
        Its name; by default that of config.yaml.

    Returns
    -------
    list of dict
        Released landslides; found and linked ones of the public inventory, if it is named.
    """
    results = place.folder / "results" / place.config(region).region
    release = records.named(results / "inventory" / records.POINTER)
    rows = [row(f"{what}: landslides released", f"{release.counts[LANDSLIDES]} in {release.release}", COMMAND)]
    scores = results / "report/external_scores.json"
    if not scores.is_file():
        return [*rows, row(f"{what}: public slides found", "not scored: no inventory is named", COMMAND, met=False)]
    found = read_json(scores)["inventory"]
    apart = sum(one["landslides"] for one in found["apart"].values())
    measured = (
        f"{found['matched']['found']} of {found['counted']} matched, {found['linked']['found']} linked; "
        f"{apart} more too small, outside or not observable"
    )
    return [*rows, row(f"{what}: public slides found", measured, COMMAND)]
