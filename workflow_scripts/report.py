"""report: everything that a run made -> one HTML file that opens offline.

inputs: the pointer to the release; objects before it, fused and of each track; weights (their
card); terrain by layer name, with hillshade; per stack mean amplitude (dB), averaged phase (rad,
positive away), LOS rate and its standard error (mm/yr, positive towards the satellite), mean
coherence, reference area, probability, phase closure (rad), triplets that do not close, phase bias
and observability (classes), and of one pair wrapped phase and coherence; pictures of all networks
side by side; sidecars of all pairs; for simulated regions scores and planted outlines; scores and
objects of the comparison with an inventory of others; tables and pictures of the factors, where
they were ranked; for regions of a paper incidence and heading (degree), phase rate (rad/yr,
positive away), optical layers and rock; the sensitivity of the line of sight to a motion down the
slope; what each track tells of the objects; tables of their series, where they were made; series of
every cell, of methods that have one in a region of one frame; sidecars of displacement products in
place of those of pairs. Rasters are those of the whole region; reference areas are one a stack and
frame, levels of the frames one a stack. What a region does not have is an empty list. outputs:
report.html; the folder report_files with the landslides as GeoJSON and CSV, series, images of
dates, earlier releases, and what is too heavy for the page; a QGIS project of the release and its
layers.
"""

from sarslide.workflow.job import job

# input name -> registered layer, one file a stack
PER_STACK = {
    "amplitude": "mean_amplitude_db",
    "avg_phase": "avg_phase_rad",
    "phase_rate": "phase_rate_rad_per_yr",
    "los_rate": "los_rate_mm_per_yr",
    "los_rate_std": "los_rate_std_mm_per_yr",
    "sensitivity": "downslope_sensitivity",
    "mean_coherence": "mean_coherence",
    "probability": "probability",
    "wrapped": "wrapped_rad",
    "coherence": "cor",
    "closure_rms": "closure_rms_rad",
    "unwrap_errors": "unwrap_error_count",
    "phase_bias": "phase_bias_flag",
    "observable": "observable_class",
    "incidence": "incidence_deg",
    "heading": "heading_deg",
}


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.grid import RegionGrid
    from sarslide.io.atomic import atomic_file
    from sarslide.layers import OPTICAL, TERRAIN
    from sarslide.models.weights import of_job
    from sarslide.report import qgis
    from sarslide.report.inputs import BaseMap, ExternalFiles, FactorFiles, FrameInputs, ReportInputs, of_stack
    from sarslide.report.page import render

    params = snakemake.params
    files = {name: paths(value) for name, value in snakemake.input.items()}
    layers = {layer: files.get(name, []) for name, layer in PER_STACK.items()}
    weights = first(files, "weights") or (of_job(params.network) if params.network else None)
    curves = weights.with_name("curves.png") if weights else None  # of the job that wrote them
    inputs = ReportInputs(
        region=params.region,
        grid=RegionGrid.from_dict(params.grid),
        stacks=tuple(
            of_stack(stack, layers, *(files.get(name, []) for name in ("pairs", "reference", "levels")))
            for stack in params.stacks
        ),
        current=files["current"][0],
        frames=tuple(
            FrameInputs(name, RegionGrid.from_dict(frame["core"]), tuple(frame["stacks"]))
            for name, frame in params.frames.items()
        ),
        engine=params.engine,
        method=params.method,
        simulated=params.simulated,
        candidates=first(files, "candidates"),
        network_maps=tuple(files.get("network_maps", [])),
        scores=first(files, "scores"),
        planted=first(files, "planted"),
        external=ExternalFiles(*files["external"]) if files.get("external") else None,
        terrain={layer: files[layer][0] for layer in (*TERRAIN, "hillshade") if files.get(layer)},
        weights=weights,
        benchmarks=Path(params.benchmarks),
        settings=params.settings,
        paper=params.paper,
        assumptions=params.assumptions,
        assumed=params.assumed,
        published=Path(published) if (published := snakemake.resources.published) else None,
        flow=Path(params.flow),
        curves=curves if curves and curves.is_file() else None,
        factors=tuple(
            FactorFiles(*of_track)
            for of_track in zip(
                params.ranked, *(files.get(name, []) for name in ("factors", "heat_maps", "bars")), strict=True
            )
        ),
        ground={layer: files[layer][0] for layer in (*OPTICAL, "lithology") if files.get(layer)},
        **{
            name: {stack: path for stack in params.stacks for path in files.get(name, []) if stack in path.parts}
            for name in ("series", "timeseries")
        },
        motion=tuple(files.get("motion", [])),
        products=tuple(files.get("products", [])),
        base_map=BaseMap(params.base_map["tiles"], params.base_map["tiles_credit"], params.base_map["tiles_zoom"]),
    )
    page = render(inputs)
    with atomic_file(snakemake.output.html) as temporary:
        temporary.write_text(page.html)
    folder = Path(snakemake.output.files)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in page.files.items():
        with atomic_file(folder / name) as temporary:
            temporary.write_bytes(content)
    with atomic_file(snakemake.output.project) as temporary:
        temporary.write_text(qgis.project(inputs, Path(snakemake.output.project).parent))
    beside = sum(map(len, page.files.values()))
    log.info("%.1f MB, and %d files of %.1f MB beside it", len(page.html) / 1e6, len(page.files), beside / 1e6)


def paths(value) -> list:
    """One path, or a list of them, as a list."""
    from pathlib import Path

    return [Path(value)] if isinstance(value, str) else [Path(path) for path in value]


def first(files, name):
    """The only path of an input, None where the region has none."""
    return next(iter(files.get(name, [])), None)


with job(snakemake) as log:
    main(snakemake, log)
