# Sentinel-1 products: SAFE folders of the user, or downloads from an archive.


include: "dem.smk"


if CONFIG.archive():

    # Files arrive in archive/ and orbits/, which no job removes: a failed job, a new version and a
    # better orbit cost no second download. Addresses and logins are resources: they decide nothing
    # about a product, and others make nothing again.
    rule retrieve_slc:
        output:
            slc=directory(GRAPH.paths.slc("{stack}", "{date}")),
            sidecar=f"{RESOURCES}/slc/{{stack}}/{{date}}.json",
        log:
            f"{LOGS}/retrieve_slc/{{stack}}/{{date}}.log",
        benchmark:
            f"{BENCHMARKS}/retrieve_slc/{{stack}}/{{date}}.tsv"
        localrule: True
        conda:
            "../../envs/geo.yaml"
        resources:
            **RETRIEVE_ACCESS,
            addresses=lambda wildcards: GRAPH.addresses(wildcards.stack, wildcards.date),
            mem_mb=memory(1000),
            runtime=240,
        params:
            archive=CONFIG.archive(),
            granules=lambda wildcards: GRAPH.granules(wildcards.stack, wildcards.date),
            store=f"{RESOURCES}/archive",
            orbit_folder=f"{RESOURCES}/orbits",
            code=code("retrieve_slc"),
        script:
            "../../workflow_scripts/retrieve_slc.py"
