# Layers of networks that read the grid of the products (`segmentation.grid: product`; P3, C09). What
# a track measures is resampled, by `resample_products`; the ground is made there from its sources.
GROUND = {name: GRAPH.paths.product_ground(name) for name in ("terrain", *OPTIONAL)}
PRODUCT_DEM = f"{RESOURCES}/product/dem_m.tif"

if GRAPH.simulated:

    # The simulated heights, interpolated.
    rule product_dem:
        input:
            dem=f"{RESOURCES}/dem_m.tif",
        output:
            dem=PRODUCT_DEM,
            sidecar=f"{RESOURCES}/product/dem_m.json",
        log:
            f"{LOGS}/product_dem.log",
        benchmark:
            f"{BENCHMARKS}/product_dem.tsv"
        conda:
            "../envs/geo.yaml"
        resources:
            mem_mb=memory(1000, 30, product_grid),
            runtime=minutes(20, 5, grid=product_grid),
        params:
            grid=product_grid,
            margin_m=CONFIG.grid.dem_margin_m,
            code=code("product_dem"),
        script:
            "../workflow_scripts/product_dem.py"

else:

    include: "sources/product_dem.smk"


use rule terrain as product_terrain with:
    input:
        dem=PRODUCT_DEM,
    output:
        **layer_files(GROUND["terrain"], layers.TERRAIN),
        hillshade=f"{GROUND['terrain']}/hillshade.tif",
        sidecar=f"{GROUND['terrain']}/terrain.json",
    log:
        f"{LOGS}/product_terrain/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/product_terrain/{{frame}}.tsv"
    resources:
        mem_mb=memory(1000, 150, product_grid),
        runtime=minutes(20, 25, grid=product_grid),
    params:
        grid=product_grid,


# The same recipe on the resampled phase and intensity.
if GRAPH.engine.amplitude:

    use rule fuse_phase as product_fuse_phase with:
        input:
            phase=f"{RESAMPLED}/avg_phase_rad.tif",
            intensity=f"{RESAMPLED}/mean_amplitude_db.tif",
        output:
            fused=f"{RESAMPLED}/phase_intensity_rgb.tif",
            sidecar=f"{RESAMPLED}/phase_intensity_rgb.json",
        log:
            f"{LOGS}/product_fuse_phase/{{stack}}/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/product_fuse_phase/{{stack}}/{{frame}}.tsv"
        resources:
            mem_mb=memory(1000, 200, product_grid),
            runtime=minutes(10, 5, grid=product_grid),
        params:
            grid=product_grid,


if OPTICAL_FILES:

    use rule optical as product_optical with:
        output:
            **layer_files(GROUND["optical"], layers.OPTICAL),
            sidecar=f"{GROUND['optical']}/optical.json",
        log:
            f"{LOGS}/product_optical/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/product_optical/{{frame}}.tsv"
        resources:
            mem_mb=memory(1500, 40, product_grid),
            runtime=minutes(60, 5, grid=product_grid),
        params:
            grid=product_grid,

elif GRAPH.simulated:

    # Simulated reflectances are on the region grid alone.
    use rule resample_products as product_optical with:
        input:
            **layer_files(GRAPH.paths.ground("optical"), layers.OPTICAL),
        output:
            **layer_files(GROUND["optical"], layers.OPTICAL),
            sidecar=f"{GROUND['optical']}/optical.json",
        log:
            f"{LOGS}/product_optical/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/product_optical/{{frame}}.tsv"


if LITHOLOGY_FILE:

    use rule lithology as product_lithology with:
        output:
            lithology=f"{GROUND['lithology']}/lithology.tif",
            legend=f"{GROUND['lithology']}/legend.csv",
            sidecar=f"{GROUND['lithology']}/lithology.json",
        log:
            f"{LOGS}/product_lithology/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/product_lithology/{{frame}}.tsv"
        resources:
            mem_mb=memory(1500, 20, product_grid),
            runtime=minutes(30, 5, grid=product_grid),
        params:
            grid=product_grid,

else:

    # Simulated rock, too: each finer cell has the class of the cell that it lies in.
    use rule resample_products as product_lithology with:
        input:
            lithology=f"{GRAPH.paths.ground('lithology')}/lithology.tif",
        output:
            lithology=f"{GROUND['lithology']}/lithology.tif",
            sidecar=f"{GROUND['lithology']}/lithology.json",
        log:
            f"{LOGS}/product_lithology/{{frame}}.log",
        benchmark:
            f"{BENCHMARKS}/product_lithology/{{frame}}.tsv"
