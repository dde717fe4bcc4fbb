"""The networks that come with sarslide: small, labelled, and useful on a region that they have never
seen.
"""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from studies.benchmark import regions
from studies.displacement import network_kinds
from studies.ground import cutting
from studies.network import valleys

from sarsim import climates
from sarslide.config import Config
from sarslide.dataset import features, scenes
from sarslide.displacement import region
from sarslide.evaluate import scores
from sarslide.models import networks, registry, weights
from sarslide.retrieve import dem_library
from sarslide.segment.infer import predict

RANGES, BEFORE, PRODUCTS = "drs_unet_ranges", "drs_unet_compact", "drs_unet_products"
OF_PAPERS = ["p0_drs_unet", "p2_mask_rcnn_resnext_dcb_sa", "p3_fcadensenet", "p4_generalized_cnn"]
UNSEEN = 9201  # neither a training nor a validation seed


@pytest.mark.parametrize("name", [RANGES, BEFORE, PRODUCTS])
def test_cards(name):
    path = weights.packaged(name)
    network, card = networks.load(path, network="drs_unet")
    assert path.stat().st_size <= 5_000_000
    assert registry.parameter_count(network) < 1_100_000
    assert card.label == "trained on simulation"
    assert card.licence == "BSD-3-Clause"
    assert not set(card.training["regions"]) & set(card.training["validation_regions"])
    assert card.sha256 and str(path.parent.parent) not in str(card)


def test_those_of_the_papers_networks_are_small_and_say_what_they_are():
    """At most 24 MB together, half precision, a quarter of the width; trained by sarslide, which no
    paper did.
    """
    paths = sorted(weights.PACKAGED.glob("p[0-9]_*.safetensors"))
    assert [path.stem for path in paths] == OF_PAPERS
    assert sum(path.stat().st_size for path in paths) <= 24_000_000
    for path in paths:
        network, card = networks.load(path)
        assert path.stem.endswith(card.network) and card.training["tensors"] == "float16"
        assert card.label == f"trained on simulation, by sarslide under the recipe of {card.training['paper']}"
        full = registry.parameter_count(networks.build(card.network, len(card.channels)))
        assert registry.parameter_count(network) < full / 10
        # No object of the validation part is found by a network that learnt nothing.
        assert card.scores["object"]["f1"] > 0


def test_one_learnt_on_nine_ranges():
    """Its training has landslides of all speeds; those of over 500 mm/yr alias, so that the chain
    measures less.
    """
    assert Config.model_fields["segmentation"].default.model == RANGES
    card = weights.read_card(weights.packaged(RANGES))
    assert tuple(card.channels) == features.channel_set("sarslide_ranges")
    assert card.normalisation.method == "asinh"
    files = cutting.files_of(dem_library.FOLDER, None, False)
    of_name = {region.name: region.file.mountains for region in cutting.regions_of(files, 4)}
    drawn = {str(seed) for seed in (*valleys.TRAINING, *valleys.VALIDATION)}
    assert {*card.training["regions"], *card.training["validation_regions"]} == {*of_name, *drawn}
    assert len({of_name[name] for name in {*card.training["validation_regions"]} - drawn}) == 9
    assert card.trained_on.landslides > 400
    assert card.trained_on.los_rate_mm_per_yr.p99 > 100


def test_the_default_of_before_learnt_on_drawn_ground():
    card = weights.read_card(weights.packaged(BEFORE))
    seeds = Config.model_fields["training"].default.seeds
    assert card.training["regions"] == sorted([*(str(seed) for seed in seeds), *climates.names_of("train")])
    assert not {*climates.names_of("test"), *climates.names_of("transfer")} & {*card.training["validation_regions"]}
    assert card.scores["object"]["f1"] >= 0.88  # validation regions of all climates; 0.899 when it was trained
    assert card.trained_on.landslides == 1624
    # Planted: 22 to 150 mm/yr times 0.6 to 1.3, 0.022 to 1.4 km2.
    assert 13 < card.trained_on.speed_mm_per_yr.p1 < card.trained_on.speed_mm_per_yr.p99 < 195
    assert 0.02 < card.trained_on.area_km2.p1 < card.trained_on.area_km2.p99 < 1.4


def test_one_goes_on_by_products():
    """It reads what `drs_unet_ranges` reads, from whose weights it started, and has learnt of errors
    and coherences that one year of pairs does not have; regions of products begin with it.
    """
    assert region.NETWORK == PRODUCTS
    card, before = (weights.read_card(weights.packaged(name)) for name in (PRODUCTS, RANGES))
    assert card.channels == before.channels and card.normalisation == before.normalisation
    assert card.training["start_sha256"] and card.training["tensors"] == "float16"
    assert card.training["kinds"] == list(network_kinds.KINDS)
    assert {*card.training["regions"]} <= {each.name for each in regions.regions()}
    assert card.trained_on.los_rate_std_mm_per_yr.p1 < 0.5 < before.trained_on.los_rate_std_mm_per_yr.p1
    assert card.trained_on.mean_coherence.p99 > 0.85 > before.trained_on.mean_coherence.p99
    assert card.objects is not None and card.objects.objects > 100


def test_points_of_several_years_are_its_alone():
    """Two landslides in points of 0.3 mm/yr and a temporal coherence of 0.75, which `drs_unet_ranges`
    takes for still.
    """
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:128, :128]
    moving = ((y - 40) ** 2 + (x - 50) ** 2 < 36) | ((y - 90) ** 2 / 4 + (x - 80) ** 2 < 16)
    rate = np.where(moving, -40.0, 0) + rng.normal(0, 0.3, y.shape)
    layers = {
        "los_rate_mm_per_yr": rate,
        "los_rate_over_std": rate / 0.3,
        "los_rate_std_mm_per_yr": np.full(y.shape, 0.3),
        "mean_coherence": rng.uniform(0.6, 0.9, y.shape),
        "slope_deg": np.full(y.shape, 25.0),
        "downslope_sensitivity": np.full(y.shape, -0.85),
    }
    seen = {}
    for name in (RANGES, PRODUCTS):
        network, card = networks.load(weights.packaged(name))
        stack = np.stack([layers[channel] for channel in card.channels]).astype(np.float32)
        seen[name] = predict(network, stack, card) >= card.threshold
    assert seen[PRODUCTS][moving].mean() > 0.8 and seen[RANGES][moving].mean() < 0.2
    assert seen[PRODUCTS][~binary_dilation(moving, iterations=3)].mean() < 0.001


@pytest.mark.parametrize("name", [RANGES, BEFORE])
def test_a_landslide_is_found_and_atmosphere_left_alone(name):
    """A patch that moves down the slope fires; half of its rate on a flat floor, or 4 mm/yr over
    kilometres, does not.
    """
    rng = np.random.default_rng(5)
    network, card = networks.load(weights.packaged(name))
    y, x = np.mgrid[:192, :192]
    moving = ((y - 60) ** 2 + (x - 70) ** 2 < 144) | ((y - 130) ** 2 / 4 + (x - 120) ** 2 < 64)
    plain = (x > 165) & (abs(y - 90) < 30)
    slope = np.where(x > 155, 1.0, 32.0)
    sensitivity = np.where(x > 155, -0.75, -0.85)
    rate = np.where(moving, 50 * sensitivity, 0) - 25.0 * plain + 4 * np.sin(x / 40) * np.cos(y / 50)
    measured = rate + rng.normal(0, 2, rate.shape)
    layers = {
        "los_rate_mm_per_yr": measured,
        "los_rate_std_mm_per_yr": np.full(rate.shape, 2.3),
        "los_rate_over_std": measured / 2.3,
        "mean_coherence": np.full(rate.shape, 0.55),
        "slope_deg": slope,
        "downslope_sensitivity": sensitivity,
    }
    stack = np.stack([layers[name] for name in card.channels]).astype(np.float32)
    probability = predict(network, stack, card)
    found = probability >= card.threshold
    assert found[moving].mean() > 0.8
    quiet = ~binary_dilation(moving, iterations=2)  # an outline is two cells off at most
    # Subsidence of a flat floor is left to the mask of flat ground by the network of the ranges.
    assert found[quiet & (slope > 5) if name == RANGES else quiet].mean() < 0.001


@pytest.mark.full
def test_unseen_region():
    """A product-level region with a seed of its own: objects found and invented (one to one at IoU >=
    0.3).
    """
    from sarsim.training import STACKS, training_scene, training_world

    network, card = networks.load(weights.packaged(BEFORE))
    world, unseen = training_world(UNSEEN), []
    for stack in STACKS.values():
        arrays = training_scene(world, stack)
        stacked = features.feature_array(card.channels, lambda name, arrays=arrays: arrays[name])
        label = np.where(features.observable(stacked), arrays["label"], scenes.IGNORE)
        unseen.append(scenes.TrainingScene(str(UNSEEN), stack, stacked, label))
    maps = [predict(network, scene.features, card) for scene in unseen]
    found = scores.summary(scores.evaluate(unseen, maps, card.threshold, min_cells=20))["object"]
    assert found["recall"] >= 0.85
    assert found["precision"] >= 0.85
