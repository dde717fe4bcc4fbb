"""The only writer of `.npz` files."""

import io
import zipfile
from pathlib import Path

import numpy as np

from sarslide.io.atomic import atomic_file

FORMAT_VERSION = 1


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed `.npz` whose bytes depend on the arrays alone.

    Time stamps are fixed, and entries lie in the order of their names.

    Parameters
    ----------
    path : str or Path
        The file.
    arrays : dict
        Arrays by name.
    """
    with atomic_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(arrays[name], order="C"), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue(), compresslevel=3)
