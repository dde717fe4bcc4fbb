# Maps of a stack beside its rates: D-InSAR of single pairs, fusion with intensity, atmosphere,
# observability, probability, finer grid.


rule dinsar:
    input:
        unwrapped=f"{STACK}/ifg/{{pair}}.unw_rad.tif",
        conncomp=f"{STACK}/ifg/{{pair}}.conncomp.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        about=f"{STACK}/ifg/{{pair}}.json",
        delays=of_both_dates(DELAY) if CONFIG.rates.delays else [],
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        elevation=f"{TERRAIN}/elevation_m.tif",
    output:
        displacement=f"{STACK}/dinsar/{{pair}}.los_displacement_mm.tif",
        std=f"{STACK}/dinsar/{{pair}}.los_displacement_std_mm.tif",
        sidecar=f"{STACK}/dinsar/{{pair}}.json",
    log:
        f"{LOGS}/dinsar/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/dinsar/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 400),
        runtime=minutes(10, 5),
    params:
        **rate_settings("dinsar"),
        grid=cell_grid,
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
        figure=report(
            f"{STACK}/dinsar/{{pair}}.dinsar_figure.png",
            caption="captions/dinsar.rst",
            category="Maps",
        ),
    log:
        f"{LOGS}/dinsar_figure/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/dinsar_figure/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        grid=cell_grid,
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
        f"{LOGS}/fuse_phase/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/fuse_phase/{{stack}}/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 200),
        runtime=minutes(10, 5),
    params:
        grid=cell_grid,
        recipe=CONFIG.rates.fusion,
        percent=CONFIG.rates.fusion_percent,
        code=code("fuse_phase"),
    script:
        "../workflow_scripts/fuse_phase.py"


rule atmosphere:
    input:
        unpack(unwrapped_pairs),
        elevation=f"{TERRAIN}/elevation_m.tif",
        stable_ground=f"{RATES}/stable_ground.tif",
        reference=f"{RATES}/reference.json",
        loop_errors=LOOP_ERRORS,
    output:
        scatter=f"{STACK}/atmosphere/date_scatter_mm.tif",
        table=f"{STACK}/atmosphere/scatter.csv",
        sidecar=f"{STACK}/atmosphere/atmosphere.json",
    log:
        f"{LOGS}/atmosphere/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/atmosphere/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 400),
        runtime=minutes(10, 0.6, pairs),
    params:
        # Those of the delays of dates are read whether or not the rates have the correction.
        **rate_settings("atmosphere")
        | GRAPH.leaves("rates", "atmosphere_km", "atmosphere_days"),
        grid=cell_grid,
        pairs=pairs,
        code=code("atmosphere"),
    script:
        "../workflow_scripts/atmosphere.py"


rule atmosphere_figure:
    input:
        scatter=rules.atmosphere.output.scatter,
        table=rules.atmosphere.output.table,
    output:
        figure=report(
            f"{STACK}/atmosphere/atmosphere_figure.png",
            caption="captions/atmosphere.rst",
            category="Maps",
        ),
    log:
        f"{LOGS}/atmosphere_figure/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/atmosphere_figure/{{stack}}/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        grid=cell_grid,
        code=code("atmosphere_figure"),
    script:
        "../workflow_scripts/atmosphere_figure.py"


rule observability:
    input:
        **layer_files(f"{STACK}/geometry", layers.LINE_OF_SIGHT),
        **layer_files(TERRAIN, ["slope_deg", "aspect_deg"]),
        layover_shadow=f"{STACK}/geometry/layover_shadow.tif",
        mean_coherence=f"{RATES}/mean_coherence.tif",
    output:
        **layer_files(
            f"{STACK}/observability",
            ["downslope_sensitivity", "r_index", "observable_class"],
        ),
        sidecar=f"{STACK}/observability/observability.json",
    log:
        f"{LOGS}/observability/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/observability/{{stack}}/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(10, 3),
    params:
        grid=cell_grid,
        min_coherence=CONFIG.rates.min_coherence,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        code=code("observability"),
    script:
        "../workflow_scripts/observability.py"


rule downslope_rate:
    input:
        unpack(
            of_rates(
                "downslope_rate",
                los_rate=f"{RATES}/los_rate_mm_per_yr.tif",
                los_rate_std=f"{RATES}/los_rate_std_mm_per_yr.tif",
            )
        ),
        sensitivity=f"{STACK}/observability/downslope_sensitivity.tif",
        slope=f"{TERRAIN}/slope_deg.tif",
    output:
        rate=f"{RATES}/downslope_rate_mm_per_yr.tif",
        std=f"{RATES}/downslope_rate_std_mm_per_yr.tif",
        sidecar=f"{RATES}/downslope_rate.json",
    log:
        f"{LOGS}/downslope_rate/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/downslope_rate/{{stack}}/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(10, 3),
    params:
        grid=cell_grid,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        code=code("downslope_rate"),
    script:
        "../workflow_scripts/downslope_rate.py"


# What can be seen at all, by any track of the frame.
rule smallest_speed:
    input:
        unpack(
            rates_of_frame(
                "smallest_speed",
                los_rate=f"{RATES}/los_rate_mm_per_yr.tif",
                mean_coherence=f"{RATES}/mean_coherence.tif",
                pair_count=f"{RATES}/pair_count.tif",
                stable_ground=f"{RATES}/stable_ground.tif",
                observable_class=f"{STACK}/observability/observable_class.tif",
                sensitivity=f"{STACK}/observability/downslope_sensitivity.tif",
            )
        ),
        slope=f"{TERRAIN}/slope_deg.tif",
    output:
        **layer_files(SPEEDS, layers.SMALLEST_SPEED),
        sidecar=f"{SPEEDS}/smallest_speed.json",
    log:
        f"{LOGS}/smallest_speed/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/smallest_speed/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        # Measured: 0.25 GB and 150 bytes a cell, whatever the tracks.
        mem_mb=memory(1000, 200),
        runtime=minutes(10, 3, lambda wildcards: GRAPH.stacks_of(wildcards.frame)),
    params:
        grid=cell_grid,
        stacks=lambda wildcards: GRAPH.stacks_of(wildcards.frame),
        min_sensitivity=CONFIG.rates.min_sensitivity,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        code=code("smallest_speed"),
    script:
        "../workflow_scripts/smallest_speed.py"


# Of frames that both passes see.
rule east_up:
    input:
        unpack(
            rates_of_frame(
                "east_up",
                los_rate=f"{RATES}/los_rate_mm_per_yr.tif",
                los_rate_std=f"{RATES}/los_rate_std_mm_per_yr.tif",
                los_east=f"{STACK}/geometry/los_east.tif",
                los_up=f"{STACK}/geometry/los_up.tif",
            )
        ),
    output:
        **layer_files(EAST_UP, layers.EAST_UP),
        sidecar=f"{EAST_UP}/east_up.json",
    log:
        f"{LOGS}/east_up/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/east_up/{{frame}}.tsv"
    group:
        "maps"
    conda:
        "../envs/geo.yaml"
    resources:
        # 16 bytes a cell of each of up to six tracks, 16 of the maps.
        mem_mb=memory(1000, 150),
        runtime=minutes(10, 3, lambda wildcards: GRAPH.stacks_of(wildcards.frame)),
    params:
        grid=cell_grid,
        stacks=lambda wildcards: GRAPH.stacks_of(wildcards.frame),
        code=code("east_up"),
    script:
        "../workflow_scripts/east_up.py"


# One job a network and track, on the grid of the networks.
rule segment:
    input:
        unpack(inputs_of_network),
    output:
        probability=f"{NETWORKS}/{{model}}/probability.tif",
        sidecar=f"{NETWORKS}/{{model}}/segment.json",
    log:
        f"{LOGS}/segment/{{stack}}/{{frame}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/segment/{{stack}}/{{frame}}/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(NETWORK.of_kind(registry.SEMANTIC)),
    conda:
        "../envs/torch.yaml"
    # All cores: one job at a time on a machine with one GPU, without any profile;
    # `--set-threads segment=4` runs tracks side by side.
    threads: workflow.cores
    resources:
        mem_mb=memory(2500, 200, network_grid),
        gpu=int(CONFIG.segmentation.device == "cuda"),
        device=CONFIG.segmentation.device,
        runtime=minutes(20, 27, grid=network_grid),
    params:
        grid=network_grid,
        overlap=CONFIG.segmentation.overlap,
        precision=CONFIG.segmentation.precision,
        network=network_parameter,
        code=code("segment"),
    script:
        "../workflow_scripts/segment.py"


# The same for networks that find single objects.
use rule segment as segment_instances with:
    output:
        probability=f"{NETWORKS}/{{model}}/probability.tif",
        instances=f"{NETWORKS}/{{model}}/instances.tif",
        sidecar=f"{NETWORKS}/{{model}}/segment.json",
    log:
        f"{LOGS}/segment_instances/{{stack}}/{{frame}}/{{model}}.log",
    benchmark:
        f"{BENCHMARKS}/segment_instances/{{stack}}/{{frame}}/{{model}}.tsv"
    wildcard_constraints:
        model=one_of(NETWORK.of_kind(registry.INSTANCE)),


# The same without a network: ground that moves faster than its noise.
rule velocity_threshold:
    input:
        unpack(
            lambda wildcards: filled(
                or_exit(lambda: NETWORK.inputs_of("velocity_threshold")), wildcards
            )
        ),
    output:
        probability=f"{NETWORKS}/velocity_threshold/probability.tif",
        sidecar=f"{NETWORKS}/velocity_threshold/velocity_threshold.json",
    log:
        f"{LOGS}/velocity_threshold/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/velocity_threshold/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000, 50, network_grid),
        runtime=minutes(10, 1, grid=network_grid),
    params:
        form=CONFIG.velocity_threshold.form,
        sigmas=CONFIG.velocity_threshold.sigmas,
        noise=CONFIG.velocity_threshold.noise,
        min_cells=CONFIG.velocity_threshold.min_cells,
        min_slope_deg=CONFIG.velocity_threshold.min_slope_deg,
        grid=network_grid,
        code=code("velocity_threshold"),
    script:
        "../workflow_scripts/velocity_threshold.py"


# Layers of pairs and rates with the cells of the final products.
rule resample_products:
    input:
        **GRAPH.resampled_layers(),
    output:
        **layer_files(RESAMPLED, GRAPH.resampled_layers()),
        sidecar=f"{RESAMPLED}/resample_products.json",
    log:
        f"{LOGS}/resample_products/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/resample_products/{{stack}}/{{frame}}.tsv"
    conda:
        "../envs/geo.yaml"
    resources:
        # Measured: 0.2 GB and 18 bytes a cell of the finer grid.
        mem_mb=memory(1000, 25, product_grid),
        runtime=minutes(20, 25),
    params:
        grid=cell_grid,
        product_m=CONFIG.grid.product_m,
        code=code("resample_products"),
    script:
        "../workflow_scripts/resample_products.py"


# Which layers tell landslides from other ground (P3 3.1 and 4.1; H01-H03), of every track, on
# demand.
rule factors:
    input:
        GRAPH.maps(f"{RATES}/factors/factors.json"),
    localrule: True


rule rank_factors:
    input:
        unpack(
            of_rates(
                "factors",
                los_rate_mm_per_yr=GRAPH.map_of(f"{RATES}/los_rate_mm_per_yr.tif"),
            )
        ),
        **maps_of(layer_files(TERRAIN, layers.TERRAIN)),
        **maps_of(GRAPH.optional_layers()),
        layover_shadow=GRAPH.map_of(f"{STACK}/geometry/layover_shadow.tif"),
        labels=lambda wildcards: (
            own(or_exit(lambda: existing("factors.labels", CONFIG.factors.labels)))
            if CONFIG.factors.labels
            else RELEASED
        ),
    output:
        correlation=f"{FACTORS}/correlation.csv",
        collinearity=f"{FACTORS}/collinearity.csv",
        importance=f"{FACTORS}/importance.csv",
        heat_map=report(
            f"{FACTORS}/correlation.png",
            caption="captions/factors.rst",
            category="Maps",
        ),
        bars=report(
            f"{FACTORS}/importance.png",
            caption="captions/factors.rst",
            category="Maps",
        ),
        sidecar=f"{FACTORS}/factors.json",
    log:
        f"{LOGS}/rank_factors/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/rank_factors/{{stack}}.tsv"
    conda:
        "../envs/geo.yaml"
    threads: 4
    resources:
        mem_mb=memory(2500, 5),
        runtime=minutes(60),
    params:
        grid=cell_grid,
        released=not CONFIG.factors.labels,
        cells=CONFIG.factors.cells,
        trees=CONFIG.factors.trees,
        seed=CONFIG.factors.seed,
        code=code("rank_factors"),
    script:
        "../workflow_scripts/rank_factors.py"
