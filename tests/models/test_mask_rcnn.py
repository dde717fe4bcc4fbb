"""Mask R-CNN: its two ways to be called, its targets, and that it can learn an image."""

import numpy as np
import pytest
import torch
from torchvision.models.detection.roi_heads import project_masks_on_boxes

from sarslide.errors import TrainingError
from sarslide.models import networks, registry, weights
from sarslide.models.mask_rcnn import paste_masks
from sarslide.training.targets import instance_targets
from tests.support.cards import CHANNELS, card_entries

SMALL = {"width": 8, "depth": 50}
FIRST_AND_LAST = ["mask_rcnn", "mask_rcnn_resnext_dcb_sa"]


def image() -> tuple[torch.Tensor, torch.Tensor]:
    """A noisy image (1, 2, 128, 128) of two ellipses and the raster of their numbers."""
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:128, :128]
    one = (y - 20) ** 2 / 60 + (x - 18) ** 2 / 120 < 1
    two = (y - 84) ** 2 / 100 + (x - 82) ** 2 / 50 < 1
    channels = np.stack([(one | two) * 2.0 + rng.normal(size=one.shape), rng.normal(size=one.shape)])
    return torch.from_numpy(channels.astype(np.float32))[None], torch.from_numpy(one + 2 * two)


def test_targets():
    ids = torch.zeros(6, 8, dtype=torch.int64)
    ids[1:3, 2:7] = 4
    ids[5, 0] = 9
    target = instance_targets(ids)
    assert target["boxes"].tolist() == [[2, 1, 7, 3], [0, 5, 1, 6]]
    assert target["labels"].tolist() == [1, 1]
    assert torch.equal(target["masks"], torch.stack([ids == 4, ids == 9]).byte())
    empty = instance_targets(torch.zeros(6, 8, dtype=torch.int64))
    assert empty["boxes"].shape == (0, 4)
    assert empty["masks"].shape == (0, 6, 8)


@pytest.mark.parametrize("margin", [0.0, 0.4, -0.3])
def test_masks_are_pasted_where_training_cut_them(margin):
    """Ellipses of 7 to 90 cells, one over the edge, cut by torchvision as targets: the same cells come back.

    A sample of 28 x 28 is at most 3.2 cells wide: its bilinear outline may differ in some cells of
    the rim. torchvision's own pasting has an IoU of 0.6 to 0.9.
    """
    y, x = np.mgrid[:160, :200]
    sizes = [(12, 15, 3.5, 5.0), (40, 60, 10.0, 25.0), (100, 120, 45.0, 30.0), (150, 190, 20.0, 20.0)]
    drawn = [((y - row) / high) ** 2 + ((x - col) / wide) ** 2 < 1 for row, col, high, wide in sizes]
    ids = torch.zeros(160, 200, dtype=torch.int64)
    for number, one in enumerate(drawn, 1):
        ids[torch.from_numpy(one)] = number
    target = instance_targets(ids)
    # A detector's boxes are not on the edges of cells.
    boxes = target["boxes"] + margin * torch.tensor([-1.0, -1.0, 1.0, 1.0])
    cut = project_masks_on_boxes(target["masks"].float(), boxes, torch.arange(len(boxes)), 28)
    pasted = paste_masks(cut[:, None], boxes, (160, 200))[:, 0] >= 0.5
    for number, found in enumerate(pasted, 1):
        wanted = ids == number
        assert (found & wanted).sum() / (found | wanted).sum() > 0.97
        for seen, true in zip(torch.where(found), torch.where(wanted), strict=True):
            assert abs(seen.double().mean() - true.double().mean()) < 0.1  # cells


def test_the_map_is_the_union_of_its_instances():
    """Each cell of the map has the largest score x mask of the instances that are returned beside it."""
    torch.manual_seed(1)
    network = networks.build("mask_rcnn", 2, **SMALL).eval()
    network.rcnn.roi_heads.score_thresh = 0.0
    x = torch.randn(2, 2, 64, 96)
    with torch.inference_mode():
        found, probability = network.instances(x), torch.sigmoid(network(x))
    for one, map_ in zip(found, probability, strict=True):
        assert len(one["scores"]) > 0
        assert one["masks"].shape[1:] == (64, 96)
        assert (one["scores"].diff() <= 0).all()
        expected = (one["scores"][:, None, None] * one["masks"]).max(dim=0).values
        torch.testing.assert_close(map_[0], expected.clamp(1e-6, 1 - 1e-6), atol=1e-6, rtol=0)


def test_refuses_to_be_trained_as_a_map():
    network = networks.build("mask_rcnn", 2, **SMALL)
    with pytest.raises(TrainingError, match=r"^E4002 Mask R-CNN learns from instances"):
        network.train()(image()[0])
    with pytest.raises(TrainingError):
        network.eval()(image()[0], [instance_targets(image()[1])])


@pytest.mark.parametrize("name", FIRST_AND_LAST)
def test_learns_from_an_image_without_instances(name):
    """Losses are finite and every weight of the body and of the proposals gets a gradient."""
    torch.manual_seed(2)
    network = networks.build(name, 2, **SMALL).train()
    x = torch.randn(2, 2, 64, 64)
    with_one = torch.zeros(64, 64, dtype=torch.int64)
    with_one[10:30, 20:40] = 1
    losses = network(x, [instance_targets(with_one), instance_targets(torch.zeros_like(with_one))])
    assert set(losses) == {"loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg"}
    sum(losses.values()).backward()
    without = {key for key, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()}
    assert not without


def test_body_can_be_left_out_of_the_training():
    network = networks.build("mask_rcnn", 2, **SMALL)
    all_of_it = registry.parameter_count(network)
    network.freeze_body(True)
    body = sum(p.numel() for p in network.rcnn.backbone.body.parameters())
    assert registry.parameter_count(network) == all_of_it - body
    network.freeze_body(False)
    assert registry.parameter_count(network) == all_of_it


@pytest.mark.parametrize("name", FIRST_AND_LAST)
def test_weights_file(name, tmp_path):
    """What is saved is what is read, with frozen normalisation too."""
    torch.manual_seed(3)
    options = {**SMALL, "frozen_norm": True}
    network = networks.build(name, 2, **options).eval()
    fixed = registry.get(name).options
    own = {key: value for key, value in options.items() if key not in fixed}
    weights.save(tmp_path / "mask.safetensors", network, card_entries(network=name, options=own))
    again, _ = networks.load(tmp_path / "mask.safetensors", CHANNELS, name)
    x = torch.randn(1, 2, 64, 64)
    with torch.inference_mode():
        assert torch.equal(again(x), network(x))


@pytest.mark.parametrize(
    "name",
    [
        name if name in FIRST_AND_LAST else pytest.param(name, marks=pytest.mark.full)
        for name in registry.names("instance")
    ],
)
def test_overfits_one_image(name):
    """Two objects are found as two, with their outlines, and nothing else."""
    torch.manual_seed(3)
    network = networks.build(name, 2, **SMALL)
    assert_learns(network, steps=100)


@pytest.mark.full
@pytest.mark.parametrize("name", FIRST_AND_LAST)
def test_overfits_one_image_at_full_width(name):
    torch.manual_seed(3)
    assert_learns(networks.build(name, 2), steps=60, learning_rate=2e-4, batch_statistics=True)


def assert_learns(network, steps, learning_rate=2e-3, batch_statistics=False):
    """batch_statistics: batch normalisation goes on using those of its input, as in training. Over a
    hundred layers deep, where the last maps of one image are 4 x 4, the running ones differ (factor
    16/15 a layer); real training freezes them.
    """
    x, ids = image()
    target = [instance_targets(ids)]
    optimiser = torch.optim.Adam(network.train().parameters(), lr=learning_rate)
    for step in range(steps):
        if step == steps - 20:
            # small steps at last, so that batch normalisation knows the weights it will be used
            # with
            optimiser.param_groups[0]["lr"] = learning_rate / 10
        losses = network(x, target)
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    total = sum(losses.values()).item()
    # From about 3; most of what is left is the outline, which masks of 28 x 28 draw a little too
    # soft.
    assert total < 0.2
    network.eval()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.train(batch_statistics)
    with torch.inference_mode():
        found = network.instances(x)[0]
        map_ = torch.sigmoid(network(x))[0, 0] >= 0.5
    sure = found["scores"] >= 0.6  # of what is left of others beside the two, some is near a half
    assert sure.sum() == 2
    for number in (1, 2):
        truth = ids == number
        overlaps = [((m >= 0.5) & truth).sum() / ((m >= 0.5) | truth).sum() for m in found["masks"][sure]]
        assert max(overlaps) > 0.7
    truth = ids > 0
    assert (map_ & truth).sum() / (map_ | truth).sum() > 0.7
