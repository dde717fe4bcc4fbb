# A rate method of the user's own: a function in a Python file (B30).


rule own_rates:
    input:
        unpack(
            corrected_pairs(
                "unwrapped", "conncomp", "coherence", "wrapped", "sidecars"
            )
        ),
        method=lambda wildcards: own(
            or_exit(lambda: existing("rates.own", CONFIG.rates.own))
        ),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/own", layers.RATES),
        reference=f"{STACK}/own/reference.json",
        sidecar=f"{STACK}/own/own_rates.json",
    log:
        f"{LOGS}/own_rates/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/own_rates/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(30, 6, pairs),
    params:
        **rate_settings("own_rates"),
        grid=cell_grid,
        pairs=pairs,
        code=code("own_rates"),
    script:
        "../../workflow_scripts/own_rates.py"
