"""`sarslide alerts`: what a release reports that an office must look at."""

from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Files, Folder, Region, Values
from sarslide.cli.start import Request
from sarslide.schedule import lock


def alerts(
    region: Region = "",
    release: Annotated[
        str, typer.Argument(help="Id of a release, against the one before it.", show_default="the current release")
    ] = "",
    values: Values = None,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Report which landslides are new, accelerating, or seen again and moving.

    Text, GeoJSON and a CAP 1.2 message in results/REGION/alerts/RELEASE, with the thresholds of the
    section `alerts`. What was reported of one release, here or by `sarslide schedule`, is not
    reported of another.

        sarslide alerts myregion
        sarslide alerts myregion --set alerts.min_rate_mm_per_yr=50
    """
    from sarslide.alerts import work

    config = Request(region, values or (), files or (), folder).config()
    with lock.held(folder.resolve()):
        alert = work.make(folder, config, release)
        if alert is None:
            print(f"{config.region}: has no release yet")
            return
        print(alert.text, end="")
        if alert.reported:
            print(alert.folder)
        work.mark(folder, config.region, alert.summary())
