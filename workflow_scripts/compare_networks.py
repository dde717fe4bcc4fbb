"""compare_networks: probability maps of all networks of one track -> one picture, side by side.

inputs: probability of each network (0 to 1), that of the inventory first; of a simulated region the
planted outlines. output: PNG. params: names of the networks, in this order.
"""

from sarslide.workflow.job import job


def main(snakemake) -> None:
    from pathlib import Path

    from sarslide.io import raster, vector
    from sarslide.report.network_maps import NetworkMap, network_maps_figure
    from sarslide.report.quicklooks import save
    from sarslide.report.reading import read_display

    files = snakemake.input
    maps = {
        name: NetworkMap(read_display(Path(path), "probability"), float(raster.tags_of(path)["threshold"]))
        for name, path in zip(snakemake.params.networks, files.probability, strict=True)
    }
    planted = vector.read(files.planted[0]) if files.planted else None
    figure = network_maps_figure(maps, raster.grid_of(files.probability[0]).bounds, planted)
    save(figure, snakemake.output.figure)


with job(snakemake):
    main(snakemake)
