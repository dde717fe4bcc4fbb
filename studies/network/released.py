"""What finished simulated regions release by the packaged network, beside that of before.

    python -m studies.network.released --now results/demo ... --before OLD/results/demo ... \\
        [--held-out results/demo] [--record]

Folders of results of the same regions in the same order, `--before` with
`segmentation.model=drs_unet_compact`. Scores are those of the report: recall over the planted
landslides that are large and fast enough to be scored, precision over all that are released.
--held-out: results of the first region with weights of `studies.network.folds` that had not seen
its range (`segmentation.weights`).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from sarslide.io.sidecar import read_json
from studies.ground.demo import SHARES
from studies.network import put, row
from studies.structure.records import keep_or_tell

COMMAND = "python -m studies.network.released --now RESULTS --before RESULTS --record"


def text_of(results: Path) -> str:
    """Recall, precision, F1 and how many are scored and released in a finished region."""
    scores = read_json(results / "report/scores.json")
    shares = " / ".join(f"{scores[key]:.2f}" for key in SHARES)
    return f"{shares} ({scores['scored']} scored, {scores['released']} released)"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--now", type=Path, nargs="+", required=True, metavar="RESULTS")
    parser.add_argument("--before", type=Path, nargs="+", required=True, metavar="RESULTS")
    parser.add_argument("--held-out", type=Path, metavar="RESULTS")
    parser.add_argument("--record", action="store_true", help="put the rows into studies/records/network.json")
    chosen = parser.parse_args(arguments)
    what = "{} as released: recall / precision / F1 by object"
    rows = [
        row(what.format(now.name), text_of(now), COMMAND, before=text_of(before))
        for now, before in zip(chosen.now, chosen.before, strict=True)
    ]
    if chosen.held_out:
        name = f"{chosen.held_out.name}, by the network that had not seen its range,"
        rows.append(row(what.format(name), text_of(chosen.held_out), COMMAND))
    keep_or_tell(rows, put, chosen.record)


if __name__ == "__main__":
    main()
