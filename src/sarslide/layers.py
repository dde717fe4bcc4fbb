"""THE registry of rasters: every grid by name, with unit, dtype, nodata, range and sign.

Writers refuse layers that are not here. The name of a layer is the stem of its file
(`slope_deg.tif`) or, for the files of a pair or a date, what follows the pair or date
(`20190306_20190318.cor.tif`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sarslide.errors import LayerError

if TYPE_CHECKING:
    import numpy as np

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Layer:
    """One raster.

    Attributes
    ----------
    name : str
        Stem of its file.
    unit : str
        Of its values; "1": none.
    dtype : str
        Of its values.
    nodata : float or int or None
        Value of unknown cells; None: there is none.
    valid : (float, float) or None
        Closed range of plausible values in `unit`; None: any.
    meaning : str
        What it holds, with its sign.
    bands : tuple of str
        Name of each band; empty: a single one without a name.
    """

    name: str
    unit: str
    dtype: str
    nodata: float | int | None
    valid: tuple[float, float] | None
    meaning: str
    bands: tuple[str, ...] = ()


NAN = float("nan")

# Classes of the layer `lithology`, codes 1, 2 ... in this order: the rock classes of the Global
# Lithological Map, level 1 (Hartmann and Moosdorf 2012, doi:10.1029/2012GC004370). Its water, ice
# and "no data" are 0, unknown.
LITHOLOGY = {
    "su": "unconsolidated sediments",
    "ss": "siliciclastic sedimentary rocks",
    "sm": "mixed sedimentary rocks",
    "sc": "carbonate sedimentary rocks",
    "ev": "evaporites",
    "py": "pyroclastics",
    "mt": "metamorphic rocks",
    "pa": "acid plutonic rocks",
    "pi": "intermediate plutonic rocks",
    "pb": "basic plutonic rocks",
    "va": "acid volcanic rocks",
    "vi": "intermediate volcanic rocks",
    "vb": "basic volcanic rocks",
}

_ALL = (
    # one file per pair, per date
    Layer(
        "wrapped_rad", "rad", "float32", NAN, (-3.1415927, 3.1415927),
        "interferometric phase, earlier x conj(later), grows when the ground moves away from the satellite",
        ("unfiltered", "filtered"),
    ),
    Layer("cor", "1", "float32", NAN, (0, 1), "coherence, from unfiltered data over at least 40 independent looks, bias-corrected"),
    Layer("unw_rad", "rad", "float32", NAN, (-1e4, 1e4), "unwrapped phase, grows when the ground moves away from the satellite"),
    Layer("conncomp", "1", "uint16", 0, (0, 65535), "connected components of the unwrapped phase, 0 = not reliable"),
    Layer("gslc", "1", "complex64", None, None, "geocoded SLC, flat-earth and topographic phase removed; never filter or resample it"),
    # one file a mini-stack of linked dates
    Layer("linked_rad", "rad", "float32", NAN, (-3.1415927, 3.1415927), "linked phase, one band a date; that of an earlier less that of a later date is their interferogram's"),
    Layer("linked_std_rad", "rad", "float32", NAN, None, "Cramer-Rao bound of the standard deviation of the linked phase, one band a date (Guarnieri and Tebaldini 2008)"),
    Layer("linking_coherence", "1", "float32", NAN, (-1, 1), "temporal coherence: how well the pairs of a mini-stack agree with the linked phases, 1 = fully"),
    # geometry of a stack
    Layer("incidence_deg", "degree", "float32", NAN, (0, 90), "incidence angle from the ellipsoid normal"),
    Layer("heading_deg", "degree", "float32", NAN, (0, 360), "flight direction, clockwise from north"),
    Layer("slant_range_m", "m", "float32", NAN, (5e5, 1.2e6), "zero-Doppler slant range"),
    Layer("los_east", "1", "float32", NAN, (-1, 1), "east component of the unit vector from ground to satellite"),
    Layer("los_north", "1", "float32", NAN, (-1, 1), "north component of the unit vector from ground to satellite"),
    Layer("los_up", "1", "float32", NAN, (-1, 1), "up component of the unit vector from ground to satellite"),
    Layer("layover_shadow", "1", "uint8", 255, (0, 3), "0 good, 1 layover, 2 shadow, 3 both, 255 not acquired"),
    Layer(
        "overlap_doppler_hz", "Hz", "float32", NAN, (-1e4, 1e4),
        "Doppler frequency of the even burst minus that of the odd one where both see the ground", ("outer", "inner"),
    ),
    Layer("mean_amplitude_db", "dB", "float32", NAN, (-80, 60), "mean backscatter of the stack, uncalibrated"),
    # what the rates deliver
    Layer("avg_phase_rad", "rad", "float32", NAN, (-3.1415927, 3.1415927), "averaged wrapped phase of the short pairs (P0), positive away from the satellite"),
    Layer("avg_phase_std_rad", "rad", "float32", NAN, (0, 10), "standard error of the averaged phase"),
    Layer("phase_rate_rad_per_yr", "rad/yr", "float32", NAN, (-1e4, 1e4), "phase rate by stacking (P4 eq. 1), positive away from the satellite"),
    Layer("phase_rate_std_rad_per_yr", "rad/yr", "float32", NAN, (0, 1e4), "standard error of the phase rate"),
    Layer("los_rate_mm_per_yr", "mm/yr", "float32", NAN, (-5000, 5000), "line-of-sight rate, positive towards the satellite"),
    Layer("los_rate_std_mm_per_yr", "mm/yr", "float32", NAN, (0, 5000), "standard error of the line-of-sight rate"),
    Layer(
        "los_rate_paper_sign_mm_per_yr", "mm/yr", "float32", NAN, (-5000, 5000),
        "line-of-sight rate with the sign of P4 eq. 2 (positive away); for comparison with the paper only, no rule reads it",
    ),
    Layer("los_rate_ring_mm_per_yr", "mm/yr", "float32", NAN, (-5000, 5000), "line-of-sight rate against the stable ground around each cell, positive towards the satellite"),
    Layer("los_rate_ring_std_mm_per_yr", "mm/yr", "float32", NAN, (0, 5000), "standard error of the line-of-sight rate against the surroundings"),
    Layer("mean_coherence", "1", "float32", NAN, (0, 1), "mean coherence of the pairs that made the rate or the average"),
    Layer("pair_count", "1", "uint16", 0, (0, 65535), "number of pairs with a valid phase in the cell"),
    Layer("stable_ground", "1", "uint8", 255, (0, 2), "0 moving, incoherent or masked, 1 ground that the atmosphere fits used, 2 also the reference area"),
    Layer("temporal_coherence", "1", "float32", NAN, (0, 1), "how well the pairs agree with the time series (Pepe and Lanari 2006), 1 = fully"),
    Layer("residual_rms_rad", "rad", "float32", NAN, (0, 1e4), "root mean square of the pairs' phase against the time series"),
    Layer("dem_error_m", "m", "float32", NAN, (-5000, 5000), "height that the DEM lacks, from the time series and its baselines"),
    # products beside the rates
    Layer("los_displacement_mm", "mm", "float32", NAN, (-5000, 5000), "line-of-sight displacement between the two dates of a pair, positive towards the satellite"),
    Layer("los_displacement_std_mm", "mm", "float32", NAN, (0, 5000), "standard deviation of the displacement that the coherence of the pair predicts"),
    Layer("slant_delay_mm", "mm", "float32", NAN, (0, 10000), "one-way tropospheric delay of a date along the line of sight, positive = longer path"),
    Layer(
        "phase_intensity_rgb", "1", "uint8", 0, (1, 255), "averaged phase and mean intensity in three channels (P0 3.2)",
        ("red", "green", "blue"),
    ),
    *(
        layer
        for way, word in (("east", "eastward"), ("north", "northward"))
        for layer in (
            Layer(f"phase_gradient_{way}_rad_per_yr_m", "rad/yr/m", "float32", NAN, (-100, 100), f"{word} growth of the phase rate (positive away from the satellite), from wrapped pairs without unwrapping"),
            Layer(f"phase_gradient_{way}_std_rad_per_yr_m", "rad/yr/m", "float32", NAN, (0, 100), f"standard error of the {word} growth of the phase rate"),
        )
    ),
    Layer("r_index", "1", "float32", NAN, (-1, 1), "slant-range over along-slope distance (Notti et al. 2014): up to 0 layover, 1 best seen"),
    Layer(
        "observable_class", "1", "uint8", 255, (0, 5),
        "downslope motion: 0 observable, 1 no acquisition or no pair tied to the reference, 2 layover, 3 shadow, 4 decorrelation, 5 line of sight insensitive to it",
    ),
    Layer("downslope_rate_mm_per_yr", "mm/yr", "float32", NAN, (-25000, 25000), "line-of-sight rate projected down the steepest slope, positive downslope"),
    Layer("downslope_rate_std_mm_per_yr", "mm/yr", "float32", NAN, (0, 25000), "standard error of the downslope rate"),
    Layer("east_rate_mm_per_yr", "mm/yr", "float32", NAN, (-25000, 25000), "eastward rate from tracks that look from both sides, north taken as 0"),
    Layer("east_rate_std_mm_per_yr", "mm/yr", "float32", NAN, (0, 25000), "standard error of the eastward rate"),
    Layer("up_rate_mm_per_yr", "mm/yr", "float32", NAN, (-25000, 25000), "upward rate from tracks that look from both sides, north taken as 0"),
    Layer("up_rate_std_mm_per_yr", "mm/yr", "float32", NAN, (0, 25000), "standard error of the upward rate"),
    *(
        Layer(
            f"smallest_speed_{area}ha_mm_per_yr", "mm/yr", "float32", NAN, (0, 1e5),
            f"smallest speed down the slope at which a landslide of {area} ha about the cell can be seen by any track",
        )
        for area in (2, 10, 50)
    ),
    Layer(
        "date_scatter_mm", "mm", "float32", NAN, (0, 1000),
        "standard deviation over the dates of the smoothed line-of-sight path, a straight line removed, as delivered and after each correction",
        ("uncorrected", "pair fits", "filter", "common scene"),
    ),
    # quality of the pairs
    Layer("closure_rms_rad", "rad", "float32", NAN, (0, 3.1415927), "RMS over all triplets of the closure of unfiltered wrapped phase"),
    Layer("closure_count", "1", "uint16", None, (0, 65535), "triplets whose unwrapped phase is judged: all three pairs have a component"),
    Layer("unwrap_error_count", "1", "uint16", None, (0, 65535), "triplets whose unwrapped phase does not close to zero cycles"),
    Layer(
        "loop_error_cycles", "1", "int8", -128, (-100, 127),
        "cycles by which a pair's unwrapped phase is wrong, one band a pair: 0 right, 127 this pair or another one of its triplet, unknown cycles",
    ),
    Layer(
        "rate_error_cycles", "1", "int8", -128, (-100, 100),
        "cycles by which a pair's unwrapped phase is wrong beside a rate that all pairs share, one band a pair: 0 right, unknown where they share none",
    ),
    Layer("phase_bias_flag", "1", "uint8", 255, (0, 1), "1 where the closure of wrapped short pairs accumulates beyond noise: biased phase (fading signal)"),
    Layer(
        "phase_bias_rate_rad_per_yr", "rad/yr", "float32", NAN, (-1000, 1000),
        "rate by which chained short pairs move away from the satellite faster than chained pairs of twice their length, from closure",
    ),
    Layer(
        "pair_bias_rad", "rad", "float32", NAN, (-100, 100),
        "bias that is taken off the pairs of a length, positive away from the satellite, one band a length in days; 0 where it is not known",
    ),
    Layer("pair_bias_rate_rad_per_yr", "rad/yr", "float32", NAN, (-1000, 1000), "what the bias of the pairs adds to the rate of a stack of equal weights, positive away from the satellite"),
    Layer("pair_bias_rate_std_rad_per_yr", "rad/yr", "float32", NAN, (0, 1000), "standard error that taking the bias off adds to that rate"),
    Layer("phase_bias_std_rad_per_yr", "rad/yr", "float32", NAN, (0, 1000), "standard error of the phase bias rate from noise alone"),
    # terrain
    Layer("dem_m", "m", "float32", NAN, (-500, 9000), "ellipsoidal height (WGS 84), region grid with margin"),
    Layer("elevation_m", "m", "float32", NAN, (-500, 9000), "ellipsoidal height (WGS 84) on the region grid"),
    Layer("slope_deg", "degree", "float32", NAN, (0, 90), "steepest slope (Horn 1981)"),
    Layer("aspect_deg", "degree", "float32", NAN, (0, 360), "downslope direction, clockwise from north; NaN where flat"),
    Layer("curvature_profile_per_m", "1/m", "float32", NAN, (-10, 10), "profile curvature (Zevenbergen and Thorne 1987)"),
    Layer("curvature_plan_per_m", "1/m", "float32", NAN, (-10, 10), "plan (contour) curvature (Zevenbergen and Thorne 1987)"),
    Layer("hillshade", "1", "uint8", 0, (1, 255), "shaded relief, light from the north-west at 45 degrees"),
    # optional inputs of P3 (2.2, Fig. 2e and 2g)
    Layer("reflectance_b02", "1", "float32", NAN, (0, 1), "Sentinel-2 L2A surface reflectance, band 2 (blue, 490 nm)"),
    Layer("reflectance_b03", "1", "float32", NAN, (0, 1), "Sentinel-2 L2A surface reflectance, band 3 (green, 560 nm)"),
    Layer("reflectance_b04", "1", "float32", NAN, (0, 1), "Sentinel-2 L2A surface reflectance, band 4 (red, 665 nm)"),
    Layer("reflectance_b08", "1", "float32", NAN, (0, 1), "Sentinel-2 L2A surface reflectance, band 8 (near infrared, 842 nm)"),
    Layer("lithology", "1", "uint8", 0, (0, len(LITHOLOGY)), "rock class: 1, 2 ... in the order of sarslide.layers.LITHOLOGY, 0 unknown"),
    # derived on the fly for the feature stack
    Layer("aspect_sin", "1", "float32", NAN, (-1, 1), "sine of aspect: eastward part of the downslope direction"),
    Layer("aspect_cos", "1", "float32", NAN, (-1, 1), "cosine of aspect: northward part of the downslope direction"),
    Layer("aspect_raw_deg", "degree", "float32", NAN, (-1, 360), "aspect as ArcGIS has it: degrees clockwise from north, -1 where flat"),
    Layer("curvature_total_per_m", "1/m", "float32", NAN, (-10, 10), "curvature of ArcGIS over 100: the negative Laplacian of the height, positive where convex"),
    Layer("avg_phase_sin", "1", "float32", NAN, (-1, 1), "sine of the averaged phase"),
    Layer("avg_phase_cos", "1", "float32", NAN, (-1, 1), "cosine of the averaged phase"),
    Layer("los_rate_over_std", "1", "float32", NAN, (-1e5, 1e5), "line-of-sight rate over its standard error, positive towards the satellite"),
    Layer(
        "downslope_sensitivity", "1", "float32", NAN, (-1, 1),
        "line-of-sight rate, positive towards the satellite, per unit of motion down the steepest slope",
    ),
    *(
        Layer(f"phase_intensity_{colour}", "1", "float32", NAN, (0, 1), f"{colour} of the fused averaged phase and intensity (recipe hsv)")
        for colour in ("red", "green", "blue")
    ),
    *(
        Layer(f"avg_phase_{colour}", "1", "float32", NAN, (0, 1), f"{colour} of the averaged phase on the colour wheel, full brightness (P2 4.2.3)")
        for colour in ("red", "green", "blue")
    ),
    *(
        Layer(f"lithology_{word}", "1", "float32", NAN, (0, 1), f"1 where the rock is {rock}, else 0")
        for word, rock in LITHOLOGY.items()
    ),
    # labels of training scenes
    Layer("label", "1", "uint8", 255, (0, 1), "1 active landslide, 0 background, 255 not counted"),
    Layer("decoy", "1", "uint8", None, (0, 255), "decoy or difficulty in the cell, codes of sarsim.codes, 0 none"),
    Layer("landslide_kind", "1", "uint8", None, (0, 3), "type of the landslide in the cell (P2 4.2.3): 1 chair-shaped, 2 elongated, 3 small round; 0 none"),
    # segmentation
    Layer("probability", "1", "float32", NAN, (0, 1), "probability that a cell belongs to an active landslide"),
    Layer("instances", "1", "uint32", 0, (0, 4294967295), "number of the object that an instance network sees in the cell, 0 = none"),
    # planted truth of a simulated region: only the scoring rule reads these
    Layer("true_los_rate_mm_per_yr", "mm/yr", "float32", NAN, (-5000, 5000), "planted line-of-sight rate, positive towards the satellite"),
    Layer("true_observable", "1", "uint8", 255, (0, 1), "1 where the simulated track sees the ground: no layover, no shadow, inside the swath"),
    Layer("true_atmosphere_mm", "mm", "float32", NAN, (-1000, 1000), "simulated line-of-sight path delay per date, one band a date, positive = longer path"),
    Layer("land_cover", "1", "uint8", 255, (0, 9), "simulated land cover: 1 rock, 2 grass, 3 forest, 4 farmland, 5 water, 6 snow, 7 settlement"),
)  # fmt: skip

LAYERS: dict[str, Layer] = {layer.name: layer for layer in _ALL}

# The layers that a rule makes together, each list in one place: rules, checks, report and
# documentation read them from here.
GEOMETRY = ("incidence_deg", "heading_deg", "slant_range_m", "los_east", "los_north", "los_up", "layover_shadow")
LINE_OF_SIGHT = ("los_east", "los_north", "los_up")
TERRAIN = ("elevation_m", "slope_deg", "aspect_deg", "curvature_profile_per_m", "curvature_plan_per_m")
AVERAGES = ("avg_phase_rad", "avg_phase_std_rad")
# What averages and rates keep of the pairs that made them.
OF_PAIRS = ("mean_coherence", "pair_count", "stable_ground")
RATES = (
    *("phase_rate_rad_per_yr", "phase_rate_std_rad_per_yr", "los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    *("los_rate_paper_sign_mm_per_yr", *OF_PAIRS),
)
RING = ("los_rate_ring_mm_per_yr", "los_rate_ring_std_mm_per_yr")
PHASE_GRADIENTS = tuple(
    f"phase_gradient_{way}{kind}_rad_per_yr_m" for way in ("east", "north") for kind in ("", "_std")
)
CLOSURE = ("closure_rms_rad", "closure_count", "unwrap_error_count", "loop_error_cycles")
PHASE_BIAS = ("phase_bias_flag", "phase_bias_rate_rad_per_yr", "phase_bias_std_rad_per_yr")
PAIR_BIAS = ("pair_bias_rad", "pair_bias_rate_rad_per_yr", "pair_bias_rate_std_rad_per_yr")
EAST_UP = ("east_rate_mm_per_yr", "east_rate_std_mm_per_yr", "up_rate_mm_per_yr", "up_rate_std_mm_per_yr")
# With the area of the landslide, ha.
SMALLEST_SPEED = {f"smallest_speed_{area}ha_mm_per_yr": area for area in (2, 10, 50)}
OPTICAL = tuple(f"reflectance_b{band}" for band in ("02", "03", "04", "08"))


def hidden(layover_shadow: "np.ndarray") -> "np.ndarray":
    """Cells that layover or shadow hides; not those where nothing was acquired.

    Parameters
    ----------
    layover_shadow : array of int
        The layer.

    Returns
    -------
    array of bool
        In its shape.
    """
    return (layover_shadow > 0) & (layover_shadow <= 3)


def get(name: str) -> Layer:
    """The registered layer of a name.

    Parameters
    ----------
    name : str
        Stem of a file.

    Returns
    -------
    Layer
        The layer.

    Raises
    ------
    LayerError
        For another name; its cure names the nearest known ones.
    """
    try:
        return LAYERS[name]
    except KeyError:
        from difflib import get_close_matches

        near = ", ".join(get_close_matches(name, LAYERS, 3)) or ", ".join(sorted(LAYERS)[:5])
        raise LayerError(
            f"'{name}' is not a registered layer", f"use a name of sarslide.layers, perhaps {near}"
        ) from None
