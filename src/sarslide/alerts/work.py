"""Alerts of a region on disk: files of a release, and what has been reported already.

`reported.json` has by uid and kind the release of the report. It is written after the alert has
gone out, so that one that did not is made again; what it holds is not reported of a later release.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import geopandas as gpd
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry import mapping

from sarslide import names
from sarslide.alerts import cap, choice
from sarslide.alerts.choice import Reported
from sarslide.config import Config
from sarslide.errors import ReleaseError
from sarslide.inventory import records, release
from sarslide.io import bounded
from sarslide.io.atomic import atomic_folder
from sarslide.io.sidecar import write_json

FOLDER, STATE = "alerts", "reported.json"
TEXT, GEOJSON, XML = "alert.txt", "alert.geojson", "alert.xml"
MAX_STATE = 64 << 20  # bytes
Release = Annotated[str, Field(pattern=f"^(?:{names.RELEASE})?$")]


class State(BaseModel):
    """What has been reported.

    Attributes
    ----------
    release, before : str
        The release that was reported last, and the one that it was compared with.
    since : str
        Date of the release that the first alert was compared with: what was there is not new.
    reported : dict of str to dict of str to str
        By uid and kind the release.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    release: Release = ""
    before: Release = ""
    since: Annotated[str, Field(pattern=f"^(?:{names.DATE})?$")] = ""
    reported: dict[str, dict[str, Release]] = {}


@dataclass(frozen=True)
class Alert:
    """What is to be reported of a release.

    Attributes
    ----------
    region, release, before : str
        Whose, and against which release; empty for none.
    is_current : bool
        Whether it is that of the current release.
    reported : tuple of Reported
        Empty where there is nothing to report.
    folder : Path
        Of its files, which are there where there is something to report.
    """

    region: str
    release: str
    before: str
    is_current: bool
    reported: tuple[Reported, ...]
    folder: Path

    @property
    def text(self) -> str:
        """The alert in words."""
        counts = [f"{number} {kind}" for kind in choice.KINDS if (number := self._count(kind))]
        against = f" against {self.before}" if self.before else ""
        head = f"{self.region}, release {self.release}{against}: {', '.join(counts) or 'nothing to report'}"
        return "\n".join([head, *(one.line for one in self.reported)]) + "\n"

    def summary(self) -> dict[str, Any]:
        """For the summary of a run, JSON-ready; the folder as seen from the working folder."""
        rows = [{"kind": one.kind, "ls_id": one.ls_id, "uid": one.uid, "text": one.line} for one in self.reported]
        return {
            "release": self.release,
            "before": self.before,
            "is_current": self.is_current,
            "reported": rows,
            "text": self.text,
            "folder": "/".join(self.folder.parts[-4:]),
        }

    def _count(self, kind: str) -> int:
        return sum(one.kind == kind for one in self.reported)


def make(folder: Path, config: Config, name: str = "") -> Alert | None:
    """Find what is to be reported of a release, and write its files.

    Parameters
    ----------
    folder : Path
        Working folder.
    config : Config
        Of the region.
    name : str
        Id of a release, which is compared with the one before it; empty for the current one, which
        is compared with the one that was reported last.

    Returns
    -------
    Alert or None
        None before the first release.

    Raises
    ------
    ReleaseError
        For a release that is not there or was changed, and a damaged `reported.json`.
    """
    from pyproj import CRS

    results = folder / "results" / config.region
    inventory = results / "inventory"
    releases = inventory / records.RELEASES
    if name and not (releases / name / records.MANIFEST).is_file():
        raise ReleaseError(f"{releases}: has no release {bounded.shown(name)}", "take an id of INDEX.csv")
    manifest = records.check(releases / name) if name else records.current(inventory)
    if manifest is None:
        return None
    state = read_state(results)
    before = _before(manifest, state, releases, bool(name))
    crs = CRS.from_epsg(config.grid.epsg)
    layers = [release.layers_of(releases / one, crs) if one else None for one in (before, manifest.release)]
    since = state.since if state.since and not name else (before or manifest.release)[:8]
    found = choice.chosen(layers[0], layers[1] or {}, config.alerts, since)
    reported = tuple(
        one for one in found if state.reported.get(one.uid, {}).get(one.kind, "") in ("", manifest.release)
    )
    alert = Alert(config.region, manifest.release, before, not name, reported, results / FOLDER / manifest.release)
    if reported:
        _write(alert, config, crs)
    return alert


def mark(folder: Path, region: str, alert: Mapping[str, Any]) -> None:
    """Remember that an alert has gone out, or that there was nothing to report.

    Parameters
    ----------
    folder : Path
        Working folder.
    region : str
        Name of the region.
    alert : mapping of str to Any
        As `Alert.summary` gives it.
    """
    results = folder / "results" / region
    before = read_state(results)
    state = before.model_copy(deep=True)
    for one in alert["reported"]:
        state.reported.setdefault(one["uid"], {})[one["kind"]] = alert["release"]
    if alert["is_current"]:
        state.release, state.before = alert["release"], alert["before"]
        state.since = state.since or (alert["before"] or alert["release"])[:8]
    if state != before:
        (results / FOLDER).mkdir(exist_ok=True)
        write_json(results / FOLDER / STATE, state.model_dump())


def is_reported(folder: Path, region: str, release: str) -> bool:
    """Whether the alert of a release has gone out.

    Parameters
    ----------
    folder : Path
        Working folder.
    region, release : str
        Name of the region, and id of its current release.

    Returns
    -------
    bool
        True also where there was nothing to report.
    """
    return read_state(folder / "results" / region).release == release


def read_state(results: Path) -> State:
    """What has been reported of a region.

    Parameters
    ----------
    results : Path
        Folder of its results.

    Returns
    -------
    State
        Empty before the first alert.

    Raises
    ------
    ReleaseError
        For a file that is damaged.
    """
    path = results / FOLDER / STATE
    if not path.is_file():
        return State()
    cure = f"restore {path}, or delete it: all that holds now is then reported again"
    return bounded.typed(State, bounded.json(path, ReleaseError, MAX_STATE, cure), path, ReleaseError, cure)


def _before(manifest: records.Manifest, state: State, releases: Path, named: bool) -> str:
    """The release to compare with: its parent, of the current one the last that was reported."""
    before = manifest.parent
    if not named and state.release:
        before = state.before if state.release == manifest.release else state.release
    if not before or not (releases / before).is_dir():
        before = manifest.parent
    if not before or not (releases / before).is_dir():
        return ""
    records.check(releases / before)
    return before


def _write(alert: Alert, config: Config, crs: Any) -> None:
    outlines = gpd.GeoSeries([one.outline for one in alert.reported], crs=crs).to_crs(4326)
    features = [
        {
            "type": "Feature",
            "properties": {
                "kind": one.kind, "ls_id": one.ls_id, "uid": one.uid, "name": one.name, "region": alert.region,
                "release": alert.release, "area_km2": round(one.area_km2, 4), "confidence": one.confidence,
                "los_speed_mm_per_yr": round(one.speed_mm_per_yr, 1) if isfinite(one.speed_mm_per_yr) else None,
                "text": one.line,
            },
            "geometry": mapping(outline),
        }
        for one, outline in zip(alert.reported, outlines, strict=True)
    ]  # fmt: skip
    reported = list(zip(alert.reported, outlines, strict=True))
    limits = config.alerts
    xml = cap.message(alert.region, alert.release, reported, limits.sender, limits.status, datetime.now(UTC))
    alert.folder.parent.mkdir(exist_ok=True)
    with atomic_folder(alert.folder) as partial:
        (partial / TEXT).write_text(alert.text)
        (partial / GEOJSON).write_text(json.dumps({"type": "FeatureCollection", "features": features}, allow_nan=False))
        (partial / XML).write_text(xml, encoding="utf-8")
