# The regions of the benchmark set: whole simulated regions, one scene a track. No part of `all`.


rule simulate_benchmark:
    output:
        ascending=f"{BENCHMARK}/regions/{{region}}.A.npz",
        descending=f"{BENCHMARK}/regions/{{region}}.D.npz",
    log:
        "logs/benchmark/simulate_benchmark/{region}.log",
    benchmark:
        f"{BENCHMARK}/benchmarks/simulate_benchmark/{{region}}.tsv"
    conda:
        "../envs/simulate.yaml"
    resources:
        mem_mb=memory(3000),
        runtime=minutes(30),
    params:
        region=lambda wildcards: wildcards.region,
        code=code("simulate_benchmark"),
    script:
        "../workflow_scripts/simulate_benchmark.py"
