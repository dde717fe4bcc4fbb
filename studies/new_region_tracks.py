"""`sarslide new` at the places of real scenes: are track and pass those of the scene?

    python -m studies.new_region_tracks DATA

DATA is the folder of real products that tests find by SARSLIDE_REAL_DATA. At the centre of each
scene a region of 10 x 10 km is begun as a newcomer begins it, by the command and offline; of the
stacks in its file the one of the scene's pass must be the scene's. Writes its rows into
studies/records/door.json.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tests.support.real_scenes import RealScene, read_scenes

from sarslide.config import load
from studies.door import put, row

COMMAND, GOAL = "python -m studies.new_region_tracks DATA", "track and pass equal theirs"
KM = 10
KM_PER_DEG = 111.2
# Its manifest, of the processor IPF 2.36, states another number than its absolute orbit has.
LEFT_OUT = ("western Arabia",)


def begun(scene: RealScene, folder: Path) -> tuple[str, ...]:
    """Stacks of a region begun at the centre of a scene, with the net taken away."""
    lon, lat, _ = scene.centre()
    north = KM / 2 / KM_PER_DEG
    east = north / np.cos(np.radians(lat))
    name = f"scene_{scene.date}"
    box = [f"{value:.4f}" for value in (lon - east, lat - north, lon + east, lat + north)]
    without_net = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise OSError('offline')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from sarslide.cli import main\n"
        "main(sys.argv[1:])"
    )
    words = ["new", name, "--bbox", *box, "--directory", str(folder)]
    subprocess.run([sys.executable, "-c", without_net, *words], check=True, stdout=subprocess.DEVNULL)
    return load({"region": name}, folder).stacks


def rows(data: Path) -> Iterator[dict]:
    """One row a place."""
    scenes: dict[str, list[RealScene]] = {}
    for scene in read_scenes(data):
        if scene.place not in LEFT_OUT:
            scenes.setdefault(scene.place, []).append(scene)
    with tempfile.TemporaryDirectory() as folder:
        for place, its in scenes.items():
            chosen = {scene.date: begun(scene, Path(folder)) for scene in its}
            met = all(scene.stack in chosen[scene.date] for scene in its)
            found = sorted({f"{scene.stack} of {', '.join(chosen[scene.date])}" for scene in its})
            yield row(f"sarslide new, offline, {place}: the scene's track among those chosen", "; ".join(found),
                      COMMAND, GOAL, met)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder of real products")
    put(list(rows(parser.parse_args().data)))
