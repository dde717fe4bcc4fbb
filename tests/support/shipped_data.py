"""The real data of tests/data/real, laid out as the full folder of SARSLIDE_REAL_DATA is."""

import lzma
import shutil
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "data/real"


def unpack(folder: Path) -> Path:
    """A copy of the shipped files with their published names and content; returns the folder."""
    for path in filter(Path.is_file, SHIPPED.rglob("*")):
        target = folder / path.relative_to(SHIPPED)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xz":
            target.with_suffix("").write_bytes(lzma.decompress(path.read_bytes()))
        else:
            shutil.copyfile(path, target)
    return folder
