# Pairs after the interferogram: unwrapping, for engines that deliver wrapped pairs; network, phase
# closure and phase bias.

if not GRAPH.engine.unwraps:

    rule unwrap:
        input:
            wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
            coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
            about=f"{STACK}/ifg/{{pair}}.json",
            layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        output:
            unwrapped=f"{STACK}/ifg/{{pair}}.unw_rad.tif",
            conncomp=f"{STACK}/ifg/{{pair}}.conncomp.tif",
            sidecar=f"{STACK}/ifg/{{pair}}.unwrap.json",
        log:
            f"{LOGS}/unwrap/{{stack}}/{{frame}}/{{pair}}.log",
        benchmark:
            f"{BENCHMARKS}/unwrap/{{stack}}/{{frame}}/{{pair}}.tsv"
        group:
            "pairs"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1500, 300),
            runtime=minutes(10, 14),
        params:
            unwrapper=CONFIG.interferogram.unwrapper,
            alpha=CONFIG.interferogram.goldstein_alpha,
            window=CONFIG.interferogram.unwrap_window,
            phase=CONFIG.interferogram.unwrapped_phase,
            code=code("unwrap"),
        script:
            "../workflow_scripts/unwrap.py"


rule network:
    input:
        pairs=lambda wildcards: pair_inputs("sidecars")(wildcards)["sidecars"],
    output:
        figure=report(
            f"{STACK}/quality/network.png",
            caption="captions/network.rst",
            category="Quality of the pairs",
        ),
        about=f"{STACK}/quality/network.json",
    log:
        f"{LOGS}/network/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/network/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        dates=dates,
        preset=(
            "pairs" if CONFIG.network.pairs or SCENES.pairs else CONFIG.network.preset
        ),
        code=code("network"),
    script:
        "../workflow_scripts/network.py"


# Closure looks at all pairs at once: a new date computes these layers again, as it does the rates,
# and no pair.
rule closure:
    input:
        unpack(pair_inputs("unwrapped", "conncomp", "wrapped")),
    output:
        **layer_files(f"{STACK}/quality", layers.CLOSURE),
        about=f"{STACK}/quality/closure.json",
    log:
        f"{LOGS}/closure/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/closure/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 30),
        runtime=minutes(10, 0.8, pairs),
    params:
        grid=cell_grid,
        pairs=pairs,
        code=code("closure"),
    script:
        "../workflow_scripts/closure.py"


rule phase_bias:
    input:
        unpack(pair_inputs("coherence", "wrapped", "sidecars")),
    output:
        **layer_files(f"{STACK}/quality", layers.PHASE_BIAS),
        about=f"{STACK}/quality/phase_bias.json",
    log:
        f"{LOGS}/phase_bias/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/phase_bias/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 300),
        runtime=minutes(10, 0.3, pairs),
    params:
        grid=cell_grid,
        pairs=pairs,
        code=code("phase_bias"),
    script:
        "../workflow_scripts/phase_bias.py"
