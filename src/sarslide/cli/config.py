"""`sarslide config`: what a key means, and its value here."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Files, Folder, Values


def _names(incomplete: str) -> list[str]:
    from sarslide.config import explain

    return [name for name in (*explain.sections(), *explain.fields()) if name.startswith(incomplete)]


def config(
    key: Annotated[
        str,
        typer.Argument(help="A key or a section.", show_default="all sections", autocompletion=_names),
    ] = "",
    region: Annotated[
        str, typer.Option("--region", help="Region whose values are shown.", show_default="the one of config.yaml")
    ] = "",
    values: Values = None,
    show: Annotated[bool, typer.Option("--show", help="Print the whole configuration as YAML.")] = False,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Explain a key of the configuration: meaning, range, choices, default, source, value here.

    Values come from the defaults, the region's preset, config.yaml and --set; each goes over those
    before it. Outside of a working folder, and without --region, only the defaults are known.

        sarslide config                      all sections
        sarslide config rates                the keys of a section
        sarslide config rates.method         all about a key
        sarslide config --show --region zhouqu
    """
    from sarslide.cli.start import nested
    from sarslide.config import explain, reading

    reading.check_folder(folder)
    is_chosen = region or values or files or show or (folder / "config.yaml").is_file()
    here = explain.values(folder, region, files or (), nested(values or ())) if is_chosen else None
    print(explain.as_yaml(here.config) if show and here else explain.explain(key, here))
