# Input functions and parameters of single rule files, by file. What is wrong ends Snakemake with
# its one coded line.
import re

from sarslide.config import reach
from sarslide.dataset.features import channel_set
from sarslide.io.hashes import sha256
from sarslide.models import registry
from sarslide.preflight import checks
from sarslide.rates.delays import folder as delays
from sarslide.preflight.finding import ERROR, WARNING, as_text, errors
from sarslide.workflow.location import PACKAGE
from sarslide.workflow.release_id import settings

# preflight.smk
IN_CONDA = bool(workflow.deployment_settings.deployment_method)
# What no job could make good; the rest of what is found is printed, and the run goes on.
FATAL = ("input", "DEM", "weights", "unwrapper", "tool")
READ_WEIGHTS = ("segment", "segment_instances")


def first_checks():
    """Print what the checks without a network find; the end of Snakemake for what no job can make good.

    `sarslide preflight` prints them itself, with those of the network. A search needs none of them, nor does a training
    from simulated scenes, which reads nothing of the region; what maps nothing needs no weights.
    """
    targets = set(workflow.dag_settings.targets)
    trains = bool(targets) and targets <= {"train", *LEARNT.trained}
    if targets in ({"preflight"}, {"update_catalog"}) or trains and not OWN_LABELS:
        return
    found = checks.of_region(CONFIG, conda=IN_CONDA)
    if not any(job.rule.name in READ_WEIGHTS for job in workflow.dag.jobs):
        found = [one for one in found if not one.check.startswith("weights")]
    wrong = [one for one in found if one.level in (ERROR, WARNING)]
    console.tell(as_text(wrong, "preflight"))
    fatal = [
        f"{one.code} {one.found}; cure: {one.cure}"
        for one in errors(wrong)
        if one.check.startswith(FATAL)
    ]
    if SCENES.ready and fatal:
        sys.exit("\n".join(fatal))


def bring_start():
    """Weights that training starts from are downloaded, or missed, before the first job, not after the scenes."""
    trains = any(
        job.rule.name == "train_network" for job in workflow.dag.needrun_jobs()
    )
    if trains and not IN_CONDA:
        or_exit(LEARNT.bring_start)


# engines/native.smk and linking.smk
def linked_phases(wildcards):
    """The linked phases of the two dates of a pair; nothing where dates are not linked."""
    linked = GRAPH.links(wildcards.stack)
    held = GRAPH.ministacks(wildcards.stack).of_pair(wildcards.pair) if linked else []
    paths = [
        fill(f"{STACK}/linked/{{ministack}}.linked_rad.tif", wildcards, ministack=name)
        for name in held
    ]
    return {"linked": paths} if paths else {}


def linked_inputs(wildcards):
    """The dates of a mini-stack after those linked once more, the first date of the stack, whose bursts count as even, and the mini-stacks before."""
    plan = GRAPH.ministacks(wildcards.stack)
    parts, again = plan.parts, plan.again(wildcards.ministack)
    earlier = [name for name in parts if name < wildcards.ministack]
    dates = [*again, *parts[wildcards.ministack]]
    return {
        "gslc": [
            fill(f"{STACK}/gslc/{{date}}.tif", wildcards, date=date) for date in dates
        ],
        "sidecars": [
            fill(f"{STACK}/gslc/{{date}}.json", wildcards, date=date)
            for date in [next(iter(parts)), *dates]
        ],
        "compressed": [
            fill(f"{STACK}/linked/{{ministack}}.gslc.tif", wildcards, ministack=name)
            for name in earlier
        ],
    }


# rates.smk
def delay_files(wildcards):
    """The user's files of the delays of the job's date, of one time or several."""
    folder = or_exit(lambda: existing("rates.delays", CONFIG.rates.delays))
    paths = or_exit(lambda: delays.listed(Path(folder), wildcards.stack))
    epochs = or_exit(lambda: delays.epochs_of(paths, wildcards.date))
    return {
        "files": [own(str(path)) for epoch in epochs for path in epoch.paths],
        "about": time_record(wildcards) if len(epochs) > 1 else [],
    }


def time_record(wildcards):
    """Record of the first pair of the job's date: it has the time of the acquisition."""
    of_date = [
        pair
        for pair in GRAPH.pairs(wildcards.stack)
        if wildcards.date in names.split_pair(pair)
    ]
    return GRAPH.paths.pair_files(
        wildcards.stack, wildcards.frame, of_date[:1], "sidecars"
    )


# maps.smk
def rates_of_frame(what, **patterns):
    """Input function for `unpack`: files that `what` reads of the rates of all stacks that see the job's frame."""

    def found(wildcards):
        or_exit(lambda: GRAPH.require_rates(what))
        stacks = GRAPH.stacks_of(wildcards.frame)
        return {
            name: [fill(path, wildcards, stack=stack) for stack in stacks]
            for name, path in patterns.items()
        }

    return found


def inputs_of_network(wildcards):
    """The layers that the job's network reads of its stack and frame, and the user's weights."""
    found = filled(or_exit(lambda: NETWORK.inputs_of(wildcards.model)), wildcards)
    weights = or_exit(lambda: NETWORK.networks[wildcards.model].own_weights)
    return found | {"weights": [own(path) for path in weights]}


def own_weights(wildcards):
    """The user's weights file as a list; packaged and trained ones are no input, their hash is a parameter."""
    return [own(path) for path in or_exit(lambda: NETWORK.main.own_weights)]


def network_parameter(wildcards):
    """Name, path and hash of weights that are no input: of the job's network, or of that of the inventory."""
    network = NETWORK.networks[wildcards.get("model", NETWORK.main.name)]
    return or_exit(lambda: network.parameter)


# mosaics.smk
FOLDER = "[a-z0-9_]+(?:/[a-z0-9_.]+)*"
LEVELLED = ("los_rate_mm_per_yr", "phase_rate_rad_per_yr")


def frames_of_job(wildcards):
    """Frames that the job's stack sees; that any stack sees, for a job of none."""
    stacks = [wildcards.stack] if wildcards.get("stack") else CONFIG.stacks
    seen = (frame for stack in stacks for frame in GRAPH.frames_of(stack))
    return list(dict.fromkeys(seen))


def of_frames(pattern):
    """Input function: the files of a pattern in all frames of the job."""
    return lambda wildcards: [
        fill(pattern, wildcards, frame=frame) for frame in frames_of_job(wildcards)
    ]


def frame_grids(wildcards):
    """Parameter: grids of the frames of the job, with and without their margins, as leaves."""
    return {name: GRAPH.frame(name).to_dict() for name in frames_of_job(wildcards)}


def level_reference(wildcards):
    """Parameter: frames of the job whose reference area is the named one; none where each cell has a zero of its own."""
    window = wildcards.folder.startswith("windows/")
    made_by = (
        "window_rates" if window else (GRAPH.method.rules or GRAPH.engine.rules)[0]
    )
    read = GRAPH.leaves("rates", "reference_mode", rule=made_by)
    mode = read.get("reference_mode")
    frames = () if mode == "double_difference" else frames_of_job(wildcards)
    return [frame for frame in frames if frame in REFERENCE_FRAMES]


def wavelength_record(stack, frame):
    """A record that states the wavelength: that of the first pair, or of the product."""
    if not GRAPH.engine.pairs:
        return [f"{RATES}/ingest_displacement.json".format(stack=stack, frame=frame)]
    return GRAPH.paths.pair_files(stack, frame, GRAPH.pairs(stack)[:1], "sidecars")


def mosaic_inputs(wildcards):
    """The layer of each frame; of rates also what levels them, heights of the same cells, and a record of the wavelength."""
    found = {"layer": of_frames(f"{STACK}/{{folder}}/{{file}}.tif")(wildcards)}
    if wildcards.file not in LEVELLED:
        return found | {"levels": [], "elevation": [], "records": []}
    folder, heights = Path(wildcards.folder), TERRAIN
    if folder.name == "resampled":
        ground = GRAPH.paths.product_ground("terrain")
        folder = folder.parent
        heights = ground if GRAPH.finer_networks else RESAMPLED
    frame, record = frames_of_job(wildcards)[0], []
    if wildcards.file != LEVELLED[0]:
        record = wavelength_record(wildcards.stack, frame)
    return found | {
        "levels": [
            fill(f"{MOSAIC}/{{folder}}/level_frames.json", wildcards, folder=folder)
        ],
        "elevation": of_frames(f"{heights}/elevation_m.tif")(wildcards),
        "records": record,
    }


# inventory.smk
def ground_files(masking=False):
    """Inputs of ground of the user: by name the file, and those beside it that it consists of."""
    found = or_exit(lambda: GRAPH.ground_files(masking))
    return {name: [own(path) for path in paths] for name, paths in found.items()}


def weights_record(wildcards):
    """Name and hash of the weights' file."""
    return or_exit(lambda: NETWORK.main.weights_record)


def used_settings(wildcards):
    """The leaves of the configuration that the release follows from."""
    return or_exit(
        lambda: settings(CONFIG, GRAPH.upstream_rules(NETWORK.optional_rules()))
    )


def release_id(wildcards):
    """Name of the release that this run makes."""
    return or_exit(
        lambda: GRAPH.release_id(
            NETWORK.main.weights_record["sha256"], NETWORK.optional_rules()
        )
    )


def refuse_older_dates():
    """Stop before any job where the region has a release with later dates, which the job would refuse."""
    if not CONFIG.inventory.allow_older:
        releases = Path(RESULTS) / "inventory" / records.RELEASES
        dates = {stack: GRAPH.dates(stack) for stack in CONFIG.stacks}
        records.refuse_older(releases, release_id(None), dates)


def series_pairs(wildcards):
    """The pairs of the job's stack, where no series of every cell stands for them."""
    or_exit(lambda: GRAPH.require_rates("series"))
    return {} if GRAPH.method.has_series else unwrapped_pairs(wildcards)


# report.smk
FLOW = f"{RESULTS}/report/flow.json"


def shown_settings(wildcards):
    """The same, and those that acquisitions and pairs follow from."""
    rules = or_exit(lambda: GRAPH.upstream_rules(NETWORK.optional_rules()))
    return settings(CONFIG, [*rules, reach.SCENES, reach.PAIRS])


def paper_inputs(wildcards):
    """What only the figures of a paper show, as far as the region makes it anyway."""
    # What is refused of a whole run is refused of the target `report`, before any of its inputs is planned.
    or_exit(lambda: frame_calls.check_size(GRAPH))
    if not CONFIG.paper:
        return {}
    read = or_exit(lambda: NETWORK.inputs_of(NETWORK.main.name))
    ground = [layer for layer in (*layers.OPTICAL, "lithology") if layer in read]
    rates = {"phase_rate": GRAPH.maps(f"{RATES}/phase_rate_rad_per_yr.tif")}
    return {layer: GRAPH.map_of(read[layer]) for layer in ground} | (
        rates if GRAPH.method.has_rates else {}
    )


def ranked_stacks():
    """Stacks whose factors were ranked; the target `factors` does it, and then they are kept up to date."""
    return [
        stack
        for stack in filter(GRAPH.frames_of, CONFIG.stacks)
        if Path(f"{FACTORS}/factors.json".format(stack=stack)).is_file()
    ]


def made_factors(wildcards):
    """Tables and figures of the factors, of the stacks where there are any."""
    names = {
        "factors": "factors.json",
        "heat_maps": "correlation.png",
        "bars": "importance.png",
    }
    return {
        key: [f"{FACTORS}/{name}".format(stack=stack) for stack in ranked_stacks()]
        for key, name in names.items()
    }


def made_series(wildcards):
    """Tables of series of the objects (sarslide series), of the stacks where there are any, in a release without."""
    table = f"{GRAPH.map_of(RATES)}/series/inventory.csv"
    tables = [table.format(stack=stack) for stack in CONFIG.stacks]
    made = [path for path in tables if Path(path).is_file()]
    return {"series": [] if GRAPH.method.has_series else made}


def page_digest():
    """Hashes of the report's templates and assets and of the papers' data, which no fingerprint of code sees."""
    patterns = ("report/templates/*", "report/assets/**/*", "papers/*.yaml")
    files = [path for pattern in patterns for path in PACKAGE.glob(pattern)]
    return [sha256(path) for path in sorted(files) if path.is_file()]


# learn.smk
DATASET = f"{RATES}/dataset"
TRAINING = "results/training"
CLIMATE_SCENES = f"{RESULTS}/training/scenes"
SEEDS = {"train": CONFIG.training.seeds, "validation": CONFIG.training.validation_seeds}
OWN_LABELS = bool(CONFIG.training.labels)
# Of one network: its name, and what tells its trainings apart.
LEARNT_FOLDER = f"{LEARNT.folder}/{{network}}.{{variant}}"


def learnt(name):
    """A file of a training. `segment` and the report read it by its path: it stays on this machine beside remote storage."""
    return local(f"{LEARNT_FOLDER}/{name}")


def extra_layers(wildcards):
    """Optional inputs that `train` and `coco_export` read, of the job's stack and frame."""
    wanted = {
        "training": or_exit(LEARNT.learnt_channels),
        "dataset.channels": or_exit(lambda: channel_set(CONFIG.dataset.channels)),
    }
    found = {}
    for key, channels in wanted.items():
        found |= or_exit(lambda: NETWORK.extra_layers(channels, key))
    return filled(found, wildcards)


def labelled_area(wildcards):
    """The area that the annotator looked at, as a list: empty where that is the whole region."""
    area = CONFIG.dataset.area
    return [own(or_exit(lambda: existing("dataset.area", area)))] if area else []


def training_scenes(part):
    """Scenes of a part: the labelled tracks of this region, or simulated regions; further files train, too."""
    or_exit(LEARNT.check_training)
    further = CONFIG.training.scenes if part == "train" else ()
    return [
        *(
            GRAPH.every(f"{DATASET}/{part}.npz")
            if OWN_LABELS
            else simulated_scenes(part)
        ),
        *or_exit(lambda: [own(existing("training.scenes", path)) for path in further]),
    ]


def start_of_training(wildcards):
    """The weights file that training starts from, if any; its network can be built where the job runs."""
    files = or_exit(lambda: LEARNT.start_file(IN_CONDA))
    return own(files[0]) if files else []


def coco_of_training(wildcards):
    """The file of COCO weights of another library, if training starts from one."""
    path = CONFIG.training.coco_file if LEARNT.start == "matterport" else ""
    return own(or_exit(lambda: existing("training.coco_file", path))) if path else []


def simulated_scenes(part):
    """Tracks of the simulated regions of a part: those of the climate, or valleys and regions of the benchmark."""
    if CONFIG.training.climate:
        return expand(
            f"{CLIMATE_SCENES}/{{seed}}.{{stack}}.npz",
            seed=SEEDS[part],
            stack=CONFIG.stacks,
        )
    valleys = expand(
        f"{TRAINING}/regions/{{seed}}.{{orbit_pass}}.npz",
        seed=SEEDS[part],
        orbit_pass=["A", "D"],
    )
    return [*valleys, *(climate_scenes(part) if CONFIG.training.climates else [])]


# studies.smk: imported where a target needs them, never while another graph is built
BENCHMARK = "results/benchmark"
BENCHMARK_RUN = f"{BENCHMARK}/runs/{{run}}"
BENCHMARK_GROUND = f"{BENCHMARK}/ground"
# The runs without a training, the velocity threshold tuned and as printed: names as in studies.benchmark.runs,
# which the graph of the benchmark asks for.
BASELINE, PRINTED_BASELINE = "baseline", "baseline.printed"
MIN_CELLS = 20


def climate_scenes(part):
    """Scenes of all drawn regions of a part, both passes."""
    from sarsim import climates

    return expand(
        f"{BENCHMARK}/regions/{{region}}.{{orbit_pass}}.npz",
        region=climates.names_of(part),
        orbit_pass=["A", "D"],
    )


def benchmark_scenes(part):
    """Scenes of all benchmark regions of a part, both passes."""
    from studies.benchmark import regions

    return expand(
        f"{BENCHMARK_GROUND}/scenes/{{region}}.{{orbit_pass}}.npz",
        region=[region.name for region in regions.regions_of(part)],
        orbit_pass=["A", "D"],
    )


def benchmark_about(wildcards):
    """The benchmark's regions in words."""
    from studies.benchmark import regions

    return regions.words()


def benchmark_ranges(wildcards):
    """The benchmark's regions -> their mountain ranges."""
    from studies.benchmark import regions

    return regions.ranges()


def benchmark_parts(*parts):
    """Input function for `unpack`: the scenes of each part."""
    return lambda wildcards: {part: benchmark_scenes(part) for part in parts}


def benchmark_names():
    """Names of the runs that the configuration requests, and of those that they are compared with."""
    from studies.benchmark import runs

    asked = CONFIG.benchmark
    found = or_exit(
        lambda: runs.chosen(asked.tables, asked.tier, asked.widths, asked.networks)
    )
    if not IN_CONDA:
        for run in found:
            or_exit(lambda: registry.require_package(run.network))
    references = [runs.BASELINE, runs.PRINTED_BASELINE, runs.COMPACT]
    return [*references, *(run.name for run in found)]


def benchmark_weights(wildcards):
    """Weights of a run; the cost of its training, and the training regions where its own test part lies in them."""
    from sarslide.models.weights import packaged
    from studies.benchmark import runs

    if wildcards.run.startswith(runs.PACKAGED):
        name = wildcards.run.removeprefix(runs.PACKAGED)
        return {"weights": or_exit(lambda: str(packaged(name)))}
    folder = BENCHMARK_RUN.format(run=wildcards.run)
    found = {
        "weights": f"{folder}/weights.safetensors",
        "cost": f"{folder}/cost.json",
        "history": f"{folder}/history.csv",
    }
    if or_exit(lambda: runs.parse(wildcards.run)).split == "patches":
        found["train"] = benchmark_scenes("train")
    return found
