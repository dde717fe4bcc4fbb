# Probability maps to candidates per stack, fused objects, the release, and time series of its
# polygons.


# What candidates read on the grid of the probability; of the rates, as far as the method makes them.
CANDIDATE_LAYERS = (
    *("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    *("phase_rate_rad_per_yr", "mean_coherence", "avg_phase_rad"),
    *(*layers.LINE_OF_SIGHT, "layover_shadow", *layers.TERRAIN),
)


rule candidates:
    input:
        **NETWORK.inventory_layers(CANDIDATE_LAYERS),
        **NETWORK.instances,
        probability=f"{SEGMENT}/probability.tif",
        masks=[own(path) for path in or_exit(GRAPH.masks)],
    output:
        candidates=f"{SEGMENT}/candidates.gpkg",
        sidecar=f"{SEGMENT}/candidates.json",
    log:
        f"{LOGS}/candidates/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/candidates/{{stack}}/{{frame}}.tsv"
    group:
        "inventory"
    conda:
        "../envs/geo.yaml"
    resources:
        # Measured: 0.2 GB and 75 bytes a cell.
        mem_mb=memory(1000, 100, network_grid),
        runtime=minutes(10, 11, grid=network_grid),
    params:
        # Those that are read: with rates, with a file of masks.
        **GRAPH.leaves(
            "inventory", "min_rate_mm_per_yr", "masks_column", rule="candidates"
        ),
        grid=network_grid,
        stack=lambda wildcards: wildcards.stack,
        pairs=pairs,
        threshold=CONFIG.inventory.threshold,
        min_area_km2=CONFIG.inventory.min_area_km2,
        snowline_m=CONFIG.inventory.snowline_m,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        min_coherence=CONFIG.inventory.min_coherence,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        code=code("candidates"),
    script:
        "../workflow_scripts/candidates.py"


rule fuse:
    input:
        candidates=GRAPH.every(f"{SEGMENT}/candidates.gpkg"),
    output:
        candidates=f"{RESULTS}/inventory/candidates.gpkg",
        sidecar=f"{RESULTS}/inventory/candidates.json",
    log:
        f"{LOGS}/fuse.log",
    benchmark:
        f"{BENCHMARKS}/fuse.tsv"
    group:
        "inventory"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10),
    params:
        stacks=CONFIG.stacks,
        overlap=CONFIG.inventory.fusion_overlap,
        code=code("fuse"),
    script:
        "../workflow_scripts/fuse.py"


# The release folder is written once under its content's id; the declared output names it. The pointer
# current.json is none: it would go when the job fails.
rule release:
    input:
        candidates=rules.fuse.output.candidates,
        layover_shadow=GRAPH.every(f"{STACK}/geometry/layover_shadow.tif"),
        mean_coherence=GRAPH.every(f"{RATES}/mean_coherence.tif"),
        pair_count=GRAPH.every(f"{RATES}/pair_count.tif"),
        review=[own(path) for path in or_exit(GRAPH.review)],
        names=[own(path) for path in or_exit(GRAPH.names)],
    output:
        release=report(RELEASED, caption="captions/inventory.rst", category="Inventory"),
    log:
        f"{LOGS}/release.log",
    benchmark:
        f"{BENCHMARKS}/release.tsv"
    group:
        "inventory"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        **GRAPH.leaves("inventory", "names_column", "names_m", rule="release"),
        release=release_id,
        region=CONFIG.region,
        stacks=CONFIG.stacks,
        dates={stack: GRAPH.dates(stack) for stack in CONFIG.stacks},
        scenes=SCENES.rows(),
        settings=used_settings,
        pairs={stack: GRAPH.pairs(stack) for stack in CONFIG.stacks},
        weights=weights_record,
        snowline_m=CONFIG.inventory.snowline_m,
        min_coherence=CONFIG.inventory.min_coherence,
        match_iou=CONFIG.inventory.match_iou,
        allow_older=CONFIG.inventory.allow_older,
        code=code("release"),
    script:
        "../workflow_scripts/release.py"


# The series of every cell, or the pairs where the method has none.
SERIES_INPUTS = (
    {"timeseries": f"{RATES}/timeseries.nc"}
    if GRAPH.method.has_series
    else {
        "stable_ground": f"{RATES}/stable_ground.tif",
        "loop_errors": LOOP_ERRORS,
    }
)


rule series:
    input:
        unpack(series_pairs),
        **SERIES_INPUTS,
        polygons=lambda wildcards: own(
            or_exit(lambda: GRAPH.series_polygons(wildcards.source))
        ),
        height_wgs84=f"{TERRAIN}/elevation_m.tif",
        incidence_angle=f"{STACK}/geometry/incidence_deg.tif",
        track_angle=f"{STACK}/geometry/heading_deg.tif",
        los_east=f"{STACK}/geometry/los_east.tif",
        los_north=f"{STACK}/geometry/los_north.tif",
        los_up=f"{STACK}/geometry/los_up.tif",
    output:
        table=f"{RATES}/series/{{source}}.csv",
        sidecar=f"{RATES}/series/{{source}}.json",
    log:
        f"{LOGS}/series/{{stack}}/{{frame}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/series/{{stack}}/{{frame}}/{{source}}.tsv"
    wildcard_constraints:
        source="inventory|polygons",
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        **({} if GRAPH.method.has_series else rate_settings("series")),
        grid=cell_grid,
        pairs=lambda wildcards: [] if GRAPH.method.has_series else pairs(wildcards),
        code=code("series"),
    script:
        "../workflow_scripts/series.py"
