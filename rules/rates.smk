# From pairs to the averaged phase (wrapped branch) and to phase and LOS rates (unwrapped branch).


rule average_phase:
    input:
        wrapped=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "wrapped_rad.tif"
        ),
        coherence=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "cor.tif"
        ),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        **layers_of(f"{STACK}/averaging", AVERAGES),
        sidecar=f"{STACK}/averaging/average_phase.json",
    log:
        f"{LOGS}/average_phase/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/average_phase/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 0.9, pairs),
    params:
        **RATE_SETTINGS,
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        mean=CONFIG.rates.average,
        weighting=CONFIG.rates.average_weighting,
        code=code("average_phase"),
    script:
        "../workflow_scripts/average_phase.py"


rule stack_rates:
    input:
        unwrapped=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "unw_rad.tif"
        ),
        conncomp=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "conncomp.tif"
        ),
        coherence=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "cor.tif"
        ),
        sidecars=lambda wildcards: ifg(wildcards.stack, pairs(wildcards.stack), "json"),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        **layers_of(f"{STACK}/stacking", RATE_LAYERS),
        reference=f"{STACK}/stacking/reference.json",
        sidecar=f"{STACK}/stacking/stack_rates.json",
    log:
        f"{LOGS}/stack_rates/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/stack_rates/{{stack}}.tsv"
    group:
        "maps"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        **RATE_SETTINGS,
        **ATMOSPHERE,
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        weighting=CONFIG.rates.weighting,
        code=code("stack_rates"),
    script:
        "../workflow_scripts/stack_rates.py"
