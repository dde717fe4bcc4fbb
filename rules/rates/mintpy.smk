# SBAS by MintPy, in its own processes.
from sarslide.rates.mintpy import steps as mintpy

MINTPY = f"{STACK}/mintpy"
MINTPY_STEPS = mintpy.plan(
    weighting=CONFIG.sbas.weighting,
    unwrap_errors=CONFIG.sbas.unwrap_errors,
    min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
    height_correlated=CONFIG.rates.height_correlated,
    era5=CONFIG.sbas.era5,
    plane=CONFIG.rates.plane,
    dem_error=CONFIG.sbas.dem_error,
)
# What the loading of the pairs writes, and what MintPy's results give.
LOADED = ["mean_coherence", "pair_count", "stable_ground"]
MINTPY_RATES = [layer for layer in layers.RATES if layer not in LOADED]
MINTPY_RATES += ["temporal_coherence"]
MINTPY_RATES += ["dem_error_m"] if CONFIG.sbas.dem_error else []
# Rules before mintpy_read in their order: the sidecar of each says whether the frame has rates.
BEFORE = ["mintpy_load", *(f"mintpy_step_{step.name}" for step in MINTPY_STEPS)]


rule mintpy_load:
    input:
        unpack(unwrapped_pairs),
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        loop_errors=LOOP_ERRORS,
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(MINTPY, LOADED),
        stack=f"{MINTPY}/{mintpy.STACK}",
        geometry=f"{MINTPY}/{mintpy.GEOMETRY}",
        sidecar=f"{MINTPY}/mintpy_load.json",
    log:
        f"{LOGS}/mintpy_load/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/mintpy_load/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/mintpy.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=CONFIG.sbas.step_limit_min + 60,
        limit_min=CONFIG.sbas.step_limit_min,
    params:
        **rate_settings("mintpy_load"),
        grid=cell_grid,
        pairs=pairs,
        geometry=layers.GEOMETRY,
        unwrap_errors=CONFIG.sbas.unwrap_errors,
        dem_error=CONFIG.sbas.dem_error,
        code=code("mintpy_load"),
    script:
        "../../workflow_scripts/mintpy_load.py"


# MintPy's inversion, corrections and velocity, a rule each: what each needs, makes and depends on
# is in its step.
for step, before in zip(MINTPY_STEPS, BEFORE):

    rule:
        name:
            f"mintpy_step_{step.name}"
        input:
            stack=f"{MINTPY}/{mintpy.STACK}",
            geometry=f"{MINTPY}/{mintpy.GEOMETRY}",
            earlier=[f"{MINTPY}/{name}" for name in step.reads],
            before=f"{MINTPY}/{before}.json",
        output:
            made=[f"{MINTPY}/{name}" for name in step.makes],
            sidecar=f"{MINTPY}/mintpy_step_{step.name}.json",
        log:
            f"{LOGS}/mintpy_step/{step.name}/{{stack}}/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/mintpy_step/{step.name}/{{stack}}/{{frame}}.tsv"
        conda:
            "../../envs/mintpy.yaml"
        resources:
            mem_mb=memory(4000, 50),
            runtime=CONFIG.sbas.step_limit_min + 10,
            limit_min=CONFIG.sbas.step_limit_min,
        params:
            grid=cell_grid,
            step=step.name,
            first=step.first,
            last=step.last,
            options=step.options,
            reads=step.reads,
            makes=step.makes,
            code=code("mintpy_step"),
        script:
            "../../workflow_scripts/mintpy_step.py"


rule mintpy_read:
    input:
        unpack(bias_files),
        velocity=f"{MINTPY}/velocity.h5",
        series=f"{MINTPY}/{mintpy.series_file(MINTPY_STEPS)}",
        earlier=[f"{MINTPY}/{name}" for name in mintpy.earlier_series(MINTPY_STEPS)],
        coherence=f"{MINTPY}/temporalCoherence.h5",
        inverted=f"{MINTPY}/numInvIfgram.h5",
        dem_error=[f"{MINTPY}/demErr.h5"] if CONFIG.sbas.dem_error else [],
        stable_ground=f"{MINTPY}/stable_ground.tif",
        before=f"{MINTPY}/{BEFORE[-1]}.json",
        about=lambda wildcards: pair_inputs("sidecars")(wildcards)["sidecars"][0],
    output:
        **layer_files(MINTPY, MINTPY_RATES),
        timeseries=f"{MINTPY}/timeseries.nc",
        reference=f"{MINTPY}/reference.json",
        sidecar=f"{MINTPY}/mintpy_read.json",
    log:
        f"{LOGS}/mintpy_read/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/mintpy_read/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/mintpy.yaml"
    resources:
        mem_mb=memory(1500, 200),
        runtime=minutes(30, 1, dates),
    params:
        grid=cell_grid,
        pairs=pairs,
        min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
        dem_error=CONFIG.sbas.dem_error,
        code=code("mintpy_read"),
    script:
        "../../workflow_scripts/mintpy_read.py"
