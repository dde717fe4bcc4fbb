# The DEM of a real region: a file, brought to the region grid with margin, in ellipsoidal heights.

if not DEM_MODEL:

    rule prepare_dem:
        input:
            dem=dem_file(),
        output:
            dem=f"{RESOURCES}/dem_m.tif",
            sidecar=f"{RESOURCES}/dem_m.json",
        log:
            f"{LOGS}/prepare_dem.log",
        benchmark:
            f"{BENCHMARKS}/prepare_dem.tsv"
        conda:
            "../envs/insar.yaml"
        resources:
            # Measured: 0.1 GB and 16 bytes a cell of the region with its margin.
            mem_mb=memory(1000, 30),
            runtime=minutes(20, 5),
        params:
            grid=GRID,
            margin_m=CONFIG.grid.margin_m,
            vertical=CONFIG.grid.dem_vertical,
            geoid_m=CONFIG.grid.geoid_m,
            code=code("prepare_dem"),
        script:
            "../workflow_scripts/prepare_dem.py"
