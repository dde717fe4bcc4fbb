# Engine `native`: a geocoded SLC per date, an interferogram per pair, the geometry of a stack.


rule geocode_slc:
    input:
        slc=GRAPH.paths.slc("{stack}", "{date}"),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        gslc=f"{STACK}/gslc/{{date}}.tif",
        sidecar=f"{STACK}/gslc/{{date}}.json",
    log:
        f"{LOGS}/geocode_slc/{{stack}}/{{frame}}/{{date}}.log",
    benchmark:
        f"{BENCHMARKS}/geocode_slc/{{stack}}/{{frame}}/{{date}}.tsv"
    group:
        "slc"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(2500, 40),
        runtime=minutes(20, 13),
        # Where it runs decides nothing about a result, and makes nothing again.
        device=CONFIG.slc.device,
    params:
        grid=cell_grid,
        stack=lambda wildcards: wildcards.stack,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        solid_earth_tides=CONFIG.slc.solid_earth_tides,
        code=code("geocode_slc"),
    script:
        "../../workflow_scripts/geocode_slc.py"


# The geometry of a stack is that of its first date, pinned: a new acquisition leaves it alone.
rule stack_geometry:
    input:
        slc=lambda wildcards: GRAPH.paths.slc(
            wildcards.stack, GRAPH.dates(wildcards.stack)[0]
        ),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layer_files(f"{STACK}/geometry", layers.GEOMETRY),
        sidecar=f"{STACK}/geometry/geometry.json",
    log:
        f"{LOGS}/stack_geometry/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/stack_geometry/{{stack}}/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(20, 16),
    params:
        grid=cell_grid,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        code=code("stack_geometry"),
    script:
        "../../workflow_scripts/stack_geometry.py"


rule mean_amplitude:
    input:
        gslc=of_all_dates(f"{STACK}/gslc/{{date}}.tif"),
    output:
        amplitude=f"{STACK}/amplitude/mean_amplitude_db.tif",
        sidecar=f"{STACK}/amplitude/mean_amplitude_db.json",
    log:
        f"{LOGS}/mean_amplitude/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/mean_amplitude/{{stack}}/{{frame}}.tsv"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 50),
        runtime=minutes(10, 0.7, dates),
    params:
        grid=cell_grid,
        code=code("mean_amplitude"),
    script:
        "../../workflow_scripts/mean_amplitude.py"


# Doppler differences of overlapping bursts, for spectral diversity: those of the first date, as the
# geometry.
rule burst_overlap:
    input:
        slc=lambda wildcards: GRAPH.paths.slc(
            wildcards.stack, GRAPH.dates(wildcards.stack)[0]
        ),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        doppler=f"{STACK}/geometry/overlap_doppler_hz.tif",
        sidecar=f"{STACK}/geometry/burst_overlap.json",
    log:
        f"{LOGS}/burst_overlap/{{stack}}/{{frame}}.log",
    benchmark:
        f"{BENCHMARKS}/burst_overlap/{{stack}}/{{frame}}.tsv"
    group:
        "ground"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 60),
        runtime=minutes(20, 16),
    params:
        grid=cell_grid,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        code=code("burst_overlap"),
    script:
        "../../workflow_scripts/burst_overlap.py"


OVERLAP = (
    {
        "doppler": rules.burst_overlap.output.doppler,
        "overlap": rules.burst_overlap.output.sidecar,
    }
    if CONFIG.slc.spectral_diversity
    else {}
)


if CONFIG.interferogram.linking != "none":

    include: "../linking.smk"


rule interferogram:
    input:
        unpack(linked_phases),
        **OVERLAP,
        gslc=of_both_dates(f"{STACK}/gslc/{{date}}.tif"),
        sidecars=of_both_dates(f"{STACK}/gslc/{{date}}.json"),
    output:
        wrapped=f"{STACK}/ifg/{{pair}}.wrapped_rad.tif",
        coherence=f"{STACK}/ifg/{{pair}}.cor.tif",
        sidecar=f"{STACK}/ifg/{{pair}}.json",
    log:
        f"{LOGS}/interferogram/{{stack}}/{{frame}}/{{pair}}.log",
    benchmark:
        f"{BENCHMARKS}/interferogram/{{stack}}/{{frame}}/{{pair}}.tsv"
    group:
        "pairs"
    conda:
        "../../envs/geo.yaml"
    resources:
        mem_mb=memory(1500, 220),
        runtime=minutes(10, 14),
    params:
        grid=cell_grid,
        filter=lambda wildcards: GRAPH.pair_filter(wildcards.stack),
        coherence_window=CONFIG.interferogram.coherence_window,
        spectral_diversity=CONFIG.slc.spectral_diversity,
        code=code("interferogram"),
    script:
        "../../workflow_scripts/interferogram.py"
