"""segment: feature stack of one track -> probability of active landslide.

inputs: stored layers, each under its registered name, on the region grid; the channels of the
weights choose among them; weights of the user (.safetensors with a model card), if any. outputs:
probability (0 to 1, NaN where a channel is unknown), sidecar JSON; of a network that finds single
objects also instances (number of the object, 0 none). params: grid; overlap (0 to < 1); precision
(fp32, auto, bf16); network (name, path and hash of packaged or trained weights). The tile is that
of the training: the thresholds of an RSBU are means over the tile.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import json
    from contextlib import ExitStack

    from sarslide.dataset import features
    from sarslide.frames import WHOLE
    from sarslide.grid import RegionGrid
    from sarslide.io import raster
    from sarslide.io import sidecar as provenance
    from sarslide.models import networks, weights

    files, params, output = snakemake.input, snakemake.params, snakemake.output
    grid = RegionGrid.from_dict(params.grid)
    # Before torch is imported: bad weights are answered at once.
    file = files.weights[0] if files.weights else weights.of_job(params.network)
    channels = weights.read_card(file).channels
    needed = features.require_layers(channels, files.keys(), file)
    paths = {name: files[name] for name in needed}
    for path in paths.values():
        raster.check_grid(path, grid)

    import torch

    from sarslide.device import choose_device
    from sarslide.segment.forward import Forward
    from sarslide.segment.precision import choose_precision
    from sarslide.segment.scene import segment_scene

    torch.set_num_threads(snakemake.threads)
    device = choose_device(snakemake.resources.device, "segmentation.device")
    network, card = networks.load(file, channels)
    precision = choose_precision(params.precision, device, card.bf16_mask_iou)

    def read(rows: slice, cols: slice):
        def layer(name: str):
            return raster.read_block(paths[name], rows, cols, None if name == features.PICTURE else 1)

        return features.feature_array(channels, layer)

    log.info("%s (%s) on %s, %s, tile %d", card.network, card.label, device, precision, card.tile)
    tags = {"network": card.network, "threshold": str(card.threshold), "weights": card.label}
    if card.trained_on:
        tags["speed_limits"] = json.dumps(card.trained_on.speed_limits)
    if card.objects:
        tags["confidence"] = card.objects.model_dump_json()
    layers = [layer for layer in ("probability", "instances") if layer in output.keys()]  # noqa: SIM118
    with ExitStack() as stack:
        puts = [
            stack.enter_context(raster.create_cog(output[layer], grid, layer, tags | {"precision": precision}))
            for layer in layers
        ]
        known = segment_scene(
            Forward(network, device, precision), read, grid.shape, card, params.overlap, *puts, progress=True,
            whole=snakemake.wildcards.frame == WHOLE,
        )  # fmt: skip
    if not known:
        log.warning("no cell of the frame has every channel")
    inputs = {name: str(path) for name, path in (*paths.items(), ("weights", file))}
    settings = dict(params.items()) | {"channels": channels, "tile": card.tile}
    model = {key: getattr(card, key) for key in ("network", "options", "threshold", "label")}
    extra = {"model": model, "device": device, "precision": precision, "known_cells": known}
    provenance.write_json(output.sidecar, provenance.sidecar("segment", inputs, settings, extra))


with job(snakemake) as log:
    main(snakemake, log)
