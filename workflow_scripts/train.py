"""train: simulated training and validation scenes -> weights with model card, learning curve, scores.

inputs: train, validation: npz scenes, one a region and track (stored layers under their registered names, `label` 1 landslide,
0 not, 255 not counted, `meta` JSON with region and stack). No region may be in both.
outputs: weights (.safetensors; its card is its sidecar), history (CSV), scores (JSON: validation part, by cell and by object).
params: network, width, channels (name of a channel set), epochs, batch, patch, learning_rate, seed, code (fingerprint), device.
"""

from sarslide.workflow import job


def main(snakemake, log) -> None:
    from dataclasses import replace

    import torch

    from sarslide import provenance
    from sarslide.dataset import features, scenes
    from sarslide.models import weights
    from sarslide.segment import train
    from sarslide.segment.infer import choose_device

    params = snakemake.params
    torch.set_num_threads(snakemake.threads)
    channels = features.channel_set(params.channels)
    training = [scenes.load(path, channels) for path in snakemake.input.train]
    validation = [scenes.load(path, channels) for path in snakemake.input.validation]
    recipe = replace(
        train.PRESETS["sarslide"],
        epochs=params.epochs,
        batch=params.batch,
        patch=params.patch,
        learning_rate=params.learning_rate,
        seed=params.seed,
    )
    options = {"width": params.width}
    device = choose_device(params.device)
    trained = train.train(training, validation, channels, params.network, options, recipe, device, progress=True)
    card = train.model_card(trained, training, validation, channels, params.network, options, recipe, params.code)
    weights.save(snakemake.output.weights, trained.network, card)
    train.write_history(snakemake.output.history, trained.history)
    provenance.write_json(snakemake.output.scores, trained.scores)
    log.info("validation: %s", card["scores"])


with job(snakemake) as log:
    main(snakemake, log)
