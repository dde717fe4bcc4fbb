"""A scene table of passes that nobody searched for, in the numbers that a paper prints.

It is what the repeat orbit gives, for dry runs and forecasts before there is an account. No row of
it is an acquisition: granules, addresses and baselines are made up, and a run would be refused by
every archive. `python -m sarslide.catalog.planned --region qtp_loess > scenes.csv`.
"""

import csv
import sys
from collections.abc import Iterator

import numpy as np

from sarslide.catalog.repeat_orbit import critical_baseline_m, orbit_offset_m
from sarslide.catalog.scenes import ARCHIVE_COLUMNS, BPERP, CRITICAL
from sarslide.catalog.tracks import passes
from sarslide.config import Config
from sarslide.names import in_season
from sarslide.papers import SceneCount, scene_counts

FRAME_S, SLC_BYTES = 27, 4_300_000_000
LAST_OF_S1B = "20211223"
SEED = 1379


def rows(config: Config, region: str = "") -> list[dict[str, str]]:
    """Rows of a scene table with an archive, for every pass of the search window.

    Where the paper of a region prints a number of scenes, as many: more scenes than passes are
    further frames of the first dates; fewer are the first passes. An open window has one year. Of
    those the ones in the season of the network.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    region : str
        Region of the paper; by default that of the configuration.

    Returns
    -------
    list of dict
        By column.
    """
    printed = scene_counts(region or config.region)
    made = (row for stack in config.stacks for row in _of_stack(config, stack, printed.get(stack)))
    return [row for row in made if in_season(row["date"], config.network.season)]


def _of_stack(config: Config, stack: str, count: SceneCount | None) -> Iterator[dict[str, str]]:
    first = (count and count.first) or config.catalog.start or "20200101"
    last = (count and count.last) or config.catalog.end or f"{int(first[:4]) + 1}{first[4:]}"
    region = config.grid.region_grid()
    platforms = count.platforms if count else ("S1A",)
    found = sorted(
        (date, platform)
        for platform in platforms
        for date in passes(stack, region, first, min(last, LAST_OF_S1B) if platform == "S1B" else last, platform)
    )
    scenes = count.scenes if count else len(found)
    found = found[:scenes]
    each, more = divmod(scenes, len(found))
    for k, (date, platform) in enumerate(found):
        for frame in range(each + (k < more)):
            yield _row(stack, date, platform, frame, found[0][0])


def _row(stack: str, date: str, platform: str, frame: int, first: str) -> dict[str, str]:
    start = np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}T11:00:00") + np.timedelta64(FRAME_S * frame, "s")
    stop = start + np.timedelta64(FRAME_S, "s")
    begins, ends = (str(time).replace("-", "").replace(":", "") for time in (start, stop))
    around = [str(start.astype("datetime64[D]") + days).replace("-", "") for days in (-1, 1)]
    # Two tracks may have the same made-up time: their orbit numbers tell them apart.
    granule = f"{platform}_IW_SLC__1SDV_{begins}_{ends}_000{stack[1:]}_000001_{frame:04X}"
    bperp = orbit_offset_m(stack, date, SEED)[0] - orbit_offset_m(stack, first, SEED)[0]
    return dict.fromkeys(ARCHIVE_COLUMNS, "") | {
        "stack": stack,
        "date": date,
        "granule": granule,
        "platform": platform,
        "absolute_orbit": f"000{stack[1:]}",
        "start_utc": f"{start}.000000",
        "stop_utc": f"{stop}.000000",
        "polarisation": "VV+VH",
        "bytes": str(SLC_BYTES),
        "orbit_file": f"{platform}_OPER_AUX_POEORB_OPOD_{ends}_V{around[0]}T225942_{around[1]}T005942.EOF",
        "first_seen": "2023-06-01T00:00:00Z",
        "address": f"https://archive.invalid/{granule}.zip",
        BPERP: f"{bperp:.2f}",
        CRITICAL: f"{critical_baseline_m(stack):.0f}",
    }


def write(stream, table: list[dict[str, str]]) -> None:
    """The table as CSV.

    Parameters
    ----------
    stream : file object
        Where it is written.
    table : list of dict
        Rows of `rows`.
    """
    writer = csv.DictWriter(stream, ARCHIVE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


def main(arguments: list[str] | None = None) -> int:
    """Print a scene table of planned passes for a region.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command line.

    Returns
    -------
    int
        Exit status.
    """
    import argparse

    from sarslide.config import load, own_regions, presets

    parser = argparse.ArgumentParser(prog="python -m sarslide.catalog.planned", description=main.__doc__)
    known = [*presets(), *own_regions()]
    parser.add_argument("--region", required=True, choices=known, help="region whose tracks and window are taken")
    region = parser.parse_args(arguments).region
    write(sys.stdout, rows(load({"region": region})))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
