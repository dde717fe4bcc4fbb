# From pairs to rates: the averaged phase (wrapped branch), phase and LOS rates (unwrapped branch),
# a rule file a method.
from sarslide.rates.methods import DELIVERED, METHODS

if CONFIG.rates.delays:

    # Delay of a date along the line of sight, from files of a weather model.
    rule slant_delay:
        input:
            unpack(delay_files),
            incidence=f"{STACK}/geometry/incidence_deg.tif",
            elevation=f"{TERRAIN}/elevation_m.tif",
        output:
            delay=DELAY,
            sidecar=f"{STACK}/delays/{{date}}.json",
        log:
            f"{LOGS}/slant_delay/{{stack}}/{{frame}}/{{date}}.log",
        benchmark:
            f"{BENCHMARKS}/slant_delay/{{stack}}/{{frame}}/{{date}}.tsv"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1500, 60),
            runtime=minutes(10, 1),
        params:
            grid=cell_grid,
            code=code("slant_delay"),
        script:
            "../workflow_scripts/slant_delay.py"


if CONFIG.rates.phase_bias == "remove":

    # Bias of the pairs of each length, of all pairs at once, as the rates.
    rule pair_bias:
        input:
            unpack(pair_inputs("coherence", "wrapped", "sidecars")),
        output:
            **layer_files(PAIR_BIAS, layers.PAIR_BIAS),
            about=f"{PAIR_BIAS}/pair_bias.json",
        log:
            f"{LOGS}/pair_bias/{{stack}}/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/pair_bias/{{stack}}/{{frame}}.tsv"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(2500, 300),
            runtime=minutes(10, 0.6, pairs),
        params:
            grid=cell_grid,
            pairs=pairs,
            code=code("pair_bias"),
        script:
            "../workflow_scripts/pair_bias.py"


if CONFIG.rates.rate_cycles:

    # Cycles of all pairs by the rate that they share: with a new date again, as the rates.
    rule rate_cycles:
        input:
            unpack(pair_inputs("unwrapped", "wrapped", "coherence", "conncomp")),
            stable_ground=f"{STACK}/averaging/stable_ground.tif",
            elevation=f"{TERRAIN}/elevation_m.tif",
        output:
            rate_error_cycles=f"{STACK}/quality/rate_error_cycles.tif",
            about=f"{STACK}/quality/rate_cycles.json",
        log:
            f"{LOGS}/rate_cycles/{{stack}}/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/rate_cycles/{{stack}}/{{frame}}.tsv"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(2500, 600),
            runtime=minutes(10, 0.8, pairs),
        params:
            grid=cell_grid,
            pairs=pairs,
            code=code("rate_cycles"),
        script:
            "../workflow_scripts/rate_cycles.py"


# The unwrapping-free stack of phase gradients (B30), on demand.
rule phase_gradient:
    input:
        unpack(corrected_pairs("coherence", "wrapped")),
        stable_ground=f"{STACK}/averaging/stable_ground.tif",
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/phase_gradient", layers.PHASE_GRADIENTS),
        sidecar=f"{STACK}/phase_gradient/phase_gradient.json",
    log:
        f"{LOGS}/phase_gradient/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/phase_gradient/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 600),
        runtime=minutes(10, 2, pairs),
    params:
        **rate_settings("phase_gradient"),
        grid=cell_grid,
        pairs=pairs,
        weighting=CONFIG.rates.average_weighting,
        code=code("phase_gradient"),
    script:
        "../workflow_scripts/phase_gradient.py"


# Rates against the surroundings of each cell, beside those of the method, on demand.
rule ring_rates:
    input:
        unpack(unwrapped_pairs),
        unpack(of_rates("ring_rates", stable_ground=f"{RATES}/stable_ground.tif")),
        loop_errors=LOOP_ERRORS,
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(RATES, layers.RING),
        sidecar=f"{RATES}/ring_rates.json",
    log:
        f"{LOGS}/ring_rates/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/ring_rates/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        **rate_settings("ring_rates"),
        grid=cell_grid,
        pairs=pairs,
        code=code("ring_rates"),
    script:
        "../workflow_scripts/ring_rates.py"


# Rates that are delivered are made by rules of their engine.
for method in METHODS:
    if method != DELIVERED:

        include: f"rates/{method}.smk"
