# The DEM of a real region once more, on the grid of the products. It stands beside `dem.smk`: paths of
# scripts are those of the folder in which a rule is used again.

if dem_model(CONFIG):

    use rule retrieve_dem as product_dem with:
        output:
            dem=PRODUCT_DEM,
            sidecar=f"{RESOURCES}/product/dem_m.json",
        log:
            f"{LOGS}/product_dem.log",
        benchmark:
            f"{BENCHMARKS}/product_dem.tsv"
        resources:
            **RETRIEVE_ACCESS,
            **dem_addresses(CONFIG),
            mem_mb=memory(2000, 60, product_grid),
            runtime=60,
        params:
            grid=product_grid,

else:

    use rule prepare_dem as product_dem with:
        output:
            dem=PRODUCT_DEM,
            sidecar=f"{RESOURCES}/product/dem_m.json",
        log:
            f"{LOGS}/product_dem.log",
        benchmark:
            f"{BENCHMARKS}/product_dem.tsv"
        resources:
            mem_mb=memory(1000, 30, product_grid),
            runtime=minutes(20, 5, grid=product_grid),
        params:
            grid=product_grid,
