"""What goes wrong with delivered products, planted: files cut short, samples lost."""

from pathlib import Path


def truncate_measurement(path: str | Path, share: float = 0.5) -> None:
    """Keep only the first `share` of the bytes of a measurement, as a broken download does."""
    path = Path(path)
    with open(path, "r+b") as stream:
        stream.truncate(int(path.stat().st_size * share))


def blank_measurement(path: str | Path) -> None:
    """Set all samples of a measurement to zero, its annotation unchanged: integer samples have no other way to be no data."""
    import rasterio

    with rasterio.open(path, "r+") as target:
        blank = target.read(1)
        blank[:] = 0
        target.write(blank, 1)
