# Products beside the rates: D-InSAR of one pair, three-channel fusion, windows, atmosphere, observability, series of polygons.

# What the time series of polygons comes from: the series of the region, or the pairs where the method has none.
FROM_PAIRS = METHOD == "stacking"


rule dinsar:
    input:
        unwrapped=f"{STACK}/ifg/{{pair}}.unw_rad.tif",
        conncomp=f"{STACK}/ifg/{{pair}}.conncomp.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        about=f"{STACK}/ifg/{{pair}}.json",
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        displacement=f"{STACK}/dinsar/{{pair}}.los_displacement_mm.tif",
        std=f"{STACK}/dinsar/{{pair}}.los_displacement_std_mm.tif",
        sidecar=f"{STACK}/dinsar/{{pair}}.json",
    log:
        f"{LOGS}/dinsar/{{stack}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/dinsar/{{stack}}/{{pair}}.tsv"
    group:
        "maps"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 5),
    params:
        **RATE_SETTINGS,
        grid=GRID,
        code=code("dinsar"),
    script:
        "../workflow_scripts/dinsar.py"


rule dinsar_figure:
    input:
        wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        displacement=rules.dinsar.output.displacement,
        std=rules.dinsar.output.std,
    output:
        figure=f"{STACK}/dinsar/{{pair}}.dinsar_figure.png",
    log:
        f"{LOGS}/dinsar_figure/{{stack}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/dinsar_figure/{{stack}}/{{pair}}.tsv"
    group:
        "maps"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        grid=GRID,
        code=code("dinsar_figure"),
    script:
        "../workflow_scripts/dinsar_figure.py"


rule fuse_phase:
    input:
        phase=f"{STACK}/averaging/avg_phase_rad.tif",
        intensity=f"{STACK}/amplitude/mean_amplitude_db.tif",
    output:
        fused=f"{STACK}/averaging/phase_intensity_rgb.tif",
        sidecar=f"{STACK}/averaging/phase_intensity_rgb.json",
    log:
        f"{LOGS}/fuse_phase/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/fuse_phase/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1000, 200),
        runtime=minutes(10, 5),
    params:
        grid=GRID,
        recipe=CONFIG.rates.fusion,
        percent=CONFIG.rates.fusion_percent,
        code=code("fuse_phase"),
    script:
        "../workflow_scripts/fuse_phase.py"


rule window_rates:
    input:
        unwrapped=lambda wildcards: ifg(
            wildcards.stack,
            window_pairs(wildcards.stack, wildcards.window),
            "unw_rad.tif",
        ),
        conncomp=lambda wildcards: ifg(
            wildcards.stack,
            window_pairs(wildcards.stack, wildcards.window),
            "conncomp.tif",
        ),
        coherence=lambda wildcards: ifg(
            wildcards.stack, window_pairs(wildcards.stack, wildcards.window), "cor.tif"
        ),
        sidecars=lambda wildcards: ifg(
            wildcards.stack, window_pairs(wildcards.stack, wildcards.window), "json"
        ),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        loop_errors=LOOP_ERRORS,
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
    output:
        **layers_of(f"{STACK}/windows/{{window}}", RATE_LAYERS),
        reference=f"{STACK}/windows/{{window}}/reference.json",
        sidecar=f"{STACK}/windows/{{window}}/window_rates.json",
    log:
        f"{LOGS}/window_rates/{{stack}}/{{window}}.log",
    benchmark:
        f"{BENCHMARKS}/window_rates/{{stack}}/{{window}}.tsv"
    wildcard_constraints:
        window="|".join(CONFIG.rates.windows) or "none",
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
        pairs=lambda wildcards: window_pairs(wildcards.stack, wildcards.window),
        weighting=CONFIG.rates.weighting,
        code=code("window_rates"),
    script:
        "../workflow_scripts/window_rates.py"


rule atmosphere:
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
        elevation=f"{RESULTS}/terrain/elevation_m.tif",
        stable_ground=f"{RATES}/stable_ground.tif",
        loop_errors=LOOP_ERRORS,
    output:
        scatter=f"{STACK}/atmosphere/date_scatter_mm.tif",
        table=f"{STACK}/atmosphere/scatter.csv",
        sidecar=f"{STACK}/atmosphere/atmosphere.json",
    log:
        f"{LOGS}/atmosphere/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/atmosphere/{{stack}}.tsv"
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
        code=code("atmosphere"),
    script:
        "../workflow_scripts/atmosphere.py"


rule atmosphere_figure:
    input:
        scatter=rules.atmosphere.output.scatter,
        table=rules.atmosphere.output.table,
    output:
        figure=f"{STACK}/atmosphere/atmosphere_figure.png",
    log:
        f"{LOGS}/atmosphere_figure/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/atmosphere_figure/{{stack}}.tsv"
    group:
        "maps"
    conda:
        "../envs/report.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        grid=GRID,
        code=code("atmosphere_figure"),
    script:
        "../workflow_scripts/atmosphere_figure.py"


rule observability:
    input:
        **layers_of(f"{STACK}/geometry", ["los_east", "los_north", "los_up"]),
        **layers_of(f"{RESULTS}/terrain", ["slope_deg", "aspect_deg"]),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        mean_coherence=f"{RATES}/mean_coherence.tif",
    output:
        **layers_of(
            f"{STACK}/observability",
            ["downslope_sensitivity", "r_index", "observable_class"],
        ),
        sidecar=f"{STACK}/observability/observability.json",
    log:
        f"{LOGS}/observability/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/observability/{{stack}}.tsv"
    group:
        "maps"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(10, 3),
    params:
        grid=GRID,
        min_coherence=CONFIG.rates.min_coherence,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        code=code("observability"),
    script:
        "../workflow_scripts/observability.py"


rule downslope_rate:
    input:
        los_rate=f"{RATES}/los_rate_mm_per_yr.tif",
        los_rate_std=f"{RATES}/los_rate_std_mm_per_yr.tif",
        sensitivity=f"{STACK}/observability/downslope_sensitivity.tif",
        slope=f"{RESULTS}/terrain/slope_deg.tif",
    output:
        rate=f"{RATES}/downslope_rate_mm_per_yr.tif",
        std=f"{RATES}/downslope_rate_std_mm_per_yr.tif",
        sidecar=f"{RATES}/downslope_rate.json",
    log:
        f"{LOGS}/downslope_rate/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/downslope_rate/{{stack}}.tsv"
    group:
        "maps"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(10, 3),
    params:
        grid=GRID,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        code=code("downslope_rate"),
    script:
        "../workflow_scripts/downslope_rate.py"


rule series:
    input:
        polygons=series_polygons,
        timeseries=[] if FROM_PAIRS else f"{RATES}/timeseries.nc",
        unwrapped=lambda wildcards: (
            ifg(wildcards.stack, pairs(wildcards.stack), "unw_rad.tif")
            if FROM_PAIRS
            else []
        ),
        conncomp=lambda wildcards: (
            ifg(wildcards.stack, pairs(wildcards.stack), "conncomp.tif")
            if FROM_PAIRS
            else []
        ),
        coherence=lambda wildcards: (
            ifg(wildcards.stack, pairs(wildcards.stack), "cor.tif")
            if FROM_PAIRS
            else []
        ),
        sidecars=lambda wildcards: (
            ifg(wildcards.stack, pairs(wildcards.stack), "json") if FROM_PAIRS else []
        ),
        stable_ground=f"{RATES}/stable_ground.tif" if FROM_PAIRS else [],
        loop_errors=LOOP_ERRORS if FROM_PAIRS else [],
        height_wgs84=f"{RESULTS}/terrain/elevation_m.tif",
        incidence_angle=f"{STACK}/geometry/incidence_deg.tif",
        track_angle=f"{STACK}/geometry/heading_deg.tif",
        los_east=f"{STACK}/geometry/los_east.tif",
        los_north=f"{STACK}/geometry/los_north.tif",
        los_up=f"{STACK}/geometry/los_up.tif",
    output:
        table=f"{RATES}/series/{{source}}.csv",
        sidecar=f"{RATES}/series/{{source}}.json",
    log:
        f"{LOGS}/series/{{stack}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/series/{{stack}}/{{source}}.tsv"
    wildcard_constraints:
        source="inventory|polygons",
    group:
        "inventory"
    conda:
        "../envs/inventory.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        **RATE_SETTINGS,
        **ATMOSPHERE,
        grid=GRID,
        pairs=lambda wildcards: pairs(wildcards.stack) if FROM_PAIRS else [],
        code=code("series"),
    script:
        "../workflow_scripts/series.py"
