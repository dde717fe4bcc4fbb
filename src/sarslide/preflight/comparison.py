"""Whether the files can be used that the release is compared with (section `evaluation`)."""

from collections.abc import Callable

from sarslide.config import Config, existing, is_left_out
from sarslide.preflight.finding import NOTE, Finding, tried


def files(config: Config) -> list[Finding]:
    """The inventory of others, the area in which it is complete, and the field checks.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a file; a note for a variable that is not set, without whose file a run goes on.
    """
    asked = config.evaluation
    if not (asked.inventory or asked.points):
        return []
    from sarslide.evaluate.external_files import read_area, read_inventory, read_points

    grid = config.grid.region_grid()
    readers: dict[str, Callable[[str], str]] = {
        "inventory": lambda path: f"{len(read_inventory(path, grid, **asked.reading()))} landslides",
        "area": lambda path: f"{read_area(path, grid).area / 1e6:.4g} km2",
        "points": lambda path: f"{len(read_points(path, grid, asked.seen_column))} field checks",
    }
    return [
        _found(f"evaluation.{name}", getattr(asked, name), reader)
        for name, reader in readers.items()
        if getattr(asked, name)
    ]


def _found(name: str, path: str, reader: Callable[[str], str]) -> Finding:
    if is_left_out(path):
        return Finding(f"input {name}", NOTE, f"{name} = {path} is not set: the release is not compared with it")
    return tried(f"input {name}", lambda: f"{path}: {reader(existing(name, path))} in the region")
