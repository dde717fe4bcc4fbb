# Which layers tell landslides from other ground (P3 3.1 and 4.1; H01-H03). On demand, by the name of its outputs.


rule factors:
    input:
        unpack(lambda wildcards: optional_layers()),
        **layers_of(f"{RESULTS}/terrain", TERRAIN),
        los_rate_mm_per_yr=f"{RATES}/los_rate_mm_per_yr.tif",
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        labels=lambda wildcards: (
            own(or_exit(lambda: existing("factors.labels", CONFIG.factors.labels)))
            if CONFIG.factors.labels
            else CURRENT
        ),
    output:
        correlation=f"{RATES}/factors/correlation.csv",
        collinearity=f"{RATES}/factors/collinearity.csv",
        importance=f"{RATES}/factors/importance.csv",
        heat_map=f"{RATES}/factors/correlation.png",
        bars=f"{RATES}/factors/importance.png",
        sidecar=f"{RATES}/factors/factors.json",
    log:
        f"{LOGS}/factors/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/factors/{{stack}}.tsv"
    conda:
        "../envs/factors.yaml"
    threads: 4
    resources:
        mem_mb=memory(2500, 20),
        runtime=minutes(60),
    params:
        grid=GRID,
        released=not CONFIG.factors.labels,
        cells=CONFIG.factors.cells,
        trees=CONFIG.factors.trees,
        seed=CONFIG.factors.seed,
        code=code("factors"),
    script:
        "../workflow_scripts/factors.py"
