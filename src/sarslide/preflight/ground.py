"""Whether the files of ground and of what stands on it can be used (section `ground`)."""

from collections.abc import Callable
from functools import partial

from sarslide.config import Config, existing
from sarslide.preflight.finding import NOTE, Finding, tried

NONE = "nothing of it in the region"


def files(config: Config) -> list[Finding]:
    """The masks, the land cover, and what is exposed.

    Parameters
    ----------
    config : Config
        Configuration of the region.

    Returns
    -------
    list of Finding
        One a file; a note where nothing of it lies in the region.
    """
    readers: dict[str, Callable[[Config, str, str], str]] = {
        "masks": _mask,
        "land_cover": _land_cover,
        "exposure": _exposure,
    }
    found = []
    for key, path in config.ground.files().items():
        kind, _, name = key.partition(".")
        one = tried(f"ground {name or kind}", partial(_described, config, readers[kind], key, path, name))
        found.append(Finding(one.check, NOTE, one.found) if one.found.endswith(NONE) else one)
    return found


def _described(config: Config, reader: Callable[[Config, str, str], str], key: str, path: str, name: str) -> str:
    place = existing(f"ground.{key}", path)
    return f"{path}: {reader(config, place, name)}"


def _mask(config: Config, path: str, name: str) -> str:
    from sarslide.inventory.ground import GroundFile, VectorGround, opened

    about = GroundFile(**config.ground.masks[name].model_dump(exclude={"file"}))
    grid = config.grid.region_grid()
    with opened(path, about, grid) as ground:
        if isinstance(ground, VectorGround):
            return f"{len(ground.outlines)} outlines in the region" if ground.outlines else NONE
        present = sorted(set(about.classes) & set(ground.map.classes(grid)))  # type: ignore[attr-defined]
        return f"classes {', '.join(map(str, present))} in the region" if present else NONE


def _land_cover(config: Config, path: str, name: str) -> str:
    from sarslide.inventory.ground import checked_map

    grid = config.grid.region_grid()
    with checked_map(path, config.ground.land_cover_legend, grid) as land_cover:
        return f"{len(land_cover.classes(grid))} classes in the region"


def _exposure(config: Config, path: str, name: str) -> str:
    from sarslide.inventory.exposure import ExposureFile, read

    about = ExposureFile(**config.ground.exposure[name].model_dump(exclude={"file"}))
    found = read(path, name, about, config.grid.region_grid())
    return f"{len(found.features)} features in the region and around it" if found.features else NONE
