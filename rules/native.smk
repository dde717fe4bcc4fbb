# The native engine: geocoded SLC per date, interferograms and unwrapped pairs per later date, geometry per stack.


rule geocode_slc:
    input:
        slc=slc_folder("{stack}", "{date}"),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        gslc=f"{STACK}/gslc/{{date}}.tif",
        sidecar=f"{STACK}/gslc/{{date}}.json",
    log:
        f"{LOGS}/geocode_slc/{{stack}}/{{date}}.log",
    benchmark:
        f"{BENCHMARKS}/geocode_slc/{{stack}}/{{date}}.tsv"
    group:
        "slc"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(2500, 40),
        runtime=minutes(20, 13),
    params:
        grid=GRID,
        stack=lambda wildcards: wildcards.stack,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        device=CONFIG.slc.device,
        solid_earth_tides=CONFIG.slc.solid_earth_tides,
        code=code("geocode_slc"),
    script:
        "../workflow_scripts/geocode_slc.py"


# The geometry of a stack is that of its first date, pinned: a new acquisition leaves it alone.
rule stack_geometry:
    input:
        slc=lambda wildcards: slc_folder(wildcards.stack, dates(wildcards.stack)[0]),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        **layers_of(f"{STACK}/geometry", GEOMETRY),
        sidecar=f"{STACK}/geometry/geometry.json",
    log:
        f"{LOGS}/stack_geometry/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/stack_geometry/{{stack}}.tsv"
    group:
        "ground"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 150),
        runtime=minutes(20, 16),
    params:
        grid=GRID,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        code=code("stack_geometry"),
    script:
        "../workflow_scripts/stack_geometry.py"


rule mean_amplitude:
    input:
        gslc=lambda wildcards: [
            of_stack(wildcards.stack, "gslc", f"{date}.tif")
            for date in dates(wildcards.stack)
        ],
    output:
        amplitude=f"{STACK}/amplitude/mean_amplitude_db.tif",
        sidecar=f"{STACK}/amplitude/mean_amplitude_db.json",
    log:
        f"{LOGS}/mean_amplitude/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/mean_amplitude/{{stack}}.tsv"
    group:
        "quality"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 50),
        runtime=minutes(10, 0.7, dates),
    params:
        grid=GRID,
        code=code("mean_amplitude"),
    script:
        "../workflow_scripts/mean_amplitude.py"


# Doppler differences of overlapping bursts, for spectral diversity: those of the first date, as the geometry.
rule burst_overlap:
    input:
        slc=lambda wildcards: slc_folder(wildcards.stack, dates(wildcards.stack)[0]),
        dem=f"{RESOURCES}/dem_m.tif",
    output:
        doppler=f"{STACK}/geometry/overlap_doppler_hz.tif",
        sidecar=f"{STACK}/geometry/burst_overlap.json",
    log:
        f"{LOGS}/burst_overlap/{{stack}}.log",
    benchmark:
        f"{BENCHMARKS}/burst_overlap/{{stack}}.tsv"
    group:
        "ground"
    conda:
        "../envs/insar.yaml"
    resources:
        mem_mb=memory(1500, 60),
        runtime=minutes(20, 16),
    params:
        grid=GRID,
        polarisation=CONFIG.slc.polarisation,
        orbits=CONFIG.slc.orbits,
        code=code("burst_overlap"),
    script:
        "../workflow_scripts/burst_overlap.py"


OVERLAP = {
    "doppler": rules.burst_overlap.output.doppler,
    "overlap": rules.burst_overlap.output.sidecar,
}


# One job makes all pairs that end at a date: the outputs are named by pairs, so each date has its own rule.
for stack in CONFIG.stacks:
    for date in later_dates(stack):
        ending = pairs_ending(stack, date)
        used = sorted({day for pair in ending for day in names.split_pair(pair)})

        rule:
            name:
                f"interferogram_{stack}_{date}"
            input:
                **{
                    kind: path.format(stack=stack)
                    for kind, path in OVERLAP.items()
                    if CONFIG.slc.spectral_diversity
                },
                gslc=[of_stack(stack, "gslc", f"{day}.tif") for day in used],
                sidecars=[of_stack(stack, "gslc", f"{day}.json") for day in used],
            output:
                wrapped=ifg(stack, ending, "wrapped_rad.tif"),
                coherence=ifg(stack, ending, "cor.tif"),
                sidecars=ifg(stack, ending, "json"),
            log:
                f"{LOGS}/interferogram/{stack}/{date}.log",
            benchmark:
                f"{BENCHMARKS}/interferogram/{stack}/{date}.tsv"
            group:
                "pairs"
            conda:
                "../envs/insar.yaml"
            resources:
                mem_mb=memory(1500, 200 + 20 * len(ending)),
                runtime=minutes(10, 14, len(ending)),
            params:
                grid=GRID,
                pairs=ending,
                goldstein_alpha=CONFIG.interferogram.goldstein_alpha,
                goldstein_window=CONFIG.interferogram.goldstein_window,
                coherence_window=CONFIG.interferogram.coherence_window,
                spectral_diversity=CONFIG.slc.spectral_diversity,
                code=code("interferogram"),
            script:
                "../workflow_scripts/interferogram.py"
