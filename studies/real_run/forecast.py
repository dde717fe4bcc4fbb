"""What a real run costs, from the repeat orbit and the product's forecast: without a network."""

from collections.abc import Mapping, Sequence

from sarslide.catalog import planned
from sarslide.catalog.tracks import passes, seen_share
from sarslide.config import Config
from sarslide.preflight.forecast import Forecast, forecast

RATE_MB_S = 10.0  # of a download, to tell hours
COLUMNS = ("step", "dates", "pairs", "to download, GB", "disk in all, GB", "hours at 10 MB/s", "core-hours")
UNKNOWN = "as the search lists"  # sizes of displacement products


def cost(config: Config, rows: Sequence[Mapping[str, str]], dates: int | None = None) -> Forecast:
    """Cost of a region, or of its first dates.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    rows : sequence of mapping
        Of the scene table.
    dates : int, optional
        How many of each stack are taken; by default all.

    Returns
    -------
    Forecast
        Disk and core-hours.
    """
    grid = config.grid.region_grid()
    scenes = {stack: [dict(row) for row in rows if row["stack"] == stack] for stack in config.stacks}
    for stack, mine in scenes.items():
        first = sorted({row["date"] for row in mine})[:dates]
        scenes[stack] = [row for row in mine if row["date"] in first]
    return forecast(config, scenes, {stack: seen_share(stack, grid) for stack in config.stacks})


def table(pair: Config, region: Config) -> list[list[str]]:
    """The forecast of all steps.

    Parameters
    ----------
    pair, region : Config
        Of the steps of these names; displacement products are those of the second's window.

    Returns
    -------
    list of list of str
        Cells of each row below `COLUMNS`.
    """
    rows = [_cells("pair", cost(pair, planned.rows(pair), 3)), _cells("region", cost(region, planned.rows(region)))]
    window = region.catalog.start or "", region.catalog.end or ""
    dates = sum(len(passes(stack, region.grid.region_grid(), *window)) for stack in region.stacks)
    return [*rows, ["displacement", str(dates), "0", UNKNOWN, UNKNOWN, UNKNOWN, "not forecast"]]


def _cells(step: str, found: Forecast) -> list[str]:
    hours = found.download_gb * 1e3 / RATE_MB_S / 3600
    figures = (found.download_gb, found.disk_gb, hours, found.core_hours)
    return [step, str(found.dates), str(found.pairs), *(f"{value:.2g}" for value in figures)]
