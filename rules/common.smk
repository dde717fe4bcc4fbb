# Configuration, scene table and graph of the region, and the few helpers that rules share; no
# network, no clock, no results.
import gc
import logging
import sys

# The graph of a large region is some million objects that stay: the collector would walk them again
# and again for nothing.
gc.set_threshold(20_000, 20, 100)

from sarslide import layers, names
from sarslide.catalog import scenes
from sarslide.config import existing, load, resolve
from sarslide.inventory import records
from sarslide.io import fence
from sarslide.io.atomic import check_writable
from sarslide.network import dates_of
from sarslide.workflow import (
    console,
    frame_calls,
    frame_size,
    history,
    migration,
    rule_graph,
    scheduling,
)
from sarslide.workflow.fingerprint import fingerprint
from sarslide.workflow.frame_records import FrameRecords
from sarslide.workflow.graph import OPTIONAL, Graph
from sarslide.workflow.network_inputs import NetworkInputs
from sarslide.workflow.paths import layer_files
from sarslide.workflow.training_inputs import TrainingInputs, simulated_chain
from sarslide.config.reach import dem_model
from sarslide.workflow.release_id import dem_addresses, retrieve_access

CONFIG = or_exit(lambda: load(config))
SCENES = or_exit(lambda: scenes.table(CONFIG, Path("resources")))
for folder in ("resources", "results", "logs"):
    or_exit(lambda: check_writable(folder))

SCRIPTS = Path(workflow.basedir) / "workflow_scripts"
GRAPH = Graph(CONFIG, SCENES, SCRIPTS)
NETWORK, LEARNT = NetworkInputs(GRAPH), TrainingInputs(GRAPH)

RESOURCES, RESULTS, TRUTH = (
    GRAPH.paths.resources,
    GRAPH.paths.results,
    GRAPH.paths.truth,
)
STACK, RATES, SEGMENT = GRAPH.paths.stack, GRAPH.paths.rates, GRAPH.paths.segment
NETWORKS, RESAMPLED = GRAPH.paths.networks, GRAPH.paths.resampled
TERRAIN, SPEEDS = GRAPH.paths.terrain, GRAPH.paths.smallest_speed
EAST_UP = GRAPH.paths.east_up
FACTORS = GRAPH.map_of(f"{RATES}/factors")
LOGS, BENCHMARKS = f"logs/{CONFIG.region}", f"{RESULTS}/benchmarks"
OUTGROWN = []
# The inventory, its releases beside it, stays on this machine when the rest lies in remote storage.
RELEASED = local(f"{RESULTS}/inventory/{records.MADE}")

if workflow.is_main_process:
    or_exit(lambda: migration.check_format(Path(RESULTS)))
    OUTGROWN = or_exit(lambda: frame_size.check(Path(RESULTS), CONFIG))
    if CONFIG.joined:
        or_exit(lambda: FrameRecords(GRAPH).check_joined())
    or_exit(lambda: records.restore(Path(RESULTS) / "inventory"))
    console.announce(RESULTS)
else:
    # Before Snakemake removes the old outputs of a job that waited in a cluster's queue for too long.
    or_exit(fence.check)

# Keys that decide how pairs become rates.
RATE_KEYS = (
    *("height_correlated", "plane", "moving_sigma", "min_coherence", "pair_coherence"),
    *("weighting", "reference", "reference_mode", "double_difference_km"),
    *("atmosphere", "atmosphere_km", "atmosphere_days", "paper_wavelength_m"),
)
# Those that take the reference area that is named; the others choose their own.
REFERENCE_FRAMES = CONFIG.reference_frames()
PAIR_BIAS = f"{STACK}/bias"
DELAY = f"{STACK}/delays/{{date}}.slant_delay_mm.tif"
# Cycles by which pairs are wrong: the cells that fail to close are left out, or all are corrected by the rate.
LOOP_ERRORS = f"{STACK}/quality/loop_error_cycles.tif" if CONFIG.rates.loop_mask else []
if CONFIG.rates.rate_cycles:
    LOOP_ERRORS = f"{STACK}/quality/rate_error_cycles.tif"


RETRIEVE_ACCESS = retrieve_access(CONFIG)


def code(rule):
    """Parameter: fingerprint of the rule's script and of the modules it reaches, the rerun trigger for our own code."""
    return lambda wildcards: fingerprint(SCRIPTS / f"{rule}.py")


def rate_settings(rule):
    """Leaf params: the keys of `rates` that a rule reads; the named reference area in the frames that hold it."""
    found = GRAPH.leaves("rates", *RATE_KEYS, rule=rule)
    if "reference" in found:
        found["reference"] = lambda wildcards: (
            CONFIG.rates.reference if wildcards.frame in REFERENCE_FRAMES else None
        )
    return found


def dates(wildcards):
    """Dates of the job's stack."""
    return GRAPH.dates(wildcards.stack)


def pairs(wildcards):
    """Pairs of the job's stack, or of its window."""
    return GRAPH.pairs(wildcards.stack, wildcards.get("window"))


def pair_inputs(*kinds):
    """Input function for `unpack`: the files of these kinds of all pairs of the job's stack, or of its window."""
    return lambda wildcards: GRAPH.pair_inputs(
        kinds, wildcards.stack, wildcards.frame, wildcards.get("window")
    )


def corrected_pairs(*kinds):
    """Input function for `unpack`: the same, and what is taken off them: delays of their dates (`rates.delays`), phase
    bias (`rates.phase_bias`)."""

    def found(wildcards):
        files = pair_inputs(*kinds)(wildcards)
        if CONFIG.rates.delays:
            days = dates_of(pairs(wildcards))
            files |= pair_inputs("sidecars")(wildcards)
            files |= {"delays": [fill(DELAY, wildcards, date=day) for day in days]}
        return files | bias_files(wildcards)

    return found


def bias_files(wildcards):
    """Phase bias of the pairs of the job's stack and its error, with `rates.phase_bias`."""
    if CONFIG.rates.phase_bias == "keep":
        return {}
    return filled(layer_files(PAIR_BIAS, layers.PAIR_BIAS), wildcards)


# What every rule reads that makes rates of unwrapped pairs.
unwrapped_pairs = corrected_pairs("unwrapped", "conncomp", "coherence", "sidecars")


def files_of(kind):
    """Patterns of the files of one kind of all listed pairs, for engines that ingest them in one job."""
    return GRAPH.paths.pair_files("{stack}", "{frame}", SCENES.pairs, kind)


def fill(pattern, wildcards, **more):
    """A path pattern with the wildcards of the job filled in, or others in their place."""
    return pattern.format(**(dict(wildcards.items()) | more))


def filled(patterns, wildcards):
    """Path patterns by name with the wildcards of the job filled in."""
    return {name: fill(path, wildcards) for name, path in patterns.items()}


def maps_of(patterns):
    """Path patterns of the layers of a frame -> of those of the whole region."""
    return {name: GRAPH.map_of(path) for name, path in patterns.items()}


def of_rates(what, **patterns):
    """Input function for `unpack`: files that `what` reads of the rates; the end of Snakemake where the method makes none."""

    def found(wildcards):
        or_exit(lambda: GRAPH.require_rates(what))
        return filled(patterns, wildcards)

    return found


def of_all_dates(pattern):
    """Input function: the files of all dates of the job's stack. pattern: with `{date}`."""
    return lambda wildcards: [
        fill(pattern, wildcards, date=date) for date in dates(wildcards)
    ]


def of_both_dates(pattern):
    """Input function: the files of the two dates of the job's pair. pattern: with `{date}`."""
    return lambda wildcards: [
        fill(pattern, wildcards, date=date) for date in names.split_pair(wildcards.pair)
    ]


def cell_grid(wildcards):
    """Parameter: the grid of the job's frame with its margin, or of the region, as leaves."""
    return GRAPH.grid(wildcards.get("frame")).to_dict()


def product_grid(wildcards):
    """The same with the cells of the final products."""
    return GRAPH.product_grid(wildcards.get("frame")).to_dict()


def network_grid(wildcards):
    """The same with the cells that networks read."""
    return GRAPH.network_grid(wildcards.get("frame")).to_dict()


def million_cells(grid, wildcards):
    """Cells of a grid of the job."""
    leaves = grid(wildcards)
    return leaves["rows"] * leaves["cols"] / 1e6


def memory(fixed_mb, bytes_per_cell=0, grid=cell_grid, bytes_per_layer=0, layers=None):
    """MB of a job that holds some layers, by attempt: one that ran out of memory gets more the next time.

    layers: function of the wildcards that lists further layers, of `bytes_per_layer` a cell each.
    """

    def needed(wildcards, attempt):
        further = bytes_per_layer * len(layers(wildcards)) if layers else 0
        layers_mb = (
            million_cells(grid, wildcards) * (bytes_per_cell + further) * 1e6 / 2**20
        )
        return attempt * (fixed_mb + int(layers_mb))

    return needed


def minutes(fixed, us_per_cell=0, layers=1, grid=cell_grid):
    """Minutes of a job, by attempt: a fixed part, and ten times the measured CPU microseconds of a cell of a layer.

    layers: how many the job works on, or a function of the wildcards that lists them: `dates`, `pairs`.
    """

    def limit(wildcards, attempt):
        count = layers if isinstance(layers, int) else len(layers(wildcards))
        cells = million_cells(grid, wildcards)
        return attempt * (fixed + int(10 * us_per_cell * cells * count / 60))

    return limit


def one_of(words):
    """Wildcard constraint: one of some words, or nothing where there are none."""
    return "|".join(words) or "(?!)"


def own(path):
    """A file of the user or of this package: it stays where it is when the rest lies in remote storage."""
    return local(path) if path else path


def final_products():
    """What a run makes; the end of Snakemake for networks that cannot give the rates, warnings for the rest."""
    or_exit(lambda: frame_calls.check_size(GRAPH))
    scheduling.stop_before_joining(workflow, CONFIG)
    since = or_exit(
        lambda: history.found(Path(), CONFIG.region, lambda: release_id(None))
    )
    for warning in [*or_exit(GRAPH.check_network), *since, *OUTGROWN]:
        console.tell(f"warning: {warning}", logging.WARNING)
    or_exit(refuse_older_dates)
    return [RELEASED, *or_exit(GRAPH.final_products)]
