# Engine `snap`: ESA SNAP's graphs pair by pair in results/{region}/{stack}/snap/work, then the
# engine contract.
from sarslide.insar.snap import gpt as snap

SNAP_PROGRAMS = {
    "gpt": or_exit(lambda: resolve(CONFIG.snap.gpt)),
    "snaphu": or_exit(lambda: resolve(CONFIG.snap.snaphu)),
}
# Where SNAP is, its heap and time limit are resources: they decide nothing about a result, others
# make nothing again.
SNAP_MACHINE = SNAP_PROGRAMS | {
    "memory_gb": CONFIG.snap.memory_gb,
    "limit_min": CONFIG.snap.step_limit_min,
}
if not workflow.deployment_settings.deployment_method:
    or_exit(lambda: snap.check_programs(**SNAP_PROGRAMS))

SNAP_WORK = f"{STACK}/work"
# The geometry of a stack is that of its first pair, pinned: a new acquisition leaves it alone.
SNAP_FIRST = {
    stack: GRAPH.pairs(stack)[0] for stack in CONFIG.stacks if GRAPH.pairs(stack)
}


rule snap_dem:
    input:
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        dem=f"{SNAP_WORK}/dem_degrees.tif",
    log:
        f"{LOGS}/snap_dem/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/snap_dem/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/snap.yaml"
    resources:
        mem_mb=memory(2000, 50),
        runtime=minutes(20),
    params:
        code=code("snap_dem"),
    script:
        "../../workflow_scripts/snap_dem.py"


rule snap_interferogram:
    input:
        slc=lambda wildcards: [
            GRAPH.paths.slc(wildcards.stack, date)
            for date in names.split_pair(wildcards.pair)
        ],
        dem=f"{RESOURCES}/dem_m.tif",
        degrees=f"{SNAP_WORK}/dem_degrees.tif",
    output:
        sidecar=f"{SNAP_WORK}/{{pair}}/interferogram.json",
    log:
        f"{LOGS}/snap_interferogram/{{stack}}/{{frame}}/{{pair}}.log",
        snap=f"{LOGS}/snap_interferogram/{{stack}}/{{frame}}/{{pair}}.snap.log",
    benchmark:
        f"{BENCHMARKS}/snap_interferogram/{{stack}}/{{frame}}/{{pair}}.tsv"
    conda:
        "../../envs/snap.yaml"
    threads: 4
    resources:
        **SNAP_MACHINE,
        auxdata=or_exit(lambda: resolve(CONFIG.snap.auxdata)),
        mem_mb=1024 * CONFIG.snap.memory_gb + 2000,
        runtime=CONFIG.snap.step_limit_min + 10,
    params:
        grid=cell_grid,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        coherence_range=CONFIG.snap.coherence_range,
        coherence_azimuth=CONFIG.snap.coherence_azimuth,
        range_looks=CONFIG.snap.range_looks,
        azimuth_looks=CONFIG.snap.azimuth_looks,
        code=code("snap_interferogram"),
    script:
        "../../workflow_scripts/snap_interferogram.py"


rule snap_unwrap:
    input:
        interferogram=f"{SNAP_WORK}/{{pair}}/interferogram.json",
    output:
        sidecar=f"{SNAP_WORK}/{{pair}}/unwrap.json",
    log:
        f"{LOGS}/snap_unwrap/{{stack}}/{{frame}}/{{pair}}.log",
        snap=f"{LOGS}/snap_unwrap/{{stack}}/{{frame}}/{{pair}}.snap.log",
    benchmark:
        f"{BENCHMARKS}/snap_unwrap/{{stack}}/{{frame}}/{{pair}}.tsv"
    conda:
        "../../envs/snap.yaml"
    threads: 4
    resources:
        **SNAP_MACHINE,
        mem_mb=1024 * CONFIG.snap.memory_gb + 2000,
        runtime=4 * CONFIG.snap.step_limit_min,
    params:
        goldstein_alpha=CONFIG.interferogram.goldstein_alpha,
        goldstein_window=CONFIG.interferogram.goldstein_window,
        code=code("snap_unwrap"),
    script:
        "../../workflow_scripts/snap_unwrap.py"


rule snap_geocode:
    input:
        unwrap=f"{SNAP_WORK}/{{pair}}/unwrap.json",
        degrees=f"{SNAP_WORK}/dem_degrees.tif",
    output:
        sidecar=f"{SNAP_WORK}/{{pair}}/geocode.json",
    log:
        f"{LOGS}/snap_geocode/{{stack}}/{{frame}}/{{pair}}.log",
        snap=f"{LOGS}/snap_geocode/{{stack}}/{{frame}}/{{pair}}.snap.log",
    benchmark:
        f"{BENCHMARKS}/snap_geocode/{{stack}}/{{frame}}/{{pair}}.tsv"
    conda:
        "../../envs/snap.yaml"
    threads: 4
    resources:
        **SNAP_MACHINE,
        mem_mb=1024 * CONFIG.snap.memory_gb + 2000,
        runtime=2 * CONFIG.snap.step_limit_min + 10,
    params:
        grid=cell_grid,
        code=code("snap_geocode"),
    script:
        "../../workflow_scripts/snap_geocode.py"


rule snap_ingest:
    input:
        geocoded=f"{SNAP_WORK}/{{pair}}/geocode.json",
        interferogram=f"{SNAP_WORK}/{{pair}}/interferogram.json",
    output:
        wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
        unwrapped=f"{STACK}/ifg/{{pair}}.unw_rad.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        conncomp=f"{STACK}/ifg/{{pair}}.conncomp.tif",
        sidecar=f"{STACK}/ifg/{{pair}}.json",
    log:
        f"{LOGS}/snap_ingest/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/snap_ingest/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "pairs"
    conda:
        "../../envs/snap.yaml"
    resources:
        mem_mb=memory(2500, 250),
        runtime=minutes(10, 14),
    params:
        grid=cell_grid,
        goldstein_alpha=CONFIG.interferogram.goldstein_alpha,
        goldstein_window=CONFIG.interferogram.goldstein_window,
        code=code("snap_ingest"),
    script:
        "../../workflow_scripts/snap_ingest.py"


rule snap_geometry:
    input:
        geocoded=lambda wildcards: GRAPH.paths.of_frame(
            wildcards.stack,
            wildcards.frame,
            "work",
            SNAP_FIRST[wildcards.stack],
            "geocode.json",
        ),
    output:
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        sidecar=f"{STACK}/geometry/geometry.json",
    log:
        f"{LOGS}/snap_geometry/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/snap_geometry/{{stack}}/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../../envs/snap.yaml"
    resources:
        mem_mb=memory(2500, 250),
        runtime=minutes(30, 16),
    params:
        grid=cell_grid,
        code=code("snap_geometry"),
    script:
        "../../workflow_scripts/snap_geometry.py"
