"""The benchmark page, its record and its figures, from the files of runs that `snakemake benchmark`
has made.

    python -m studies.networks --results results/benchmark

Nothing is trained or scored here. Rows that were published before stay where the results folder
lacks them, as long as they belong to the same region set. Precision, blending, compilation and
throughput of inference come from studies/records/validation.json (studies/inference.py).
"""

import argparse
import logging
from pathlib import Path

from studies.benchmark.rows import publish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results", type=Path, default=Path("results/benchmark"), help="folder of the benchmark's results"
    )
    results = parser.parse_args().results
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    made = publish(results)
    print(
        f"{len(made['runs'])} runs, {len(made['tables'])} tables: docs/reference/benchmark.md, studies/records/benchmark.json"
    )


if __name__ == "__main__":
    main()
