"""Which rules each key of the configuration reaches, and what must be set beside it.

The name of a release, the parameters of rules, the refusal of keys that nothing reads and the
reference of all keys follow from these tables; `tests/workflow/test_keys.py` compares them with the
rules, key by key.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

from sarslide.config.automatic import FOLLOWS
from sarslide.config.fields import Section
from sarslide.config.models import Config
from sarslide.frames import frames_of
from sarslide.insar.engines import ENGINES
from sarslide.rates.methods import METHODS, WITH_RATES
from sarslide.retrieve import dem_library

# In the place of rules: all of them, and the two lists that decide which jobs there are.
EVERY, SCENES, PAIRS = "all that depends on it", "the scene table", "the list of pairs"

# The rule of each method that reads the unwrapped pairs, and all rules that do.
FROM_PAIRS = tuple(method.rules[0] for method in METHODS.values() if method.rules)
STACKED = ("stack_rates", "window_rates")
WRAPPED = ("average_phase", "phase_gradient")
BESIDE = ("phase_gradient", "ring_rates")  # on the ground that a method found
ON_GROUND = (*FROM_PAIRS, "window_rates", "average_phase", "dinsar")
ON_RATES = ("series", "score")
PRODUCT = "ingest_displacement"
LEVELLED = ("mintpy_step", "mintpy_read", "level_frames")
ACROSS = ("level_frames", "level_figure", "mosaic", "mosaic_ground")
OF_SLC = ("geocode_slc", "stack_geometry", "burst_overlap", "isce2_dem", "isce2_prepare", "snap_interferogram")
SIMULATED = ("simulate_world", "simulate_stack", "simulate_date", "simulate_optical", "simulate_lithology")
THRESHOLD = "velocity_threshold"
FILTERED = ("interferogram", "isce2_interferogram", "snap_unwrap", "snap_ingest")

ON_PRODUCT_GRID = tuple(f"product_{name}" for name in ("dem", "terrain", "fuse_phase", "optical", "lithology"))

# Rules by key, or by `section.*` for its other keys. Keys without a rule say where and how fast a
# run is: they decide no result and make nothing again.
REACHES: dict[str, tuple[str, ...]] = {
    "region": (EVERY,),
    "source": (EVERY,),
    "engine": (EVERY,),
    "stacks": (EVERY,),
    "frames": (),
    "joined": (),
    "paper": ("report", "mosaic"),
    "assumptions": ("report",),
    "grid.*": (EVERY,),
    "grid.product_m": ("resample_products", "mosaic", *ON_PRODUCT_GRID),
    "grid.margin_m": ("simulate_world", "prepare_dem", "retrieve_dem"),
    "grid.dem": ("prepare_dem", "retrieve_dem"),
    "grid.dem_vertical": ("prepare_dem", "simulate_world"),
    "grid.geoid_m": ("prepare_dem", "simulate_world"),
    "simulation.*": (SCENES,),
    "simulation.seed": (SCENES, *SIMULATED),
    "simulation.snowline_m": ("simulate_world",),
    "simulation.dem": ("simulate_world",),
    "simulation.landslides": ("simulate_world",),
    **dict.fromkeys(
        (f"simulation.{key}" for key in ("scattering", "snow_drop_m", "fading_mm_per_yr", "season_mm_per_km")),
        ("simulate_stack", "simulate_date"),
    ),
    "network.*": (PAIRS,),
    "network.season": (SCENES,),
    "catalog.archive": (SCENES, "update_catalog", "retrieve_slc"),
    "catalog.start": ("update_catalog",),
    "catalog.end": ("update_catalog",),
    "catalog.orbits": (SCENES, "update_catalog"),
    "catalog.gaps": (SCENES,),
    "catalog.*": (),
    "retrieve.*": (),
    "retrieve.product": ("update_catalog",),
    "retrieve.sentinel2": ("retrieve_optical", "optical"),
    "retrieve.sentinel2_start": ("retrieve_optical",),
    "retrieve.sentinel2_end": ("retrieve_optical",),
    "retrieve.sentinel2_cloud": ("retrieve_optical",),
    "retrieve.sentinel2_scenes": ("retrieve_optical",),
    "retrieve.sentinel2_granules": ("retrieve_optical",),
    "retrieve.sentinel2_collection": ("retrieve_optical",),
    "slc.polarisation": ("update_catalog", *OF_SLC),
    "slc.orbits": ("update_catalog", *OF_SLC),
    "slc.device": (),
    "slc.spectral_diversity": ("interferogram", "burst_overlap"),
    "slc.solid_earth_tides": ("geocode_slc",),
    "interferogram.goldstein_alpha": ("unwrap", *FILTERED),
    "interferogram.goldstein_window": FILTERED,
    "interferogram.coherence_window": ("interferogram", "isce2_interferogram"),
    "interferogram.linking": ("link_dates", "interferogram"),
    "interferogram.ministack": ("link_dates", "interferogram"),
    "interferogram.*": ("unwrap",),
    "isce2.reference": ENGINES["isce2"].rules,
    "isce2.aux": ("isce2_prepare",),
    "isce2.step_limit_min": (),
    "displacement.products": (SCENES, PRODUCT),
    "files.*": ("ingest_files",),
    "files.folder": (SCENES, "ingest_files"),
    "files.unwrapped": (SCENES, "ingest_files"),
    "files.coherence": (SCENES, "ingest_files"),
    "files.baselines": (SCENES, "ingest_files"),
    "hyp3.*": ("hyp3_order",),
    "hyp3.token": (),
    "hyp3.api_url": (),
    "hyp3.wait_h": (),
    "snap.*": (),
    "snap.range_looks": ("snap_interferogram",),
    "snap.azimuth_looks": ("snap_interferogram",),
    "snap.coherence_range": ("snap_interferogram",),
    "snap.coherence_azimuth": ("snap_interferogram",),
    "rates.method": (EVERY,),
    "rates.own": ("own_rates",),
    "rates.average": ("average_phase",),
    "rates.average_weighting": WRAPPED,
    "rates.height_correlated": (*ON_GROUND, *BESIDE, "atmosphere", *ON_RATES, *LEVELLED),
    "rates.plane": (*ON_GROUND, *BESIDE, "atmosphere", *ON_RATES, *LEVELLED),
    "rates.moving_sigma": (*ON_GROUND, PRODUCT),
    "rates.min_coherence": (*ON_GROUND, PRODUCT, "observability"),
    "rates.pair_coherence": (*FROM_PAIRS, "window_rates", "average_phase", *BESIDE, "atmosphere", *ON_RATES),
    "rates.loop_mask": (*FROM_PAIRS, "window_rates", "ring_rates", "atmosphere", "series"),
    "rates.rate_cycles": ("rate_cycles", *FROM_PAIRS, "window_rates", "ring_rates", "atmosphere", "series"),
    "rates.weighting": (*STACKED, "ring_rates", "score"),
    "rates.atmosphere": (*STACKED, "ring_rates", *ON_RATES),
    "rates.atmosphere_km": (*STACKED, "ring_rates", *ON_RATES, "atmosphere"),
    "rates.atmosphere_days": (*STACKED, "ring_rates", *ON_RATES, "atmosphere"),
    "rates.delays": ("slant_delay", *ON_GROUND, *BESIDE, "atmosphere", "series"),
    "rates.phase_bias": (
        *("pair_bias", "interferogram", *FROM_PAIRS, "window_rates", "average_phase", *BESIDE, "atmosphere", "series"),
        "mintpy_read",
    ),
    "rates.reference": (*ON_GROUND, PRODUCT, "level_frames"),
    "rates.reference_mode": (*STACKED, "ring_rates", "average_phase", "dinsar", *ON_RATES, "level_frames"),
    "rates.double_difference_km": (*STACKED, "ring_rates", "average_phase", "dinsar", *ON_RATES),
    "rates.paper_wavelength_m": STACKED,
    "rates.windows": ("window_rates", "level_frames", "mosaic"),
    "rates.dinsar": ("dinsar", "dinsar_figure"),
    "rates.phase_gradient": ("phase_gradient",),
    "rates.fusion": ("fuse_phase",),
    "rates.fusion_percent": ("fuse_phase",),
    "rates.min_sensitivity": ("observability", "downslope_rate", "smallest_speed", "candidates", "fuse"),
    "rates.series_polygons": ("series",),
    "sbas.weighting": ("sbas", "mintpy_step"),
    "sbas.dem_error": ("sbas", *METHODS["mintpy"].rules),
    "sbas.min_temporal_coherence": ("sbas", "mintpy_step", "mintpy_read"),
    "sbas.device": (),
    "sbas.unwrap_errors": ("mintpy_load", "mintpy_step"),
    "sbas.step_limit_min": (),
    "sbas.era5": ("mintpy_step", "mintpy_read"),
    "optical.*": ("optical",),
    "lithology.*": ("lithology",),
    **dict.fromkeys(
        ("segmentation.method", "segmentation.model"),
        ("segment", THRESHOLD, "candidates", "fuse", "resample_products", "compare_networks", "score", "mosaic"),
    ),
    "segmentation.beside": ("segment", THRESHOLD, "compare_networks", "report"),
    "segmentation.weights": ("segment",),
    "segmentation.weights_of": ("segment",),
    "segmentation.window": ("segment", "window_rates", "label_scene"),
    "segmentation.grid": ("segment", "candidates", "resample_products", "label_scene", "mosaic", *ON_PRODUCT_GRID),
    "segmentation.overlap": ("segment",),
    "segmentation.device": ("train_network",),
    "segmentation.precision": ("segment",),
    "velocity_threshold.*": (THRESHOLD,),
    "inventory.threshold": ("candidates", "score"),
    "inventory.min_area_km2": ("candidates", "fuse"),
    "inventory.snowline_m": ("candidates", "fuse", "release"),
    "inventory.min_slope_deg": ("candidates", "fuse", "downslope_rate", "smallest_speed"),
    "inventory.min_coherence": ("candidates", "fuse", "release"),
    "inventory.without_frames": ("fuse", "release", "score", *ACROSS),
    "inventory.fusion_overlap": ("fuse",),
    "inventory.match_iou": ("release",),
    "inventory.review": ("release",),
    "inventory.names": ("release",),
    "inventory.names_column": ("release",),
    "inventory.names_m": ("release",),
    "inventory.allow_older": ("release",),
    "inventory.*": ("candidates",),
    "ground.masks": ("candidates", "release"),
    "ground.*": ("release",),
    "evaluation.*": ("score_external",),
    "alerts.*": (),
    "report.*": ("report",),
    "factors.*": ("rank_factors",),
    "dataset.*": ("label_scene",),
    "dataset.block": ("label_scene", "coco_export"),
    "dataset.seed": ("label_scene", "coco_export"),
    "dataset.test_area": ("train_network",),
    **{f"dataset.{key}": ("coco_export",) for key in ("channels", "negatives")},
    **{f"dataset.{key}": ("label_scene", "coco_export") for key in ("patch", "overlap", "split")},
    "dataset.fractions": ("label_scene", "coco_export", "train_network"),
    "dataset.annotations": ("coco_export",),
    "training.*": ("train_network",),
    "training.labels": ("label_scene", "train_network"),
    "training.seeds": ("simulate_training", "simulate_climate", "train_network"),
    "training.validation_seeds": ("simulate_training", "simulate_climate", "train_network"),
    "training.climate": ("simulate_climate", "train_network"),
    "benchmark.*": ("benchmark", "benchmark_train", "benchmark_score"),
    "benchmark.device": ("benchmark_train", "benchmark_score"),
    "benchmark.threads": (),
}
# Keys whose chain the simulated scenes of a region's training follow, too.
CHAIN = (
    *("rates.height_correlated", "rates.plane", "rates.moving_sigma", "rates.min_coherence", "rates.pair_coherence"),
    *("rates.weighting", "rates.reference_mode", "rates.double_difference_km", "rates.average"),
    *("rates.atmosphere", "rates.atmosphere_km", "rates.atmosphere_days", "rates.fusion", "rates.fusion_percent"),
    *("sbas.weighting", "sbas.min_temporal_coherence"),
)
REACHES |= {name: (*REACHES[name], "simulate_climate") for name in CHAIN}


@dataclass(frozen=True)
class Need:
    """What must be set, so that a rule exists or a key is read.

    Attributes
    ----------
    text : str
        In the words of the configuration.
    is_met : callable
        Whether a configuration has it.
    """

    text: str
    is_met: Callable[[Config], bool]


def _one_of(key: str, *values: Any) -> Need:
    """A key that has one of some values."""
    words = ("[]" if value == () else str(value).lower() if isinstance(value, bool) else value for value in values)
    return Need(f"{key} = {' or '.join(words)}", lambda config: value_of(config, key) in values)


def _given(key: str, what: str = "set") -> Need:
    """A key that is not empty, none, false or zero."""
    return Need(f"{key} {what}", lambda config: bool(value_of(config, key)))


def _named(key: str) -> Need:
    """That a key itself names a file: it decides nothing where it names none."""
    return Need("a file that it names", lambda config: bool(value_of(config, key)))


def _any(*needs: Need) -> Need:
    """At least one of some needs."""
    text = " or ".join(dict.fromkeys(need.text for need in needs))
    return Need(text, lambda config: any(need.is_met(config) for need in needs))


def _engine_of(*rules: str) -> Need:
    return _one_of("engine", *(row.name for row in ENGINES.values() if set(rules) & set(row.rules)))


def _method_of(*rules: str) -> Need:
    return _one_of("rates.method", *(row.name for row in METHODS.values() if set(rules) & set(row.rules)))


def _cut_by_some_side(config: Config) -> bool:
    """Whether the side that is set, or the default, cuts the region."""
    grid = config.grid
    side_km = min(grid.frame_km, default_of("grid.frame_km"))
    return len(frames_of(grid.region_grid(), side_km, grid.frame_margin_km)) > 1


DEM_FILE = Need(
    "grid.dem or simulation.dem naming a file",
    lambda config: bool(
        config.simulation.dem and not dem_library.is_name(config.simulation.dem)
        if config.source == "simulated"
        else config.grid.dem and not dem_model(config)
    ),
)
SEVERAL = Need("grid.bounds of several frames", lambda config: config.grid.in_frames)
COMPARED = _given("evaluation.inventory")
NATIVE = _one_of("engine", "native")
PAIRED = _one_of("engine", *(row.name for row in ENGINES.values() if row.pairs))
SAFE, WINDOWS = _one_of("source", "safe"), _given("rates.windows")
ARCHIVE = (SAFE, _one_of("catalog.archive", "asf", "copernicus"))
PRESET = (_one_of("network.pairs", ()), _one_of("network.preset", "nearest"))
RETRIEVED, UNNAMED = _one_of("retrieve.sentinel2", True), _one_of("retrieve.sentinel2_granules", ())
STACKING = _any(_method_of("stack_rates"), WINDOWS)
# The averaged phase has the same zero as the rates of stacking.
ZERO = _any(_one_of("rates.method", "stacking", "averaging"), WINDOWS)
RATED = _one_of("rates.method", *WITH_RATES)
UNBIASED = _one_of("rates.phase_bias", "remove")
LINKED = _one_of("interferogram.linking", "evd", "emi")
UNWRAPPED = _any(RATED, _given("rates.dinsar"))

# Rules that not every region has, and what each needs; those of engines and methods stand in their
# tables.
EXISTS: dict[str, Need] = {
    "unwrap": _one_of("engine", *(row.name for row in ENGINES.values() if not row.unwraps)),
    **dict.fromkeys(SIMULATED, _one_of("source", "simulated")),
    "prepare_dem": Need("grid.dem naming a file", lambda config: bool(config.grid.dem and not dem_model(config))),
    "update_catalog": SAFE,
    "window_rates": WINDOWS,
    "link_dates": LINKED,
    "slant_delay": _given("rates.delays"),
    "rate_cycles": _given("rates.rate_cycles"),
    "pair_bias": UNBIASED,
    "retrieve_optical": RETRIEVED,
    "optical": _any(_given("optical.products"), RETRIEVED),
    "lithology": _given("lithology.file"),
    "compare_networks": _given("segmentation.beside"),
    "segment": Need("a network", lambda config: set(config.segmentation.maps) != {THRESHOLD}),
    THRESHOLD: Need(
        f"segmentation.method = {THRESHOLD}, or {THRESHOLD} in segmentation.beside",
        lambda config: THRESHOLD in config.segmentation.maps,
    ),
    **dict.fromkeys(ON_PRODUCT_GRID, _one_of("segmentation.grid", "product")),
    "smallest_speed": RATED,
    **dict.fromkeys(ACROSS, SEVERAL),
    "score_external": _any(_given("evaluation.inventory"), _given("evaluation.points")),
}

# What a key needs beside a rule that reads it, by key, or by `section.*` for its other keys.
NEEDS: dict[str, tuple[Need, ...]] = {
    "grid.dem": (Need("another source than simulated", lambda config: config.source != "simulated"),),
    "grid.dem_vertical": (DEM_FILE,),
    "grid.geoid_m": (DEM_FILE, _one_of("grid.dem_vertical", "orthometric")),
    "grid.frame_km": (Need("grid.bounds of several frames, here or by default", _cut_by_some_side),),
    "grid.frame_margin_km": (SEVERAL,),
    "simulation.*": (_one_of("source", "simulated"),),
    "catalog.archive": (SAFE,),
    "catalog.start": ARCHIVE,
    "catalog.end": ARCHIVE,
    "catalog.orbits": ARCHIVE,
    "catalog.gaps": ARCHIVE,
    "retrieve.product": ARCHIVE,
    **{f"retrieve.sentinel2_{word}": (UNNAMED,) for word in ("start", "end", "cloud", "scenes")},
    "network.preset": PRESET[:1],
    "network.season": PRESET[:1],
    "network.max_days": PRESET,
    "network.neighbours": PRESET,
    "segmentation.model": (_one_of("segmentation.method", "network"),),
    "segmentation.weights": (_one_of("segmentation.method", "network"),),
    "interferogram.*": (UNWRAPPED,),
    "interferogram.goldstein_alpha": (),
    "interferogram.coherence_window": (),
    "training.coco_file": (_one_of("training.start", "coco"),),
    "inventory.masks_column": (_given("inventory.masks"),),
    "inventory.without_frames": (
        Need("a region of several frames (grid.frame_km)", lambda config: config.grid.in_frames),
    ),
    "inventory.names_column": (_given("inventory.names"),),
    **{f"ground.{key}": (_named(f"ground.{key}"),) for key in ("masks", "land_cover", "exposure")},
    "ground.land_cover_legend": (_given("ground.land_cover"),),
    "inventory.names_m": (_given("inventory.names"),),
    "interferogram.goldstein_window": (
        _given("interferogram.goldstein_alpha", "above 0"),
        _one_of("interferogram.linking", "none"),
    ),
    "interferogram.linking": (NATIVE,),
    "interferogram.ministack": (NATIVE, LINKED),
    "rates.weighting": (STACKING,),
    "rates.paper_wavelength_m": (STACKING,),
    "rates.atmosphere": (STACKING,),
    "rates.atmosphere_km": (STACKING, _one_of("rates.atmosphere", "filter", "common_scene")),
    "rates.atmosphere_days": (STACKING, _one_of("rates.atmosphere", "filter")),
    "rates.loop_mask": (RATED,),
    "rates.rate_cycles": (RATED,),
    "rates.windows": (RATED,),
    "rates.series_polygons": (RATED,),
    "rates.reference_mode": (ZERO,),
    "rates.double_difference_km": (ZERO, _one_of("rates.reference_mode", "double_difference")),
    "inventory.min_rate_mm_per_yr": (RATED,),
    # Simulated scenes follow the method of the region.
    **dict.fromkeys(("sbas.weighting", "sbas.min_temporal_coherence"), (_method_of("sbas", "mintpy_step"),)),
    **dict.fromkeys(
        (
            f"evaluation.{key}"
            for key in ("layer", "name_column", "class_column", "complete", "match_iou", "min_area_km2")
        ),
        (COMPARED,),
    ),
    "evaluation.area": (COMPARED, _one_of("evaluation.complete", True)),
    "evaluation.seen_column": (_given("evaluation.points"),),
    **dict.fromkeys(("report.tiles_credit", "report.tiles_zoom"), (_given("report.tiles"),)),
}

# What decides pairs, or the way from pairs to rates. `rates.plane` and `rates.height_correlated`
# level frames, too.
OF_PAIRS = (
    *(f"network.{key}" for key in ("preset", "max_days", "neighbours", "season", "pairs")),
    *(f"interferogram.{key}" for key in type(Config.model_fields["interferogram"].default).model_fields),
    *(f"rates.{key}" for key in ("average", "average_weighting", "pair_coherence", "loop_mask", "rate_cycles")),
    *(
        f"rates.{key}"
        for key in ("weighting", "atmosphere", "atmosphere_km", "atmosphere_days", "delays", "phase_bias")
    ),
    *(f"rates.{key}" for key in ("reference_mode", "double_difference_km", "paper_wavelength_m", "windows", "dinsar")),
    *(f"rates.{key}" for key in ("phase_gradient", "fusion", "fusion_percent")),
)
NEEDS |= {name: (*NEEDS.get(name, NEEDS.get(f"{name.partition('.')[0]}.*", ())), PAIRED) for name in OF_PAIRS}


@cache
def key_names() -> tuple[str, ...]:
    """All keys, in the order of config.yaml.

    Returns
    -------
    tuple of str
        `key`, or `section.key`.
    """
    found: list[str] = []
    for name, field in Config.model_fields.items():
        inner = type(field.default).model_fields if isinstance(field.default, Section) else None
        found += [name] if inner is None else [f"{name}.{leaf}" for leaf in inner]
    return tuple(found)


def value_of(config: Config, name: str) -> Any:
    """Value of a key.

    Parameters
    ----------
    config : Config
        The configuration.
    name : str
        `key`, or `section.key`.

    Returns
    -------
    Any
        Its value.
    """
    return reduce(getattr, name.split("."), config)


def default_of(name: str) -> Any:
    """Value of a key that nobody has set.

    Parameters
    ----------
    name : str
        `key`, or `section.key`.

    Returns
    -------
    Any
        Its default.
    """
    section, _, leaf = name.rpartition(".")
    model = type(Config.model_fields[section].default) if section else Config
    return model.model_fields[leaf].default


@cache
def reached(name: str) -> tuple[str, ...]:
    """The rules whose parameters or inputs a key decides.

    Parameters
    ----------
    name : str
        The key.

    Returns
    -------
    tuple of str
        Rules, those that a loop makes under the name of their script; `EVERY`, `SCENES` or `PAIRS`
        in their place; empty for keys that say where and how fast a run is.
    """
    return _of_key(REACHES, name)


def _of_key(table: Mapping[str, Any], name: str) -> Any:
    """Row of a key, or that of the other keys of its section."""
    return table[name] if name in table else table[f"{name.partition('.')[0]}.*"]


@cache
def needs(name: str) -> tuple[Need, ...]:
    """All that must be set so that a key is read.

    Parameters
    ----------
    name : str
        The key.

    Returns
    -------
    tuple of Need
        Empty for a key that every region reads, and for one that says where and how fast a run is.
    """
    rules = reached(name)
    if not rules:
        return ()
    found = _of_key({f"{name.partition('.')[0]}.*": ()} | NEEDS, name)
    engines = {rule for row in ENGINES.values() for rule in row.rules} & set(rules)
    methods = {rule for row in METHODS.values() for rule in row.rules} & set(rules)
    some = [
        *([_engine_of(*engines)] if engines else []),
        *([_method_of(*methods)] if methods else []),
        *(EXISTS[rule] for rule in rules if rule in EXISTS),
    ]
    everywhere = set(rules) - engines - methods - set(EXISTS)
    exists = _any(*some)
    met = any(need.text in exists.text for need in found)  # one of its alternatives is needed anyway
    made = (*found, *([exists] if some and not everywhere and not met else []))
    # A key that brings its rule into being needs nothing else.
    return tuple({need.text: need for need in made if name not in need.text}.values())


def missing(config: Config, name: str) -> str:
    """What must be set so that a key is read.

    Parameters
    ----------
    config : Config
        The configuration.
    name : str
        The key.

    Returns
    -------
    str
        In the words of the configuration; empty for a key that is read, and for one that says
        where and how fast a run is.
    """
    return next((need.text for need in needs(name) if not need.is_met(config)), "")


def unread(config: Config, names: Iterable[str]) -> dict[str, str]:
    """The keys that are set to another value than their default, and that nothing reads.

    A default that follows from other keys may be written out.

    Parameters
    ----------
    config : Config
        The configuration.
    names : iterable of str
        Keys that somebody has set.

    Returns
    -------
    dict of str to str
        What each needs.
    """
    usual = {name: default_of(name) for name in names}
    usual |= {name: follow(config) for name, follow in FOLLOWS.items() if name in usual}
    set_here = [name for name, value in usual.items() if value_of(config, name) != value]
    return {name: need for name in set_here if (need := missing(config, name))}


def decides(config: Config, name: str, rules: Iterable[str]) -> bool:
    """Whether a key is read by one of some rules.

    Parameters
    ----------
    config : Config
        The configuration.
    name : str
        The key.
    rules : iterable of str
        Names of rules.

    Returns
    -------
    bool
        True for keys that decide everything, too.
    """
    return not missing(config, name) and bool({EVERY, *rules} & set(reached(name)))


def dem_model(config: Config) -> str:
    """The global DEM that a region downloads.

    Parameters
    ----------
    config : Config
        The configuration of the region.

    Returns
    -------
    str
        Name of the model, whose tiles lie at `retrieve.dem_<name>`; empty for a file of the user.
    """
    return config.grid.dem if f"retrieve.dem_{config.grid.dem}" in key_names() else ""
