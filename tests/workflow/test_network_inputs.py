"""What `train` of each packaged preset begins with, writes and leaves out; no Snakemake, no network."""

from pathlib import Path

import numpy as np
import pytest

from sarslide.catalog.scenes import SceneTable
from sarslide.config import load, presets
from sarslide.dataset import splits
from sarslide.dataset.features import channel_set
from sarslide.errors import ConfigError
from sarslide.grid import RegionGrid
from sarslide.models import networks, registry
from sarslide.workflow.graph import Graph
from sarslide.workflow.training_inputs import TrainingInputs

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
NO_SCENES = SceneTable((), [])  # a training is planned without any
REAL = [name for name in presets() if load({"region": name}).source == "safe"]
TEST_AREAS = {"zhongxinrong": "three_rivers", "zhouqu": "qtp_loess"}


def inputs(region: str, **training) -> TrainingInputs:
    """Inputs of a packaged region whose labels are named, with changed keys of training."""
    config = load({"region": region, "training": {"labels": "mine.gpkg", **training}})
    return TrainingInputs(Graph(config, NO_SCENES, SCRIPTS))


@pytest.mark.parametrize("region", sorted(set(presets()) - set(TEST_AREAS)))
def test_labels_train_what_the_preset_names(region):
    """The network of the preset from its start, never the packaged one in its place."""
    found = inputs(region)
    training = found.config.training
    found.check_training()
    if not training.model_fields_set.intersection(("network", "channels", "width")):
        assert found.start == "packaged" and [Path(path).stem for path in found.trained] == ["drs_unet_ranges"]
        return
    assert found.start in ("random", "imagenet") and found.start_file() == []
    assert found.learnt_channels() == list(channel_set(training.channels))
    assert found.learnt_from() == f"trained on labels of {region}"
    for network, path in zip(found.networks, found.trained, strict=True):
        width = training.width or registry.get(network).width
        start = "" if found.start == "random" else f".{found.start}"
        folder = f"results/{region}/training/labels/{training.preset}"
        assert path == f"{folder}/{network}.{training.channels}.{width}{start}/{network}.safetensors"


@pytest.mark.parametrize("region", REAL)
def test_the_network_of_a_preset_can_be_built_and_started(region):
    import torch

    training = inputs(region).config.training
    with torch.device("meta"):
        options = registry.options(training.network, training.width, training.start)
        model = networks.build(training.network, len(channel_set(training.channels)), **options)
    assert training.start not in registry.PRETRAINED or training.start in model.pretrained


@pytest.mark.parametrize("name", registry.names())
def test_the_registry_knows_the_weights_of_torchvision(name):
    """What a class can load is what the configuration lets it start from, but for Mask R-CNN with every
    stage replaced, which no COCO weights fit; torchvision's need the one body that has them.
    """
    import torch

    row = registry.get(name)
    known = set(getattr(networks.CLASSES[row.network_class](), "pretrained", ()))
    assert set(row.pretrained) == (known - {"coco", "matterport"} if name == "mask_rcnn_resnext_all" else known)
    if "matterport" in row.pretrained:
        with torch.device("meta"):
            built = [networks.build(name, 3, **registry.options(name, None, start)) for start in ("coco", "matterport")]
        assert [(each.depth, each.keras) for each in built] == [(50, False), (101, True)]


@pytest.mark.parametrize(
    ("training", "line"),
    [
        (
            {"start": "imagenet"},
            "training.start = imagenet does not fit training.network = drs_unet: there are no such",
        ),
        (
            {"network": "mask_rcnn_resnext_all", "start": "coco", "width": None},
            "training.start = coco does not fit training.network = mask_rcnn_resnext_all: .*; cure: set training.start to"
            " imagenet or random, or training.network to mask_rcnn or .* or vcnn$",
        ),
        (
            {"network": "vcnn", "start": "coco", "coco_file": "mask_rcnn_coco.h5", "width": None},
            "training.coco_file does not fit training.network = vcnn: .*; cure: set training.start to imagenet or coco or random,"
            " or training.network to mask_rcnn or .*mask_rcnn_resnext_dcb_sa$",
        ),
        (
            {"network": "mask_rcnn", "start": "matterport", "width": None},
            "training.start = matterport does not fit training.network = mask_rcnn",
        ),
        (
            {"network": "mask_rcnn", "start": "coco", "width": 16},
            "training.width = 16 does not fit training.start = coco, whose weights have width 64; cure: set .*width to null",
        ),
    ],
)
def test_a_start_that_cannot_be_is_refused_while_the_configuration_is_read(training, line):
    with pytest.raises(ConfigError, match=f"E1001 config: {line}"):
        load({"region": "valley", "training": training})


def test_keys_that_contradict_the_start_are_refused():
    with pytest.raises(
        ConfigError, match=r"training.network = unet, but the weights of training.start = packaged have network"
    ):
        inputs("valley", start="packaged", network="unet").start_file()
    wanted = (
        r"training.channels = p0_insar, training.width = 64, but .* have channels sarslide_ranges, width 16; cure: set"
    )
    with pytest.raises(ConfigError, match=wanted):
        inputs("valley", start="packaged", channels="p0_insar", width=64).start_file()
    same = inputs("valley", start="packaged", network="drs_unet", channels="sarslide_ranges", width=16)
    assert [Path(path).stem for path in same.start_file()] == ["drs_unet_ranges"]


def test_each_training_writes_weights_of_its_own():
    """Region, labels or simulated scenes, recipe, network, channels, width and start."""
    changed = [
        {}, {"network": "drs_unet"}, {"network": "unet"}, {"channels": "p4_all"}, {"width": 8}, {"preset": "p0"},
        {"preset": "p0", "width": 8}, {"network": "vcnn", "width": 64}, {"network": "vcnn", "width": 64, "start": "imagenet"},
        {"start": "other.safetensors"},
    ]  # fmt: skip
    made = [path for region in ("valley", "california") for labels in ("", "mine.gpkg") for keys in changed
            for path in inputs(region, **keys, labels=labels).trained]  # fmt: skip
    # Without labels a training without any key is that of `network: drs_unet`.
    assert len(made) == 4 * len(changed) and len(set(made)) == len(made) - 2
    assert {path.split("/")[1] for path in made} == {"valley", "california"}


def test_a_share_of_the_published_width_is_that_of_each_network():
    """A quarter of 64 and of 48 channels (E04), in the same file as 16 and 12."""
    for network, channels in (("drs_unet", 16), ("fcadensenet", 12)):
        of_share, of_channels = (inputs("valley", network=network, width=width).trained for width in (0.25, channels))
        assert of_share == of_channels and f"{network}.sarslide.{channels}/" in of_share[0]
        assert (
            inputs("valley", network=network, width=1).trained == inputs("valley", network=network, width=None).trained
        )
    with pytest.raises(ConfigError, match=r"1.5 is neither a whole number of channels from 4 nor a share up to 1"):
        inputs("valley", width=1.5)


def test_weights_do_not_write_over_their_start():
    start = "results/valley/training/labels/sarslide/mine.tuned/mine.safetensors"
    with pytest.raises(ConfigError, match=r"mine.safetensors is the file that this training writes; cure: copy it"):
        inputs("valley", start=start).check_training()


@pytest.mark.parametrize(("region", "larger"), TEST_AREAS.items())
def test_no_network_is_trained_in_a_test_area(region, larger):
    """A02: with labels and without; no scene of one is learnt from elsewhere either."""
    for labels in ("mine.gpkg", ""):
        with pytest.raises(ConfigError, match=f"region = {region} is a test area .*; cure: train in {larger}$"):
            inputs(region, labels=labels).check_training()
    assert region in inputs("valley").never_learnt()


@pytest.mark.parametrize(
    ("region", "test_area", "shape"),
    # 29.4 x 55.2 km of Zhongxinrong in cells of 30 m; of Zhouqu's 204 x 147 km the northern 36 km.
    [("three_rivers", "zhongxinrong", (1840, 980)), ("qtp_loess", "zhouqu", (1200, 6800))],
)
def test_the_ground_of_a_test_area_is_out_of_the_larger_region(region, test_area, shape):
    found = inputs(region)
    areas = found.test_areas()
    assert list(areas) == [test_area]
    tested = splits.cells_of_areas(
        found.config.grid.region_grid(), [RegionGrid.from_dict(about) for about in areas.values()]
    )
    rows, cols = (np.flatnonzero(tested.any(axis=axis)) for axis in (1, 0))
    assert (len(rows), len(cols)) == shape and tested.sum() == shape[0] * shape[1]


def test_an_unknown_region_to_exclude_is_refused():
    config = load({"region": "valley", "dataset": {"exclude": ["atlantis"]}})
    found = TrainingInputs(Graph(config, NO_SCENES, SCRIPTS))
    with pytest.raises(
        ConfigError, match="E1001 config: dataset.exclude: region 'atlantis' is neither packaged nor in"
    ):
        found.test_areas()
