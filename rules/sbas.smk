# SBAS: time series and LOS rate by batched least squares, or by MintPy.

SBAS_LAYERS = [*RATE_LAYERS, "temporal_coherence", "residual_rms_rad"]
SBAS_LAYERS += ["dem_error_m"] if CONFIG.sbas.dem_error else []


rule sbas:
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
        slant_range=f"{STACK}/geometry/slant_range_m.tif",
        incidence=f"{STACK}/geometry/incidence_deg.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        **layers_of(f"{STACK}/sbas", SBAS_LAYERS),
        timeseries=f"{STACK}/sbas/timeseries.nc",
        reference=f"{STACK}/sbas/reference.json",
        sidecar=f"{STACK}/sbas/sbas.json",
    log:
        f"{LOGS}/sbas/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/sbas/{{stack}}.tsv"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(20, 0.6, pairs),
        gpu=int(CONFIG.sbas.device == "cuda"),
    params:
        **RATE_SETTINGS,
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        weighting=CONFIG.sbas.weighting,
        dem_error=CONFIG.sbas.dem_error,
        min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
        device=CONFIG.sbas.device,
        code=code("sbas"),
    script:
        "../workflow_scripts/sbas.py"


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
MINTPY_RATES = [
    "phase_rate_rad_per_yr",
    "phase_rate_std_rad_per_yr",
    "los_rate_mm_per_yr",
    "los_rate_std_mm_per_yr",
    "los_rate_paper_sign_mm_per_yr",
    "temporal_coherence",
]
MINTPY_RATES += ["dem_error_m"] if CONFIG.sbas.dem_error else []


rule mintpy_load:
    input:
        **layers_of(f"{STACK}/geometry", GEOMETRY),
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
        loop_errors=LOOP_ERRORS,
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        **layers_of(MINTPY, ["mean_coherence", "pair_count", "stable_ground"]),
        stack=f"{MINTPY}/{mintpy.STACK}",
        geometry=f"{MINTPY}/{mintpy.GEOMETRY}",
        reference=f"{MINTPY}/reference.json",
        sidecar=f"{MINTPY}/mintpy_load.json",
    log:
        f"{LOGS}/mintpy_load/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/mintpy_load/{{stack}}.tsv"
    conda:
        "../envs/mintpy.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=CONFIG.sbas.step_limit_min + 60,
        limit_min=CONFIG.sbas.step_limit_min,
    params:
        **RATE_SETTINGS,
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        geometry=GEOMETRY,
        unwrap_errors=CONFIG.sbas.unwrap_errors,
        dem_error=CONFIG.sbas.dem_error,
        code=code("mintpy_load"),
    script:
        "../workflow_scripts/mintpy_load.py"


# MintPy's inversion, corrections and velocity, a rule each: what each needs, makes and depends on is in its step.
for step in MINTPY_STEPS:

    rule:
        name:
            f"mintpy_step_{step.name}"
        input:
            stack=f"{MINTPY}/{mintpy.STACK}",
            geometry=f"{MINTPY}/{mintpy.GEOMETRY}",
            earlier=[f"{MINTPY}/{name}" for name in step.reads],
        output:
            made=[f"{MINTPY}/{name}" for name in step.makes],
            sidecar=f"{MINTPY}/mintpy_step_{step.name}.json",
        log:
            f"{LOGS}/mintpy_step/{step.name}/{{stack}}.log",
        benchmark:
            f"{BENCHMARKS}/mintpy_step/{step.name}/{{stack}}.tsv"
        conda:
            "../envs/mintpy.yaml"
        resources:
            mem_mb=memory(4000, 50),
            runtime=CONFIG.sbas.step_limit_min + 10,
            limit_min=CONFIG.sbas.step_limit_min,
        params:
            step=step.name,
            first=step.first,
            last=step.last,
            options=step.options,
            reads=step.reads,
            makes=step.makes,
            code=code("mintpy_step"),
        script:
            "../workflow_scripts/mintpy_step.py"


rule mintpy_read:
    input:
        velocity=f"{MINTPY}/velocity.h5",
        series=f"{MINTPY}/{mintpy.series_file(MINTPY_STEPS)}",
        earlier=[f"{MINTPY}/{name}" for name in mintpy.earlier_series(MINTPY_STEPS)],
        coherence=f"{MINTPY}/temporalCoherence.h5",
        inverted=f"{MINTPY}/numInvIfgram.h5",
        dem_error=[f"{MINTPY}/demErr.h5"] if CONFIG.sbas.dem_error else [],
        stable_ground=f"{MINTPY}/stable_ground.tif",
        about=lambda wildcards: ifg(
            wildcards.stack, pairs(wildcards.stack)[:1], "json"
        )[0],
    output:
        **layers_of(MINTPY, MINTPY_RATES),
        timeseries=f"{MINTPY}/timeseries.nc",
        sidecar=f"{MINTPY}/mintpy_read.json",
    log:
        f"{LOGS}/mintpy_read/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/mintpy_read/{{stack}}.tsv"
    conda:
        "../envs/mintpy.yaml"
    resources:
        mem_mb=memory(1500, 200),
        runtime=minutes(30, 1, dates),
    params:
        grid=GRID,
        min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
        dem_error=CONFIG.sbas.dem_error,
        code=code("mintpy_read"),
    script:
        "../workflow_scripts/mintpy_read.py"
