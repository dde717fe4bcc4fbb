"""Options that commands share, and what the shell completes of them."""

from pathlib import Path
from typing import Annotated

import typer


def _regions(incomplete: str) -> list[str]:
    from sarslide.config.loading import own_regions, presets

    return [name for name in (*own_regions(), *presets()) if name.startswith(incomplete)]


def _keys(incomplete: str) -> list[str]:
    from sarslide.config.fields import Section
    from sarslide.config.models import Config

    found = []
    for name, field in Config.model_fields.items():
        section = isinstance(field.default, Section)
        found += [f"{name}.{leaf}=" for leaf in type(field.default).model_fields] if section else [f"{name}="]
    return [key for key in found if key.startswith(incomplete)]


Region = Annotated[
    str,
    typer.Argument(
        help="Packaged region, or NAME of your regions/NAME.yaml.",
        show_default="the one that config.yaml names",
        autocompletion=_regions,
    ),
]
Release = Annotated[str, typer.Argument(help="A region, whose current release is meant; or id or folder of a release.")]
Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A key of the configuration, as often as needed: --set rates.method=sbas.",
        show_default=False,
        autocompletion=_keys,
    ),
]
Files = Annotated[
    list[str] | None,
    typer.Option("--configfile", metavar="FILE", help="Another configuration file.", show_default=False),
]
Folder = Annotated[
    Path,
    typer.Option(
        "--directory", "-C", help="Working folder: regions/, resources/, results/.", show_default="this folder"
    ),
]
Cores = Annotated[str, typer.Option("--cores", "-c", help="Cores of this machine.")]
Conda = Annotated[bool, typer.Option("--use-conda", help="Make and use the conda environments of the rules.")]
Profile = Annotated[
    str,
    typer.Option(
        "--profile",
        help="Workflow profile: slurm, or a folder of your own.",
        show_default="what is right on any machine",
    ),
]
