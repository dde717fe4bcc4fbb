"""`python -m sarslide.config`: begin your own region, or keep config.yaml and schema in step."""

import argparse
import sys
from pathlib import Path

from sarslide.config.generate import config_schema, config_yaml, new_region
from sarslide.errors import SarslideError


def main(arguments: list[str] | None = None) -> int:
    """Begin a region of your own, or check that config.yaml and schema are in step with the models.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line.

    Returns
    -------
    int
        Exit status: the number of files that are not in step, 1 for a region that cannot be begun.
    """
    parser = argparse.ArgumentParser(prog="python -m sarslide.config", description=__doc__.partition(": ")[2])
    parser.add_argument("--fix", action="store_true", help="rewrite the two files instead of comparing them")
    parser.add_argument("--new-region", metavar="NAME", help="write a short template, regions/NAME.yaml, to be edited")
    parser.add_argument("--folder", type=Path, default=Path(), help="folder of config.yaml and regions (default: here)")
    chosen = parser.parse_args(arguments)
    if chosen.new_region:
        try:
            print(f"{new_region(chosen.new_region, chosen.folder)}: edit grid, tracks and dates")
        except SarslideError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    stale = []
    for name, text in {"config.yaml": config_yaml(), "config.schema.json": config_schema()}.items():
        path = chosen.folder / name
        if chosen.fix:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            stale.append(name)
    if stale:
        print(f"{', '.join(stale)}: not in step with sarslide.config; run `python -m sarslide.config --fix`")
    return len(stale)


if __name__ == "__main__":
    raise SystemExit(main())
