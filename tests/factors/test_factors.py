"""Analysis of factors against scipy, numpy's regression and distributions whose correlation and inflation are known."""

import csv
import json
import runpy
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from scipy import stats
from shapely.geometry import box
from sklearn.linear_model import LinearRegression

from sarslide import papers
from sarslide.errors import VectorError
from sarslide.factors import analysis, labels, statistics
from sarslide.factors import sample as sampling
from sarslide.factors.forest import importance
from sarslide.factors.sample import Sample, draw
from sarslide.grid import RegionGrid
from sarslide.io import raster, vector
from sarslide.io.sidecar import read_json
from tests.support import releases

GRID = RegionGrid(32647, 519000.0, 3212000.0, 30.0, 400, 300)
TERRAIN = ("elevation_m", "slope_deg", "aspect_deg", "curvature_profile_per_m", "curvature_plan_per_m")


def gaussian(correlation, count=40000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.multivariate_normal(np.zeros(len(correlation)), correlation, count)


def test_correlations_equal_scipy():
    values = gaussian([[1, 0.5, -0.2], [0.5, 1, 0.3], [-0.2, 0.3, 1]], 500).astype(np.float32)
    values[:, 2] = np.round(values[:, 2])  # ties
    for k in range(3):
        for j in range(k):
            assert statistics.pearson(values)[k, j] == pytest.approx(
                stats.pearsonr(values[:, k], values[:, j])[0], abs=1e-6
            )
            assert statistics.spearman(values)[k, j] == pytest.approx(
                stats.spearmanr(values[:, k], values[:, j])[0], abs=1e-6
            )
    assert np.allclose(np.diag(statistics.pearson(values)), 1)


def test_spearman_is_blind_to_monotonic_bending():
    values = gaussian([[1, 0.6], [0.6, 1]], 3000)
    bent = np.stack([values[:, 0], np.exp(3 * values[:, 1])], 1)
    assert statistics.spearman(bent)[0, 1] == pytest.approx(statistics.spearman(values)[0, 1], abs=1e-12)
    assert statistics.pearson(bent)[0, 1] < statistics.pearson(values)[0, 1] - 0.1


def test_inflation_is_one_over_one_minus_r2():
    """P3 eq. 2 by scikit-learn's regression, on values far from zero mean and of very different scales."""
    values = gaussian([[1, 0.7, 0.1], [0.7, 1, 0.4], [0.1, 0.4, 1]], 2000) * [1, 100, 0.01] + [5, 3000, 0]
    truth = []
    for k in range(3):
        others = np.delete(values, k, axis=1)
        truth.append(1 / (1 - LinearRegression().fit(others, values[:, k]).score(others, values[:, k])))
    assert np.allclose(statistics.variance_inflation(values), truth, rtol=1e-8)


def test_inflation_of_known_gaussians():
    """Two of correlation r: 1 / (1 - r2); in general the diagonal of the inverse of the correlation matrix."""
    for r in (0.0, 0.5, 0.9):
        # Sampling error of R2 with 40000 cells: below 0.01 of the inflation.
        assert statistics.variance_inflation(gaussian([[1, r], [r, 1]])) == pytest.approx(1 / (1 - r**2), rel=0.02)
    matrix = np.array([[1, 0.6, 0.2], [0.6, 1, 0.5], [0.2, 0.5, 1]])
    assert statistics.variance_inflation(gaussian(matrix)) == pytest.approx(np.diag(np.linalg.inv(matrix)), rel=0.02)


def test_inflation_at_its_limits():
    values = gaussian(np.eye(3), 400)
    twice = np.hstack([values, values[:, :1] + 2 * values[:, 1:2]])
    found = statistics.variance_inflation(twice)
    assert np.isinf(found[[0, 1, 3]]).all() and found[2] == pytest.approx(1, abs=0.05)
    still = np.hstack([values, np.full((400, 1), 7.0)])
    assert (
        np.isnan(statistics.variance_inflation(still)[3])
        and np.isfinite(statistics.variance_inflation(still)[:3]).all()
    )


def test_generalised_inflation_by_determinants():
    """Fox and Monette (1992): det(R own) det(R others) / det(R all), here to the power 1 / df; codes of a class do not matter."""
    rng = np.random.default_rng(4)
    classes = rng.integers(1, 5, 3000).astype(np.float32)
    quantity = np.stack([classes**2 % 5 + rng.normal(0, 1, 3000), rng.normal(0, 1, 3000)], 1)
    columns = statistics.columns_of("lithology", classes)
    assert columns.shape == (3000, 3)
    (found, df), *others = statistics.generalised_inflation([columns, quantity[:, :1], quantity[:, 1:]])

    def det(values):
        return np.linalg.det(np.corrcoef(values.T))

    truth = det(columns) * det(quantity) / det(np.hstack([columns, quantity]))
    assert df == 3 and found == pytest.approx(truth ** (1 / 3), rel=1e-9)
    assert [df for _, df in others] == [1, 1]
    renamed = statistics.columns_of("lithology", np.array([0, 4, 1, 3, 2])[classes.astype(int)])
    assert statistics.generalised_inflation([renamed, quantity])[0][0] == pytest.approx(found, rel=1e-9)


def test_classes_and_directions_as_such():
    """A class that decides a quantity: the code's correlation depends on its numbering, eta does not. A direction likewise: a
    quantity that is large in the north has no correlation with degrees."""
    rng = np.random.default_rng(5)
    classes = rng.integers(1, 4, 20000)
    quantity = np.array([0, 1.0, -1.0, 1.0])[classes] + rng.normal(0, 1, 20000)
    groups = np.array([quantity[classes == k].mean() for k in (1, 2, 3)])
    shares = np.bincount(classes)[1:] / len(classes)
    eta = np.sqrt((shares * (groups - quantity.mean()) ** 2).sum() / quantity.var())
    columns = statistics.columns_of("lithology", classes)
    assert statistics.multiple_correlation(quantity, columns) == pytest.approx(eta, abs=1e-9)
    assert abs(np.corrcoef(classes, quantity)[0, 1]) < 0.05 < eta
    aspect = rng.uniform(0, 360, 20000)
    facing = np.cos(np.deg2rad(aspect)) + rng.normal(0, 0.5, 20000)
    # Variances 1/2 and 1/4: two thirds of the variance.
    assert statistics.multiple_correlation(facing, statistics.columns_of("aspect", aspect)) == pytest.approx(
        np.sqrt(2 / 3), abs=0.01
    )
    assert abs(np.corrcoef(aspect, facing)[0, 1]) < 0.03


def region(seed=1, unknown=0.1):
    """Layers on a small region: the label of a cell is 1 where x is large; `place` names the cell."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (300, 200)).astype(np.float32)
    layers = {"x": x, "place": np.arange(x.size, dtype=np.float32).reshape(x.shape)}
    label = (x > 1).astype(np.uint8)
    label[:40, :50] = 255
    x[rng.random(x.shape) < unknown] = np.nan
    return layers, label


def drawn(layers, label, cells=2000, seed=7):
    return draw(lambda rows: {k: v[rows] for k, v in layers.items()}, label, ["x", "place"], cells, seed, "labels.gpkg")


def test_samples_are_drawn_without_preference(monkeypatch):
    layers, label = region()
    of_region, balanced = drawn(layers, label)
    place = of_region.values[:, 1].astype(int)
    assert len(np.unique(place)) == 2000 and (label.ravel()[place] == of_region.label).all()
    assert np.array_equal(layers["x"].ravel()[place], of_region.values[:, 0]) and np.isfinite(of_region.values).all()
    row, col = np.divmod(place, 200)
    assert np.array_equal(of_region.plot, row // 64 * 4 + col // 64)
    assert (balanced.label == 1).sum() == (balanced.label == 0).sum() == 1000
    usable = np.isfinite(layers["x"]) & (label != 255)
    # The share of landslides and the mean of a factor as in the region, within four standard errors.
    p = label[usable].mean()
    assert abs(of_region.label.mean() - p) < 4 * np.sqrt(p * (1 - p) / 2000)
    assert abs(of_region.values[:, 0].mean() - layers["x"][usable].mean()) < 4 / np.sqrt(2000)
    assert abs(row.mean() - np.nonzero(usable)[0].mean()) < 4 * 300 / np.sqrt(12 * 2000)
    again = drawn(layers, label)
    assert np.array_equal(of_region.values, again[0].values) and np.array_equal(balanced.values, again[1].values)
    assert not np.array_equal(of_region.values, drawn(layers, label, seed=8)[0].values)
    monkeypatch.setattr(sampling, "STRIP_ROWS", 32)
    narrow, _ = drawn(layers, label)
    assert len(narrow.label) == 2000 and abs(narrow.label.mean() - p) < 4 * np.sqrt(p * (1 - p) / 2000)


def test_a_small_region_gives_all_its_cells():
    layers, label = region()
    usable = np.isfinite(layers["x"]) & (label != 255)
    of_region, balanced = drawn(layers, label, cells=10**6)
    assert len(of_region.label) == usable.sum()
    assert sorted(of_region.values[:, 1].astype(int)) == list(np.flatnonzero(usable))
    assert balanced.label.sum() == (label[usable] == 1).sum() == len(balanced.label) / 2
    with pytest.raises(
        VectorError, match=r"E1005 labels.gpkg: 0 landslide and \d+ background cells at which every factor is known"
    ):
        drawn(layers, np.zeros_like(label))


def planted(count=3000, seed=2, classes=3):
    """Cells on 30 plots: `strong` decides the label, `weak` a little, the class and the noise, of many values, not at all."""
    rng = np.random.default_rng(seed)
    strong, weak, noise = rng.normal(0, 1, (3, count))
    label = (strong + 0.4 * weak + rng.normal(0, 0.7, count) > 0).astype(np.uint8)
    rock = rng.integers(1, classes + 1, count)
    return Sample(np.stack([strong, weak, noise, rock], 1).astype(np.float32), label, rng.integers(0, 30, count))


def test_importance_finds_what_decides():
    found = importance(planted(), 100, 7, "x")
    assert found.gini.sum() == pytest.approx(1) and np.argmax(found.gini) == np.argmax(found.permutation) == 0
    # The forest knows part of the noise by heart: Gini gives it a share, permutation on other plots nothing; and Gini prefers the
    # noise of many values to the useless class, as it prefers quantities to classes in P3.
    assert found.gini[2] > 0.1 > 0.06 > found.gini[3]
    assert abs(found.permutation[2:]).max() < 0.02 < found.permutation[1] < found.permutation[0]
    assert 0.8 < found.auc < 0.95


def test_importance_is_the_same_again_with_more_threads():
    one, two = (importance(planted(600), 20, 7, "x", threads) for threads in (1, 2))
    assert (
        np.array_equal(one.gini, two.gini) and np.array_equal(one.permutation, two.permutation) and one.auc == two.auc
    )
    assert not np.array_equal(one.gini, importance(planted(600), 20, 8, "x").gini)


def test_landslides_in_two_plots_cannot_test_a_forest():
    sample = planted(500)
    plots = np.where(sample.label == 1, sample.plot % 2, sample.plot)
    with pytest.raises(
        VectorError, match="E1005 rocks.gpkg: the landslides lie in 2 plots of the region, 3 are needed"
    ):
        importance(Sample(sample.values, sample.label, plots), 20, 7, "rocks.gpkg")


def test_curvature_is_the_negative_laplacian():
    """A paraboloid z = a x2 + b y2 has curvature -2 (a + b) everywhere but at its foot, whatever the slope's direction."""
    from sarslide.terrain.derivatives import derivatives

    x, y = np.meshgrid(30.0 * np.arange(-25, 35), 30.0 * np.arange(-15, 45))
    layers = derivatives((2e-3 * x**2 - 5e-4 * y**2).astype(np.float32), 30.0)
    layers |= {"elevation_m": x, "los_rate_mm_per_yr": x, "layover_shadow": np.zeros_like(x)}
    found = analysis.factor_layers(layers)["curvature"][2:-2, 2:-2]
    steep = layers["slope_deg"][2:-2, 2:-2] > 5
    # Float32 heights of up to 5 km, second differences over 30 m.
    assert np.allclose(found[steep], -2 * (2e-3 - 5e-4), atol=1e-5)


def world(folder, optical=True, seed=3):
    """Layers of a made-up track on GRID and landslides in which the rate is high; paths by name."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, GRID.cols), np.linspace(0, 1, GRID.rows))
    west, _, _, north = GRID.bounds
    shapes = [
        box(west + 30 * c, north - 30 * (r + 20), west + 30 * (c + 20), north - 30 * r)
        for r in range(20, 360, 60)
        for c in (30, 140, 250)
    ]
    frame = gpd.GeoDataFrame({"name": range(len(shapes))}, geometry=shapes, crs=32647)
    folder.mkdir(parents=True, exist_ok=True)
    vector.write(folder / "truth.gpkg", frame, "truth")
    label = labels.of_file(folder / "truth.gpkg", GRID)
    values = {
        "elevation_m": 2000 + 900 * x + rng.normal(0, 30, GRID.shape),
        "slope_deg": 10 + 25 * y + rng.normal(0, 3, GRID.shape),
        "aspect_deg": rng.uniform(0, 360, GRID.shape),
        "curvature_profile_per_m": rng.normal(0, 1e-3, GRID.shape),
        "curvature_plan_per_m": rng.normal(0, 1e-3, GRID.shape),
        "los_rate_mm_per_yr": -25.0 * label + rng.normal(0, 8, GRID.shape),
        "layover_shadow": (x > 0.97).astype(np.uint8),
        "lithology": np.array([2, 4, 1, 3, 3], np.uint8)[(4 * x).astype(int)],
    }
    if optical:
        values |= {
            name: rng.uniform(0, 0.3, GRID.shape)
            for name in ("reflectance_b02", "reflectance_b03", "reflectance_b04", "reflectance_b08")
        }
    paths = {}
    for name, layer in values.items():
        raster.write(folder / f"{name}.tif", layer.astype(np.float32) if layer.dtype != np.uint8 else layer, GRID, name)
        paths[name] = str(folder / f"{name}.tif")
    return paths


class Named(dict):
    __getattr__ = dict.__getitem__


def run(repository, paths, folder, label_file, released=False):
    outputs = {name: str(folder / f"{name}.csv") for name in ("correlation", "collinearity", "importance")}
    outputs |= {
        "heat_map": str(folder / "c.png"),
        "bars": str(folder / "i.png"),
        "sidecar": str(folder / "factors.json"),
    }
    snakemake = SimpleNamespace(
        rule="rank_factors", input=Named(paths | {"labels": str(label_file)}), output=Named(outputs), threads=1,
        wildcards=Named(stack="A128"),
        params=Named(grid=GRID.to_dict(), released=released, cells=4000, trees=30, seed=7, code="0"), log=[str(folder / "log")],
    )  # fmt: skip
    runpy.run_path(str(repository / "workflow_scripts/rank_factors.py"), {"snakemake": snakemake})
    return read_json(folder / "factors.json")


def table(path):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_rule_writes_tables_and_pictures(tmp_path, repository):
    paths = world(tmp_path / "in")
    about = run(repository, paths, tmp_path / "out", tmp_path / "in/truth.gpkg")
    rows = {row["factor"]: row for row in table(tmp_path / "out/importance.csv")}
    assert list(rows)[:6] == list(papers.factors().names) and len(rows) == 10
    assert rows["rate"]["gini_rank"] == rows["rate"]["permutation_rank"] == rows["rate"]["rank_p3"] == "1"
    assert rows["lithology"]["rank_p3"] == "6" and rows["slope"]["rank_p3"] == ""
    assert about["auc"] > 0.9 and about["cells"]["balanced"] == 4000
    collinear = {row["factor"]: row for row in table(tmp_path / "out/collinearity.csv")}
    assert (collinear["rate"]["vif_p3"], collinear["rate"]["tolerance_p3"]) == ("1.074", "0.931")
    assert float(collinear["slope"]["tolerance"]) == pytest.approx(1 / float(collinear["slope"]["vif"]), abs=1e-5)
    # Rock follows the elevation here: its code hardly, its class does.
    assert float(collinear["lithology"]["vif_direction_and_class"]) > 2 > float(collinear["lithology"]["vif"])
    assert collinear["reflectance_b08"]["vif"] == "" and float(collinear["reflectance_b08"]["vif_all_factors"]) < 1.1
    pairs = {(row["first"], row["second"]): row for row in table(tmp_path / "out/correlation.csv")}
    assert pairs["rate", "elevation"]["p3"] == "0.19" and pairs["rate", "slope"]["p3"] == "0.14"
    assert float(pairs["elevation", "lithology"]["multiple"]) > 0.5
    assert ("rate", "speed") not in pairs and ("elevation", "speed") in pairs
    for name in ("c.png", "i.png"):
        assert (tmp_path / "out" / name).read_bytes()[:4] == b"\x89PNG"
    # The same again is the same bytes; the truth of the rule is in the sidecar, too.
    run(repository, paths, tmp_path / "again", tmp_path / "in/truth.gpkg")
    for name in ("correlation.csv", "importance.csv", "collinearity.csv", "c.png", "i.png"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert json.dumps(about["importance"][0]["gini"]) == rows["rate"]["gini"]


def test_without_optional_layers(tmp_path, repository):
    paths = {name: path for name, path in world(tmp_path / "in", optical=False).items() if name != "lithology"}
    about = run(repository, paths, tmp_path / "out", tmp_path / "in/truth.gpkg")
    assert [row["factor"] for row in about["importance"]] == ["rate", "elevation", "slope", "aspect", "curvature"]
    assert "lithology" not in about["treatment"]


def test_labels_of_a_release(tmp_path):
    """Landslides of the release are 1; what it masks, or calls other deformation, is not counted."""
    west, _, _, north = GRID.bounds
    strips = {
        name: box(west + 300 * k, north - 300, west + 300 * k + 300, north)
        for k, name in enumerate(("landslides", "masked", "non_landslide_deformation", "vanished"))
    }
    frames = {name: gpd.GeoDataFrame({"ls_id": ["a"]}, geometry=[shape], crs=32647) for name, shape in strips.items()}
    package = tmp_path / "releases/20200101-0123abcd/landslides.gpkg"
    vector.write_layers(package, frames)
    releases.write(tmp_path, package.parent.name)
    label = labels.of_release(tmp_path / "current.json", GRID)
    assert (label[:10, :10] == 1).all() and (label[:10, 10:40] == 255).all() and not label[10:].any()
    frames["landslides"] = frames["landslides"].iloc[:0]
    vector.write_layers(package, frames)
    releases.renew(package.parent)
    with pytest.raises(VectorError, match="E1005 .*landslides.gpkg: the release has no landslide; cure: "):
        labels.of_release(tmp_path / "current.json", GRID)


def test_hidden_cells_and_unknown_rock_are_no_samples(tmp_path):
    layers = {name: np.ones((4, 4), np.float32) for name in (*TERRAIN, "los_rate_mm_per_yr")}
    layers["layover_shadow"] = np.zeros((4, 4), np.uint8)
    layers["layover_shadow"][0] = 1
    layers["lithology"] = np.ones((4, 4), np.uint8)
    layers["lithology"][1] = 0
    found = analysis.factor_layers(layers)
    assert np.isnan(found["rate"][0]).all() and np.isfinite(found["rate"][1:]).all()
    assert np.isnan(found["lithology"][1]).all() and np.isfinite(found["lithology"][2:]).all()
