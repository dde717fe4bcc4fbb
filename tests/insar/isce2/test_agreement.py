"""The native engine against ISCE2, on the same simulated products: 131 m of baseline, 1,500 m of relief."""

from pathlib import Path

import numpy as np
import pytest

from sarsim.stack import StackSimulator
from sarsim.world import build_world, elevation_on
from sarslide.grid import Lattice, RegionGrid
from sarslide.insar.isce2.regrid import geometry, pair_sums
from sarslide.insar.native.acquisition import acquisition_of, pair_baseline
from sarslide.insar.native.geocode_slc import BANDS, geocode
from sarslide.insar.native.geometry import layover_shadow, stack_geometry
from sarslide.insar.native.interferogram import FormedPair, coherence_window, form_pair, multilook
from sarslide.insar.native.surface import Surface
from sarslide.insar.unwrap import unwrap
from sarslide.io import raster
from sarslide.sentinel1.safe import open_scene
from tests.support.isce2_runs import coregister, require_isce2

STACK, SEED = "A128", 2
DATES = ("20190306", "20190318")
PAIR = "_".join(DATES)
REGION = RegionGrid.from_bounds(32647, (515130, 3203340, 520530, 3212340), 30)
CELLS = 5  # of 30 m in a cell of 150 m
MIN_COHERENCE = 0.35


def block_mean(values: np.ndarray) -> np.ndarray:
    """Means of CELLS x CELLS cells."""
    rows, cols = (size // CELLS * CELLS for size in values.shape)
    return values[:rows, :cols].reshape(rows // CELLS, CELLS, cols // CELLS, CELLS).mean(axis=(1, 3))


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """The pair by both engines; the native geometry and layover; ISCE2's geometry; baseline, m; looks of a window."""
    require_isce2()
    folder = tmp_path_factory.mktemp("agreement")
    world = build_world(REGION, SEED)
    simulator = StackSimulator(world, STACK)
    slc = {date: folder / "slc" / date for date in DATES}
    for date, place in slc.items():
        simulator.simulate(date, place)
    dem = REGION.pad(3000)
    surface = Surface(elevation_on(world, dem), dem)
    relief = float(np.ptp(world.elevation_m[world.window]))

    scenes = {date: open_scene(place, STACK) for date, place in slc.items()}
    acquisitions = [acquisition_of(scene, surface, REGION) for scene in scenes.values()]
    lattice = Lattice.of(REGION)
    files: dict[str, Path] = {}
    for date, scene in scenes.items():
        files[date] = folder / f"{date}.tif"
        with raster.create(files[date], lattice, "gslc", {}, BANDS) as put:
            for block in geocode(scene, surface, lattice):
                for band, samples in block.samples.items():
                    put(block.rows, block.cols, samples, band + 1)
    folders, bursts = coregister(folder / "work", slc, STACK, surface, REGION)
    looks = 900 * acquisitions[0].samples_per_m2
    window = coherence_window(3, looks)
    sums = {
        "native": multilook(files, [PAIR], lattice)[PAIR],
        "isce2": pair_sums(folders, DATES[0], [PAIR], bursts, REGION)[PAIR],
    }
    formed = {name: form_pair(one, looks, window, 0.5, 32) for name, one in sums.items()}
    first = scenes[DATES[0]]
    native = stack_geometry(first, surface, REGION), layover_shadow(first, surface, REGION)
    baseline = pair_baseline(*acquisitions).perpendicular_m
    return formed, native, geometry(folders[DATES[0]], bursts, REGION), baseline, relief, looks * window**2


def good_cells(formed: dict[str, FormedPair], layover: np.ndarray) -> np.ndarray:
    """Cells of both engines that are coherent and neither in layover nor in shadow."""
    each = [np.isfinite(pair.unfiltered_rad) & (pair.coherence > MIN_COHERENCE) for pair in formed.values()]
    return each[0] & each[1] & (layover == 0)


@pytest.mark.full
def test_the_setting_is_that_of_real_pairs(engines):
    *_, baseline, relief, _ = engines
    print(f"bperp {baseline:.1f} m, relief {relief:.0f} m")
    assert 100 < abs(baseline) < 150 and relief > 1300


@pytest.mark.full
def test_wrapped_interferograms_agree(engines):
    formed, (_, layover), *_ = engines
    good = good_cells(formed, layover)
    means = [block_mean(np.where(good, np.exp(1j * np.nan_to_num(pair.unfiltered_rad)), 0)) for pair in formed.values()]
    used = block_mean(good) >= 0.5
    difference = (means[0] * means[1].conj())[used]
    difference /= np.abs(difference)
    constant = difference.mean()
    phase = np.angle(difference * constant.conj())
    rms = float(np.sqrt((phase**2).mean()))
    print(f"{used.sum()} cells of 150 m: rms {rms:.4f} rad, constant {np.angle(constant):.4f} rad")
    # The goal of the project; a wrong half sample of the DEM or a ramp over a burst gives 0.3 rad and more.
    assert used.sum() > 800 and rms < 0.15


@pytest.mark.full
def test_coherences_agree(engines):
    formed, (_, layover), *_ = engines
    good = good_cells(formed, layover)
    difference = (formed["native"].coherence - formed["isce2"].coherence)[good]
    print(f"coherence: mean difference {difference.mean():.4f}, scatter {difference.std():.4f} in {good.sum()} cells")
    # Two kernels on the same speckle: 51 looks of coherence 0.6 scatter by 0.06 each.
    assert abs(difference.mean()) < 0.02 and difference.std() < 0.06


@pytest.mark.full
def test_unwrapped_fields_agree_in_cycles(engines):
    formed, (_, layover), *_, looks = engines
    fields = {name: unwrap(pair.filtered_rad, pair.coherence, looks) for name, pair in formed.items()}
    (one, labels_one), (other, labels_other) = fields.values()
    common = (labels_one > 0) & (labels_other > 0) & (layover == 0)
    agreeing = 0
    for label in np.unique(labels_one[common]):
        for other_label in np.unique(labels_other[common & (labels_one == label)]):
            both = common & (labels_one == label) & (labels_other == other_label)
            cycles = np.rint((one - other)[both] / (2 * np.pi))
            agreeing += int((cycles == np.median(cycles)).sum())
    share = agreeing / common.sum()
    print(f"{share:.4%} of {common.sum()} cells in common components have the same cycles")
    assert common.mean() > 0.3 and share > 0.99


@pytest.mark.full
def test_geometries_agree(engines):
    _, (native, layover), isce, *_ = engines
    open_ground = (layover == 0) & (isce.layover_shadow == 0)
    differences = {
        name: float(np.sqrt(np.nanmean((getattr(native, name) - getattr(isce, name))[open_ground] ** 2)))
        for name in ("incidence_deg", "los_east", "los_north", "los_up", "slant_range_m", "heading_deg")
    }
    print("rms differences:", differences)
    # A cell's mean over its samples against its middle: 15 m of slope, a few metres of range.
    assert (
        differences["incidence_deg"] < 0.01 and differences["slant_range_m"] < 10 and differences["heading_deg"] < 0.2
    )
    assert max(differences[name] for name in ("los_east", "los_north", "los_up")) < 2e-4
    same = (layover != 0) == (isce.layover_shadow != 0)
    print(f"layover and shadow agree on {same.mean():.3%}")
    assert same.mean() > 0.95
