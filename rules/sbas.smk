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
        mem_mb=3000,
        runtime=60,
        gpu=int(CONFIG.sbas.device == "cuda"),
    params:
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack),
        height_correlated=CONFIG.rates.height_correlated,
        plane=CONFIG.rates.plane,
        moving_sigma=CONFIG.rates.moving_sigma,
        min_coherence=CONFIG.rates.min_coherence,
        pair_coherence=CONFIG.rates.pair_coherence,
        reference=CONFIG.rates.reference,
        weighting=CONFIG.sbas.weighting,
        dem_error=CONFIG.sbas.dem_error,
        min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
        device=CONFIG.sbas.device,
        code=code("sbas"),
    script:
        "../workflow_scripts/sbas.py"
