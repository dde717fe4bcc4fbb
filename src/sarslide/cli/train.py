"""`sarslide train`: what the training of a region costs, then the training."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli import start
from sarslide.cli.options import Conda, Cores, Files, Folder, Profile, Region, Values
from sarslide.cli.start import Request
from sarslide.config import Config
from sarslide.errors import ConfigError
from sarslide.models import registry
from sarslide.workflow import weights_files


def train(
    region: Region = "",
    preset: Annotated[
        str, typer.Option(metavar="REGION", help="The region, such as that of a paper.", show_default=False)
    ] = "",
    width: Annotated[
        str, typer.Option(metavar="WIDTH", help="Channels, or a share of the published ones.", show_default=False)
    ] = "",
    samples: Annotated[
        int, typer.Option(metavar="N", help="Budget in patches of 128 x 128 cells.", show_default=False)
    ] = 0,
    only: Annotated[str, typer.Option(metavar="NETWORK", help="One of its networks.", show_default=False)] = "",
    values: Values = None,
    cores: Cores = "all",
    conda: Conda = False,
    profile: Profile = "",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Train the networks of a region, on simulated scenes or on your own labels.

    First it prints what each network costs. Labels are polygons in any CRS. Each network has
    weights of its own below results/REGION/training. `sarslide run REGION` reads those of the
    networks that it maps with; fine-tuned ones are named in segmentation.weights. The same as
    `snakemake train`.

        sarslide train --preset three_rivers
        sarslide train --preset three_rivers --width 0.25 --only drs_unet
        sarslide train myregion --set training.labels=labels.gpkg
    """
    if region and preset and region != preset:
        raise ConfigError(f"--preset {preset}: another region is named, {region}", "name one of them")
    given = [f"training.width={width}"] if width else []
    given += [f"training.samples={samples}"] if samples else []
    request = Request(preset or region, [*given, *(values or ())], files or (), folder, cores, conda, profile)
    request = _with_possible_start(request, width)
    config = request.config()
    raise SystemExit(start.snakemake(request, *_targets(config, only), resumable=True))


def _with_possible_start(request: Request, width: str) -> Request:
    """The request, from random weights where those that it starts from have another width."""
    from dataclasses import replace

    asked = any(value.startswith("training.start=") for value in request.values)
    if not width or asked:
        return request
    without = [value for value in request.values if not value.startswith("training.width=")]
    own = replace(request, values=without).config().training
    random = replace(request, values=[*request.values, "training.start=random"])
    chosen = registry.channels_of_width(own.network, random.config().training.width)
    if own.start not in registry.PRETRAINED or chosen == registry.get(own.network).width:
        return request
    print(f"training.start = random: weights of {own.start} have the published width alone")
    return random


def _targets(config: Config, only: str) -> list[str]:
    """What Snakemake is to make; the cost of it is printed."""
    from sarslide.training import cost

    weights_files.refuse_test_area(config)
    names = weights_files.networks(config)
    if only and only not in names:
        raise ConfigError(f"--only {only}: is no network that {config.region} trains", f"use {' or '.join(names)}")
    wanted = [only] if only else names
    print(cost.as_text(config, wanted), flush=True)
    return [weights_files.trained(config, only)] if only else ["train"]
