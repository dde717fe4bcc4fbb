"""Two bursts of full width in bounded memory: 25,000 samples, geocoded on their whole extent, multilooked, and their geometry."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, re, sys
from pathlib import Path

import numpy as np

from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.geometry import layover_shadow, stack_geometry
from sarslide.insar.native.interferogram import form_pair, mean_power, multilook
from sarslide.insar.native.surface import Surface
from sarslide.io import raster
from sarslide.sentinel1.safe import open_scene

step, folder, date = sys.argv[1], Path(sys.argv[2]), "20190306"
scene = open_scene(folder / date)
region = RegionGrid(*json.loads(sys.argv[3]))
grid = region.pad(900)
x, y = np.meshgrid(grid.x(), grid.y())
surface = Surface(3000 + 400 * np.sin(x / 1900) * np.cos(y / 1700), grid)
del x, y
lattice, out, seen = Lattice.of(region), folder / "gslc.tif", 0
if step == "geocode":
    with raster.create(out, lattice, "gslc", bands=BANDS) as put:
        for block in geocode(scene, surface, lattice):
            seen += block.seen
            for band, samples in block.samples.items():
                put(block.rows, block.cols, samples, band + 1)
elif step == "interferogram":
    dates = ["20190306", "20190318", "20190330"]
    pairs = ["20190306_20190318", "20190306_20190330"]
    sums = multilook(dict.fromkeys(dates, out), pairs, lattice)
    for one in sums.values():
        formed = form_pair(one, 8.7, 3, 0.5, 32)
        raster.write(folder / "w.tif", np.stack([formed.unfiltered_rad, formed.filtered_rad]), region, "wrapped_rad")
    mean_power([out], lattice)
else:
    layers = stack_geometry(scene, surface, region)
    layover_shadow(scene, surface, region)
# The peak of this program alone: ru_maxrss keeps that of the process which started it.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print("RESULT" + json.dumps([seen, peak / 2**20]))
"""


@pytest.mark.full
def test_full_width_burst_date_stays_below_3_gb(tmp_path):
    from sarsim.full_width import write_noise_product

    write_noise_product(tmp_path / "20190306", "A128", "20190306", 99.2, 29.0, 3000.0)
    # Around the middle of the swath: 97 km by 57 km hold both bursts, tilted by 12 degrees.
    region = json.dumps([32647, 471000, 3237000, 30, 1900, 3240])
    for step in ("geocode", "interferogram", "geometry"):
        command = [sys.executable, "-c", PROGRAM, step, str(tmp_path), region]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        seen, peak = json.loads(run.stdout.split("RESULT")[1])
        print(f"{step}: {seen / 1e6:.1f} M samples, {peak:.2f} GB")
        assert peak < 3.0, step
        if step == "geocode":
            # Two bursts of 25,000 x 1,500 samples less their overlap and edges, on 50 m2 each: most of them lie in the region.
            assert 55e6 < seen < 85e6
