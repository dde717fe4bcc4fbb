"""score: released landslides and rates of a simulated region against its planted truth.

inputs: the pointer to the release; planted landslides and decoys; per stack true LOS rate (mm/yr,
positive towards the satellite), observability and probability; of methods with rates also the
atmosphere of each date (mm, positive = longer path), the sidecar of each pair and, of several
frames, the levelled LOS rate (mm/yr) and its levels, and per stack and frame LOS rate and its
standard error (mm/yr), mean coherence, stable ground, elevation (m), coherence and components of
each pair.
outputs: scores.json; the planted outlines for the report; the scores as a table in the log and on
standard output. The only rule that reads the truth. Memory is that of one frame.
"""

from sarslide.workflow.job import job

BLOCK = 1024  # cells


def main(snakemake, log) -> None:
    from pathlib import Path

    from sarslide.evaluate import objects as scoring
    from sarslide.evaluate.windows import RasterCells
    from sarslide.grid import RegionGrid
    from sarslide.inventory import records
    from sarslide.inventory.changes import LAYERS
    from sarslide.io import raster, vector
    from sarslide.io.sidecar import write_json

    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    folder = records.folder_of(files.current)
    layers = {name: vector.read(folder / "landslides.gpkg", name).to_dict("records") for name in LAYERS}
    truths = {}
    for stack, rate, observable in zip(params.stacks, files.true_los_rate, files.observable, strict=True):
        for path in (rate, observable):
            raster.check_grid(path, grid)
        truths[stack] = scoring.TrackTruth(
            RasterCells(Path(rate)), RasterCells(Path(observable), lambda values: values == 1)
        )
    outlines = vector.read(files.planted)
    left_out = [RegionGrid.from_dict(core) for core in params.left_out]
    planted = scoring.planted_rows(outlines.to_dict("records"), truths, grid, left_out)
    scores = scoring.score_objects(planted, layers, vector.read(files.decoys).to_dict("records"), left_out)
    scores |= rate_errors(snakemake, grid) | {
        "pixels": cell_scores(snakemake, planted, grid),
        "criteria": scoring.CRITERIA,
        "release": folder.name,
    }
    vector.write(snakemake.output.planted, outlines, "planted")
    write_json(snakemake.output.scores, scores)
    log.info("scores\n%s", scoring.table(scores))


def seen_stacks(params) -> list[str]:
    """Stacks that see a frame of the region."""
    return [stack for stack in params.stacks if params.frames[stack]]


def cell_scores(snakemake, planted, grid) -> dict:
    """Scores of each stack's map on its own grid, which may be finer than the region's."""
    from sarslide.evaluate import objects as scoring
    from sarslide.inventory.candidates import cell_threshold
    from sarslide.io import raster

    params, paths = snakemake.params, snakemake.input.probability
    truths = dict(zip(params.stacks, snakemake.input.observable, strict=True))
    found = {}
    for stack, path in zip(seen_stacks(params), paths, strict=True):
        threshold = cell_threshold(params.threshold, raster.tags_of(path))
        found[stack] = scoring.score_pixels(map_blocks(path, truths[stack], planted, grid), threshold)
    return found


def map_blocks(path, observable, planted, grid):
    """Of each block of a map its probability, planted landslides and ground that the track sees."""
    from sarslide import layers
    from sarslide.evaluate import objects as scoring
    from sarslide.io import raster
    from sarslide.io.blocks import blocks
    from sarslide.io.resample import resample

    own = raster.grid_of(path)
    factor, inside = own.rows // grid.rows, scoring.planted_cells(planted, own)
    for rows, cols in blocks(grid.shape, BLOCK, BLOCK):
        window = [slice(factor * side.start, factor * side.stop) for side in (rows, cols)]
        seen = resample(raster.read_block(observable, rows, cols), factor, layers.get("true_observable")) == 1
        yield raster.read_block(path, *window), scoring.in_block(inside, *window), seen


def rate_errors(snakemake, grid) -> dict:
    """Error of each stack's LOS rate and what it should be; null where nothing was unwrapped."""
    from sarslide.evaluate import frame_rates
    from sarslide.io.sidecar import read_json
    from sarslide.rates.levelling import references_of
    from sarslide.rates.methods import METHODS

    params, levelled = snakemake.params, snakemake.input.get("levelled", ())
    method = METHODS[params.method]
    if not method.has_rates:
        unknown = dict.fromkeys(params.stacks)
        return {"los_rmse_mm_per_yr": unknown, "predicted_rmse_mm_per_yr": unknown, "rate_error": None}
    rates = frames_by_stack(snakemake, grid)
    delays = delays_by_stack(snakemake)
    measured, expected = {}, {}
    for stack, frames in rates.items():

        def square(frame, stack=stack):
            if method.predicts_error:  # from the truth; else the formal error stands for it
                return predicted_error(snakemake, stack, frame, delays[stack]).square[frame.core]
            return frame.inside("los_rate_std").astype(float) ** 2

        errors = frame_rates.errors(frames, square)
        measured[stack], expected[stack] = (one.root for one in errors)
    scores = {
        "los_rmse_mm_per_yr": measured,
        "predicted_rmse_mm_per_yr": expected,
        "rate_error": "predicted" if method.predicts_error else "formal",
    }
    if levelled:
        used = [references_of(read_json(path)) for path in snakemake.input.levels]
        scores["levelled_rmse_mm_per_yr"] = {
            stack: frame_rates.errors_of_map(path, frames, references).root
            for (stack, frames), path, references in zip(rates.items(), levelled, used, strict=True)
        }
    return scores


def frames_by_stack(snakemake, grid) -> dict:
    """Rates of each frame of each stack; inputs go by stack, frame and pair."""
    from sarslide.evaluate.frame_rates import FrameRates
    from sarslide.frames import Frame

    params, files = snakemake.params, snakemake.input
    layers = {name: iter(files[name]) for name in ("los_rate", "los_rate_std", "mean_coherence", "stable_ground")}
    layers["elevation"] = iter(files.elevation)
    quality = [iter(files[name]) for name in ("coherence", "conncomp")]
    truths = {
        stack: {"los_rate": rate, "observable": observable}
        for stack, rate, observable in zip(params.stacks, files.true_los_rate, files.observable, strict=True)
    }
    return {
        stack: [
            FrameRates(
                Frame.from_dict(name, grids),
                grid,
                {layer: next(paths) for layer, paths in layers.items()},
                truths[stack],
                {pair: tuple(next(paths) for paths in quality) for pair in params.pairs[stack]},
            )
            for name, grids in params.frames[stack].items()
        ]
        for stack in seen_stacks(params)
    }


def delays_by_stack(snakemake) -> dict:
    """Files of the atmosphere of each date, by stack."""
    params, paths = snakemake.params, iter(snakemake.input.atmosphere)
    return {stack: [next(paths) for _ in params.dates[stack]] for stack in params.stacks}


def predicted_error(snakemake, stack: str, frame, delays):
    """The error that simulated atmosphere and speckle must leave in the LOS rate of a frame."""
    import numpy as np

    from sarslide.evaluate.rate_error import predicted_rate_error
    from sarslide.evaluate.windows import read_part
    from sarslide.io import raster
    from sarslide.io.sidecar import read_json
    from sarslide.rates.ground import Ground
    from sarslide.rates.settings import RateSettings

    params, grid = snakemake.params, frame.frame.grid
    first = sum(len(params.pairs[other]) for other in seen_stacks(params)[: seen_stacks(params).index(stack)])
    about = read_json(snakemake.input.pairs[first])
    return predicted_rate_error(
        np.stack([read_part(path, frame.region, grid) for path in delays]),
        params.dates[stack],
        params.pairs[stack],
        Ground.from_layer(frame.whole("elevation"), frame.whole("stable_ground")),
        lambda pair: tuple(raster.read(path, grid) for path in frame.pairs[pair]),
        about["looks"],
        about["wavelength_m"],
        RateSettings.of(params.rates, grid),
    )


with job(snakemake) as log:
    main(snakemake, log)
