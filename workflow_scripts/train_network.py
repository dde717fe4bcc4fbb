"""train_network: training and validation scenes -> weights with model card, learning curve, scores.

inputs: train, validation, test (or none): npz scenes, one a region and track (stored layers under
their registered names, `label` 1 landslide, 0 not, 255 not counted, `meta` JSON with region and
stack). No region may be in two. start: weights to start from, or none; their network, channels,
normalisation and patch are kept. coco: the file of a start from `matterport`, or none. outputs:
weights (.safetensors; its card is its sidecar), history (CSV), curves (PNG), and of the validation
part reliability (PNG) and scores (JSON); test_scores (JSON) of the test part, if there is one. A
checkpoint beside them lets an interrupted training go on; it is removed at the end. params: preset;
recipe (values instead of the preset's); start (imagenet, coco, matterport or nothing); network,
width and channels (name of a channel set) where no weights say them; label and licence of the
weights; test_areas (regions of whose scenes no network learns); device; code (fingerprint).
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from dataclasses import replace
    from pathlib import Path

    from sarslide.dataset import features, scenes, splits
    from sarslide.io import sidecar as provenance
    from sarslide.models import registry, weights
    from sarslide.training import recipe as recipes

    params, start = snakemake.params, snakemake.input.get("start")
    recipe = replace(
        recipes.preset(params.preset), start=params.start, coco_file=str(snakemake.input.get("coco") or "")
    )
    # Before torch is imported: what does not fit is answered at once.
    if start:
        card = weights.read_card(start)
        network, options, channels = card.network, card.options, card.channels
        recipe = recipes.fine_tuning(replace(recipe, start=str(start)), card)
    else:
        network, channels = params.network, features.channel_set(params.channels)
        options = registry.options(network, params.width, params.start)
    registry.kind(network)
    recipe = replace(recipe, **params.recipe)
    recipes.check(recipe)
    training = [scenes.load(path, channels) for path in snakemake.input.train]
    validation = [scenes.load(path, channels) for path in snakemake.input.validation]
    test = [scenes.load(path, channels) for path in snakemake.input.get("test", [])]
    splits.check_no_test_area([scene.region for scene in (*training, *validation)], params.test_areas)
    splits.check_disjoint(*({scene.region for scene in part} for part in (training, validation, test)))

    import torch

    from sarslide.device import choose_device
    from sarslide.evaluate.probability_figure import write_probabilities
    from sarslide.segment.precision import choose_precision
    from sarslide.training import card as cards
    from sarslide.training import held_out, history, trained_on
    from sarslide.training.train import train

    if test:
        held_out.check(test)
    torch.set_num_threads(snakemake.threads)
    output, device = snakemake.output, choose_device(params.device, "segmentation.device")
    recipe = replace(recipe, precision=choose_precision(recipe.precision, device))
    checkpoint = Path(output.weights).with_name("checkpoint.safetensors")
    trained = train(training, validation, channels, network, options, recipe, device, True, checkpoint)
    tested = held_out.evaluate(trained, test, device) if test else None
    landslides = trained_on.measure(snakemake.input.train)
    card = cards.model_card(
        trained, training, validation, params.code, params.label, params.licence, landslides, tested
    )
    weights.save(output.weights, trained.network, card)
    history.write_history(output.history, trained.history)
    history.write_curves(output.curves, trained.history, trained.best_epoch, network)
    write_probabilities(output.reliability, {network: trained.scores})
    provenance.write_json(output.scores, trained.scores)
    if tested:
        provenance.write_json(output.test_scores, tested)
    checkpoint.unlink(missing_ok=True)
    log.info("scores: %s", card["scores"])


# A training on several GPUs starts processes that import this script again.
if __name__ == "__main__":
    with job(snakemake) as log:
        main(snakemake, log)
