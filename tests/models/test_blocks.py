"""Soft thresholding and the residual shrinkage unit against their equations (P0 eqs. 1-3)."""

import torch

from sarslide.models.blocks import Rsbu, Tcb, soft_threshold


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
    """The unit equals the equations written out by hand, and its gradient is that of finite differences."""
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
