"""segment: feature stack of one track -> probability of active landslide.

inputs: weights (.safetensors with a model card) and stored layers, each under its registered name, on the region grid; the
channels of the weights choose among them.
outputs: probability (0 to 1, NaN where a channel is unknown), sidecar JSON.
params: grid; overlap (0 to < 1); device (auto, cpu, cuda). The tile is that of the training: the thresholds of an RSBU are
means over the tile.
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
    # Before torch is imported: bad weights are answered at once.
    channels = weights.read_card(snakemake.input.weights)["channels"]
    needed = features.require_layers(channels, snakemake.input.keys(), snakemake.input.weights)
    paths = {name: snakemake.input[name] for name in needed}
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
    params = dict(snakemake.params.items()) | {"channels": channels, "tile": card["tile"]}
    extra = {"model": {key: card[key] for key in ("network", "options", "threshold", "label")}, "device": device.type}
    provenance.write_json(snakemake.output.sidecar, provenance.sidecar("segment", inputs, params, extra))


with job(snakemake) as log:
    main(snakemake, log)
