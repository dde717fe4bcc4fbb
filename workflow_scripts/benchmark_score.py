"""benchmark_score: weights -> their scores on the leak-free test regions and on the unseen climate.

inputs: weights (.safetensors; channels, normalisation and threshold are those of its card), test,
transfer: npz scenes; train: of a run on random patches the training regions, whose held-out patches
are its own test part, else none; cost, history: of its training. outputs: scores (JSON: record of
the run), patches (npz: `probability` uint8 of the windows that figures show). params: run (a run's
name, or packaged.<name>), min_cells, overlap, device, code.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    import numpy as np
    import torch
    from studies.benchmark import leaky, records, runs

    from sarsim.climates import GRID
    from sarsim.codes import DECOYS
    from sarslide.dataset import scenes
    from sarslide.device import choose_device
    from sarslide.io import sidecar as provenance
    from sarslide.io.atomic import atomic_file
    from sarslide.models import networks, registry
    from sarslide.segment.infer import predict

    params = snakemake.params
    torch.set_num_threads(snakemake.threads)
    device = choose_device(params.device, "benchmark.device")
    network, card = networks.load(snakemake.input.weights)
    parts = {
        part: [scenes.load(path, card.channels) for path in snakemake.input[part]] for part in ("test", "transfer")
    }
    if snakemake.input.get("train"):
        pool = [scenes.load(path, card.channels) for path in snakemake.input.train]
        parts["patches"] = leaky.random_patches(pool, runs.parse(params.run).seed)[2]
    maps = {
        part: [predict(network, scene.features, card, params.overlap, device=device) for scene in found]
        for part, found in parts.items()
    }
    record = {
        "region_set": records.region_set([*snakemake.input.test, *snakemake.input.transfer]),
        "run": params.run,
        "network": card.network,
        "parameters": registry.parameter_count(network),
        "channels": card.channels,
        "threshold": card.threshold,
        "samples": card.training.get("samples_seen"),
        "code": card.training["code"],
        "cost": provenance.read_json(snakemake.input.cost) if snakemake.input.get("cost") else None,
        "curve": records.curve(snakemake.input.history) if snakemake.input.get("history") else None,
        "parts": {
            part: records.part_record(found, maps[part], card.threshold, params.min_cells, DECOYS, GRID.cell_m)
            for part, found in parts.items()
        },
    }
    provenance.write_json(snakemake.output.scores, record)
    places = records.shown_windows(parts["test"])
    with atomic_file(snakemake.output.patches) as temporary, open(temporary, "wb") as stream:
        np.savez_compressed(stream, probability=records.shown_maps(maps["test"], places))
    log.info("%s: test %s", params.run, record["parts"]["test"]["object"])


with job(snakemake) as log:
    main(snakemake, log)
