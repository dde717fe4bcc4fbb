"""Sections of the configuration: rates, and what is made of them."""

from typing import Annotated, Literal

from sarslide import names
from sarslide.config.fields import (
    DateName,
    EachOnce,
    FrameName,
    Mistake,
    OneOf,
    PairName,
    PathText,
    Section,
    WindowName,
    check,
    key,
)
from sarslide.rates.methods import DEFAULT, METHODS


class RatesSection(Section):
    """From pairs to averaged phase, phase rate and LOS rate."""

    method: Annotated[str, OneOf(METHODS)] = key(
        DEFAULT,
        "where the LOS rate comes from: stacking (P4 eq. 1), SBAS by batched least squares, SBAS by MintPy (P3, B15), a function"
        " of the user's own (B30); averaging: the averaged phase alone, nothing is unwrapped for the inventory (P0, B05)",
        "",
        "P4",
    )
    own: PathText = key(
        "",
        "method own: Python file whose function `rates` gives the LOS rate; it is run; $VARIABLES are expanded (B30)",
    )
    average: Literal["complex", "arithmetic"] = key(
        "complex", "mean of the wrapped pairs; the paper does not state which (B04)", "", "P0"
    )
    height_correlated: bool = key(True, "remove the phase that is correlated with height, per pair (B09)", "", "P2")
    plane: bool = key(
        True,
        "remove a plane too, per pair: turbulence longer than the region; switch off where the region itself deforms",
    )
    moving_sigma: float = key(
        3.0,
        "cells whose first-pass rate exceeds this many robust sigmas are moving and leave the fits",
        "sigma",
        ge=1,
        le=10,
    )
    min_coherence: float = key(
        0.3,
        "cells below this mean coherence leave fits and reference; cells of a D-InSAR map below it are masked",
        "",
        ge=0,
        le=1,
    )
    pair_coherence: float = key(0.1, "cells of a pair below this coherence are not stacked", "", ge=0, le=1)
    loop_mask: bool = key(False, "leave out the cells of a pair whose unwrapping phase closure calls wrong")
    rate_cycles: bool | None = key(
        None,
        "take the whole cycles of each pair from a rate that all pairs of the stack share, where they agree on one; null: with"
        " engine native, without loop_mask",
    )
    weighting: Literal["auto", "none", "coherence", "noise"] = key(
        "auto",
        "weights of the stack; none is P4's eq. 1, coherence the inverse variance of the phase (B11), noise that and a delay"
        " of each date; auto: noise with engine native, else none",
        "",
        "P4",
    )
    average_weighting: Literal["none", "coherence"] = key("none", "the same for the averaged phase", "", "P0")
    atmosphere: Literal["none", "filter", "common_scene"] = key(
        "none",
        "delays of the dates taken off stacked pairs: low-pass in space and high-pass in time, or common-scene stacking (B23)",
        "",
        "P4",
    )
    atmosphere_km: float = key(
        0.5, "standard deviation of the low-pass in space, over stable ground", "km", gt=0, le=50
    )
    atmosphere_days: float = key(
        100.0, "standard deviation of the Gaussian in time that the filter takes off", "days", gt=0, le=3650
    )
    delays: PathText = key(
        "",
        "folder of tropospheric delays, a file a date (GACOS, RAiDER, OPERA TROPO-ZENITH, GeoTIFF), taken off all pairs before"
        " height and plane are fitted; of a stack alone in a folder of its name; $VARIABLES are expanded; empty: none (B23)",
    )
    phase_bias: Literal["keep", "remove"] = key(
        "keep",
        "bias of short multilooked pairs on ground that fades (fading signal): estimated from phase closure and coherence, and"
        " taken off all pairs before height and plane are fitted; needs pairs of three lengths, as with network.neighbours 3",
    )
    reference: tuple[float, float, float] | None = key(
        None,
        "reference area of the frames that hold its centre: east, north, radius; of others, and with null: the largest"
        " connected area of stable, coherent ground",
        "m",
    )
    reference_mode: Literal["area", "double_difference"] = key(
        "area",
        "zero of stacking, averaged phase and D-InSAR: the reference area, or of each cell the stable ground around it",
    )
    double_difference_km: tuple[float, float] = key(
        (1.0, 5.0), "inner and outer radius of that surrounding ground", "km"
    )
    paper_wavelength_m: float | None = key(
        None,
        "wavelength that a paper prints, 0.056 in P2 and P4, for the layer with the paper's sign alone; null: the radar's (B29)",
        "m",
        "P4",
        ge=0.02,
        le=0.3,
    )
    windows: dict[WindowName, tuple[DateName, DateName]] = key(
        {},
        "further stacks over a part of the dates: {name: [first date, last date]} (A14)",
        "YYYYMMDD",
        "P4",
    )
    dinsar: Annotated[tuple[PairName, ...], EachOnce] = key((), "pairs whose D-InSAR maps belong to the final products")
    phase_gradient: bool = key(
        False, "the stack of phase gradients, which needs no unwrapping, belongs to the final products (B30)", "", "P4"
    )
    fusion: Literal["hsv", "sin_cos"] = key(
        "hsv",
        "fusion of averaged phase and intensity (B06): hue and brightness, or sine, cosine and intensity",
        "",
        "P0",
    )
    fusion_percent: tuple[float, float] = key(
        (2.0, 98.0), "percentiles of the intensity (dB) that become dark and bright", "%"
    )
    min_sensitivity: float = key(
        0.2,
        "smallest line-of-sight sensitivity from which a rate is projected down the slope, of cells and objects (B27)",
        "",
        gt=0,
        le=1,
    )
    series_polygons: PathText = key(
        "",
        "vector file whose polygons get a time series each, as a final product; any CRS; $VARIABLES are expanded (G14)",
    )

    @check
    def _cycles_are_kept_or_corrected(self) -> None:
        if self.loop_mask and self.rate_cycles:
            raise Mistake(
                "rates.loop_mask leaves out cells that rates.rate_cycles corrects",
                "switch one of them off",
                *("rates.rate_cycles", "rates.loop_mask"),
            )

    @check
    def _windows_run_forward(self) -> None:
        for name, (first, last) in self.windows.items():
            if names.parse_date(first) >= names.parse_date(last):
                raise Mistake(
                    f"rates.windows.{name} = {first} to {last}", "name the earlier date first", f"rates.windows.{name}"
                )

    @check
    def _limits_rise(self) -> None:
        for name in ("double_difference_km", "fusion_percent"):
            low, high = getattr(self, name)
            if not 0 <= low < high:
                raise Mistake(
                    f"rates.{name} = {low} to {high}", "give the smaller, positive value first", f"rates.{name}"
                )


class SbasSection(Section):
    """Displacement time series of rates.method sbas (batched least squares) and mintpy (MintPy)."""

    weighting: Literal["none", "var", "coherence", "fim"] = key(
        "var", "weights of the pairs: none, inverse phase variance, coherence, Fisher information (B15)", "", "P3"
    )
    dem_error: bool = key(True, "estimate the DEM error from the perpendicular baselines and remove it")
    min_temporal_coherence: float = key(
        0.7, "cells whose pairs agree less with the time series have no rate", "", ge=0, le=1
    )
    device: Literal["auto", "cpu", "cuda"] = key("auto", "where the batched least squares run")
    unwrap_errors: Literal["none", "bridging", "phase_closure", "bridging+phase_closure"] = key(
        "none", "MintPy's correction of unwrapping errors"
    )
    step_limit_min: int = key(600, "MintPy: a run of its steps that takes longer is ended", "min", ge=1, le=10000)
    era5: bool = key(
        False, "MintPy: delays of ERA5 (needs pyaps3 and an account) instead of the fit of rates.height_correlated"
    )


class InventorySection(Section):
    """From probabilities to objects and releases."""

    threshold: float | None = key(
        None,
        "probability from which a cell belongs to a landslide; null: the one chosen in training; 0.5 in P0 (E07)",
        "",
        "P0",
        gt=0,
        lt=1,
    )
    min_area_km2: float = key(0.018, "smallest object", "km2", ge=0, le=10)
    snowline_m: float | None = key(
        None,
        "objects above this ellipsoidal height are masked as snow or glacier; null: no snowline, none is masked by its height;"
        " ELA 5132 m in P0 (C10, G03)",
        "m",
        "P0",
        ge=0,
        le=9000,
    )
    min_slope_deg: float = key(
        8.0, "flatter moving ground is non-landslide deformation (G12)", "degree", "P4", ge=0, le=45
    )
    min_rate_mm_per_yr: float = key(20.0, "moving flat ground from this LOS rate on is recorded", "mm/yr", gt=0, le=500)
    min_coherence: float = key(0.2, "objects below this mean coherence are masked", "", ge=0, le=1)
    fusion_overlap: float = key(
        0.1,
        "ascending and descending objects are one when they share this part of the smaller (G05)",
        "",
        "P0",
        ge=0,
        le=1,
    )
    match_iou: float = key(0.1, "objects of two releases keep one ls_id from this overlap on", "", gt=0, le=1)
    allow_older: bool = key(
        False, "release dates that end before those of the newest release, as after an acquisition was withdrawn"
    )
    without_frames: Annotated[tuple[FrameName, ...], EachOnce] = key(
        (), "release without these frames of a large region, as after one of them failed; it is then marked incomplete"
    )
    review: PathText = key(
        "",
        "reviewer's file, CSV or the GeoPackage of `sarslide review`; empty: resources/<region>/review.csv and review.gpkg"
        " where they exist (G13)",
    )
    masks: PathText = key(
        "",
        "vector file of ground on which objects are masked, such as glaciers, snow, mines; $VARIABLES are expanded (G04)",
    )
    masks_column: str = key("reason", "its column with the reason, one word: glacier, snow, mining ...")
    names: PathText = key(
        "",
        "vector file of points or polygons of named landslides, whose names the objects get; $VARIABLES are expanded (G11)",
    )
    names_column: str = key("name", "its column with the names")
    names_m: float = key(200.0, "a place that is in no object names the objects no farther away", "m", ge=0, le=10_000)


class AlertsSection(Section):
    """Alerts of scheduled runs and `sarslide alerts`: which landslides are reported.

    A landslide is reported when it is new, accelerating, or seen again after it could not be seen.
    """

    min_rate_mm_per_yr: float = key(
        20.0, "smallest mean speed along the line of sight of any track; 0: also without a rate", "mm/yr", ge=0, le=1000
    )
    min_area_km2: float = key(0.018, "smallest area", "km2", ge=0, le=10)
    confidence: Literal["low", "medium", "high", "reviewed"] = key("medium", "least confidence; reviewed is above high")
    acceleration_mm_per_yr: float = key(
        10.0,
        "rise of the mean speed since the release that was reported last, in a track that both have, that is reported as"
        " accelerating, beside objects whose state is accelerating",
        "mm/yr",
        gt=0,
        le=1000,
    )
    sender: str = key(
        "sarslide",
        "sender of the CAP message: an address or name without blanks, such as alerts@office.example",
        pattern=r"^[^\s,<&]{1,100}$",
    )
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"] = key(
        "Test", "status of the CAP message: Actual once its receivers are to act on it"
    )


class FactorsSection(Section):
    """`factors` on demand: which layers set landslides apart from other ground (P3 3.1, 4.1)."""

    labels: PathText = key("", "vector file of landslides; $VARIABLES are expanded; empty: the released inventory")
    cells: int = key(20000, "most cells of each sample", "cells", ge=100, le=10_000_000)
    trees: int = key(300, "trees of the random forest", "trees", ge=10, le=5000)
    seed: int = key(7, "seed of samples and forest", ge=0)
