"""docs/benchmark.md, docs/benchmark.json and their figures, from the files of runs that `snakemake benchmark` has made.

    python benchmarks/networks.py --results results/benchmark

Nothing is trained or scored here. Rows that were published before stay where the results folder lacks them, as long as they
belong to the same region set. Precision, blending, compilation and throughput of inference come from docs/validation.json
(benchmarks/inference.py).
"""

import argparse
import logging
from pathlib import Path

from sarslide.benchmark import page
from sarslide.simulate.benchmark import settings_hash

DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results", type=Path, default=Path("results/benchmark"), help="folder of the benchmark's results"
    )
    results = parser.parse_args().results
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    made = page.write(results, DOCS, settings_hash(), DOCS / "benchmark.json", DOCS / "validation.json")
    print(f"{len(made['runs'])} runs, {len(made['tables'])} tables: docs/benchmark.md, docs/benchmark.json")


if __name__ == "__main__":
    main()
