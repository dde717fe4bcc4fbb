# `snakemake benchmark`: trains and scores networks on the benchmark's regions and writes the page of results. No part of `all`.
# What is there already is not trained again; several machines may fill results/benchmark/runs. The studies themselves are
# imported where a target asks for them, never while another graph is built.

BENCHMARK = "results/benchmark"
BENCHMARK_RUN = f"{BENCHMARK}/runs/{{run}}"
# The runs without a training: the velocity threshold, tuned and as printed.
BASELINE, PRINTED_BASELINE = "baseline", "baseline.printed"
MIN_CELLS = 20


wildcard_constraints:
    run=r"[a-z0-9_.]+",


def benchmark_scenes(part):
    """Scenes of all benchmark regions of a part, both passes."""
    from sarsim import climates

    return expand(
        f"{BENCHMARK}/regions/{{region}}.{{orbit_pass}}.npz",
        region=climates.names_of(part),
        orbit_pass=["A", "D"],
    )


def benchmark_parts(*parts):
    """Input function for `unpack`: the scenes of each part."""
    return lambda wildcards: {part: benchmark_scenes(part) for part in parts}


def benchmark_names():
    """Names of the runs that the configuration asks for, and of those that they are compared with."""
    from studies.benchmark import runs

    asked = CONFIG.benchmark
    found = or_exit(
        lambda: runs.chosen(asked.tables, asked.tier, asked.widths, asked.networks)
    )
    return [BASELINE, PRINTED_BASELINE, runs.COMPACT, *(run.name for run in found)]


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
    }
    if or_exit(lambda: runs.parse(wildcards.run)).split == "patches":
        found["train"] = benchmark_scenes("train")
    return found


rule benchmark:
    input:
        scores=lambda wildcards: expand(
            f"{BENCHMARK_RUN}/scores.json", run=benchmark_names()
        ),
    output:
        page=f"{BENCHMARK}/page/benchmark.md",
        tables=f"{BENCHMARK}/page/benchmark.json",
    log:
        "logs/benchmark/benchmark.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/benchmark.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(30),
    params:
        code=code("benchmark"),
    script:
        "../workflow_scripts/benchmark.py"


rule benchmark_baseline:
    input:
        unpack(benchmark_parts("validation", "test", "transfer")),
    output:
        scores=f"{BENCHMARK}/runs/{BASELINE}/scores.json",
        patches=f"{BENCHMARK}/runs/{BASELINE}/patches.npz",
        printed=f"{BENCHMARK}/runs/{PRINTED_BASELINE}/scores.json",
        printed_patches=f"{BENCHMARK}/runs/{PRINTED_BASELINE}/patches.npz",
    log:
        "logs/benchmark/benchmark_baseline.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/benchmark_baseline.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=minutes(60),
    params:
        min_cells=MIN_CELLS,
        code=code("benchmark_baseline"),
    script:
        "../workflow_scripts/benchmark_baseline.py"


rule benchmark_train:
    input:
        unpack(benchmark_parts("train", "validation")),
    output:
        weights=f"{BENCHMARK_RUN}/weights.safetensors",
        history=f"{BENCHMARK_RUN}/history.csv",
        cost=f"{BENCHMARK_RUN}/cost.json",
    log:
        "logs/benchmark/benchmark_train/{run}.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/benchmark_train/{{run}}.tsv"
    wildcard_constraints:
        run=r"(cpu|gpu)\.[a-z0-9_.]+",
    conda:
        "../envs/torch.yaml"
    threads: CONFIG.benchmark.threads
    resources:
        mem_mb=memory(8000),
        gpu=int(CONFIG.benchmark.device != "cpu"),
        runtime=2880,
    params:
        run=lambda wildcards: wildcards.run,
        device=CONFIG.benchmark.device,
        code=code("benchmark_train"),
    script:
        "../workflow_scripts/benchmark_train.py"


rule benchmark_score:
    input:
        unpack(benchmark_weights),
        unpack(benchmark_parts("test", "transfer")),
    output:
        scores=f"{BENCHMARK_RUN}/scores.json",
        patches=f"{BENCHMARK_RUN}/patches.npz",
    log:
        "logs/benchmark/benchmark_score/{run}.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/benchmark_score/{{run}}.tsv"
    wildcard_constraints:
        run=r"(cpu|gpu|packaged)\.[a-z0-9_.]+",
    conda:
        "../envs/torch.yaml"
    threads: CONFIG.benchmark.threads
    resources:
        mem_mb=memory(8000),
        gpu=int(CONFIG.benchmark.device != "cpu"),
        runtime=minutes(240),
    params:
        run=lambda wildcards: wildcards.run,
        min_cells=MIN_CELLS,
        overlap=0.5,
        device=CONFIG.benchmark.device,
        code=code("benchmark_score"),
    script:
        "../workflow_scripts/benchmark_score.py"


rule simulate_benchmark:
    output:
        ascending=f"{BENCHMARK}/regions/{{region}}.A.npz",
        descending=f"{BENCHMARK}/regions/{{region}}.D.npz",
    log:
        "logs/benchmark/simulate_benchmark/{region}.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/simulate_benchmark/{{region}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        region=lambda wildcards: wildcards.region,
        code=code("simulate_benchmark"),
    script:
        "../workflow_scripts/simulate_benchmark.py"
