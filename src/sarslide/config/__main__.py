"""`python -m sarslide.config`: keep config.yaml and its schema in step with the models."""

import argparse
from pathlib import Path

from sarslide.config.generate import config_schema, config_yaml


def main(arguments: list[str] | None = None) -> int:
    """Check that config.yaml and its schema are in step with the models, or rewrite them.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the command line.

    Returns
    -------
    int
        Exit status: the number of files that are not in step.
    """
    parser = argparse.ArgumentParser(prog="python -m sarslide.config", description=__doc__.partition(": ")[2])
    parser.add_argument("--fix", action="store_true", help="rewrite the two files instead of comparing them")
    parser.add_argument("--folder", type=Path, default=Path(), help="folder of config.yaml (default: here)")
    chosen = parser.parse_args(arguments)
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
