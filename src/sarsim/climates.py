"""THE table of the benchmark region set: climates as ranges of settings, and the regions of each
part with their seeds.

Fixed before any network was scored. Whoever changes a number makes another benchmark:
`benchmark.settings_hash` changes, and it is part of every scene and of every table of results.
"""

from dataclasses import dataclass

from sarslide.errors import TrainingError
from sarslide.grid import RegionGrid

Range = tuple[float, float]  # drawn uniformly
GRID = RegionGrid(32647, 515130.0, 3215640.0, 30.0, 512, 256)  # whole tiles of 128 and of 256 cells
# Whole numbers, both ends included.
COUNTS = ("large", "elongated", "small", "subsidence", "glacier", "snow", "mining", "dates")


@dataclass(frozen=True)
class Climate:
    """Ranges from which each region of a climate draws its own numbers.

    Attributes
    ----------
    floor_m, relief_m, gorge_spacing_m, profile_exponent : Range
        As in `TerrainSettings`.
    narrow_floor_m, wide_floor_m : Range
        Smallest and largest width of the valley floors, m.
    threshold_slope_deg : Range
        Of weak rock, degree; strong rock stands 15 degrees steeper.
    snowline_share : Range
        Height of the snowline as a share of the relief; above 1 there is none.
    forest_share : Range
        As in `WorldSettings`.
    large, elongated, small : Range
        Number of landslides of P2's types 1, 2 and 3.
    speed_factor : Range
        On the speeds of landslides.
    subsidence, glacier, snow, mining : Range
        Number of decoys of each kind.
    coherence, forest_coherence, dem_error_m, unwrapping_errors : Range
        Noise, as in `ProductSettings`.
    turbulence_mm, stratified_mm_per_km, stratified_residue_mm : Range
        Atmosphere, as in `ProductSettings`.
    dates : Range
        Acquisitions of each track.
    missing : Range
        Share of the regular 12-day dates without one.
    """

    floor_m: Range
    relief_m: Range
    gorge_spacing_m: Range
    narrow_floor_m: Range
    wide_floor_m: Range
    threshold_slope_deg: Range
    profile_exponent: Range

    snowline_share: Range
    forest_share: Range

    large: Range
    elongated: Range
    small: Range
    speed_factor: Range
    subsidence: Range
    glacier: Range
    snow: Range
    mining: Range

    coherence: Range
    forest_coherence: Range
    turbulence_mm: Range
    stratified_mm_per_km: Range
    stratified_residue_mm: Range
    dem_error_m: Range
    unwrapping_errors: Range
    dates: Range
    missing: Range


CLIMATES: dict[str, Climate] = {
    # Deep, dry gorges: steep, coherent ground, high snow, a little shady forest.
    "hengduan_dry_valley": Climate(
        floor_m=(1900, 3100), relief_m=(1300, 2000), gorge_spacing_m=(6800, 9000),
        narrow_floor_m=(350, 550), wide_floor_m=(750, 1000), threshold_slope_deg=(21, 26), profile_exponent=(1, 1),
        snowline_share=(0.74, 0.90), forest_share=(0.15, 0.40),
        large=(4, 9), elongated=(12, 26), small=(12, 26), speed_factor=(0.8, 1.2),
        subsidence=(1, 2), glacier=(1, 4), snow=(2, 6), mining=(2, 4),
        coherence=(0.80, 1.0), forest_coherence=(0.8, 1.0), turbulence_mm=(3, 6), stratified_mm_per_km=(6, 14),
        stratified_residue_mm=(1, 3), dem_error_m=(1, 4), unwrapping_errors=(0.1, 0.6), dates=(25, 33), missing=(0, 0.05),
    ),
    # A dissected plateau: wide plains that subside, low gentle slopes, farmed land that loses
    # coherence.
    "plateau_loess": Climate(
        floor_m=(900, 1700), relief_m=(380, 560), gorge_spacing_m=(3400, 4200),
        narrow_floor_m=(500, 800), wide_floor_m=(1100, 1700), threshold_slope_deg=(15, 20), profile_exponent=(1, 1),
        snowline_share=(2.5, 2.5), forest_share=(0.0, 0.12),
        large=(2, 5), elongated=(8, 18), small=(10, 22), speed_factor=(0.6, 1.0),
        subsidence=(4, 8), glacier=(0, 0), snow=(0, 0), mining=(3, 6),
        coherence=(0.70, 0.9), forest_coherence=(0.8, 1.0), turbulence_mm=(4, 8), stratified_mm_per_km=(4, 10),
        stratified_residue_mm=(0, 1), dem_error_m=(0.5, 2.5), unwrapping_errors=(0.3, 1.0), dates=(20, 28), missing=(0, 0.1),
    ),
    # Humid mountains: forest that decorrelates, strong turbulence and moist valleys, gaps between
    # acquisitions.
    "monsoon_forest": Climate(
        floor_m=(300, 1200), relief_m=(900, 1500), gorge_spacing_m=(4600, 6600),
        narrow_floor_m=(250, 450), wide_floor_m=(500, 900), threshold_slope_deg=(19, 25), profile_exponent=(1, 1),
        snowline_share=(2.0, 2.0), forest_share=(0.55, 0.80),
        large=(3, 7), elongated=(10, 22), small=(10, 22), speed_factor=(0.8, 1.3),
        subsidence=(1, 3), glacier=(0, 0), snow=(0, 0), mining=(2, 4),
        coherence=(0.70, 0.9), forest_coherence=(0.45, 0.75), turbulence_mm=(7, 12), stratified_mm_per_km=(10, 20),
        stratified_residue_mm=(2, 4), dem_error_m=(2, 6), unwrapping_errors=(0.8, 2.0), dates=(22, 32), missing=(0.05, 0.15),
    ),
    # Troughs under glaciers: the climate that no network is trained on (transfer, P4 3.3).
    "alpine_glacier": Climate(
        floor_m=(1200, 2200), relief_m=(1400, 1900), gorge_spacing_m=(8500, 11000),
        narrow_floor_m=(700, 1000), wide_floor_m=(1200, 1800), threshold_slope_deg=(23, 28), profile_exponent=(0.80, 0.90),
        snowline_share=(0.62, 0.76), forest_share=(0.25, 0.50),
        large=(3, 7), elongated=(8, 18), small=(8, 18), speed_factor=(0.7, 1.1),
        subsidence=(1, 2), glacier=(5, 9), snow=(8, 14), mining=(1, 2),
        coherence=(0.65, 0.85), forest_coherence=(0.7, 0.9), turbulence_mm=(4, 8), stratified_mm_per_km=(15, 28),
        stratified_residue_mm=(3, 6), dem_error_m=(3, 7), unwrapping_errors=(0.4, 1.5), dates=(18, 24), missing=(0, 0.1),
    ),
}  # fmt: skip

# part -> climate -> seeds, one a region. None is a seed of the demo, of training regions or of a
# test.
PARTS: dict[str, dict[str, tuple[int, ...]]] = {
    "train": {
        "hengduan_dry_valley": (8101, 8102, 8103, 8104),
        "plateau_loess": (8105, 8106, 8107, 8108),
        "monsoon_forest": (8109, 8110, 8111, 8112),
    },
    "validation": {
        "hengduan_dry_valley": (8201,),
        "plateau_loess": (8202,),
        "monsoon_forest": (8203, 8204),
    },
    "test": {
        "hengduan_dry_valley": (8301, 8302),
        "plateau_loess": (8303, 8304),
        "monsoon_forest": (8305, 8306),
    },
    "transfer": {"alpine_glacier": (8401, 8402, 8403, 8404)},
}


@dataclass(frozen=True)
class Region:
    """A region of the set.

    Attributes
    ----------
    name : str
        `<climate>_<seed>`.
    climate : str
        Name of its climate.
    part : str
        train, validation, test or transfer.
    seed : int
        Seed of the region.
    """

    name: str
    climate: str
    part: str
    seed: int


REGIONS: dict[str, Region] = {
    f"{climate}_{seed}": Region(f"{climate}_{seed}", climate, part, seed)
    for part, by_climate in PARTS.items()
    for climate, seeds in by_climate.items()
    for seed in seeds
}


def names_of(part: str) -> list[str]:
    """Names of the regions of a part.

    Parameters
    ----------
    part : str
        train, validation, test or transfer.

    Returns
    -------
    list of str
        In the order of the table.

    Raises
    ------
    TrainingError
        An unknown part.
    """
    if part not in PARTS:
        raise TrainingError(f"benchmark part '{part}' does not exist", f"use one of {', '.join(PARTS)}")
    return [region.name for region in REGIONS.values() if region.part == part]


def region_of(name: str) -> Region:
    """A region of the set.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    Region
        The region.

    Raises
    ------
    TrainingError
        An unknown name.
    """
    if name not in REGIONS:
        raise TrainingError(f"benchmark region '{name}' does not exist", f"use one of {', '.join(REGIONS)}")
    return REGIONS[name]
