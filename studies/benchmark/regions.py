"""The regions of the benchmark: up to five of each mountain range of the DEM library, a range in
one part alone.

The order is that of the folds (`studies.ground.cutting.folds`), by the names' hashes, with two
exceptions: the one arctic range is the unseen climate, and the range whose published DEM shows
seams trains and validates nothing. Fixed before any network was scored.
"""

from functools import cache

from sarslide.errors import TrainingError
from sarslide.retrieve.dem_library import FOLDER
from studies.ground import cutting
from studies.ground.cutting import GroundRegion

PARTS: dict[str, tuple[str, ...]] = {
    "train": ("central_andes", "california_coast_ranges", "eastern_swiss_alps", "northern_rockies"),
    "validation": ("transverse_ranges",),
    "test": ("lost_river_range_basin_and_range_north", "massif_central", "nw_himalaya"),
    "transfer": ("nordenskiold_land",),
}
PER_RANGE = 5


@cache
def regions() -> list[GroundRegion]:
    """All regions, as `studies.network.folds` makes them."""
    return cutting.regions_of(cutting.files_of(FOLDER, None, False), PER_RANGE)


def regions_of(part: str) -> list[GroundRegion]:
    """The regions of a part. Raises TrainingError for a part that there is not."""
    if part not in PARTS:
        raise TrainingError(f"benchmark part '{part}' does not exist", f"use one of {', '.join(PARTS)}")
    return [region for region in regions() if region.file.mountains in PARTS[part]]


def ranges() -> dict[str, str]:
    """Region -> its mountain range."""
    return {region.name: region.file.mountains for region in regions()}


def region_of(name: str) -> GroundRegion:
    """A region by its name. Raises TrainingError for a name that there is not."""
    found = {region.name: region for region in regions()}
    if name not in found:
        raise TrainingError(f"benchmark region '{name}' does not exist", f"use one of {', '.join(found)}")
    return found[name]


def settings_hash() -> str:
    """Name of the set, 16 hex digits."""
    return cutting.settings_hash(regions())


def words() -> str:
    """The set in words."""
    parts = {part: f"{', '.join(names)} ({len(regions_of(part))} regions)" for part, names in PARTS.items()}
    told = "; ".join(f"{part}: {text}" for part, text in parts.items()).replace("_", " ")
    return f"real ground of nine mountain ranges, rates by the default chain, whole ranges apart: {told}."
