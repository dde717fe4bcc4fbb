# sarslide: from Sentinel-1 SAR to a versioned inventory of active landslides.
#
#   snakemake --cores 16 --use-conda                          the region named in config.yaml
#   snakemake --cores 16 --use-conda --config region=NAME     another region
#   snakemake update_catalog --cores 1                        look for new acquisitions
#   snakemake preflight --cores 1                             what is known before any job; seconds
#   snakemake train --cores 16                                train the network on simulated regions
#
# results/{region}/{stack}/{frame}/{engine}/ holds the engine contract; everything after it is
# engine-blind (docs/concepts/engine-contract.md).
from pathlib import Path

from snakemake.utils import min_version

min_version("9.21.1")


include: "rules/begin.smk"


# The second is that of the working folder, where the workflow is installed elsewhere.
for configuration in or_exit(lambda: reading.config_files(Path(workflow.basedir))):

    configfile: configuration


include: "rules/common.smk"
include: "rules/functions.smk"
include: f"rules/sources/{CONFIG.source}.smk"
include: "rules/catalog.smk"
include: "rules/preflight.smk"
include: "rules/learn.smk"
include: "rules/studies.smk"


wildcard_constraints:
    region=names.IDENTIFIER,
    stack=names.STACK,
    frame=names.FRAME,
    engine=names.IDENTIFIER,
    date=names.DATE,
    pair=names.PAIR,
    method=names.IDENTIFIER,
    model=names.IDENTIFIER,


rule all:
    default_target: True
    input:
        lambda wildcards: final_products(),


# A real region starts with an empty scene table, which `snakemake update_catalog` fills; until then
# there is nothing to do.
if SCENES.ready:

    # What is joined is made: files of dates and pairs are taken as they are.
    if not CONFIG.joined:

        include: f"rules/engines/{CONFIG.engine}.smk"

        if GRAPH.engine.pairs:

            include: "rules/pairs.smk"
            include: "rules/rates.smk"
    include: "rules/ground.smk"
    include: "rules/maps.smk"

    if CONFIG.grid.in_frames:

        include: "rules/mosaics.smk"

    if GRAPH.finer_networks:

        include: "rules/product_grid.smk"
    include: "rules/inventory.smk"
    include: "rules/report.smk"

    if GRAPH.compared:

        include: "rules/evaluation.smk"


onstart:
    or_exit(fence.begin)
    for warning in or_exit(lambda: history.correct_times(Path())):
        console.tell(f"warning: {warning}", logging.WARNING)
    scheduling.drop_default_rate_limit(workflow)
    or_exit(lambda: scheduling.refuse_joining(workflow, CONFIG))
    first_checks()
    bring_start()
    or_exit(lambda: migration.record_format(Path(RESULTS)))
    or_exit(lambda: frame_size.record(Path(RESULTS), CONFIG))
    or_exit(lambda: rule_graph.record(workflow.dag, Path(FLOW), CONFIG))
