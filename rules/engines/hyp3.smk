# Engine `hyp3`: one job of ASF's HyP3 a pair, ordered, awaited, downloaded, and brought to the
# engine contract.
from math import ceil

from sarslide.catalog import hyp3_plan

HYP3 = f"{RESOURCES}/hyp3/{{stack}}"
# Where and how to ask, and for how long, are resources: they decide nothing about a product, and
# others make nothing again.
HYP3_ACCESS = {"api_url": CONFIG.hyp3.api_url, "token": CONFIG.hyp3.token}
# The geometry of a stack is that of its first pair, pinned: a new acquisition leaves it alone.
HYP3_FIRST = {
    stack: GRAPH.pairs(stack)[0] for stack in CONFIG.stacks if GRAPH.pairs(stack)
}


def hyp3_order_of(stack, pair):
    """What is ordered for a pair; the end of Snakemake for granules that make no pair."""
    return or_exit(
        lambda: hyp3_plan.make_order(
            stack,
            pair,
            SCENES.granules(stack),
            CONFIG.hyp3.job_type,
            CONFIG.hyp3.looks,
            CONFIG.hyp3.water_mask,
        )
    )


HYP3_ORDERS = {
    (stack, pair): hyp3_order_of(stack, pair)
    for stack in CONFIG.stacks
    for pair in GRAPH.pairs(stack)
}


# All orders go out before the first download waits. What was ordered and what has arrived is kept
# in products/, by what decides it: a repeated job costs neither credits nor a download.
rule hyp3_order:
    output:
        order=f"{HYP3}/{{pair}}.order.json",
    log:
        f"{LOGS}/hyp3_order/{{stack}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/hyp3_order/{{stack}}/{{pair}}.tsv"
    priority: 100
    localrule: True
    conda:
        "../../envs/geo.yaml"
    resources:
        **HYP3_ACCESS,
        mem_mb=memory(500),
        runtime=minutes(30),
    params:
        order=lambda wildcards: HYP3_ORDERS[wildcards.stack, wildcards.pair].to_dict(),
        code=code("hyp3_order"),
    script:
        "../../workflow_scripts/hyp3_order.py"


rule hyp3_download:
    input:
        order=f"{HYP3}/{{pair}}.order.json",
    output:
        product=f"{HYP3}/{{pair}}.product.json",
    log:
        f"{LOGS}/hyp3_download/{{stack}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/hyp3_download/{{stack}}/{{pair}}.tsv"
    localrule: True
    conda:
        "../../envs/geo.yaml"
    resources:
        **HYP3_ACCESS,
        mem_mb=memory(500),
        runtime=int(60 * CONFIG.hyp3.wait_h) + 60,
        wait_s=ceil(3600 * CONFIG.hyp3.wait_h),
    params:
        code=code("hyp3_download"),
    script:
        "../../workflow_scripts/hyp3_download.py"


rule hyp3_ingest:
    input:
        product=f"{HYP3}/{{pair}}.product.json",
    output:
        wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
        unwrapped=f"{STACK}/ifg/{{pair}}.unw_rad.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        conncomp=f"{STACK}/ifg/{{pair}}.conncomp.tif",
        sidecar=f"{STACK}/ifg/{{pair}}.json",
    log:
        f"{LOGS}/hyp3_ingest/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/hyp3_ingest/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "pairs"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 250),
        runtime=minutes(10, 14),
    params:
        grid=cell_grid,
        code=code("hyp3_ingest"),
    script:
        "../../workflow_scripts/hyp3_ingest.py"


rule hyp3_geometry:
    input:
        product=lambda wildcards: f"{RESOURCES}/hyp3/{wildcards.stack}/{HYP3_FIRST[wildcards.stack]}.product.json",
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        sidecar=f"{STACK}/geometry/geometry.json",
    log:
        f"{LOGS}/hyp3_geometry/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/hyp3_geometry/{{stack}}/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 250),
        runtime=minutes(30, 16),
    params:
        grid=cell_grid,
        code=code("hyp3_geometry"),
    script:
        "../../workflow_scripts/hyp3_geometry.py"
