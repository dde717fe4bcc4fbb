# Learning: labelled tracks to training scenes and COCO images, `snakemake train`. No part of `all`.
from sarslide.dataset.features import channel_set

DATASET = f"{RATES}/dataset"
TRAINING = "results/training"
MODEL = CONFIG.segmentation.model
SEEDS = {"train": CONFIG.training.seeds, "validation": CONFIG.training.validation_seeds}
OWN_LABELS = bool(CONFIG.training.labels)
TRAINED = f"{RESULTS}/training/{MODEL}" if OWN_LABELS else f"{TRAINING}/{MODEL}"


def extra_layers(wildcards):
    """Optional inputs that `train` and `coco_export` read, of the job's stack and frame."""
    wanted = {
        "training": or_exit(NETWORK.learnt_channels),
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
    further = CONFIG.training.scenes if part == "train" else ()
    return [
        *(
            GRAPH.every(f"{DATASET}/{part}.npz")
            if OWN_LABELS
            else simulated_scenes(part)
        ),
        *or_exit(lambda: [existing("training.scenes", path) for path in further]),
    ]


def simulated_scenes(part):
    """Both tracks of the simulated regions of a part: valleys by their seeds, and regions of the benchmark."""
    valleys = expand(
        f"{TRAINING}/regions/{{seed}}.{{orbit_pass}}.npz",
        seed=SEEDS[part],
        orbit_pass=["A", "D"],
    )
    return [*valleys, *(benchmark_scenes(part) if CONFIG.training.climates else [])]


# One track and its labels: `whole`, or the part of it that training or validation may know.
rule label_scene:
    input:
        unpack(extra_layers),
        **NETWORK.track_layers(),
        labels=lambda wildcards: own(or_exit(lambda: NETWORK.label_file)),
        area=labelled_area,
    output:
        scene=f"{DATASET}/{{part}}.npz",
        label=f"{DATASET}/{{part}}.label.tif",
        sidecar=f"{DATASET}/{{part}}.json",
    log:
        f"{LOGS}/label_scene/{{stack}}/{{frame}}/{{part}}.log",
    benchmark:
        f"{BENCHMARKS}/label_scene/{{stack}}/{{frame}}/{{part}}.tsv"
    wildcard_constraints:
        part="whole|train|validation",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(30, 5),
    params:
        **GRAPH.leaves(
            "dataset",
            *(
                "layer",
                "class_column",
                "classes",
                "confidence_column",
                "min_confidence",
            ),
            *("block", "validation", "seed"),
        ),
        grid=GRID,
        region=CONFIG.region,
        code=code("label_scene"),
    script:
        "../workflow_scripts/label_scene.py"


# The whole tracks of a labelled region as images, masks and COCO files of the layout of P2's SLD (D06, D07).
rule coco_export:
    input:
        scenes=GRAPH.every(f"{DATASET}/whole.npz"),
    output:
        folder=directory(f"{RESULTS}/dataset/coco"),
        sidecar=f"{RESULTS}/dataset/coco_export.json",
    log:
        f"{LOGS}/coco_export.log",
    benchmark:
        f"{BENCHMARKS}/coco_export.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(1000, 200 * len(CONFIG.stacks)),
        runtime=minutes(30, 5),
    params:
        **GRAPH.leaves(
            "dataset",
            *("channels", "patch", "overlap", "negatives", "split"),
            *("block", "fractions", "annotations", "seed"),
        ),
        code=code("coco_export"),
    script:
        "../workflow_scripts/coco_export.py"


# From product-level simulated regions, split by region, or from labels of one's own region, split by blocks.
rule train:
    input:
        train=lambda wildcards: training_scenes("train"),
        validation=lambda wildcards: training_scenes("validation"),
        start=lambda wildcards: or_exit(NETWORK.start_file),
    output:
        weights=f"{TRAINED}/{MODEL}.safetensors",
        history=f"{TRAINED}/history.csv",
        curves=report(
            f"{TRAINED}/curves.png",
            caption="captions/training.rst",
            category="Training",
        ),
        reliability=report(
            f"{TRAINED}/reliability.png",
            caption="captions/training.rst",
            category="Training",
        ),
        scores=f"{TRAINED}/scores.json",
    log:
        "logs/training/train.log",
    benchmark:
        f"{TRAINING}/benchmarks/train.tsv"
    conda:
        "../envs/torch.yaml"
    threads: workflow.cores
    resources:
        mem_mb=memory(8000),
        gpu=int(CONFIG.segmentation.device != "cpu"),
        runtime=720,
    params:
        **GRAPH.leaves("training", "preset", "network", "width", "channels"),
        recipe=CONFIG.training.changes(),
        start=NETWORK.start if NETWORK.start in ("imagenet", "coco") else "",
        label=NETWORK.learnt_from(),
        licence="that of the labels" if OWN_LABELS else "BSD-3-Clause",
        device=CONFIG.segmentation.device,
        code=code("train"),
    script:
        "../workflow_scripts/train.py"


rule simulate_training:
    output:
        ascending=f"{TRAINING}/regions/{{seed}}.A.npz",
        descending=f"{TRAINING}/regions/{{seed}}.D.npz",
    log:
        "logs/training/simulate_training/{seed}.log",
    benchmark:
        f"{TRAINING}/benchmarks/simulate_training/{{seed}}.tsv"
    wildcard_constraints:
        seed=r"\d+",
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        seed=lambda wildcards: int(wildcards.seed),
        code=code("simulate_training"),
    script:
        "../workflow_scripts/simulate_training.py"
