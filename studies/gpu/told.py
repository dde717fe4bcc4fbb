"""What a run of `studies/gpu.sh` did, as a row of docs/reference/benchmark.md.

    python -m studies.gpu.told --carried CARRIED --records RECORDS

CARRIED, RECORDS: folders of that run.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarslide.io.sidecar import read_json
from studies.benchmark.rows import put
from studies.gpu.carried import MAX_BYTES, read_plan, size_of
from studies.gpu.run import LIMIT_S, record_path
from studies.structure.records import row


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--carried", "--records"):
        parser.add_argument(name, type=Path, required=True)
    chosen = parser.parse_args(arguments)
    put([told(chosen.carried, chosen.records)])


def told(carried: Path, records: Path) -> dict[str, Any]:
    """The row: parts with a record and without an error, checks that hold, the longest part."""
    names = [part["name"] for part in read_plan(carried)]
    found = [read_json(path) for name in names if (path := record_path(records, name)).is_file()]
    done = [record for record in found if "error" not in record]
    held = [
        check["held"] for record in done for check in record.get("checks", {}).values() if check["held"] is not None
    ]
    device, smallest = " and ".join(sorted({record["device"] for record in done})), any(r["smallest"] for r in done)
    # On a CPU most checks compare it with itself: that they ran is all that they tell there.
    checks = f"{len(held)} checks ran" if device == "cpu" else f"{sum(held)} of {len(held)} checks hold"
    longest = max((record["wall_s"] for record in done), default=0.0)
    size = size_of(carried)
    return row(
        f"studies/gpu.sh on {device}{', smallest setting' if smallest else ''}: parts with a record",
        f"{len(done)} of {len(names)}; {checks}; longest part {longest:.0f} s; {size / 1e6:.1f} MB carried",
        f"studies/gpu.sh --carried CARRIED --out RECORDS{' --device cpu --smallest' if smallest else ''}",
        f"all, in less than {round(LIMIT_S, -2)} s each, {MAX_BYTES >> 20} MiB at most",
        len(done) == len(names) and all(held) and longest < LIMIT_S and size <= MAX_BYTES,
    )


if __name__ == "__main__":
    main()
