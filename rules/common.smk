# Configuration, scene tables and pure functions on ids; no network, no clock, no listing of results.
import gc
import sys
from functools import cache

# The graph of a large region is some million objects that stay: the collector would walk them again and again for nothing.
gc.set_threshold(200_000, 20, 100)

for folder in ("src", "."):  # the library, and the studies beside it
    sys.path.insert(0, str((Path(workflow.basedir) / folder).resolve()))

from sarslide import names
from sarslide.catalog import scenes
from sarslide.config import existing, load, resolve
from sarslide.dataset.features import (
    PICTURE,
    channel_set,
    require_layers,
    stored_layers,
)
from sarslide.errors import SarslideError
from sarslide.workflow.fingerprint import fingerprint
from sarslide import network
from sarslide.inventory.identity import optional_inputs, release_digest, settings
from sarslide.io.atomic import check_writable
from sarslide.models import registry
from sarslide.models.weights import SIMULATED, packaged, read_card
from sarslide.io.sidecar import sha256
from sarslide.rates.mintpy import steps as mintpy
from sarslide.retrieve.dem_tiles import MODELS


def or_exit(work):
    """The result of `work`, or the end of Snakemake with the one coded line of what is wrong."""
    try:
        return work()
    except SarslideError as error:
        sys.exit(str(error))


CONFIG = or_exit(lambda: load(config))
SCENES = or_exit(lambda: scenes.table(CONFIG, Path("resources")))
for folder in ("resources", "results", "logs"):
    or_exit(lambda: check_writable(folder))

REGION, ENGINE, METHOD, MODEL = (
    CONFIG.region,
    CONFIG.engine,
    CONFIG.rates.method,
    CONFIG.segmentation.model,
)
GRID = CONFIG.grid.region_grid().to_dict()
# The engines that see samples, and so intensity.
WITH_AMPLITUDE = ENGINE in ("native", "isce2")

# The archive that acquisitions come from, and the global DEM; empty: folders and files of the user.
ARCHIVE = CONFIG.archive()
DEM_MODEL = CONFIG.grid.dem if CONFIG.grid.dem in MODELS else ""
DEM_RULE = "retrieve_dem" if DEM_MODEL else "prepare_dem"
CATALOG_SEARCH = (
    {
        "archive": ARCHIVE,
        "stacks": list(CONFIG.stacks),
        "start": CONFIG.catalog.start,
        "end": CONFIG.catalog.end,
        "polarisations": CONFIG.searched_polarisations(),
        "product": CONFIG.product(),
        "orbits": CONFIG.catalog.orbits,
    }
    if ARCHIVE
    else None
)
# How to reach archives, as resources: whole numbers and text.
RETRIEVE_ACCESS = {
    word: getattr(CONFIG.retrieve, word)
    for word in ("earthdata", "copernicus", "connections", "tries")
    + ("login_earthdata", "cookie_asf", "login_copernicus", "data_copernicus")
    + ("orbit_bucket", "orbit_listing")
} | {
    "timeout_s": str(CONFIG.retrieve.timeout_s),
    "pause_s": str(CONFIG.retrieve.pause_s),
    "orbit_sources": " ".join(CONFIG.retrieve.orbit_sources),
    "search_asf": CONFIG.catalog.search_asf,
    "search_copernicus": CONFIG.catalog.search_copernicus,
}

RESOURCES = f"resources/{REGION}"
RESULTS = f"results/{REGION}"
TRUTH = f"{RESOURCES}/truth"
STACK = f"{RESULTS}/{{stack}}/{ENGINE}"
RATES = f"{STACK}/{METHOD}"
SEGMENT = f"{RATES}/segment/{MODEL}"
LOGS = f"logs/{REGION}"
BENCHMARKS = f"{RESULTS}/benchmarks"
# The inventory, its releases beside it, stays on this machine when the rest lies in remote storage.
CURRENT = local(f"{RESULTS}/inventory/current.json")

GEOMETRY = [
    "incidence_deg",
    "heading_deg",
    "slant_range_m",
    "los_east",
    "los_north",
    "los_up",
    "layover_shadow",
]
TERRAIN = [
    "elevation_m",
    "slope_deg",
    "aspect_deg",
    "curvature_profile_per_m",
    "curvature_plan_per_m",
]
# Optional inputs (P3 2.2), by the folder of the results that holds them; a simulated region can always make them.
OPTIONAL = {
    "optical": [f"reflectance_b{band}" for band in ("02", "03", "04", "08")],
    "lithology": ["lithology"],
}
THERE = {
    room: named or CONFIG.source == "simulated"
    for room, named in optional_inputs(CONFIG).items()
}
AVERAGES = ["avg_phase_rad", "avg_phase_std_rad"]
RATE_LAYERS = [
    "phase_rate_rad_per_yr",
    "phase_rate_std_rad_per_yr",
    "los_rate_mm_per_yr",
    "los_rate_std_mm_per_yr",
    "los_rate_paper_sign_mm_per_yr",
    "mean_coherence",
    "pair_count",
    "stable_ground",
]


# What is resampled to the finer grid of the products, and where it lies.
RESAMPLED_LAYERS = [*AVERAGES, *RATE_LAYERS, *GEOMETRY, *TERRAIN, "probability"]
RESAMPLED = f"{RATES}/resampled"


# Leaf params that decide how pairs become rates, one word each as in the configuration.
RATE_SETTINGS = {
    word: getattr(CONFIG.rates, word)
    for word in ("height_correlated", "plane", "moving_sigma", "min_coherence")
    + ("pair_coherence", "reference", "reference_mode", "double_difference_km")
}
ATMOSPHERE = {
    word: getattr(CONFIG.rates, word)
    for word in ("atmosphere", "atmosphere_km", "atmosphere_days")
}


CLOSURE_LAYERS = [
    "closure_rms_rad",
    "closure_count",
    "unwrap_error_count",
    "loop_error_cycles",
]
LOOP_ERRORS = f"{STACK}/quality/loop_error_cycles.tif" if CONFIG.rates.loop_mask else []
BIAS_LAYERS = [
    "phase_bias_flag",
    "phase_bias_rate_rad_per_yr",
    "phase_bias_std_rad_per_yr",
]


# Rooms of rules after the pair.
ROOMS = ["terrain", "optional", "quality", "rates", "sbas", "products"]
ROOMS += ["segment", "inventory", "report", "resample", "factors", "dataset"]

# What decides the content of a release, by source and engine of the region.
SOURCE_RULES = {
    "simulated": ["simulate_world", "simulate_stack", "simulate_date"],
    "safe": [DEM_RULE],
    "files": [DEM_RULE],
    "hyp3": [DEM_RULE],
}
ENGINE_RULES = {
    "native": ["geocode_slc", "stack_geometry", "interferogram", "unwrap"],
    "isce2": ["isce2_dem", "isce2_prepare", "isce2_step", "isce2_geometry"]
    + ["isce2_interferogram", "unwrap"],
    "files": ["ingest_files"],
    "hyp3": ["hyp3_ingest", "hyp3_geometry"],
    "snap": ["snap_ingest", "snap_geometry"],
}
METHOD_RULES = {
    "stacking": ["stack_rates"],
    "sbas": ["sbas"],
    "mintpy": ["mintpy_load", "mintpy_step", "mintpy_read"],
}
COMMON_RULES = ["terrain", "average_phase", "segment", "candidates", "fuse", "release"]


def code(rule):
    """Fingerprint of the rule's script and of the modules it reaches: the rerun trigger for our own code."""
    return fingerprint(Path(workflow.basedir) / "workflow_scripts" / f"{rule}.py")


def page_digest():
    """Hashes of the report's templates and assets, which no fingerprint of code sees."""
    room = Path(workflow.basedir) / "src/sarslide/report"
    files = [*room.glob("templates/*"), *room.glob("assets/**/*")]
    return [sha256(path) for path in sorted(files) if path.is_file()]


def dates(stack):
    """Dates of a stack in order, from the scene table."""
    return SCENES.dates(stack)


def pairs(stack):
    """Pairs of a stack: the explicit list of the configuration, or those of the network's preset."""
    return list(CONFIG.network.pairs) or list(planned_pairs(stack))


@cache
def planned_pairs(stack):
    """Pairs of a stack by the network's preset."""
    plan = CONFIG.network
    return network.choose_pairs(
        dates(stack), plan.preset, plan.max_days, plan.neighbours, SCENES.orbits(stack)
    )


def check_network():
    """End of Snakemake with one coded line for scenes or networks that cannot give the rates; warnings for the rest."""
    or_exit(SCENES.check)
    plan = CONFIG.network
    for stack in CONFIG.stacks:
        found = or_exit(
            lambda: network.check(
                stack, dates(stack), pairs(stack), METHOD, plan.preset, plan.max_days
            )
        )
        for warning in found:
            print(f"warning: {warning}", file=sys.stderr)


def pairs_ending(stack, later):
    """Pairs whose later date is `later`: the work that an acquisition brings."""
    return pairs_by_later(stack).get(later, [])


@cache
def pairs_by_later(stack):
    """Pairs of a stack by their later date."""
    found = {}
    for pair in pairs(stack):
        found.setdefault(names.split_pair(pair)[1], []).append(pair)
    return found


def window_pairs(stack, window):
    """Pairs of a stack with both dates inside a window of the configuration."""
    first, last = CONFIG.rates.windows[window]
    return [
        pair
        for pair in pairs(stack)
        if first <= min(names.split_pair(pair)) and max(names.split_pair(pair)) <= last
    ]


def later_dates(stack):
    """Dates that end at least one pair."""
    return sorted({names.split_pair(pair)[1] for pair in pairs(stack)})


def slc_folder(stack, date):
    """Folder with one SAFE and its orbit file."""
    return f"{RESOURCES}/slc/{stack}/{date}"


def memory(fixed_mb, bytes_per_cell=0):
    """MB of a job that holds some layers of the region, by attempt: one that ran out of memory gets more the next time."""
    needed = fixed_mb + int(GRID["rows"] * GRID["cols"] * bytes_per_cell) // 2**20
    return lambda wildcards, attempt: attempt * needed


def minutes(fixed, us_per_cell=0, layers=1):
    """Minutes of a job, by attempt: a fixed part, and ten times the CPU microseconds that a cell of a layer took (docs/validation.md).

    layers: how many the job works on, or a function of the stack that lists them: `dates`, `pairs`.
    """
    million_cells = GRID["rows"] * GRID["cols"] / 1e6

    def limit(wildcards, attempt):
        count = layers if isinstance(layers, int) else len(layers(wildcards.stack))
        return attempt * (fixed + int(10 * us_per_cell * million_cells * count / 60))

    return limit


def of_stack(stack, *parts):
    """Path below the results of a stack."""
    return "/".join((STACK.format(stack=stack), *parts))


def ifg(stack, wanted, kind):
    """Files of one kind (`wrapped_rad.tif`, `json` ...) for a list of pairs."""
    return [of_stack(stack, "ifg", f"{pair}.{kind}") for pair in wanted]


def layers_of(folder, layers):
    """Raster paths of named layers in a folder, keyed by layer."""
    return {layer: f"{folder}/{layer}.tif" for layer in layers}


def every(pattern):
    """One path a stack, in the order of the stacks."""
    return expand(pattern, stack=CONFIG.stacks)


def own(path):
    """A file of the user or of this package: it stays where it is when the rest lies in remote storage."""
    return local(path) if path else path


def weights_file():
    """The network's weights: the configured file or the packaged one of that name."""
    return own(
        or_exit(lambda: resolve(CONFIG.segmentation.weights) or str(packaged(MODEL)))
    )


def optional_layers():
    """Paths of the optional inputs that the region has, by layer."""
    return {
        layer: path
        for room, layers in OPTIONAL.items()
        if THERE[room]
        for layer, path in layers_of(f"{RESULTS}/{room}", layers).items()
    }


@cache
def optional_inputs_of_weights():
    """Paths of the optional inputs that the region has and the network's weights read, by layer."""
    there = optional_layers()
    if not there:
        return {}
    channels = or_exit(lambda: read_card(weights_file()))["channels"]
    return {name: there[name] for name in stored_layers(channels) if name in there}


@cache
def label_file():
    """The labelled polygons of this region, read once: what is wrong with them is told before any track is made."""
    from sarslide.dataset.labels import Reading, read_polygons

    if not CONFIG.training.labels:
        sys.exit(
            "E1001 config: training.labels is empty; cure: name a vector file of labelled landslides"
        )
    path = or_exit(lambda: existing("training.labels", CONFIG.training.labels))
    words = ("layer", "class_column", "classes", "confidence_column", "min_confidence")
    reading = Reading(*(getattr(CONFIG.dataset, word) for word in words))
    or_exit(lambda: read_polygons(path, CONFIG.grid.region_grid(), reading))
    return own(path)


def labelled_area(wildcards):
    """What was looked at by the one who labelled, as a list: empty where that is the whole region."""
    area = CONFIG.dataset.area
    return [own(or_exit(lambda: existing("dataset.area", area)))] if area else []


def extra_layers(channels, key):
    """Paths of the optional inputs that channels read, by layer; the end of Snakemake where the region has no such layer."""
    there, needed = optional_layers(), stored_layers(channels)
    fused = (
        [PICTURE] if WITH_AMPLITUDE else []
    )  # made from phase and intensity when a scene is read
    lost = [name for name in needed if name not in (*TRACK_LAYERS, *there, *fused)]
    if lost:
        sys.exit(
            f"E1001 config: {key} needs {', '.join(lost)}, which this region does not have;"
            " cure: choose other channels, or an engine and inputs that deliver them"
        )
    return {name: there[name] for name in needed if name in there}


def fitting_weights(stack):
    """The network's weights, whose channels the run of this track delivers."""
    path = weights_file()
    there = (*SEGMENT_LAYERS, *optional_inputs_of_weights(), *picture_of_weights(stack))
    or_exit(lambda: require_layers(read_card(path)["channels"], there, path))
    return path


def weights_read_picture():
    """Whether the network's weights read the fused picture of phase and intensity."""
    return PICTURE in stored_layers(
        or_exit(lambda: read_card(weights_file()))["channels"]
    )


def picture_of_weights(stack):
    """The fused picture of a track, by its layer, where the network's weights read it and the engine sees intensity."""
    if not (weights_read_picture() and WITH_AMPLITUDE):
        return {}
    if CONFIG.rates.fusion != "hsv":
        sys.exit(
            f"E1001 config: rates.fusion = {CONFIG.rates.fusion}, but the network's weights read hsv; cure: set it to hsv"
        )
    return {PICTURE: of_stack(stack, "averaging", f"{PICTURE}.tif")}


@cache
def instance_layer():
    """The raster of single objects by its layer: of a network that finds them, else none."""
    try:
        network = read_card(weights_file())["network"]
        single = registry.kind(network) == registry.INSTANCE
    except SarslideError:
        return {}  # the job that reads the weights says what is wrong with them
    return {"instances": f"{SEGMENT}/instances.tif"} if single else {}


def review_file():
    """The reviewer's file as a list: empty where there is none."""
    named = or_exit(lambda: resolve(CONFIG.inventory.review))
    path = Path(named or f"{RESOURCES}/review.csv")
    return [own(str(path))] if path.is_file() or CONFIG.inventory.review else []


def release_id():
    """`<last date>-<8 hex>`: scenes used, configuration, code, weights and review (DESIGN 5)."""
    words = [
        *SOURCE_RULES[CONFIG.source],
        *ENGINE_RULES[ENGINE],
        *METHOD_RULES[METHOD],
        *(["closure"] if CONFIG.rates.loop_mask else []),
        *optional_rules(),
        *COMMON_RULES,
    ]
    upstream = {word: code(word) for word in words}
    digest = release_digest(
        CONFIG, SCENES.rows(), upstream, weights_file(), review_file()
    )
    return names.release_name(max(max(dates(stack)) for stack in CONFIG.stacks), digest)


def optional_rules():
    """Rules of the inputs that only some networks read."""
    read = optional_inputs_of_weights()
    picture = ["fuse_phase"] if weights_read_picture() else []
    return picture + [
        room if optional_inputs(CONFIG)[room] else f"simulate_{room}"
        for room, layers in OPTIONAL.items()
        if set(layers) & set(read)
    ]


def granules_of(stack, date):
    """What the scene table says of the granules of a date, as far as it decides what is downloaded."""
    words = ("granule", "bytes", "checksum", "orbit_file", "start_utc", "stop_utc")
    return [{word: row[word] for word in words} for row in rows_by_date()[stack, date]]


def addresses_of(stack, date):
    """Where the granules of a date lie, in the same order."""
    return " ".join(row["address"] for row in rows_by_date()[stack, date])


@cache
def rows_by_date():
    """Rows of the scene table by stack and date."""
    found = {}
    for row in SCENES.rows():
        found.setdefault((row["stack"], row["date"]), []).append(row)
    return found


def dem_file():
    """The DEM file of a real region."""
    return own(or_exit(lambda: resolve(CONFIG.grid.dem)))


def final_products():
    """What a run makes: the pointer to the release, the report, and scores where the truth is known."""
    check_network()
    scores = [f"{RESULTS}/report/scores.json"] if CONFIG.source == "simulated" else []
    return [
        CURRENT,
        f"{RESULTS}/report/report.html",
        *scores,
        *quality_products(),
        *asked_products(),
    ]


def quality_products():
    """Of every stack: the plot of its network, the closure of its pairs, its phase bias."""
    return [
        of_stack(stack, "quality", name)
        for stack in CONFIG.stacks
        for name in ("network.png", "closure.json", "phase_bias.json")
    ]


def series_polygons(wildcards):
    """The polygons that get a time series: the current release, or the file of the configuration."""
    if wildcards.source == "inventory":
        return CURRENT
    if not CONFIG.rates.series_polygons:
        sys.exit(
            "E1001 config: rates.series_polygons is empty; cure: name a vector file"
        )
    return own(or_exit(lambda: resolve(CONFIG.rates.series_polygons)))


def asked_products():
    """What the configuration asks for beside the inventory: windows, D-InSAR maps, time series."""
    rates = CONFIG.rates
    windows = [
        of_stack(stack, "windows", window, "los_rate_mm_per_yr.tif")
        for stack in CONFIG.stacks
        for window in rates.windows
    ]
    known = {stack: set(pairs(stack)) for stack in CONFIG.stacks}
    maps = [
        of_stack(stack, "dinsar", f"{pair}.{kind}")
        for stack in CONFIG.stacks
        for pair in rates.dinsar
        if pair in known[stack]
        for kind in ("los_displacement_mm.tif", "dinsar_figure.png")
    ]
    if missing := sorted(set(rates.dinsar) - set().union(*known.values())):
        sys.exit(
            f"E1001 config: rates.dinsar names {', '.join(missing)}, which no stack has; "
            "cure: name pairs of the network, or list them in network.pairs"
        )
    series = every(f"{RATES}/series/polygons.csv") if rates.series_polygons else []
    finer = (
        every(f"{RESAMPLED}/resample_products.json") if CONFIG.grid.product_m else []
    )
    return [*windows, *maps, *series, *finer]
