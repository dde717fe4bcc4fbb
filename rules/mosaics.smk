# Mosaics that people and the report read: one raster of the layers of all frames, under the same
# path without the frame; LOS and phase rates are levelled. The map of a region of one frame is that
# of its frame, and none of these rules is there.
MOSAIC = GRAPH.map_of(STACK)


rule level_frames:
    input:
        los_rate=of_frames(f"{STACK}/{{folder}}/los_rate_mm_per_yr.tif"),
        stable_ground=of_frames(f"{STACK}/{{folder}}/stable_ground.tif"),
        elevation=of_frames(f"{TERRAIN}/elevation_m.tif"),
    output:
        levels=f"{MOSAIC}/{{folder}}/level_frames.json",
    log:
        f"{LOGS}/level_frames/{{stack}}/{{folder}}.log",
    benchmark:
        f"{BENCHMARKS}/level_frames/{{stack}}/{{folder}}.tsv"
    wildcard_constraints:
        folder=FOLDER,
    conda:
        "../envs/geo.yaml"
    resources:
        # Measured: 0.2 GB for 2 and for 4 frames of 60 km.
        mem_mb=memory(1000),
        runtime=minutes(10, 0.2),
    params:
        **GRAPH.leaves("rates", "plane", "height_correlated"),
        frames=frame_grids,
        reference=level_reference,
        code=code("level_frames"),
    script:
        "../workflow_scripts/level_frames.py"


rule level_figure:
    input:
        los_rate=f"{MOSAIC}/{{folder}}/los_rate_mm_per_yr.tif",
        levels=rules.level_frames.output.levels,
    output:
        figure=report(
            f"{MOSAIC}/{{folder}}/levels.png",
            caption="captions/levels.rst",
            category="Maps",
        ),
    log:
        f"{LOGS}/level_figure/{{stack}}/{{folder}}.log",
    benchmark:
        f"{BENCHMARKS}/level_figure/{{stack}}/{{folder}}.tsv"
    wildcard_constraints:
        folder=FOLDER,
    conda:
        "../envs/geo.yaml"
    resources:
        mem_mb=memory(1000),
        runtime=minutes(10),
    params:
        grid=cell_grid,
        frames=frame_grids,
        code=code("level_figure"),
    script:
        "../workflow_scripts/level_figure.py"


rule mosaic:
    input:
        unpack(mosaic_inputs),
    output:
        map=f"{MOSAIC}/{{folder}}/{{file}}.tif",
        sidecar=f"{MOSAIC}/{{folder}}/{{file}}.mosaic.json",
    log:
        f"{LOGS}/mosaic/{{stack}}/{{folder}}/{{file}}.log",
    benchmark:
        f"{BENCHMARKS}/mosaic/{{stack}}/{{folder}}/{{file}}.tsv"
    wildcard_constraints:
        folder=FOLDER,
        file="[a-z0-9_.]+",
    conda:
        "../envs/geo.yaml"
    resources:
        # Memory is that of a block and of GDAL's cache, 0.2 GB measured, whatever the region.
        mem_mb=memory(1000),
        runtime=minutes(10, 0.3),
    params:
        grid=cell_grid,
        frames=frame_grids,
        code=code("mosaic"),
    script:
        "../workflow_scripts/mosaic.py"


# The same for layers of the ground, of all frames that a stack sees.
use rule mosaic as mosaic_ground with:
    input:
        layer=of_frames(f"{RESULTS}/{{ground}}/{{frame}}/{{file}}.tif"),
        levels=[],
        elevation=[],
        records=[],
    output:
        map=f"{RESULTS}/{{ground}}/{{file}}.tif",
        sidecar=f"{RESULTS}/{{ground}}/{{file}}.mosaic.json",
    log:
        f"{LOGS}/mosaic_ground/{{ground}}/{{file}}.log",
    benchmark:
        f"{BENCHMARKS}/mosaic_ground/{{ground}}/{{file}}.tsv"
    wildcard_constraints:
        ground="(?:product/)?(?:terrain|optical|lithology)",
        file="[a-z0-9_.]+",
