"""score: released landslides and rates of a simulated region against its planted truth.

inputs: the pointer to the release; planted landslides and decoys; per stack true LOS rate (mm/yr,
positive towards the satellite) and observability, probability; of methods with rates also the
atmosphere of each date (mm, positive = longer path), LOS rate and its standard error (mm/yr), mean
coherence, stable ground, coherence, components and sidecar of each pair, and elevation (m).
outputs: scores.json; the planted outlines for the report; the scores as a table in the log and on
standard output. The only rule that reads the truth.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.evaluate import objects as scoring
    from sarslide.grid import RegionGrid
    from sarslide.inventory import records
    from sarslide.inventory.changes import LAYERS
    from sarslide.io import raster, vector
    from sarslide.io.sidecar import write_json

    params, files = snakemake.params, snakemake.input
    grid = RegionGrid.from_dict(params.grid)
    folder = records.folder_of(files.current)
    layers = {name: vector.read(folder / "landslides.gpkg", name).to_dict("records") for name in LAYERS}

    def of_stack(paths) -> dict:
        return {stack: raster.read(path, grid) for stack, path in zip(params.stacks, paths, strict=True)}

    true_rate, observable = of_stack(files.true_los_rate), of_stack(files.observable)
    truths = {stack: scoring.TrackTruth(true_rate[stack], observable[stack] == 1) for stack in params.stacks}
    outlines = vector.read(files.planted)
    planted = scoring.planted_rows(outlines.to_dict("records"), truths, grid)
    scores = scoring.score_objects(planted, layers, vector.read(files.decoys).to_dict("records"))

    scores |= rate_errors(snakemake, truths, grid, of_stack) | {
        "pixels": cell_scores(snakemake, planted, grid, observable),
        "criteria": scoring.CRITERIA,
        "release": folder.name,
    }
    vector.write(snakemake.output.planted, outlines, "planted")
    write_json(snakemake.output.scores, scores)
    log.info("scores\n%s", scoring.table(scores))


def cell_scores(snakemake, planted, grid, observable) -> dict:
    """Scores of each stack's map on its own grid, which may be finer than the region's."""
    from sarslide import layers
    from sarslide.evaluate import objects as scoring
    from sarslide.inventory.candidates import cell_threshold
    from sarslide.io import raster
    from sarslide.io.resample import resample

    params, paths = snakemake.params, snakemake.input.probability
    own = raster.grid_of(paths[0])
    inside = scoring.planted_cells(planted, own)
    threshold = cell_threshold(params.threshold, raster.tags_of(paths[0]))
    found = {}
    for stack, path in zip(params.stacks, paths, strict=True):
        seen = resample(observable[stack], own.rows // grid.rows, layers.get("true_observable")) == 1
        found[stack] = scoring.score_pixels(raster.read(path, own), inside, seen, threshold)
    return found


def rate_errors(snakemake, truths, grid, of_stack) -> dict:
    """Error of each stack's LOS rate and what it should be; null where nothing was unwrapped."""
    from sarslide.evaluate import objects as scoring
    from sarslide.rates.methods import METHODS

    method, files = METHODS[snakemake.params.method], snakemake.input
    if not method.has_rates:
        unknown = dict.fromkeys(truths)
        return {"los_rmse_mm_per_yr": unknown, "predicted_rmse_mm_per_yr": unknown, "rate_error": None}
    rate, std = of_stack(files.los_rate), of_stack(files.los_rate_std)
    coherence, ground = of_stack(files.mean_coherence), of_stack(files.stable_ground)
    rmse, predicted = {}, {}
    for stack, truth in truths.items():
        where = scoring.rmse_cells(rate[stack], truth, coherence[stack])
        rmse[stack] = scoring.los_rmse(rate[stack], truth, where, ground[stack] == 2)
        if method.predicts_error:  # from the truth; else the formal error stands for it
            predicted[stack] = predicted_error(snakemake, stack, grid, ground[stack]).rmse(where)
        else:
            predicted[stack] = scoring.formal_rmse(std[stack], where)
    kind = "predicted" if method.predicts_error else "formal"
    return {"los_rmse_mm_per_yr": rmse, "predicted_rmse_mm_per_yr": predicted, "rate_error": kind}


def predicted_error(snakemake, stack: str, grid, stable_ground):
    """The error that simulated atmosphere and speckle must leave in a stack's LOS rate."""
    import numpy as np

    from sarslide.evaluate.rate_error import predicted_rate_error
    from sarslide.io import raster
    from sarslide.io.sidecar import read_json
    from sarslide.rates.ground import Ground
    from sarslide.rates.settings import RateSettings

    params, files = snakemake.params, snakemake.input
    start = sum(len(params.dates[other]) for other in params.stacks[: params.stacks.index(stack)])
    delays = files.atmosphere[start : start + len(params.dates[stack])]
    first = sum(len(params.pairs[other]) for other in params.stacks[: params.stacks.index(stack)])
    mine = slice(first, first + len(params.pairs[stack]))
    quality = dict(zip(params.pairs[stack], zip(files.coherence[mine], files.conncomp[mine], strict=True), strict=True))
    about = read_json(files.pairs[first])
    ground = Ground.from_layer(raster.read(files.elevation, grid), stable_ground)
    return predicted_rate_error(
        np.stack([raster.read(path, grid) for path in delays]),
        params.dates[stack],
        params.pairs[stack],
        ground,
        lambda pair: tuple(raster.read(path, grid) for path in quality[pair]),
        about["looks"],
        about["wavelength_m"],
        RateSettings.of(params.rates, grid),
    )


with job(snakemake) as log:
    main(snakemake, log)
