# The DEM of a real region, brought to the region grid with margin, in ellipsoidal heights: a
# download, or a file of the user.

if dem_model(CONFIG):

    rule retrieve_dem:
        output:
            dem=f"{RESOURCES}/dem_m.tif",
            sidecar=f"{RESOURCES}/dem_m.json",
        log:
            f"{LOGS}/retrieve_dem.log",
        benchmark:
            f"{BENCHMARKS}/retrieve_dem.tsv"
        localrule: True
        conda:
            "../../envs/geo.yaml"
        resources:
            **RETRIEVE_ACCESS,
            **dem_addresses(CONFIG),
            mem_mb=memory(2000, 60),
            runtime=60,
        params:
            model=dem_model(CONFIG),
            grid=cell_grid,
            margin_m=CONFIG.grid.dem_margin_m,
            store=f"{RESOURCES}/archive/dem",
            code=code("retrieve_dem"),
        script:
            "../../workflow_scripts/retrieve_dem.py"

else:

    rule prepare_dem:
        input:
            dem=own(or_exit(lambda: resolve(CONFIG.grid.dem))),
        output:
            dem=f"{RESOURCES}/dem_m.tif",
            sidecar=f"{RESOURCES}/dem_m.json",
        log:
            f"{LOGS}/prepare_dem.log",
        benchmark:
            f"{BENCHMARKS}/prepare_dem.tsv"
        conda:
            "../../envs/geo.yaml"
        resources:
            # Measured: 0.1 GB and 16 bytes a cell of the region with its margin.
            mem_mb=memory(1000, 30),
            runtime=minutes(20, 5),
        params:
            grid=cell_grid,
            margin_m=CONFIG.grid.dem_margin_m,
            vertical=CONFIG.grid.dem_vertical,
            geoid_m=CONFIG.grid.geoid_m,
            code=code("prepare_dem"),
        script:
            "../../workflow_scripts/prepare_dem.py"
