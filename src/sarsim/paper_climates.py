"""Ground and climate of the papers' regions, by the names of their presets: what `sarslide train`
learns from where there are no labels.

Rows of the form of the benchmark's climates, which they are no part of. Each number is followed by
where the paper has it; the others are ours, chosen so that a scene looks like the paper's figures.
Deposits of loess move as other ground does; what sets them apart here are low, gentle slopes
without forest.
"""

from sarsim.climates import Climate
from sarslide.errors import TrainingError

PAPER_CLIMATES: dict[str, Climate] = {
    # P0 section 2, 6: mean elevation 4350 m; snow on half of the ground above 3000 m, equilibrium
    # line 5132 m, glaciers; section 6: slopes of 20 to 50 degrees, dense landslides on a river that
    # cuts down. Table 1: 30 dates in 13 months.
    "three_rivers": Climate(
        floor_m=(2900, 3900), relief_m=(1500, 2100), gorge_spacing_m=(6800, 9000),
        narrow_floor_m=(300, 500), wide_floor_m=(600, 900), threshold_slope_deg=(22, 27), profile_exponent=(1, 1),
        snowline_share=(0.78, 0.92), forest_share=(0.15, 0.40),
        large=(5, 10), elongated=(14, 28), small=(14, 28), speed_factor=(0.8, 1.2),
        subsidence=(1, 2), glacier=(2, 5), snow=(4, 8), mining=(1, 3),
        coherence=(0.75, 0.95), forest_coherence=(0.7, 0.95), turbulence_mm=(3, 7), stratified_mm_per_km=(6, 14),
        stratified_residue_mm=(1, 3), dem_error_m=(1, 4), unwrapping_errors=(0.1, 0.6), dates=(30, 30), missing=(0, 0),
    ),
    # P2 section 2: 4200 m in the north to 1800 m in the south, more than 3000 m of relief in dense
    # canyons, permafrost above and hot, dry valleys. Section 3.1: 30 dates in 15 months.
    "jinsha_lancang": Climate(
        floor_m=(1700, 3200), relief_m=(1700, 2400), gorge_spacing_m=(6500, 8500),
        narrow_floor_m=(250, 450), wide_floor_m=(500, 850), threshold_slope_deg=(24, 29), profile_exponent=(1, 1),
        snowline_share=(0.76, 0.92), forest_share=(0.15, 0.50),
        large=(4, 9), elongated=(14, 28), small=(14, 28), speed_factor=(0.8, 1.3),
        subsidence=(1, 2), glacier=(1, 4), snow=(3, 7), mining=(1, 3),
        coherence=(0.70, 0.95), forest_coherence=(0.7, 0.95), turbulence_mm=(3, 7), stratified_mm_per_km=(8, 16),
        stratified_residue_mm=(1, 3), dem_error_m=(1, 5), unwrapping_errors=(0.2, 0.8), dates=(30, 30), missing=(0, 0),
    ),
    # P3 section 2.1: peaks above 2000 m, deep valleys with many gullies, humid and subtropical,
    # abundant rain. Table 1: 103 scenes in 870 days, of two satellites: 73 dates of one.
    "baihetan": Climate(
        floor_m=(700, 1400), relief_m=(1300, 2000), gorge_spacing_m=(4800, 6800),
        narrow_floor_m=(250, 450), wide_floor_m=(500, 900), threshold_slope_deg=(20, 26), profile_exponent=(1, 1),
        snowline_share=(2.0, 2.0), forest_share=(0.30, 0.60),
        large=(3, 8), elongated=(12, 24), small=(12, 24), speed_factor=(0.8, 1.3),
        subsidence=(1, 3), glacier=(0, 0), snow=(0, 0), mining=(2, 4),
        coherence=(0.70, 0.90), forest_coherence=(0.55, 0.80), turbulence_mm=(5, 9), stratified_mm_per_km=(10, 18),
        stratified_residue_mm=(1, 3), dem_error_m=(2, 5), unwrapping_errors=(0.3, 1.2), dates=(73, 73), missing=(0, 0),
    ),
    # P4 section 2.1: between plateau and loess, diverse landforms, loose deposits on the heights;
    # section 4.3: plains that subside, mines on slopes. Table 1: 176 to 181 dates of each path in
    # six years; here two years, because a scene costs as much as its dates.
    "qtp_loess": Climate(
        floor_m=(1700, 2900), relief_m=(500, 1000), gorge_spacing_m=(3600, 5200),
        narrow_floor_m=(400, 700), wide_floor_m=(900, 1500), threshold_slope_deg=(16, 22), profile_exponent=(1, 1),
        snowline_share=(2.5, 2.5), forest_share=(0.0, 0.15),
        large=(3, 7), elongated=(10, 22), small=(12, 24), speed_factor=(0.7, 1.2),
        subsidence=(3, 7), glacier=(0, 0), snow=(0, 0), mining=(2, 5),
        coherence=(0.70, 0.95), forest_coherence=(0.7, 0.95), turbulence_mm=(4, 8), stratified_mm_per_km=(5, 12),
        stratified_residue_mm=(0, 2), dem_error_m=(1, 3), unwrapping_errors=(0.2, 1.0), dates=(60, 60), missing=(0, 0),
    ),
}  # fmt: skip


def climate_of(name: str) -> Climate:
    """The row of a paper's region.

    Parameters
    ----------
    name : str
        As in `training.climate`.

    Returns
    -------
    Climate
        Its ranges.

    Raises
    ------
    TrainingError
        For an unknown name.
    """
    if name not in PAPER_CLIMATES:
        raise TrainingError(f"climate '{name}' does not exist", f"use one of {', '.join(PAPER_CLIMATES)}")
    return PAPER_CLIMATES[name]
