# The scene table of a real region: from an archive, or from SAFE folders and orbit files that lie below
# resources/{region}/slc/{stack}/{date}/.
from time import time_ns


rule update_catalog:
    output:
        **({"coverage": local(update(f"{RESOURCES}/coverage.csv"))} if ARCHIVE else {}),
        table=local(update(f"{RESOURCES}/scenes.csv")),
    log:
        f"{LOGS}/update_catalog.log",
    benchmark:
        f"{BENCHMARKS}/update_catalog.tsv"
    localrule: True
    conda:
        "../envs/retrieve.yaml"
    resources:
        **(RETRIEVE_ACCESS if ARCHIVE else {}),
        mem_mb=memory(1000),
        runtime=minutes(60),
    params:
        folder=f"{RESOURCES}/slc",
        grid=GRID,
        orbits=CONFIG.slc.orbits,
        search=CATALOG_SEARCH,
        baselines=SCENES.needs_baselines,
        orbit_folder=f"{RESOURCES}/orbits",
        # What lies in an archive cannot be seen beforehand: whoever asks for this rule wants it asked.
        found=lambda wildcards: (
            time_ns() if ARCHIVE else scenes.listing(Path(f"{RESOURCES}/slc"))
        ),
        code=code("update_catalog"),
    script:
        "../workflow_scripts/update_catalog.py"


include: "retrieve.smk"
