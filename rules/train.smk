# `snakemake train`: a network from product-level simulated regions, split by region, or from labels of one's own region, split by
# blocks; from random weights, or fine-tuned from others. No part of `all`.


rule train:
    input:
        train=lambda wildcards: training_scenes("train"),
        validation=lambda wildcards: training_scenes("validation"),
        start=lambda wildcards: start_file(),
    output:
        weights=f"{TRAINED}/{MODEL}.safetensors",
        history=f"{TRAINED}/history.csv",
        curves=f"{TRAINED}/curves.png",
        reliability=f"{TRAINED}/reliability.png",
        scores=f"{TRAINED}/scores.json",
    log:
        "logs/training/train.log",
    benchmark:
        f"{TRAINING}/benchmarks/train.tsv"
    conda:
        "../envs/train.yaml"
    threads: workflow.cores
    resources:
        mem_mb=memory(8000),
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
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        seed=lambda wildcards: int(wildcards.seed),
        code=code("simulate_training"),
    script:
        "../workflow_scripts/simulate_training.py"
