# Engine `displacement`: rates that others have processed, brought to the contract from the rate on.


def declared_of_product(wildcards):
    """Parameter: what the configuration states of the product of the job's track, but for its path, which is an input."""
    product = CONFIG.displacement.products[wildcards.stack]
    return product.model_dump(mode="json", exclude={"path"})


rule ingest_displacement:
    input:
        product=lambda wildcards: [own(path) for path in SCENES.files(wildcards.stack)],
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layer_files(RATES, layers.RATES),
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        timeseries=f"{RATES}/timeseries.nc",
        reference=f"{RATES}/reference.json",
        sidecar=f"{RATES}/ingest_displacement.json",
    log:
        f"{LOGS}/ingest_displacement/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/ingest_displacement/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        # A series is held twice, as float32.
        mem_mb=memory(2000, 400, bytes_per_layer=12, layers=dates),
        runtime=minutes(60, 1, dates),
    params:
        **rate_settings("ingest_displacement"),
        grid=cell_grid,
        dates=dates,
        product=declared_of_product,
        code=code("ingest_displacement"),
    script:
        "../../workflow_scripts/ingest_displacement.py"
