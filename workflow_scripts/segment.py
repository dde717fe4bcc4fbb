"""segment: feature stack of one track -> probability of active landslide.

inputs: weights (.safetensors with a model card) and, each under its registered name, the stored layers that the channels of the
weights need (`sarslide.dataset.features.stored_layers`), all on the region grid.
outputs: probability (0 to 1, NaN where a channel is unknown), sidecar JSON.
params: grid; channels (registered layers in order, must be those of the weights); overlap (0 to < 1); device (auto, cpu, cuda).
The tile is that of the training: the thresholds of an RSBU are means over the tile.
"""

from sarslide.workflow import job


def main(snakemake, log) -> None:
    import numpy as np

    from sarslide import provenance
    from sarslide.dataset import features
    from sarslide.dataset.normalise import Normalisation
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.models import weights

    grid = RegionGrid.from_dict(snakemake.params.grid)
    channels = list(snakemake.params.channels)
    paths = {name: snakemake.input[name] for name in features.stored_layers(channels)}
    weights.check(snakemake.input.weights, channels)  # before torch is imported: bad weights are answered at once
    for path in paths.values():
        raster.check_grid(path, grid)

    import torch

    from sarslide.segment.infer import choose_device, predict_bands

    torch.set_num_threads(snakemake.threads)
    device = choose_device(snakemake.params.device)
    network, card = weights.load(snakemake.input.weights, channels)

    def read(rows: slice, cols: slice) -> np.ndarray:
        return features.feature_stack(channels, lambda name: raster.read_block(paths[name], rows, cols))

    log.info("%s (%s) on %s, tile %d", card["network"], card["label"], device, card["tile"])
    bands = predict_bands(
        network,
        read,
        grid.shape,
        Normalisation.from_dict(card["normalisation"]),
        card["tile"],
        snakemake.params.overlap,
        device=device,
        progress=True,
    )
    probability = np.concatenate([band for _, band in bands])
    tags = {"network": card["network"], "threshold": str(card["threshold"]), "weights": card["label"]}
    raster.write(snakemake.output.probability, probability, grid, "probability", tags)
    inputs = {name: str(path) for name, path in (*paths.items(), ("weights", snakemake.input.weights))}
    params = {"channels": channels, "overlap": snakemake.params.overlap, "tile": card["tile"]}
    extra = {"model": {key: card[key] for key in ("network", "options", "threshold", "label")}, "device": device.type}
    provenance.write_json(snakemake.output.sidecar, provenance.sidecar("segment", inputs, params, extra))


with job(snakemake) as log:
    main(snakemake, log)
