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

from sarsim.benchmark import settings_hash
from studies.benchmark import page

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES, RECORDS = REPOSITORY / "docs/reference", REPOSITORY / "studies/records"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results", type=Path, default=Path("results/benchmark"), help="folder of the benchmark's results"
    )
    results = parser.parse_args().results
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    made = page.write(results, PAGES, settings_hash(), RECORDS / "benchmark.json", RECORDS / "validation.json")
    (PAGES / "benchmark.json").replace(RECORDS / "benchmark.json")
    print(
        f"{len(made['runs'])} runs, {len(made['tables'])} tables: docs/reference/benchmark.md, studies/records/benchmark.json"
    )


if __name__ == "__main__":
    main()
