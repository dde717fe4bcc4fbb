"""Tables of layers in documentation pages, made of the registry.

`python -m sarslide.layer_tables --fix docs/reference/outputs.md` brings a page in step with it.

A table stands between `<!-- layers: NAMES -->` and `<!-- /layers -->`. NAMES are layers, or lists
of layers of `sarslide.layers` such as TERRAIN, separated by blanks.
"""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from sarslide import layers

SECTION = re.compile(r"<!-- layers: ([\w ]+) -->\n.*?<!-- /layers -->", re.DOTALL)
HEAD = ["| layer | unit | type | unknown | meaning |", "|---|---|---|---|---|"]


def named(names: Iterable[str]) -> list[layers.Layer]:
    """Layers by their names and the names of their lists.

    Parameters
    ----------
    names : iterable of str
        Layers, or lists of layers in `sarslide.layers`.

    Returns
    -------
    list of Layer
        In the order of `names`.

    Raises
    ------
    LayerError
        For a name that is neither.
    """
    found = [name for each in names for name in (getattr(layers, each) if each.isupper() else (each,))]
    return [layers.get(name) for name in found]


def in_step(page: str) -> str:
    """A page with its tables of layers as the registry has them.

    Parameters
    ----------
    page : str
        Markdown with marked sections.

    Returns
    -------
    str
        The page; equal to `page` where nothing was out of step.
    """
    return SECTION.sub(_section, page)


def listed(page: str) -> set[str]:
    """Names of the layers that a page has in its tables.

    Parameters
    ----------
    page : str
        Markdown with marked sections.

    Returns
    -------
    set of str
        Names of layers.
    """
    return {layer.name for section in SECTION.finditer(page) for layer in named(section[1].split())}


def _section(found: re.Match[str]) -> str:
    rows = [_row(layer) for layer in named(found[1].split())]
    return "\n".join([f"<!-- layers: {found[1]} -->", *HEAD, *rows, "<!-- /layers -->"])


def _row(layer: layers.Layer) -> str:
    unknown = "" if layer.nodata is None else f"{layer.nodata:g}".replace("nan", "NaN")
    bands = f"; bands {', '.join(layer.bands)}" if layer.bands else ""
    return f"| `{layer.name}` | {layer.unit} | {layer.dtype} | {unknown} | {layer.meaning}{bands} |"


def main(arguments: list[str] | None = None) -> int:
    """Compare pages with the registry, or bring them in step.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process where it is left out.

    Returns
    -------
    int
        Exit code: 1 where a page is out of step and is not to be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m sarslide.layer_tables", description="Compare pages with the registry."
    )
    parser.add_argument("pages", nargs="+", type=Path, help="pages with tables of layers")
    parser.add_argument("--fix", action="store_true", help="write the tables anew")
    chosen = parser.parse_args(arguments)
    code = 0
    for path in chosen.pages:
        page = path.read_text()
        if (wanted := in_step(page)) == page:
            continue
        if chosen.fix:
            path.write_text(wanted)
        else:
            print(f"{path}: its tables of layers differ from sarslide.layers; write them with --fix", file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
