# Engine `isce2`: topsStack date by date in results/{region}/{stack}/isce2/work, then pairs and
# geometry on the region grid. Time limits are resources: another limit decides nothing about a
# result, and makes nothing again.
from sarslide.insar.isce2 import topsstack as isce2

if not workflow.deployment_settings.deployment_method:
    or_exit(isce2.commands)

ISCE2_WORK = f"{STACK}/work"
ISCE2_REFERENCE = {
    stack: or_exit(
        lambda: isce2.reference_date(
            stack, GRAPH.dates(stack), CONFIG.isce2.reference.get(stack)
        )
    )
    for stack in CONFIG.stacks
}
# topsStack prepares two dates at a time: each one beside the reference, the reference beside the
# date after it.
ISCE2_COMPANION = {
    stack: {day: ISCE2_REFERENCE[stack] for day in GRAPH.dates(stack)}
    | {
        ISCE2_REFERENCE[stack]: next(
            (day for day in GRAPH.dates(stack) if day != ISCE2_REFERENCE[stack]), ""
        )
    }
    for stack in CONFIG.stacks
}
# The last step of each date, a pattern of its marker.
ISCE2_LAST = {
    stack: {
        day: f"{ISCE2_WORK}/{isce2.last_step(day, ISCE2_REFERENCE[stack])}"
        for day in GRAPH.dates(stack)
    }
    for stack in CONFIG.stacks
}


def topo_of_reference(wildcards):
    """The marker of the reference date's topography."""
    return fill(f"{ISCE2_WORK}/{ISCE2_REFERENCE[wildcards.stack]}/topo.json", wildcards)


rule isce2_dem:
    input:
        dem=f"{RESOURCES}/dem_m.tif",
        slc=lambda wildcards: GRAPH.paths.slc(
            wildcards.stack, ISCE2_REFERENCE[wildcards.stack]
        ),
    output:
        sidecar=f"{ISCE2_WORK}/dem.json",
    log:
        f"{LOGS}/isce2_dem/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/isce2_dem/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2000, 50),
        runtime=minutes(20),
    params:
        grid=cell_grid,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        code=code("isce2_dem"),
    script:
        "../../workflow_scripts/isce2_dem.py"


rule isce2_prepare:
    input:
        slc=GRAPH.paths.slc("{stack}", "{date}"),
        companion=lambda wildcards: GRAPH.paths.slc(
            wildcards.stack, ISCE2_COMPANION[wildcards.stack][wildcards.date]
        ),
        dem=f"{RESOURCES}/dem_m.tif",
        isce_dem=f"{ISCE2_WORK}/dem.json",
    output:
        sidecar=f"{ISCE2_WORK}/{{date}}/prepare.json",
    log:
        f"{LOGS}/isce2_prepare/{{stack}}/{{frame}}/{{date}}.log",
        isce=f"{LOGS}/isce2_prepare/{{stack}}/{{frame}}/{{date}}.isce2.log",
    benchmark:
        f"{BENCHMARKS}/isce2_prepare/{{stack}}/{{frame}}/{{date}}.tsv"
    conda:
        "../../envs/isce2.yaml"
    resources:
        mem_mb=memory(2000, 50),
        runtime=CONFIG.isce2.step_limit_min + 10,
        limit_min=CONFIG.isce2.step_limit_min,
    params:
        grid=cell_grid,
        reference=lambda wildcards: ISCE2_REFERENCE[wildcards.stack],
        companion=lambda wildcards: ISCE2_COMPANION[wildcards.stack][wildcards.date],
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        aux=or_exit(lambda: resolve(CONFIG.isce2.aux)),
        code=code("isce2_prepare"),
    script:
        "../../workflow_scripts/isce2_prepare.py"


# One step of one date; each can be repeated on its own after an interruption.
rule isce2_step:
    input:
        before=lambda wildcards: [
            fill(f"{ISCE2_WORK}/{day}/{step}.json", wildcards)
            for day, step in isce2.steps_before(
                wildcards.step, wildcards.date, ISCE2_REFERENCE[wildcards.stack]
            )
        ],
    output:
        marker=f"{ISCE2_WORK}/{{date}}/{{step}}.json",
    log:
        f"{LOGS}/isce2_step/{{stack}}/{{frame}}/{{date}}/{{step}}.log",
        isce=f"{LOGS}/isce2_step/{{stack}}/{{frame}}/{{date}}/{{step}}.isce2.log",
    benchmark:
        f"{BENCHMARKS}/isce2_step/{{stack}}/{{frame}}/{{date}}/{{step}}.tsv"
    wildcard_constraints:
        step="|".join(isce2.STEPS),
    conda:
        "../../envs/isce2.yaml"
    resources:
        mem_mb=memory(4000, 50),
        runtime=CONFIG.isce2.step_limit_min + 10,
        limit_min=CONFIG.isce2.step_limit_min,
    params:
        reference=lambda wildcards: ISCE2_REFERENCE[wildcards.stack],
        code=code("isce2_step"),
    script:
        "../../workflow_scripts/isce2_step.py"


rule isce2_geometry:
    input:
        topo=topo_of_reference,
    output:
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        sidecar=f"{STACK}/geometry/geometry.json",
    log:
        f"{LOGS}/isce2_geometry/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/isce2_geometry/{{stack}}/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 250),
        runtime=minutes(30, 16),
    params:
        grid=cell_grid,
        reference=lambda wildcards: ISCE2_REFERENCE[wildcards.stack],
        code=code("isce2_geometry"),
    script:
        "../../workflow_scripts/isce2_geometry.py"


rule isce2_amplitude:
    input:
        coregistered=lambda wildcards: [
            fill(path, wildcards) for path in ISCE2_LAST[wildcards.stack].values()
        ],
        topo=topo_of_reference,
        geometry=f"{STACK}/geometry/geometry.json",
    output:
        amplitude=f"{STACK}/amplitude/mean_amplitude_db.tif",
        sidecar=f"{STACK}/amplitude/mean_amplitude_db.json",
    log:
        f"{LOGS}/isce2_amplitude/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/isce2_amplitude/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 100),
        runtime=minutes(30, 2, dates),
    params:
        grid=cell_grid,
        reference=lambda wildcards: ISCE2_REFERENCE[wildcards.stack],
        code=code("isce2_amplitude"),
    script:
        "../../workflow_scripts/isce2_amplitude.py"


rule isce2_interferogram:
    input:
        acquisitions=of_both_dates(f"{ISCE2_WORK}/{{date}}/prepare.json"),
        coregistered=lambda wildcards: [
            fill(ISCE2_LAST[wildcards.stack][date], wildcards)
            for date in names.split_pair(wildcards.pair)
        ],
        topo=topo_of_reference,
        geometry=f"{STACK}/geometry/geometry.json",
    output:
        wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        sidecar=f"{STACK}/ifg/{{pair}}.json",
    log:
        f"{LOGS}/isce2_interferogram/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/isce2_interferogram/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "pairs"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 260),
        runtime=minutes(20, 28),
    params:
        grid=cell_grid,
        reference=lambda wildcards: ISCE2_REFERENCE[wildcards.stack],
        goldstein_alpha=CONFIG.interferogram.goldstein_alpha,
        goldstein_window=CONFIG.interferogram.goldstein_window,
        coherence_window=CONFIG.interferogram.coherence_window,
        code=code("isce2_interferogram"),
    script:
        "../../workflow_scripts/isce2_interferogram.py"
