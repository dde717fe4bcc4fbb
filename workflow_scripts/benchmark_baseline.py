"""benchmark_baseline: the velocity threshold + area filter on the benchmark's regions.

As printed, and as tuned on validation.

inputs: validation, test, transfer: npz scenes. outputs: scores, printed (JSON: records of the tuned
and of the printed rule), patches, printed_patches (npz: `probability` uint8 of the windows that
figures show; patches also `rate_mm_per_yr` (LOS, positive towards the satellite) and `label`).
params: min_cells (objects below do not count), code.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from dataclasses import asdict

    import numpy as np
    from studies.benchmark import baseline, records, runs

    from sarsim.climates import GRID
    from sarsim.codes import DECOYS
    from sarslide.dataset import scenes
    from sarslide.io import sidecar as provenance
    from sarslide.io.atomic import atomic_file

    parts = {
        part: [scenes.load(path, baseline.CHANNELS) for path in snakemake.input[part]]
        for part in ("validation", "test", "transfer")
    }
    min_cells, output = snakemake.params.min_cells, snakemake.output
    places = records.shown_windows(parts["test"])
    shown = [parts["test"][k] for k, _, _ in places]
    pictures = {
        "rate_mm_per_yr": np.stack([s.features[0][w] for s, w in zip(shown, map(_window, places), strict=True)]),
        "label": np.stack([s.full_label[w] for s, w in zip(shown, map(_window, places), strict=True)]),
    }
    tuned = baseline.choose(parts["validation"], min_cells=min_cells)
    for name, rule, scores, patches, extra in (
        (runs.BASELINE, tuned, output.scores, output.patches, pictures),
        (runs.PRINTED_BASELINE, baseline.PRINTED, output.printed, output.printed_patches, {}),
    ):
        maps = {part: [baseline.probability(scene, rule) for scene in parts[part]] for part in ("test", "transfer")}
        record = {
            "region_set": records.region_set([*snakemake.input.test, *snakemake.input.transfer]),
            "run": name,
            "rule": asdict(rule),
            "threshold": f"{rule.sigmas:g} sigma of the {rule.noise}",
            "parts": {
                part: records.part_record(parts[part], found, 0.5, min_cells, DECOYS, GRID.cell_m)
                for part, found in maps.items()
            },
        }
        provenance.write_json(scores, record)
        with atomic_file(patches) as temporary, open(temporary, "wb") as stream:
            np.savez_compressed(stream, probability=records.shown_maps(maps["test"], places), **extra)
        log.info("%s %s: test %s", name, rule, record["parts"]["test"]["object"])


def _window(place: tuple[int, int, int]) -> tuple[slice, slice]:
    _, row, col = place
    return slice(row, row + 128), slice(col, col + 128)


with job(snakemake) as log:
    main(snakemake, log)
