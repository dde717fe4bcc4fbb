# `snakemake benchmark`: trains and scores networks on the benchmark's regions and writes the page
# of results. No part of `all`. What is there already is not trained again; several machines may
# fill results/benchmark/runs. The studies themselves are imported where a target asks for them,
# never while another graph is built.


wildcard_constraints:
    run=r"[a-z0-9_.]+",


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
        about=benchmark_about,
        ranges=benchmark_ranges,
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
        run=r"(cpu|long|gpu)\.[a-z0-9_.]+",
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
        run=r"(cpu|long|gpu|packaged)\.[a-z0-9_.]+",
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


rule simulate_ground:
    output:
        ascending=f"{BENCHMARK_GROUND}/scenes/{{region}}.A.npz",
        descending=f"{BENCHMARK_GROUND}/scenes/{{region}}.D.npz",
    log:
        "logs/benchmark/simulate_ground/{region}.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/simulate_ground/{{region}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        region=lambda wildcards: wildcards.region,
        code=code("simulate_ground"),
    script:
        "../workflow_scripts/simulate_ground.py"
