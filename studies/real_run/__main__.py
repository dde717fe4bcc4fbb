"""A real run, with an Earthdata login: a pair, a region, displacement products.

    python -m studies.real_run --folder F [--steps pair region displacement] [--forecast] [--record]

Every step works in a folder of its own below F, and goes on where it stopped. Rows are printed and
kept in F/rows.json; with --record they go to studies/records/real_run.json, unless an address is
not that of the archive. docs/reference/real-run.md says what each figure means.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from sarslide.errors import SarslideError
from sarslide.io.sidecar import write_json
from studies.markdown import grid_lines
from studies.real_run import displacement, forecast, page, pair, region
from studies.real_run.place import Place, is_real
from studies.structure.records import line, merged

STEPS = ("pair", "region", "displacement")


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="python -m studies.real_run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--folder", type=Path, required=True, metavar="F", help="where the steps work")
    made.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    made.add_argument("--forecast", action="store_true", help="disk and time; no server is asked")
    made.add_argument("--hyp3", type=Path, metavar="PRODUCT", help="HyP3's product of a pair, a folder or a zip")
    made.add_argument("--configfile", action="append", default=[], metavar="FILE", help="keys over F/STEP/config.yaml")
    made.add_argument("--cores", default="all")
    made.add_argument("--record", action="store_true", help="put the rows into studies/records/real_run.json")
    return made


def main(arguments: list[str] | None = None) -> None:
    """Run the steps, or forecast them.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command line.

    Raises
    ------
    SystemExit
        Where a step fails, with one line, and for a rehearsal that is to be recorded.
    """
    asked = parser().parse_args(arguments)
    files = tuple(asked.configfile)
    pairs, slcs = (Place(asked.folder / step, files, asked.cores) for step in ("pair", "region"))
    products = Place(asked.folder / "displacement", (), asked.cores)
    try:
        pairs.begin(pair.KEYS)
        slcs.begin(region.KEYS)
        if asked.forecast:
            print(*grid_lines(forecast.COLUMNS, forecast.table(pairs.config(), slcs.config())), sep="\n")
            return
        if asked.record and not (is_real(pairs.config()) and is_real(slcs.config())):
            raise SystemExit("--record: an address is not that of the archive, and a rehearsal is not recorded")
        runs = {
            "pair": lambda: pair.run(pairs, asked.hyp3),
            "region": lambda: region.run(slcs),
            "displacement": lambda: displacement.run(products, slcs),
        }
        for step in asked.steps:
            keep(runs[step](), asked.folder / "rows.json", asked.record)
    except SarslideError as error:
        raise SystemExit(str(error)) from error


def keep(rows: list[dict[str, Any]], path: Path, record: bool) -> None:
    """Print rows and keep them."""
    held = json.loads(path.read_text()) if path.is_file() else []
    write_json(path, merged(held, rows))
    if record:
        page.put(rows)
    else:
        print(*map(line, rows), sep="\n", flush=True)


if __name__ == "__main__":
    main()
