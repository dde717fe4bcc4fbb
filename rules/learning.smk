# Where trainings and the benchmark lie, and which files they take: functions of rules/train.smk and rules/benchmark.smk.
from studies.benchmark import runs as benchmark_runs
from sarsim import climates

BENCHMARK = "results/benchmark"
BENCHMARK_RUN = f"{BENCHMARK}/runs/{{run}}"
BENCHMARK_REFERENCES = [
    benchmark_runs.BASELINE,
    benchmark_runs.PRINTED_BASELINE,
    benchmark_runs.COMPACT,
]
MIN_CELLS = 20
TRAINING = "results/training"
SEEDS = {"train": CONFIG.training.seeds, "validation": CONFIG.training.validation_seeds}
OWN_LABELS = bool(CONFIG.training.labels)
TRAINED = f"{RESULTS}/training/{MODEL}" if OWN_LABELS else f"{TRAINING}/{MODEL}"
START = CONFIG.training.start or ("packaged" if OWN_LABELS else "random")


def simulated_scenes(part):
    """Both tracks of the simulated regions of a part: valleys by their seeds, and regions of the benchmark."""
    valleys = expand(
        f"{TRAINING}/regions/{{seed}}.{{orbit_pass}}.npz",
        seed=SEEDS[part],
        orbit_pass=["A", "D"],
    )
    return [*valleys, *(benchmark_scenes(part) if CONFIG.training.climates else [])]


def training_scenes(part):
    """Scenes of a part: the labelled tracks of this region where there are labels, else the simulated regions; further files
    train, too."""
    scenes = every(f"{DATASET}/{part}.npz") if OWN_LABELS else simulated_scenes(part)
    further = CONFIG.training.scenes if part == "train" else ()
    return [
        *scenes,
        *or_exit(lambda: [existing("training.scenes", path) for path in further]),
    ]


def learnt_channels():
    """The channels that `train` learns from: those of the weights that it starts from, or of the channel set."""
    if start := start_file():
        return read_card(start[0])["channels"]
    return or_exit(lambda: channel_set(CONFIG.training.channels))


def image_channels():
    """The channels of the images of `coco_export`."""
    return or_exit(lambda: channel_set(CONFIG.dataset.channels))


def start_file():
    """The weights file to start from, as a list: empty for random, ImageNet and COCO weights."""
    if START in ("random", "imagenet", "coco"):
        return []
    named = or_exit(
        lambda: str(packaged(MODEL)) if START == "packaged" else resolve(START)
    )
    or_exit(lambda: read_card(named))
    return [named]


def learnt_from():
    """What the network learns from, in the words of its card."""
    if not OWN_LABELS:
        return SIMULATED + (", and on further scenes" if CONFIG.training.scenes else "")
    word = "trained" if START in ("random", "imagenet", "coco") else "fine-tuned"
    return f"{word} on labels of {REGION}"


def benchmark_scenes(part):
    """Scenes of all regions of a part, both passes."""
    return expand(
        f"{BENCHMARK}/regions/{{region}}.{{orbit_pass}}.npz",
        region=climates.names_of(part),
        orbit_pass=["A", "D"],
    )


def benchmark_names():
    """Names of the runs that the configuration asks for."""
    asked = CONFIG.benchmark
    found = or_exit(
        lambda: benchmark_runs.chosen(
            asked.tables, asked.tier, asked.widths, asked.networks
        )
    )
    return [run.name for run in found]


def benchmark_weights(wildcards):
    """Weights of a run; the cost of its training, and the training regions where its own test part lies in them."""
    if wildcards.run.startswith(benchmark_runs.PACKAGED):
        name = wildcards.run.removeprefix(benchmark_runs.PACKAGED)
        return {"weights": or_exit(lambda: str(packaged(name)))}
    folder = BENCHMARK_RUN.format(run=wildcards.run)
    found = {
        "weights": f"{folder}/weights.safetensors",
        "cost": f"{folder}/cost.json",
    }
    if or_exit(lambda: benchmark_runs.parse(wildcards.run)).split == "patches":
        found["train"] = benchmark_scenes("train")
    return found
