"""rank_factors: layers of one stack and landslides -> statistics of the factors (P3 Table 2,
Figs. 8 and 9).

inputs: layers under their registered names, units and signs (LOS rate mm/yr, positive towards the
satellite); labels (pointer to the release, or a vector file). outputs: correlation, collinearity,
importance (CSV), heat map and bars (PNG), sidecar with all of it. params: grid; released (labels
are a release); cells, trees, seed.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import csv

    from sarslide import papers
    from sarslide.factors import analysis, labels, statistics
    from sarslide.factors.forest import importance
    from sarslide.factors.sample import draw
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io.atomic import atomic_file
    from sarslide.io.sidecar import sidecar, write_json
    from sarslide.report.factor_figures import correlation_figure, importance_figure
    from sarslide.report.quicklooks import save

    params, files, output = snakemake.params, snakemake.input, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    paths = {name: str(path) for name, path in files.items() if name != "labels"}
    for path in paths.values():
        raster.check_grid(path, grid)

    def read(rows: slice) -> dict:
        return analysis.factor_layers(
            {name: raster.read_block(path, rows, slice(0, grid.cols)) for name, path in paths.items()}
        )

    factors = analysis.factors_of(list(paths))
    label = (labels.of_release if params.released else labels.of_file)(files.labels, grid)
    region, balanced = draw(read, label, factors, params.cells, params.seed, str(files.labels))
    log.info("%d cells of the region, %d balanced", len(region.label), len(balanced.label))
    found = importance(balanced, params.trees, params.seed, str(files.labels), snakemake.threads)
    tables = {
        "correlation": analysis.correlations(region, factors),
        "collinearity": analysis.collinearity(region, factors),
        "importance": analysis.importances(found, factors),
    }
    for name, rows in tables.items():
        with atomic_file(output[name]) as temporary, open(temporary, "w", newline="") as stream:
            table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
            table.writeheader()
            table.writerows(rows)

    matrices = {"Pearson": statistics.pearson(region.values), "Spearman": statistics.spearman(region.values)}
    where = f"{snakemake.wildcards.stack}, {len(region.label)} cells of the region"
    save(
        correlation_figure(
            f"Correlation of factors: {where}", factors, matrices, analysis.note_of_correlation(factors)
        ),
        output.heat_map,
    )
    where = f"{snakemake.wildcards.stack}, {len(balanced.label)} cells, half of them landslides"
    printed = papers.factors()
    order = " > ".join(printed.strongest)
    note = (
        f"P3 Fig. 9 (Gini, by its text): {order} > ... > {printed.weakest}. Gini favours quantities with many values."
    )
    save(importance_figure(f"Importance of factors: {where}", tables["importance"], found.auc, note), output.bars)

    extra = tables | {
        "cells": {"region": len(region.label), "balanced": len(balanced.label)},
        "landslide_share": round(float(region.label.mean()), 6),
        "auc": round(found.auc, 6),
        "treatment": {name: text for name, text in analysis.TREATMENT.items() if name in factors},
    }
    inputs = paths | {"labels": str(files.labels)}
    write_json(output.sidecar, sidecar("rank_factors", inputs, dict(params.items()), extra))


with job(snakemake) as log:
    main(snakemake, log)
