"""`sarslide clean`: remove what runs made of a region."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from sarslide.cli.options import Files, Folder, Region, Values
from sarslide.cli.start import Request
from sarslide.config import Config
from sarslide.schedule import lock

SIMULATED = ("slc", "truth", "dem_m.tif")
# What cannot be made again, and what may have taken days; with --all they go, too.
KEPT = ("inventory", "training")


def clean(
    region: Region = "",
    everything: Annotated[bool, typer.Option("--all", help="Inventory, releases and trained networks, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    values: Values = None,
    files: Files = None,
    folder: Folder = Path(),
) -> None:
    """Remove what runs made of a region: results, logs, simulated products.

    Downloads, the scene table and your files stay. So do the inventory with its releases, and the
    networks that were trained for the region, unless --all is given.

        sarslide clean demo --all
    """
    from sarslide.inventory.records import RELEASES, unprotect
    from sarslide.preflight.checks import used

    config = Request(region, values or (), files or (), folder).config()
    found = removable(config, folder, everything)
    if not found:
        print(f"{config.region}: nothing to remove")
        return
    print("\n".join(path.as_posix() for path in found))
    if yes or typer.confirm(f"remove them, {used(found) / 1e9:.3g} GB?"):
        with lock.held(folder):
            if everything:
                unprotect(folder / "results" / config.region / "inventory" / RELEASES)
            for path in found:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def removable(config: Config, folder: Path, everything: bool = False) -> list[Path]:
    """What runs made of a region and can make again.

    Parameters
    ----------
    config : Config
        Configuration of the region.
    folder : Path
        Working folder.
    everything : bool, default False
        Whether inventory and trained networks go, too.

    Returns
    -------
    list of Path
        Folders and files that are there.
    """
    results, resources = folder / "results" / config.region, folder / "resources" / config.region
    made = [results] if everything else [path for path in sorted(results.glob("*")) if path.name not in KEPT]
    made.append(folder / "logs" / config.region)
    if config.source == "simulated":
        made += [resources / name for name in SIMULATED]
    return [path for path in made if path.exists()]
