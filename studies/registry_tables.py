"""Parts of the documentation that repeat a registry, written between their marks: engines, rate
methods, networks, channel sets, keys of the configuration, commands, layers.

    python -m studies.registry_tables

Marks are `<!-- table NAME -->` and `<!-- end -->` in any page of docs/ or in README.md, and those
of `sarslide.layer_tables`.
"""

import argparse
import re
from math import ceil, floor
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from sarslide import cli, exit_codes, layer_tables, layers
from sarslide.config import generate, reach
from sarslide.dataset.features import CHANNEL_SETS, CLASSES
from sarslide.insar.engines import ENGINES
from sarslide.models.registry import ARCHITECTURES
from sarslide.rates.methods import METHODS
from sarslide.retrieve.dem_library import library
from studies.papers import items

REPOSITORY = Path(__file__).resolve().parents[1]
MARKED = re.compile(r"(<!-- table (\w+) -->)(.*?)(<!-- end -->)", re.DOTALL)


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table between blank lines."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def networks() -> str:
    """The networks, one a row."""
    rows = [[f"`{row.name}`", row.title, row.paper, row.kind, str(row.width)] for row in ARCHITECTURES.values()]
    return table(["`training.network`", "network", "paper", "finds", "channels of the first stage"], rows)


def network_count() -> str:
    """How many networks there are, for a sentence."""
    return str(len(ARCHITECTURES))


def channel_sets() -> str:
    """The channel sets, one a row; the classes of rock, which are many, as one word."""
    rocks = f"{len(CLASSES)} rock classes"
    rows = []
    for row in CHANNEL_SETS.values():
        words = dict.fromkeys(rocks if name in CLASSES else f"`{name}`" for name in row.channels)
        rows.append([f"`{row.name}`", ", ".join(words), row.source])
    return table(["`training.channels`", "channels", "source"], rows)


def rock_classes() -> str:
    """The channels of rock classes and what each stands for."""
    rows = [[f"`{name}`", layers.LITHOLOGY[name.removeprefix("lithology_")]] for name in CLASSES]
    return table(["channel", "rock"], rows)


def dem_library() -> str:
    """The mountain DEMs, one a row."""
    rows = [
        [
            *(f"`{dem.name}`", dem.mountains, str(dem.epsg), whole_metres(dem.bounds)),
            *(f"{dem.cell_m:g}", f"{dem.geoid_m:+.1f}", dem.licence),
        ]
        for dem in library().values()
    ]
    columns = ["`simulation.dem`", "range", "EPSG", "west south east north, m", "posting, m", "geoid, m", "licence"]
    return table(columns, rows)


def whole_metres(bounds: tuple[float, float, float, float]) -> str:
    """Whole metres inside of bounds."""
    west, south, east, north = bounds
    return f"{ceil(west)} {ceil(south)} {floor(east)} {floor(north)}"


def engines() -> str:
    """The engines, one a row."""
    rows = [
        [f"`{row.name}`", row.title, sources(row.sources), yes(row.reads_bursts), yes(row.unwraps), yes(row.amplitude)]
        for row in ENGINES.values()
    ]
    return table(
        ["`engine`", "processor", "`source`", "reads single bursts", "unwraps itself", "delivers amplitude"], rows
    )


def methods() -> str:
    """The rate methods, one a row."""
    reads = set(reach.reached("rates.atmosphere"))
    rows = [
        [
            *(f"`{row.name}`", row.title, yes(row.has_rates), yes(row.has_series)),
            *(yes(row.needs_connected), yes(set(row.rules) & reads)),
        ]
        for row in METHODS.values()
    ]
    return table(
        ["`rates.method`", "method", "rates", "time series", "needs a connected network", "reads `rates.atmosphere`"],
        rows,
    )


def configuration() -> str:
    """Every key of the configuration."""
    return f"\n\n{generate.config_reference()}\n"


def command() -> str:
    """Every command of `sarslide` with its arguments and options."""
    group = typer.main.get_command(cli.app)
    text = get_docs_for_click(obj=group, ctx=typer.Context(group, info_name="sarslide"), name="sarslide")
    _, heading, commands = text.replace("```console\n$ ", "```text\n").partition("\n## ")
    return f"\n{heading}{commands.rstrip()}\n\n"


def exit_code_meanings() -> str:
    """The exit codes of `sarslide`."""
    return table(["exit code", "meaning"], [[str(code), meaning] for code, meaning in exit_codes.MEANINGS.items()])


def papers_items() -> str:
    """What is here of each item of the papers, and the test that fails without it, one a row."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in items.table_rows()]
    return table(["id", "state", "what is here", "line in", "test that fails without it"], rows)


def papers_count() -> str:
    """How many items work, for a sentence."""
    return items.summary()


def sources(names: tuple[str, ...]) -> str:
    """Words of the configuration in a cell."""
    return ", ".join(f"`{name}`" for name in names)


def yes(fact: object) -> str:
    """A fact in a cell."""
    return "yes" if fact else "no"


TABLES = {
    make.__name__: make
    for make in (
        command,
        configuration,
        exit_code_meanings,
        engines,
        methods,
        networks,
        network_count,
        channel_sets,
        dem_library,
        rock_classes,
        papers_items,
        papers_count,
    )
}


def pages() -> list[Path]:
    """The pages that may hold marks."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def filled(text: str) -> str:
    """The page with every marked part as the registries have it."""
    return layer_tables.in_step(MARKED.sub(lambda found: found[1] + TABLES[found[2]]() + found[4], text))


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for page in pages():
        before = page.read_text()
        if (after := filled(before)) != before:
            page.write_text(after)
            print(page.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
