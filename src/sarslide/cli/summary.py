"""`sarslide summary`: what a run made, on the terminal."""

from pathlib import Path

from sarslide.cli.options import Files, Folder, Region


def summary(region: Region = "", files: Files = None, folder: Folder = Path()) -> None:
    """Show what runs made of a region: release, changes, report and scores.

    Nothing is made or changed.

        sarslide summary
        sarslide summary demo
    """
    from sarslide.cli.start import Request
    from sarslide.report import summary as report

    config = Request(region, (), files or (), folder).config()
    print(report.of_region(config.region, folder))
