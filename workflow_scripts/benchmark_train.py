"""benchmark_train: one run of the benchmark -> weights with model card, learning curve, cost.

inputs: train, validation: npz scenes of the benchmark's regions. For the split `patches` both parts
are random patches of the training regions, and the validation regions are not read. outputs:
weights (.safetensors), history (CSV), cost (JSON: CPU seconds, null where the training was resumed;
threads; device). params: run (its name says recipe, channels, network, width, samples, seed),
device, code.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import time
    from pathlib import Path

    import torch
    from studies.benchmark import leaky, runs

    from sarslide.dataset import features, scenes
    from sarslide.device import choose_device
    from sarslide.io import sidecar as provenance
    from sarslide.models import weights
    from sarslide.training import card, history, train, trained_on

    run = runs.parse(snakemake.params.run)
    torch.set_num_threads(snakemake.threads)
    channels = features.channel_set(run.channels)
    training = [scenes.load(path, channels) for path in snakemake.input.train]
    if run.split == "patches":
        training, validation, _ = leaky.random_patches(training, run.seed)
    else:
        validation = [scenes.load(path, channels) for path in snakemake.input.validation]

    output = snakemake.output
    checkpoint = Path(output.weights).with_suffix(".checkpoint")
    resumed, start = checkpoint.is_file(), time.process_time()
    device = choose_device(snakemake.params.device, "benchmark.device")
    trained = train.train(
        training,
        validation,
        channels,
        run.network,
        runs.options(run),
        runs.recipe(run),
        device,
        progress=True,
        checkpoint=checkpoint,
    )
    cpu_s = None if resumed else round(time.process_time() - start, 1)
    made = card.model_card(
        trained, training, validation, snakemake.params.code, landslides=trained_on.measure(snakemake.input.train)
    )
    weights.save(output.weights, trained.network, made)
    history.write_history(output.history, trained.history)
    cost = {"cpu_s": cpu_s, "threads": snakemake.threads, "device": device}
    provenance.write_json(output.cost, cost)
    checkpoint.unlink(missing_ok=True)
    log.info("%s: validation %s, %s", run.name, trained.scores["object"], cost)


# A training on several GPUs starts processes that import this script again.
if __name__ == "__main__":
    with job(snakemake) as log:
        main(snakemake, log)
