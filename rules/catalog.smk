# The scene table of a real region: from an archive, or from SAFE folders and orbit files that lie
# below resources/{region}/slc/{stack}/{date}/.
from time import time_ns

CATALOG_SEARCH = GRAPH.leaves("catalog", "start", "end", "orbits") | {
    "archive": CONFIG.archive(),
    "stacks": list(CONFIG.stacks),
    "polarisations": CONFIG.searched_polarisations(),
    "product": CONFIG.product(),
}


rule update_catalog:
    output:
        **(
            {"coverage": local(update(f"{RESOURCES}/coverage.csv"))}
            if CONFIG.archive()
            else {}
        ),
        table=local(update(f"{RESOURCES}/scenes.csv")),
    log:
        f"{LOGS}/update_catalog.log",
    benchmark:
        f"{BENCHMARKS}/update_catalog.tsv"
    localrule: True
    conda:
        "../envs/geo.yaml"
    resources:
        **(RETRIEVE_ACCESS if CONFIG.archive() else {}),
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        folder=f"{RESOURCES}/slc",
        grid=cell_grid,
        orbits=CONFIG.slc.orbits,
        search=CATALOG_SEARCH if CONFIG.archive() else None,
        baselines=SCENES.needs_baselines,
        orbit_folder=f"{RESOURCES}/orbits",
        # What an archive has cannot be known beforehand: it is searched each time.
        found=lambda wildcards: (
            time_ns() if CONFIG.archive() else scenes.listing(Path(f"{RESOURCES}/slc"))
        ),
        code=code("update_catalog"),
    script:
        "../workflow_scripts/update_catalog.py"
