# Quality of the pairs of a stack: network, phase closure with loop errors, phase bias.


rule network:
    input:
        pairs=lambda wildcards: ifg(wildcards.stack, pairs(wildcards.stack), "json"),
    output:
        figure=f"{STACK}/quality/network.png",
        about=f"{STACK}/quality/network.json",
    log:
        f"{LOGS}/network/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/network/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        dates=lambda wildcards: dates(wildcards.stack),
        preset="pairs" if CONFIG.network.pairs else CONFIG.network.preset,
        code=code("network"),
    script:
        "../workflow_scripts/network.py"


# Closure looks at all pairs at once: a new date computes these layers again, as it does the rates, and no pair.
rule closure:
    input:
        unwrapped=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "unw_rad.tif"
        ),
        conncomp=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "conncomp.tif"
        ),
        wrapped=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "wrapped_rad.tif"
        ),
    output:
        **layers_of(f"{STACK}/quality", CLOSURE_LAYERS),
        about=f"{STACK}/quality/closure.json",
    log:
        f"{LOGS}/closure/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/closure/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 30),
        runtime=minutes(10, 0.8, pairs),
    params:
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        code=code("closure"),
    script:
        "../workflow_scripts/closure.py"


rule phase_bias:
    input:
        wrapped=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "wrapped_rad.tif"
        ),
        coherence=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack), "cor.tif"
        ),
        sidecars=lambda wildcards: ifg(wildcards.stack, pairs(wildcards.stack), "json"),
    output:
        **layers_of(f"{STACK}/quality", BIAS_LAYERS),
        about=f"{STACK}/quality/phase_bias.json",
    log:
        f"{LOGS}/phase_bias/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/phase_bias/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(10, 0.3, pairs),
    params:
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        code=code("phase_bias"),
    script:
        "../workflow_scripts/phase_bias.py"
