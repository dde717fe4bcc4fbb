"""Commands that make files of a region: each starts one target of the workflow."""

from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from sarslide import exit_codes
from sarslide.cli import by_frames, start
from sarslide.cli.options import Conda, Cores, Files, Folder, Profile, Region, Values
from sarslide.cli.start import Request
from sarslide.config import Config, existing
from sarslide.errors import CatalogError, ConfigError


@dataclass(frozen=True)
class Target:
    """A command that is one target of the workflow.

    Attributes
    ----------
    arguments : tuple of str
        The target, and options of Snakemake.
    help : str
        Text of `--help`.
    failure : int
        Exit code where it fails for another reason than the archive.
    values : tuple of str
        Keys that this command sets unless the user does.
    needs_scenes : bool
        Whether the target exists only for a region with scenes.
    """

    arguments: tuple[str, ...]
    help: str
    failure: int = exit_codes.FAILED
    values: tuple[str, ...] = ()
    needs_scenes: bool = False


TARGETS = {
    "update": Target(
        ("update_catalog",),
        "Look for new acquisitions of a region.",
        values=("retrieve.tries=3",),  # somebody waits before the terminal
    ),
    "preflight": Target(
        ("preflight",),
        """Check a region before any job: logins, orbits, gaps, DEM, weights, disk, tools.

        A table of what is good and what is not, each with its cure; it asks the archives. The same
        as `snakemake preflight --cores 1 --config region=REGION`.

            sarslide preflight myregion
        """,
        exit_codes.REFUSED,
    ),
    "report": Target(
        ("report",),
        """Make the report of a region: one page that opens offline.

        It stands in results/REGION/report/report.html. The same as `snakemake report`.

            sarslide report myregion
        """,
        needs_scenes=True,
    ),
}


def command(name: str) -> Callable[..., None]:
    """The command of a target.

    Parameters
    ----------
    name : str
        Key of `TARGETS`.

    Returns
    -------
    callable
        For typer.
    """
    target = TARGETS[name]

    def run_target(
        region: Region = "",
        values: Values = None,
        cores: Cores = "all",
        conda: Conda = False,
        profile: Profile = "",
        files: Files = None,
        folder: Folder = Path(),
    ) -> None:
        request = Request(region, [*target.values, *(values or ())], files or (), folder, cores, conda, profile)
        if target.needs_scenes:
            _check_scenes(request.config(), folder)
        raise SystemExit(start.snakemake(request, *target.arguments, failure=target.failure))

    run_target.__doc__ = target.help
    return run_target


def run(
    region: Region = "",
    values: Values = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Release the finished frames where others failed.")
    ] = False,
    cores: Cores = "all",
    conda: Conda = False,
    profile: Profile = "",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Bring a region up to date: from SLCs to a released inventory and its report.

    Only what is missing or outdated is made. What stands after `--` goes to Snakemake: targets and
    options. The same as `snakemake --cores all --config region=REGION`; a region whose frames have
    more jobs than one plan may have goes frame by frame, and frames that are finished are skipped.

        sarslide run myregion --cores 16 --use-conda
        sarslide run myregion --set rates.method=sbas
        sarslide run myregion --profile slurm -- --jobs 100
        sarslide run myregion -- coco_export
    """
    request = Request(region, values or (), files or (), folder, cores, conda, profile)
    raise SystemExit(by_frames.run(request, incomplete=incomplete))


def demo(
    small: Annotated[bool, typer.Option("--small", help="3 x 3.6 km, one track: minutes.")] = False,
    values: Values = None,
    cores: Cores = "all",
    folder: Folder = Path(),
) -> None:
    """Run the embedded region: simulated Sentinel-1 products to an inventory and a report.

    It needs no account, no download and no GPU, and ends with the path of the report.

        sarslide demo --small     about two minutes on two cores
        sarslide demo             8 x 15 km of the Engadin, two tracks, one year: ten minutes
    """
    region = "demo_small" if small else "demo"
    raise SystemExit(start.snakemake(Request(region, values or (), (), folder, cores)))


def resume(
    region: Region = "",
    values: Values = None,
    cores: Cores = "all",
    conda: Conda = False,
    profile: Profile = "",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Go on with a run or a training that was interrupted: killed, out of power, out of disk.

    Without a name it is what was begun last in this folder, with its --set; with a name it is the
    run of that region: give --set again. Snakemake's lock is taken away where no live run holds it,
    half-written files are made again, the rest goes on where it stopped. Do not resume beside a run
    on another machine.

        sarslide resume
        sarslide resume myregion
    """
    last = start.LastRun(region) if region else start.last_run(folder)
    request = Request(last.region, values or last.values, files or (), folder, cores, conda, profile)
    start.unlock(request)
    if last.targets:
        raise SystemExit(start.snakemake(request, *last.targets, "--rerun-incomplete"))
    raise SystemExit(by_frames.run(request, "--rerun-incomplete"))


def plan(
    region: Region = "",
    values: Values = None,
    jobs: Annotated[bool, typer.Option("--jobs", help="List every job, with the reason why it runs.")] = False,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Show what a run would do: checks and forecast without a network, and its jobs by rule.

    The forecast of disk and core-hours is that of the whole region, from nothing. Nothing is
    downloaded or made. The same as `snakemake --dry-run`; of a region that goes by frames it lists
    the frames, and `--set frames=[NAME]` the jobs of one.

        sarslide plan myregion
        sarslide plan myregion --set network.neighbours=3
    """
    from sarslide.catalog import scenes
    from sarslide.preflight import checks
    from sarslide.preflight.finding import as_text

    request = Request(region, values or (), files or (), folder, "1")
    config = request.config()
    table = scenes.table(config, folder / "resources")
    with chdir(folder):  # where Snakemake looks for files of the user and for trained weights
        found = checks.of_region(config)
    # A table without scenes, for which there are no jobs to show, is refused below.
    print(as_text([one for one in found if one.code != f"E{CatalogError.code}"], "checks"), flush=True)
    table.check()
    if by_frames.show(request):
        raise SystemExit(exit_codes.GOOD)
    quiet = () if jobs else ("--quiet", "rules")
    raise SystemExit(start.snakemake(request, "--dry-run", *quiet, locked=False))


def score(
    region: Region = "", values: Values = None, cores: Cores = "all", files: Files = None, folder: Folder = Path()
) -> None:
    """Score a region: against an inventory of others and field checks, or what was planted in it.

    A real region needs evaluation.inventory or evaluation.points: `snakemake score_external` writes
    external_scores.json, external_matches.csv and external.gpkg to results/REGION/report. A
    simulated one is scored against its planted landslides, too: `snakemake score`, scores.json.

        sarslide score demo
        sarslide score myregion --set evaluation.inventory=slides.gpkg
    """
    request = Request(region, values or (), files or (), folder, cores)
    config = request.config()
    compared = ["score_external"] if config.evaluation.named() else []
    targets = [*(["score"] if config.source == "simulated" else []), *compared]
    if not targets:
        for name in ("inventory", "points"):
            if path := getattr(config.evaluation, name):
                existing(f"evaluation.{name}", path)
        raise ConfigError(
            f"region {config.region}: has nothing to be scored against",
            "name an inventory of others, evaluation.inventory, or field checks, evaluation.points",
        )
    _check_scenes(config, folder)
    raise SystemExit(start.snakemake(request, *targets))


def series(
    region: Region = "",
    of: Annotated[str, typer.Option(help="Whose series: inventory, or polygons of rates.series_polygons.")] = "",
    values: Values = None,
    cores: Cores = "all",
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Make the displacement series of every landslide, or of polygons of your own.

    One table a track in the columns of EGMS, with acceleration and season.

        sarslide series demo
        sarslide series myregion --set rates.series_polygons=dams.gpkg
    """
    request = Request(region, values or (), files or (), folder, cores)
    config = request.config()
    source = of or ("polygons" if config.rates.series_polygons else "inventory")
    if source not in ("inventory", "polygons"):
        raise ConfigError(f"--of {of}: is neither inventory nor polygons", "choose one of them")
    if source == "polygons" and not config.rates.series_polygons:
        raise ConfigError("--of polygons: rates.series_polygons is not set", "--set rates.series_polygons=FILE")
    raise SystemExit(start.snakemake(request, *_series_files(config, folder, source)))


def factors(
    region: Region = "", values: Values = None, cores: Cores = "all", files: Files = None, folder: Folder = Path()
) -> None:
    """Rank the layers that set landslides apart from other ground, and put that into the report.

    Correlation, variance inflation and the importance by a random forest of rate, terrain, rock and
    reflectance, for every track (P3 3.1, 4.1); landslides are those of the release, or of
    factors.labels. The same as `snakemake factors`, then `snakemake report`.

        sarslide factors demo
        sarslide factors myregion --set factors.labels=landslides.gpkg
    """
    request = Request(region, values or (), files or (), folder, cores)
    _check_scenes(request.config(), folder)
    made = start.snakemake(request, "factors")
    # The second plan sees the files of the first.
    raise SystemExit(made or start.snakemake(request, "report"))


def _check_scenes(config: Config, folder: Path) -> None:
    """Refuse a region whose scene table is empty: the workflow has no rules for it yet."""
    from sarslide.catalog import scenes

    scenes.table(config, folder / "resources").check()


def _series_files(config: Config, folder: Path, source: str) -> list[str]:
    """The tables of all tracks."""
    from sarslide.catalog import scenes
    from sarslide.workflow.graph import Graph

    graph = Graph.of(config, scenes.table(config, folder / "resources"))
    return graph.every(f"{graph.paths.rates}/series/{source}.csv")
