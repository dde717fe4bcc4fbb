"""Ground of which nothing was acquired is 255 in every engine, is no layover, and is not left out of the rates."""

import numpy as np
import rasterio
from rasterio.transform import Affine

from sarslide.insar.native.geometry import acquired
from sarslide.insar.unwrap import open_ground
from sarslide.inventory.observability import track_state
from sarslide.io import raster
from sarslide.layers import hidden
from sarslide.rates.observability import CLASSES, observable_class
from tests.support import engine_products as products
from tests.support.engine_runs import files_engine, geometry_of, with_folder
from tests.support.interferograms import MID_S, make_burst, orbit_over, scene_of

FLAGS = np.array([[0, 1, 2, 3, 255, 255]], np.uint8)


class Flat:
    """A surface of one height."""

    class grid:
        epsg = 32647

    def require(self, region) -> None:
        pass

    def heights(self, x, y):
        return np.full((len(y), len(x)), products.HEIGHT_M)


def test_native_beside_the_burst():
    orbit = orbit_over(products.LON, products.LAT)
    middle, distance = orbit.zero_doppler(products.seen().point)
    burst = make_burst(orbit, "none.tif", middle, distance, lines=100, samples=400)
    found = acquired(scene_of(orbit, [burst]), Flat(), products.GRID)
    assert 0.02 < found.mean() < 0.6 and found[15, 20]
    whole = make_burst(orbit, "none.tif", middle, distance, lines=1200, samples=4000)
    assert acquired(scene_of(orbit, [whole]), Flat(), products.GRID).all()
    assert abs(middle - MID_S) < 1


def half(folder):
    """GAMMA's files of the region's west alone, and what the constant geometry does not see."""
    section = products.gamma(folder)
    for path in folder.glob("*.tif"):
        with rasterio.open(path) as source:
            values, profile, tags = source.read(), source.profile, source.tags()
        cut = values[..., : values.shape[-1] // 2]
        with rasterio.open(
            path, "w", **profile | {"width": cut.shape[-1], "transform": Affine(*profile["transform"][:6])}
        ) as out:
            out.write(cut)
            out.update_tags(**tags)
    return section


def test_files_beside_the_data(tmp_path):
    out, _, grid = files_engine(with_folder(half))(tmp_path, tmp_path)
    flags = raster.read(geometry_of(out)["layover_shadow"], grid)
    coherence = raster.read(out / f"ifg/{products.PAIR}.cor.tif", grid)
    assert (flags[np.isfinite(coherence)] == 0).all() and (flags[np.isnan(coherence)] == 255).all()
    assert 0.3 < (flags == 255).mean() < 0.7


def test_it_is_no_layover():
    np.testing.assert_array_equal(hidden(FLAGS), [[False, True, True, True, False, False]])
    assert np.isfinite(open_ground(np.ones((1, 6)), FLAGS)[0, 4])


def test_its_class():
    coherence = np.array([[0.9, 0.9, 0.9, 0.9, np.nan, 0.9]])
    names = [CLASSES[k] for k in observable_class(FLAGS, coherence, np.ones((1, 6)), 0.3, 0.2)[0]]
    assert names == ["observable", "layover", "shadow", "layover", "no_acquisition", "observable"]
    pairs = np.array([[4, 0, 0, 0, 0, 4]])
    names = [CLASSES[k] for k in track_state(FLAGS, coherence, pairs, 0.3)[0]]
    assert names == ["observable", "layover", "shadow", "layover", "no_acquisition", "observable"]
