# `snakemake train`: a network from product-level simulated regions, split by region. No part of `all`.

TRAINING = "results/training"
SEEDS = {"train": CONFIG.training.seeds, "validation": CONFIG.training.validation_seeds}


rule train:
    input:
        train=expand(
            f"{TRAINING}/regions/{{seed}}.{{orbit_pass}}.npz",
            seed=SEEDS["train"],
            orbit_pass=["A", "D"],
        ),
        validation=expand(
            f"{TRAINING}/regions/{{seed}}.{{orbit_pass}}.npz",
            seed=SEEDS["validation"],
            orbit_pass=["A", "D"],
        ),
    output:
        weights=f"{TRAINING}/{MODEL}/{MODEL}.safetensors",
        history=f"{TRAINING}/{MODEL}/history.csv",
        scores=f"{TRAINING}/{MODEL}/scores.json",
    log:
        "logs/training/train.log",
    benchmark:
        f"{TRAINING}/benchmarks/train.tsv"
    conda:
        "../envs/torch.yaml"
    threads: workflow.cores
    resources:
        mem_mb=8000,
        gpu=int(CONFIG.segmentation.device != "cpu"),
        runtime=720,
    params:
        **CONFIG.training.model_dump(exclude={"seeds", "validation_seeds"}),
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
