"""The blocks against their equations written out by hand, and their gradients against finite
differences.
"""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from sarslide.models.blocks import (
    BilinearUp,
    Cbam,
    ModulatedDeformConv,
    Rsbu,
    SelfAttention,
    Tcb,
    soft_threshold,
    two_class_logit,
)
from sarslide.models.fc_densenet import LAYERS, DenseBlock
from sarslide.models.fcadensenet import FcaDenseNet
from sarslide.models.fcn8s import enlarge
from sarslide.models.segnet import unpool


def test_soft_threshold_is_equation_2():
    x = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
    assert soft_threshold(x, torch.tensor(1.0)).tolist() == [-2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]


def test_gradient_of_soft_threshold():
    """Against finite differences, for x and for tau; and 1 outside, 0 inside the threshold (eq. 3)."""
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(2, 3, 4, 4, generator=generator, dtype=torch.float64) * 2
    tau = torch.rand(2, 3, 1, 1, generator=generator, dtype=torch.float64) + 0.2
    near_kink = (x.abs() - tau).abs() < 1e-3
    x = torch.where(near_kink, x + 0.01, x).requires_grad_()
    tau.requires_grad_()
    assert torch.autograd.gradcheck(soft_threshold, (x, tau))
    (gradient,) = torch.autograd.grad(soft_threshold(x, tau).sum(), x)
    assert torch.equal(gradient, (x.abs() > tau).double())


def test_rsbu_thresholds_its_residual():
    """The unit equals the equations written out by hand, and its gradient is that of finite
    differences.
    """
    torch.manual_seed(1)
    unit = Rsbu(4, 4).double().eval()
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    residual = unit.residual(x)
    mean_abs = residual.abs().mean(dim=(2, 3))
    alpha = unit.alpha(mean_abs)
    assert ((alpha > 0) & (alpha < 1)).all()
    tau = (alpha * mean_abs)[:, :, None, None].expand_as(residual)
    shrunk = torch.where(residual > tau, residual - tau, torch.where(residual < -tau, residual + tau, 0.0))
    torch.testing.assert_close(unit(x), shrunk + x)
    assert torch.autograd.gradcheck(unit, (x[:1, :, :4, :4].clone().requires_grad_(),), atol=1e-4)


def test_rsbu_shortcut_has_no_weights():
    """With a silent residual branch a widening, halving unit gives 2 x 2 means and zero channels."""
    unit = Rsbu(2, 5, stride=2).eval()
    torch.nn.init.zeros_(unit.residual[3].weight)
    torch.nn.init.zeros_(unit.residual[3].bias)
    x = torch.arange(32, dtype=torch.float32).reshape(1, 2, 4, 4)
    y = unit(x)
    torch.testing.assert_close(y[:, :2], torch.nn.functional.avg_pool2d(x, 2))
    assert y.shape == (1, 5, 2, 2)
    assert not y[:, 2:].any()


def test_tcb_doubles_and_joins():
    block = Tcb(8, 3, 4)
    assert block(torch.zeros(2, 8, 5, 5), torch.zeros(2, 3, 9, 10)).shape == (2, 4, 9, 10)
    below, skip = torch.randn(2, 8, 5, 5, requires_grad=True), torch.randn(2, 3, 9, 10, requires_grad=True)
    (block(below, skip) ** 2).sum().backward()
    assert below.grad.abs().sum() > 0 and skip.grad.abs().sum() > 0


def test_literal_rsbu_projects_its_shortcut():
    """With a silent residual branch the literal unit is the 1 x 1 convolution of ResNet-18's shortcut,
    with its normalisation.
    """
    torch.manual_seed(2)
    unit = Rsbu(2, 5, stride=2, literal=True).eval()
    nn.init.zeros_(unit.residual[3].weight)
    nn.init.zeros_(unit.residual[3].bias)
    x = torch.randn(1, 2, 6, 6)
    convolution = unit.project[0]
    expected = torch.einsum("oc,nchw->nohw", convolution.weight[:, :, 0, 0], x[..., ::2, ::2])
    expected = (expected + convolution.bias[:, None, None]) / (1 + 1e-5) ** 0.5
    torch.testing.assert_close(unit(x), expected)
    assert Rsbu(4, 4, literal=True).project is None
    assert unit.alpha[0].out_features == 5


def test_cbam_is_its_definition():
    """Woo et al. 2018, eqs. 2 and 3, cell by cell."""
    torch.manual_seed(3)
    block = Cbam(8, reduction=4).double()
    x = torch.randn(2, 8, 5, 6, dtype=torch.float64)
    first, second = block.mlp[0], block.mlp[2]

    def mlp(v):
        return (v @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias

    mean, largest = x.flatten(2).mean(2), x.flatten(2).max(2).values
    scaled = x * (1 / (1 + torch.exp(-mlp(mean) - mlp(largest))))[..., None, None]
    pooled = torch.stack([scaled.mean(1), scaled.max(1).values], dim=1)
    logit = torch.zeros(2, 5, 6, dtype=torch.float64)
    padded = F.pad(pooled, (3, 3, 3, 3))
    for row in range(7):
        for col in range(7):
            kernel = block.spatial.weight[0, :, row, col]
            logit += (padded[:, :, row : row + 5, col : col + 6] * kernel[:, None, None]).sum(1)
    torch.testing.assert_close(block(x), scaled / (1 + torch.exp(-logit[:, None])))


def test_gradient_of_cbam():
    torch.manual_seed(4)
    block = Cbam(4, reduction=2).double()
    x = torch.randn(1, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))
    assert_gradient_of_weights(block, x.detach())


def test_self_attention_is_its_definition():
    """softmax(query . key) over all pairs of cells, times the value, weighted and added (P2 Fig. 8);
    at first the identity.
    """
    torch.manual_seed(5)
    block = SelfAttention(16).double()
    x = torch.randn(2, 16, 3, 5, dtype=torch.float64)
    assert torch.equal(block(x), x)
    nn.init.constant_(block.weight, 0.7)
    cells = x.flatten(2)
    query, key, value = (
        torch.einsum("oc,ncs->nos", f.weight[:, :, 0, 0], cells) + f.bias[:, None]
        for f in (block.query, block.key, block.value)
    )
    pairs = torch.softmax(torch.einsum("nos,not->nst", query, key), dim=2)
    expected = x + 0.7 * torch.einsum("nst,nct->ncs", pairs, value).view_as(x)
    torch.testing.assert_close(block(x), expected)


def test_gradient_of_self_attention():
    torch.manual_seed(6)
    block = SelfAttention(8).double()
    nn.init.constant_(block.weight, 0.7)
    x = torch.randn(1, 8, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))
    assert_gradient_of_weights(block, x.detach())


def test_deformable_convolution_without_shifts_is_half_a_convolution():
    """Zhu et al. 2019: it starts with no shift and weights of 1/2. Also for paths and strides."""
    torch.manual_seed(7)
    for stride, groups in ((1, 1), (2, 4)):
        block = ModulatedDeformConv(8, 8, stride, groups).double()
        x = torch.randn(2, 8, 7, 9, dtype=torch.float64)
        torch.testing.assert_close(block(x), F.conv2d(x, block.weight, None, stride, 1, groups=groups) / 2)


def test_deformable_convolution_samples_where_it_is_told():
    """One row down and half a column right for all kernel positions, weights near 1: the convolution
    of the shifted image.
    """
    torch.manual_seed(8)
    block = ModulatedDeformConv(3, 4).double()
    with torch.no_grad():
        block.offset.bias[0:18:2] = 1.0
        block.offset.bias[1:18:2] = 0.5
        block.offset.bias[18:] = 40.0
    x = torch.randn(1, 3, 10, 12, dtype=torch.float64)
    shifted = (x[..., 1:, :-1] + x[..., 1:, 1:]) / 2
    expected = F.conv2d(shifted, block.weight, None, 1, 1)
    torch.testing.assert_close(block(x)[..., 1:7, 1:9], expected[..., 1:7, 1:9])


def test_gradient_of_deformable_convolution():
    """For the input, the shifts, the weights of the samples and the kernel, away from the kinks of
    bilinear sampling.
    """
    torch.manual_seed(9)
    block = ModulatedDeformConv(4, 4, groups=2).double()
    nn.init.normal_(block.offset.weight, std=0.02)
    nn.init.uniform_(block.offset.bias, 0.3, 0.6)
    x = torch.randn(1, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))
    assert_gradient_of_weights(block, x.detach())


def assert_gradient_of_weights(block, x):
    """gradcheck with respect to all weights of a block."""
    keys = [name for name, _ in block.named_parameters()]

    def call(*values):
        return torch.func.functional_call(block, dict(zip(keys, values, strict=True)), (x,))

    assert torch.autograd.gradcheck(call, tuple(p.detach().clone().requires_grad_() for p in block.parameters()))


def test_unpool_is_max_unpool():
    torch.manual_seed(10)
    x = torch.randn(2, 3, 8, 6)
    pooled, place = F.max_pool2d(x, 2, return_indices=True)
    assert torch.equal(unpool(pooled, place, x.shape), F.max_unpool2d(pooled, place, 2))


@pytest.mark.parametrize("factor", [2, 8])
def test_enlarging_starts_bilinear(factor):
    x = torch.randn(1, 1, 6, 7, generator=torch.Generator().manual_seed(11))
    whole = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    inside = (..., slice(factor, -factor), slice(factor, -factor))  # the edge sees zeros instead of repeated cells
    torch.testing.assert_close(enlarge(factor)(x)[inside], whole[inside])


def test_two_class_logit_is_softmax():
    scores = torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(12))
    torch.testing.assert_close(torch.sigmoid(two_class_logit(scores))[:, 0], torch.softmax(scores, dim=1)[:, 1])


def test_bilinear_up_takes_the_size_of_the_skip():
    assert BilinearUp(8, 3, 4)(torch.zeros(2, 8, 5, 5), torch.zeros(2, 3, 9, 10)).shape == (2, 4, 9, 10)


@pytest.mark.parametrize("bottleneck", [False, True])
def test_layers_of_a_dense_block_read_those_before(bottleneck):
    """P3 eq. 3: with everything but the first layer's output silent, the other layers still answer."""
    block = DenseBlock(3, 2, 0.0, bottleneck).eval()
    assert sum(isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) for layer in block.modules()) == (
        LAYERS if bottleneck else 0
    )
    found = []
    for shift in (0.0, 1.0):
        with torch.no_grad():
            [layer for layer in block.layers[0] if isinstance(layer, nn.Conv2d)][-1].bias.fill_(shift)
            found.append(block(torch.zeros(1, 3, 6, 6)))
    assert found[0].shape == (1, 2 * LAYERS, 6, 6)
    assert ((found[1] - found[0]).abs().amax(dim=(0, 2, 3)) > 0).all()


def test_attention_of_fcadensenet_weighs_what_is_joined():
    """P3 Fig. 7: CBAM on the encoder's features before they are joined, on every level."""
    torch.manual_seed(13)
    network = FcaDenseNet(2, 8)
    (network(torch.randn(2, 2, 64, 64)) ** 2).sum().backward()
    assert len(network.attention) == 5 and all(isinstance(block, Cbam) for block in network.attention)
    assert all(block.spatial.weight.grad.abs().sum() > 0 for block in network.attention)
