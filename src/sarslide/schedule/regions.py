"""Regions of a working folder: those that are kept up to date, and results without a region."""

from pathlib import Path

from sarslide.config import loading


def to_update(folder: Path) -> list[str]:
    """Find the regions of a working folder that are kept up to date.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of str
        Names, sorted: all of `regions/*.yaml`, and packaged regions that have results here, but for
        simulated ones such as the demo, which get no new acquisitions.
    """
    tried = [name for name in loading.presets() if (folder / "results" / name).is_dir()]
    packaged = [name for name in tried if not _is_simulated(name)]
    return sorted({*loading.own_regions(folder), *packaged})


def without_configuration(folder: Path) -> list[str]:
    """Find results whose region has no configuration any more.

    Parameters
    ----------
    folder : Path
        Working folder.

    Returns
    -------
    list of str
        Names, sorted.
    """
    known = {*loading.own_regions(folder), *loading.presets()}
    return sorted({path.parent.name for path in folder.glob("results/*/inventory")} - known)


def _is_simulated(packaged: str) -> bool:
    keys = loading.read_keys(loading.REGIONS / f"{packaged}.yaml") or {}
    return bool(keys.get("source") == "simulated")
