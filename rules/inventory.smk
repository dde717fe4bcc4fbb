# Probability maps to candidates per stack, fused objects, the release, and time series of its
# polygons.


# What candidates read on the grid of the probability; of the rates, as far as the method makes them.
CANDIDATE_LAYERS = (
    *("los_rate_mm_per_yr", "los_rate_std_mm_per_yr"),
    *("phase_rate_rad_per_yr", "mean_coherence", "avg_phase_rad", "stable_ground"),
    *(*layers.LINE_OF_SIGHT, "layover_shadow", *layers.TERRAIN),
)


rule candidates:
    input:
        **NETWORK.inventory_layers(CANDIDATE_LAYERS),
        **ground_files(masking=True),
        **NETWORK.instances,
        probability=f"{SEGMENT}/probability.tif",
        masks=[
            own(path) for path in or_exit(lambda: GRAPH.named_file("inventory.masks"))
        ],
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
        **GRAPH.ground_keys(masking=True),
        grid=network_grid,
        region=GRAPH.network_grid().to_dict(),
        stack=lambda wildcards: wildcards.stack,
        frame=lambda wildcards: wildcards.frame,
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


# Frames of each stack in the order of GRAPH.every; core of all frames, and what they see of the region.
SEEN = {stack: list(GRAPH.frames_of(stack)) for stack in CONFIG.stacks}
VIEWS = {
    name: GRAPH.frame(name).within(GRAPH.grid()).to_dict() for name in GRAPH.frames
}
LEVELS = (
    GRAPH.maps(f"{RATES}/level_frames.json")
    if CONFIG.grid.in_frames and GRAPH.method.has_rates
    else []
)


rule fuse:
    input:
        candidates=GRAPH.every(f"{SEGMENT}/candidates.gpkg"),
        levels=LEVELS,
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
        # No layer is held.
        mem_mb=memory(2000),
        runtime=minutes(10),
    params:
        seen=SEEN,
        frames=VIEWS,
        overlap=CONFIG.inventory.fusion_overlap,
        # Masks of objects over seams.
        min_area_km2=CONFIG.inventory.min_area_km2,
        snowline_m=CONFIG.inventory.snowline_m,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        min_coherence=CONFIG.inventory.min_coherence,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        code=code("fuse"),
    script:
        "../workflow_scripts/fuse.py"


# What each track tells of the fused objects: their mean rate, and their series where the method has
# one of every cell.
rule object_motion:
    input:
        unpack(
            of_rates(
                "object_motion",
                los_rate=f"{RATES}/los_rate_mm_per_yr.tif",
                los_rate_std=f"{RATES}/los_rate_std_mm_per_yr.tif",
                stable_ground=f"{RATES}/stable_ground.tif",
            )
        ),
        **(
            {
                "timeseries": f"{RATES}/timeseries.nc",
                "height_wgs84": f"{TERRAIN}/elevation_m.tif",
                "incidence_angle": f"{STACK}/geometry/incidence_deg.tif",
                "track_angle": f"{STACK}/geometry/heading_deg.tif",
            }
            if GRAPH.method.has_series
            else {}
        ),
        **layer_files(f"{STACK}/geometry", layers.LINE_OF_SIGHT),
        candidates=rules.fuse.output.candidates,
    output:
        motion=f"{RATES}/object_motion.json",
    log:
        f"{LOGS}/object_motion/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/object_motion/{{stack}}/{{frame}}.tsv"
    group:
        "inventory"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 100),
        runtime=minutes(10, 11),
    params:
        stack=lambda wildcards: wildcards.stack,
        frame=lambda wildcards: GRAPH.frame(wildcards.frame).to_dict(),
        region=GRAPH.grid().to_dict(),
        code=code("object_motion"),
    script:
        "../workflow_scripts/object_motion.py"


# What could be seen, which a release keeps.
SEEN_SPEEDS = (
    {
        layer: GRAPH.every(path)
        for layer, path in layer_files(SPEEDS, layers.SMALLEST_SPEED).items()
    }
    if GRAPH.method.has_rates
    else {}
)


# The release folder is written once under its content's id; the declared output names it. The pointer
# current.json is none: it would go when the job fails.
rule release:
    input:
        **SEEN_SPEEDS,
        **ground_files(),
        candidates=rules.fuse.output.candidates,
        motion=(
            GRAPH.every(rules.object_motion.output.motion)
            if GRAPH.method.has_rates
            else []
        ),
        layover_shadow=GRAPH.every(f"{STACK}/geometry/layover_shadow.tif"),
        mean_coherence=GRAPH.every(f"{RATES}/mean_coherence.tif"),
        pair_count=GRAPH.every(f"{RATES}/pair_count.tif"),
        review=[own(path) for path in or_exit(GRAPH.review)],
        names=[
            own(path) for path in or_exit(lambda: GRAPH.named_file("inventory.names"))
        ],
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
        # Windows of the layers are read around lost objects, and blocks of the speeds; none is held.
        mem_mb=memory(2000),
        runtime=minutes(20, 0.3, len(SEEN_SPEEDS)),
    params:
        **GRAPH.leaves("inventory", "names_column", "names_m", rule="release"),
        **GRAPH.leaves("ground", "land_cover_legend", rule="release"),
        **GRAPH.ground_keys(),
        grid=cell_grid,
        seen=SEEN,
        frames=VIEWS,
        without_frames=CONFIG.inventory.without_frames,
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
        reference=f"{RATES}/reference.json",
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
        frame=lambda wildcards: GRAPH.frame(wildcards.frame).to_dict(),
        region=GRAPH.grid().to_dict(),
        pairs=lambda wildcards: [] if GRAPH.method.has_series else pairs(wildcards),
        code=code("series"),
    script:
        "../workflow_scripts/series.py"


if CONFIG.grid.in_frames:

    rule join_series:
        input:
            tables=lambda wildcards: [
                fill(f"{RATES}/series/{{source}}.csv", wildcards, frame=frame)
                for frame in GRAPH.frames_of(wildcards.stack)
            ],
        output:
            table=f"{GRAPH.map_of(RATES)}/series/{{source}}.csv",
            sidecar=f"{GRAPH.map_of(RATES)}/series/{{source}}.json",
        log:
            f"{LOGS}/join_series/{{stack}}/{{source}}.log",
        benchmark:
            f"{BENCHMARKS}/join_series/{{stack}}/{{source}}.tsv"
        wildcard_constraints:
            source="inventory|polygons",
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1000),
            runtime=minutes(10),
        params:
            frames=lambda wildcards: GRAPH.frames_of(wildcards.stack),
            code=code("join_series"),
        script:
            "../workflow_scripts/join_series.py"
