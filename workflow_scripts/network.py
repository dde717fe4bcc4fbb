"""network: sidecars of all pairs of one stack -> figure and description of the network.

inputs: per pair dates, perpendicular baseline (m, later - earlier, up and away from the track) and
mean coherence. outputs: time against baseline with the pairs coloured by coherence; preset, pairs,
triplets, islands, dates without a pair, the paper's size; unknown baselines are null.
"""

from sarslide.workflow.job import job


def main(snakemake, log) -> None:
    from sarslide.io.atomic import atomic_file
    from sarslide.io.sidecar import read_json, sidecar, write_json
    from sarslide.names import pair_name
    from sarslide.network import islands, triplets
    from sarslide.papers import pair_count
    from sarslide.report.figures import png
    from sarslide.report.network_plot import NetworkPair, baselines, network_figure

    params, output = snakemake.params, snakemake.output
    records = [read_json(path) for path in snakemake.input.pairs]
    found = [NetworkPair(*one["dates"], one["bperp_m"], one.get("mean_coherence"), *one["utc"]) for one in records]
    with atomic_file(output.figure) as temporary:
        temporary.write_bytes(png(network_figure(found)))
    pairs = [pair_name(pair.earlier, pair.later) for pair in found]
    parts = islands(pairs)
    paper = pair_count(params.preset)
    places = baselines(found)
    about = {
        "preset": params.preset,
        "scenes": len(params.dates),
        "pair_count": len(pairs),
        "paper": paper and paper.model_dump(),
        "triplet_count": len(triplets(pairs)),
        "islands": parts,
        "dates_without_pair": sorted(set(params.dates) - {date for part in parts for date in part}),
        "baselines_m": {date: value if value is None else round(value, 2) for date, value in places.items()},
        "pairs": [
            {"pair": name, "bperp_m": pair.bperp_m, "mean_coherence": pair.coherence}
            for name, pair in zip(pairs, found, strict=True)
        ],
    }
    beside = f"; the paper: {paper.pairs} of {paper.scenes}" if paper else ""
    log.info("%d pairs of %d dates, %d islands%s", len(pairs), len(params.dates), len(parts), beside)
    inputs = {"pairs": list(snakemake.input.pairs)}
    write_json(output.about, sidecar("network", inputs, dict(params.items()), about))


with job(snakemake) as log:
    main(snakemake, log)
