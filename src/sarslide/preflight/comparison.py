"""Whether the files can be used that the release is compared with (section `evaluation`)."""

from collections.abc import Callable

from sarslide.config import Config, existing
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
    asked, named = config.evaluation, config.evaluation.named()
    notes = [
        Finding(
            f"input evaluation.{key}",
            NOTE,
            f"evaluation.{key} = {path} is not set: the release is not compared with it",
        )
        for key in ("inventory", "points")
        if (path := getattr(asked, key)) and key not in named
    ]
    if not named:
        return notes
    from sarslide.evaluate.external_files import read_area, read_inventory, read_points

    grid = config.grid.region_grid()
    readers: dict[str, Callable[[str], str]] = {
        "inventory": lambda path: f"{len(read_inventory(path, grid, **asked.reading()))} landslides",
        "area": lambda path: f"{read_area(path, grid).area / 1e6:.4g} km2",
        "points": lambda path: f"{len(read_points(path, grid, asked.seen_column))} field checks",
    }
    return notes + [_found(f"evaluation.{key}", path, readers[key]) for key, path in named.items()]


def _found(name: str, path: str, reader: Callable[[str], str]) -> Finding:
    return tried(f"input {name}", lambda: f"{path}: {reader(existing(name, path))} in the region")
