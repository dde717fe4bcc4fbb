"""The real Sentinel-1 scenes of the data folder as what they state of themselves: track, bursts, tie points."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sarslide.constants import SPEED_OF_LIGHT
from sarslide.names import stack_name
from sarslide.sentinel1.annotation import Annotation, parse_annotation
from sarslide.sentinel1.product import open_product

STATED = re.compile(rb'relativeOrbitNumber type="start">(\d+)<')
PLACES = {
    "20250406": "British Columbia",
    "20250418": "British Columbia",
    "20200511": "Nevada",
    "20220828": "Hawaii",
    "20221016": "southern California",
    "20230108": "southern California",
    "20220918": "Terceira",
    "20230904": "Morocco",
    "20230916": "Morocco",
    "20141004": "western Arabia",
}


@dataclass(frozen=True)
class RealScene:
    """One product: date, track by its absolute orbit and as its manifest states it, annotations of its VV swaths."""

    date: str
    stack: str
    stated: str
    swaths: tuple[Annotation, ...]

    @property
    def place(self) -> str:
        """Where it lies."""
        return PLACES[self.date]

    def centre(self) -> tuple[float, float, float]:
        """Longitude, latitude and incidence, degree, of the tie point in the middle of its swaths and of time."""
        grids = [swath.grid for swath in self.swaths]
        lon, lat, incidence, time, distance = (
            np.concatenate([getattr(grid, name) for grid in grids])
            for name in ("longitude", "latitude", "incidence_deg", "time_s", "range_m")
        )
        off = [(value - (value.min() + value.max()) / 2) / np.ptp(value) for value in (time, distance)]
        middle = np.hypot(*off).argmin()
        return float(lon[middle]), float(lat[middle]), float(incidence[middle])

    def corners(self) -> list[tuple[float, float]]:
        """Longitude and latitude around its tie points, degree."""
        import shapely

        points = [shapely.MultiPoint(np.column_stack([s.grid.longitude, s.grid.latitude])) for s in self.swaths]
        return list(shapely.union_all(points).convex_hull.exterior.coords)


def read_scenes(folder: Path) -> list[RealScene]:
    """All of the data folder, in the order of time."""
    products = [*(folder / "sentinel1/zips").glob("*.zip"), *folder.glob("*/*/*.SAFE")]
    scenes = []
    for product in map(open_product, products):
        members = [product.read(member) for member in product.annotation_members("VV")]
        swaths = tuple(parse_annotation(text, product.path.name) for text in members)
        stated = stack_name(swaths[0].orbit_pass, int(STATED.search(product.read("manifest.safe"))[1]))
        scenes.append(RealScene(str(product.start)[:10].replace("-", ""), _stack(swaths[0]), stated, swaths))
    (alone,) = (folder / "sentinel1/slc_terceira").glob("s1a-*.xml")
    swath = parse_annotation(alone.read_bytes(), alone.name)
    scenes.append(RealScene("20220918", _stack(swath), _stack(swath), (swath,)))
    return sorted(scenes, key=lambda scene: scene.date)


def _stack(swath: Annotation) -> str:
    return stack_name(swath.orbit_pass, (swath.absolute_orbit - 73) % 175 + 1)  # all are of S1A


def valid_ranges(swath: Annotation) -> list[tuple[np.ndarray, float, float]]:
    """Tie points of each burst's first line, and slant ranges of its first and last valid sample, m."""
    found = []
    for burst in swath.bursts:
        row = np.flatnonzero(np.abs(swath.grid.time_s - burst.start_s) < 0.5)
        valid = burst.first_valid_sample >= 0
        samples = burst.first_valid_sample[valid].max(), burst.last_valid_sample[valid].min()
        first, last = (
            (swath.range_time_s + sample / swath.range_sampling_hz) * SPEED_OF_LIGHT / 2 for sample in samples
        )
        if row.size:
            found.append((row[swath.grid.range_m[row].argsort()], first, last))
    return found
