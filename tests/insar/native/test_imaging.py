"""The series of a block against the exact zero-Doppler solution of every point; reading of windows; devices; memory."""

import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pyproj
import pytest

from sarslide.errors import ConfigError
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.native import cpu
from sarslide.insar.native.geocode_slc import BLOCK_COLS, BLOCK_ROWS, chosen_device, geocode
from sarslide.insar.native.imaging import imaging_of
from sarslide.insar.native.surface import Surface, earth_fixed_patch
from tests.support.interferograms import MID_S, WAVELENGTH, add_target, make_burst, orbit_over, scene_of, write_raster

EPSG = 32647
TO_LONLAT = pyproj.Transformer.from_crs(EPSG, 4326, always_xy=True)


def block(step_x=5.0, step_y=10.0):
    """Eastings, northings and heights of the largest block that geocoding takes, with 3 km of relief."""
    x = 518000 + step_x * np.arange(0, BLOCK_COLS, 16)
    y = 3212000 - step_y * np.arange(0, BLOCK_ROWS, 8)
    heights = 2500 + 1500 * np.sin(x / 900) * np.cos(y[:, None] / 700)
    return x, y, heights


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("steps", [(5.0, 12.5), (5.0, 10.0)])
def test_series_is_exact_to_a_micrometre(ascending, steps):
    orbit = orbit_over(99.2, 29.0, ascending)
    arc = orbit.state_vectors().arc(MID_S - 3, MID_S + 3)
    x, y, heights = block(*steps)
    imaging = imaging_of(arc, EPSG, x, y, heights, cpu.zero_doppler)
    point, normal = earth_fixed_patch(EPSG, x, y)
    truth = cpu.zero_doppler(arc, point + heights[..., None] * normal)
    for program in (cpu, torch_program()):
        time, distance = (np.asarray(one) for one in program.positions(imaging, heights))
        # 1e-6 m of range is 2e-4 rad; 1e-9 s are 7 micrometres of flight.
        assert np.abs(distance - truth[1]).max() < 1e-6 and np.abs(time - truth[0]).max() < 1e-9
    low, high = (corner.min() for corner in imaging.corners()), (corner.max() for corner in imaging.corners())
    for least, most, exact, slack in zip(low, high, truth, (0.02, 25.0), strict=True):
        assert least - slack < exact.min() and exact.max() < most + slack


def torch_program():
    from sarslide.insar.native.tensor import TensorProgram

    return TensorProgram("cpu")


def test_block_that_the_orbit_does_not_see():
    arc = orbit_over(99.2, 29.0).state_vectors().arc(MID_S - 3, MID_S + 3)
    x, y, heights = block()
    assert imaging_of(arc, EPSG, x, y - 2e6, heights, cpu.zero_doppler) is None


@pytest.fixture(scope="module")
def burst_of_noise(tmp_path_factory):
    """One small burst over a region, with one bright target, and a flat surface."""
    folder = tmp_path_factory.mktemp("burst")
    orbit = orbit_over(99.2, 29.0)
    burst = make_burst(orbit, f"{folder}/0.tif", MID_S, 880e3, lines=700, samples=900)
    rng = np.random.default_rng(0)
    image = np.rint(rng.normal(0, 40, (700, 900)) + 1j * rng.normal(0, 40, (700, 900)))
    add_target(image, burst, MID_S, 880e3, 20000.0)
    write_raster(burst.raster, image)
    grid = RegionGrid(EPSG, 517500, 3212000, 30, 250, 150)
    return scene_of(orbit, [burst]), Surface(np.full(grid.pad(600).shape, 10.0), grid.pad(600)), Lattice(grid)


def whole(scene, surface, lattice, device="cpu"):
    out = np.zeros(lattice.shape, np.complex64)
    for one in geocode(scene, surface, lattice, device):
        for samples in one.samples.values():
            out[one.rows, one.cols] += samples
    return out


def test_arc_that_ends_within_the_scene(burst_of_noise):
    """An orbit that stops early (annotations of 2014 do) is solved sample by sample where the series cannot be: same samples."""
    scene, surface, lattice = burst_of_noise
    full = whole(scene, surface, lattice)
    burst = scene.bursts[0]
    stop = burst.start_s + 0.6 * burst.lines * burst.line_interval_s
    cut = whole(replace(scene, arc=replace(scene.arc, stop_s=stop)), surface, lattice)
    seen = cut != 0
    assert 0.4 < seen.sum() / (full != 0).sum() < 0.8
    # The two solutions differ by less than a micrometre: 2e-4 rad; positions in the table may round the other way: 6e-4 rad.
    assert np.abs(np.angle(cut[seen] * full[seen].conj())).max() < 2e-3


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_zip_gives_the_same_samples(burst_of_noise, tmp_path):
    import rasterio

    scene, surface, lattice = burst_of_noise
    burst = scene.bursts[0]
    with rasterio.open(burst.raster) as source:
        profile = source.profile | {"dtype": "complex_int16"}
        with rasterio.open(tmp_path / "0.tif", "w", **profile) as target:
            target.write(source.read(1), 1)
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "0.tif", "measurement/0.tif")
    zipped = replace(burst, raster=f"/vsizip/{{{tmp_path}/z.zip}}/measurement/0.tif")
    assert np.array_equal(whole(replace(scene, bursts=(zipped,)), surface, lattice), whole(scene, surface, lattice))


def test_tensor_program_on_every_device_there_is(burst_of_noise):
    import torch

    scene, surface, lattice = burst_of_noise
    compiled = whole(scene, surface, lattice)
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        tensor = whole(scene, surface, lattice, f"torch:{device}")
        # Two devices are promised the same multilooked phase; here single samples are compared, weighted by their amplitude.
        assert abs(np.angle((compiled * tensor.conj()).sum())) < 1e-5
        bright = np.abs(compiled) > np.median(np.abs(compiled[compiled != 0]))
        assert (np.abs(np.angle((compiled * tensor.conj())[bright])) < 1e-3).mean() > 0.999


def test_device_follows_the_machine():
    import torch

    assert chosen_device("cpu") == "cpu"
    assert chosen_device("auto") == ("torch:cuda" if torch.cuda.is_available() else "cpu")
    if torch.cuda.is_available():
        assert chosen_device("cuda") == "torch:cuda"
    else:
        with pytest.raises(ConfigError, match=r"E1001 .*no GPU; cure: set slc\.device to auto or cpu"):
            chosen_device("cuda")


def test_choosing_a_device_does_not_load_torch_in_vain():
    code = "import sys; from sarslide.insar.native.geocode_slc import chosen_device as chosen;"
    code += "print(chosen('auto'), 'torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found[0] == "torch:cuda" or found == ["cpu", "False"]


def test_compiled_loops_do_not_load_scipy():
    """It would be 0.4 of the 1.6 CPU s of a small job; a later import finds it."""
    code = "import sys; from sarslide.insar.native import cpu; cpu.phasor(0.25);"
    code += "print('scipy.linalg' in sys.modules); import scipy.linalg.cython_blas"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["False"]


def test_wavelength_of_the_model():
    assert pytest.approx(0.0554658, abs=1e-7) == WAVELENGTH
