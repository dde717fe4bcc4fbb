# `snakemake train`: a network from product-level simulated regions, split by region, or from labels of one's own region, split by
# blocks; from random weights, or fine-tuned from others. No part of `all`.
from sarslide.simulate import climates

TRAINING = "results/training"
SEEDS = {"train": CONFIG.training.seeds, "validation": CONFIG.training.validation_seeds}
OWN_LABELS = bool(CONFIG.training.labels)
TRAINED = f"{RESULTS}/training/{MODEL}" if OWN_LABELS else f"{TRAINING}/{MODEL}"
START = CONFIG.training.start or ("packaged" if OWN_LABELS else "random")


def simulated_scenes(part):
    """Both tracks of the simulated regions of a part: valleys by their seeds, and regions of the benchmark."""
    regions = [f"{TRAINING}/regions/{seed}" for seed in SEEDS[part]]
    if CONFIG.training.climates:
        regions += [f"{BENCHMARK}/regions/{name}" for name in climates.names_of(part)]
    return expand("{region}.{orbit_pass}.npz", region=regions, orbit_pass=["A", "D"])


def training_scenes(part):
    """Scenes of a part: the labelled tracks of this region where there are labels, else the simulated regions; further files
    train, too."""
    scenes = every(f"{DATASET}/{part}.npz") if OWN_LABELS else simulated_scenes(part)
    further = CONFIG.training.scenes if part == "train" else ()
    return [*scenes, *or_exit(lambda: [resolve(path) for path in further])]


def start_file(wildcards):
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


rule train:
    input:
        train=lambda wildcards: training_scenes("train"),
        validation=lambda wildcards: training_scenes("validation"),
        start=start_file,
    output:
        weights=f"{TRAINED}/{MODEL}.safetensors",
        history=f"{TRAINED}/history.csv",
        curves=f"{TRAINED}/curves.png",
        scores=f"{TRAINED}/scores.json",
    log:
        "logs/training/train.log",
    benchmark:
        f"{TRAINING}/benchmarks/train.tsv"
    conda:
        "../envs/train.yaml"
    threads: workflow.cores
    resources:
        mem_mb=8000,
        gpu=int(CONFIG.segmentation.device != "cpu"),
        runtime=720,
    params:
        **{
            word: getattr(CONFIG.training, word)
            for word in ("preset", "network", "width", "channels")
        },
        recipe=CONFIG.training.changes(),
        start=START if START in ("imagenet", "coco") else "",
        label=learnt_from(),
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
        "../envs/simulate.yaml"
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        seed=lambda wildcards: int(wildcards.seed),
        code=code("simulate_training"),
    script:
        "../workflow_scripts/simulate_training.py"
