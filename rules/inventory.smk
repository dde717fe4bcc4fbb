# Probability maps to candidates per stack, fused objects, and the release.


rule candidates:
    input:
        **layers_of(
            RATES, ["los_rate_mm_per_yr", "los_rate_std_mm_per_yr", "mean_coherence"]
        ),
        **layers_of(
            f"{STACK}/geometry", ["los_east", "los_north", "los_up", "layover_shadow"]
        ),
        **layers_of(f"{RESULTS}/terrain", TERRAIN),
        **instance_layer(),
        probability=f"{SEGMENT}/probability.tif",
    output:
        candidates=f"{SEGMENT}/candidates.gpkg",
        sidecar=f"{SEGMENT}/candidates.json",
    log:
        f"{LOGS}/candidates/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/candidates/{{stack}}.tsv"
    group:
        "inventory"
    conda:
        "../envs/inventory.yaml"
    resources:
        # Measured: 0.2 GB and 75 bytes a cell.
        mem_mb=memory(1000, 100),
        runtime=minutes(10, 11),
    params:
        grid=GRID,
        stack=lambda wildcards: wildcards.stack,
        threshold=CONFIG.inventory.threshold,
        min_area_km2=CONFIG.inventory.min_area_km2,
        snowline_m=CONFIG.inventory.snowline_m,
        min_slope_deg=CONFIG.inventory.min_slope_deg,
        min_rate_mm_per_yr=CONFIG.inventory.min_rate_mm_per_yr,
        min_coherence=CONFIG.inventory.min_coherence,
        min_sensitivity=CONFIG.rates.min_sensitivity,
        code=code("candidates"),
    script:
        "../workflow_scripts/candidates.py"


rule fuse:
    input:
        candidates=expand(f"{SEGMENT}/candidates.gpkg", stack=CONFIG.stacks),
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
        "../envs/inventory.yaml"
    resources:
        mem_mb=memory(1000, 10),
        runtime=minutes(10),
    params:
        stacks=CONFIG.stacks,
        overlap=CONFIG.inventory.fusion_overlap,
        code=code("fuse"),
    script:
        "../workflow_scripts/fuse.py"


# The release folder is written once under its content's id; the pointer to it is the declared output.
rule release:
    input:
        candidates=rules.fuse.output.candidates,
        layover_shadow=expand(
            f"{STACK}/geometry/layover_shadow.tif", stack=CONFIG.stacks
        ),
        mean_coherence=expand(f"{RATES}/mean_coherence.tif", stack=CONFIG.stacks),
        pair_count=expand(f"{RATES}/pair_count.tif", stack=CONFIG.stacks),
        weights=lambda wildcards: weights_file(),
        review=review_file(),
    output:
        current=CURRENT,
    log:
        f"{LOGS}/release.log",
    benchmark:
        f"{BENCHMARKS}/release.tsv"
    group:
        "inventory"
    conda:
        "../envs/inventory.yaml"
    resources:
        mem_mb=memory(1000, 50),
        runtime=minutes(10, 5),
    params:
        release=lambda wildcards: release_id(),
        region=REGION,
        stacks=CONFIG.stacks,
        dates={stack: dates(stack) for stack in CONFIG.stacks},
        scenes=SCENES.rows(),
        settings=settings(CONFIG),
        snowline_m=CONFIG.inventory.snowline_m,
        min_coherence=CONFIG.inventory.min_coherence,
        match_iou=CONFIG.inventory.match_iou,
        code=code("release"),
    script:
        "../workflow_scripts/release.py"
