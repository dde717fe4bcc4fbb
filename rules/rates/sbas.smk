# SBAS: time series and LOS rate by batched least squares.

SBAS_LAYERS = [*layers.RATES, "temporal_coherence", "residual_rms_rad"]
SBAS_LAYERS += ["dem_error_m"] if CONFIG.sbas.dem_error else []


rule sbas:
    input:
        unpack(unwrapped_pairs),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        slant_range=f"{STACK}/geometry/slant_range_m.tif",
        incidence=f"{STACK}/geometry/incidence_deg.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        **layer_files(f"{STACK}/sbas", SBAS_LAYERS),
        timeseries=f"{STACK}/sbas/timeseries.nc",
        reference=f"{STACK}/sbas/reference.json",
        sidecar=f"{STACK}/sbas/sbas.json",
    log:
        f"{LOGS}/sbas/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/sbas/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(20, 0.6, pairs),
        gpu=int(CONFIG.sbas.device == "cuda"),
        device=CONFIG.sbas.device,
    params:
        **rate_settings("sbas"),
        grid=cell_grid,
        pairs=pairs,
        weighting=CONFIG.sbas.weighting,
        dem_error=CONFIG.sbas.dem_error,
        min_temporal_coherence=CONFIG.sbas.min_temporal_coherence,
        code=code("sbas"),
    script:
        "../../workflow_scripts/sbas.py"
