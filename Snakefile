# sarslide: from Sentinel-1 SAR to a versioned inventory of active landslides.
#
#   snakemake --cores 16 --use-conda                          the region named in config.yaml
#   snakemake --cores 16 --use-conda --config region=NAME     another region
#   snakemake update_catalog --cores 1                        look for new acquisitions
#   snakemake preflight --cores 1                             what can be known before any job, in seconds
#   snakemake train --cores 16                                train the network on simulated regions
#
# results/{region}/{stack}/{engine}/ holds the engine contract; everything after it is engine-blind (docs/architecture.md).
from pathlib import Path

from snakemake.utils import min_version

min_version("9.21.1")


configfile: Path(workflow.basedir) / "config.yaml"


include: "rules/common.smk"
include: "rules/learning.smk"


wildcard_constraints:
    region=names.IDENTIFIER,
    stack=names.STACK,
    engine=names.IDENTIFIER,
    date=names.DATE,
    pair=names.PAIR,
    method=names.IDENTIFIER,
    model=names.IDENTIFIER,


rule all:
    default_target: True
    input:
        lambda wildcards: final_products(),


for room in ("catalog", "simulated" if CONFIG.source == "simulated" else "dem"):

    include: f"rules/{room}.smk"


for room in ("preflight", "benchmark_regions", "train", "benchmark"):

    include: f"rules/{room}.smk"


# A real region starts with an empty scene table, which `snakemake update_catalog` fills; until then there is nothing to do.
if SCENES.ready:
    unwrapping = ["unwrap"] if CONFIG.engine in ("native", "isce2") else []
    for room in (CONFIG.engine, *unwrapping, *ROOMS):

        include: f"rules/{room}.smk"


onstart:
    first_checks()
