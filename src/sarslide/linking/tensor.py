"""The estimators of `cpu` on tensors, in batches of cells, on any torch device."""

import numpy as np
import torch

from sarslide.linking.looks import ABSENT

MIN_PIVOT = 1e-9  # as in `cpu`: below, a matrix is not positive definite


class TensorLinking:
    """`cpu.link_cells` with the meaning it has there, computed on a device.

    Parameters
    ----------
    device : str
        Name of a torch device.
    """

    def __init__(self, device: str):
        self.device = torch.device(device)

    def link_cells(
        self, covariance: np.ndarray, weights: np.ndarray, looks: np.ndarray, emi: bool, shrink: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `cpu.link_cells`.

        Parameters
        ----------
        covariance : (rows + 2, cols + 2, n, n) array of complex64
            Sums of s_i conj(s_j) over the samples of each cell, with a margin of one cell.
        weights : (rows, cols, 9) array of float32
            Weights of the cells around each.
        looks : (rows, cols) array of float32
            Independent looks of that window.
        emi : bool
            EMI, else EVD.
        shrink : float
            Share of identity in the magnitude of the coherence, 0 to 1.

        Returns
        -------
        phase, std : (n, rows, cols) array of float32
            Phase of each date against the first one that the cell has and the bound of its standard
            deviation, rad.
        agreement : (rows, cols) array of float32
            Temporal coherence.
        """
        rows, cols = weights.shape[:2]
        sums = torch.as_tensor(covariance, device=self.device)
        share = torch.as_tensor(weights, device=self.device)
        n = sums.shape[-1]
        window = torch.zeros((rows, cols, n, n), dtype=torch.complex128, device=self.device)
        for k in range(9):
            window += share[..., k, None, None] * sums[k // 3 : k // 3 + rows, k % 3 : k % 3 + cols]
        centre = sums[1:-1, 1:-1].diagonal(dim1=-2, dim2=-1).real
        present = centre.reshape(-1, n) > 0
        known = present.sum(-1) >= 2
        scale = 2 * torch.as_tensor(looks, dtype=torch.float64, device=self.device).reshape(-1)
        found = _link(window.reshape(-1, n, n)[known], present[known], scale[known], emi, shrink)
        phase, std, agreement = (_spread(values, known).cpu().numpy().astype(np.float32) for values in found)
        by_date = (phase.T.reshape(n, rows, cols), std.T.reshape(n, rows, cols))
        return *by_date, agreement.reshape(rows, cols)


def _spread(values: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    whole = values.new_full((len(known), *values.shape[1:]), torch.nan)
    whole[known] = values
    return whole


def _link(
    window: torch.Tensor, present: torch.Tensor, scale: torch.Tensor, emi: bool, shrink: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Phases, bounds and temporal coherence of (cells, n, n) sums over windows."""
    n = window.shape[-1]
    one = torch.eye(n, dtype=torch.float64, device=window.device)
    both = present[:, :, None] & present[:, None, :]
    root = window.diagonal(dim1=-2, dim2=-1).real.sqrt()
    coherent = torch.where(both, window / (root[:, :, None] * root[:, None, :]), 0) * (1 - one) + one
    size, inverse, kept = _shrunk(coherent.abs(), 1 - shrink, one)
    if emi:
        absent = ABSENT * torch.diag_embed((~present).double())
        matrix = inverse * coherent * torch.where(one > 0, one, kept[:, None, None])
        vector = torch.linalg.eigh(matrix * both + absent)[1][..., 0]
    else:
        vector = torch.linalg.eigh(coherent * both)[1][..., -1]
    first = present.double().argmax(-1, keepdim=True)
    vector = vector / (vector.abs() + 1e-300)
    vector = vector * vector.gather(1, first).conj()
    phase = torch.where(present, vector.angle(), torch.nan)
    others = both & (one == 0) & (coherent.abs() > 0)
    left = (coherent * vector.conj()[:, :, None] * vector[:, None, :]).real / coherent.abs().clamp(min=1e-300)
    agreement = torch.where(others, left, 0).sum((-1, -2)) / others.sum((-1, -2))
    return phase, _bound(size, inverse, present, first, scale, one), agreement


def _shrunk(size: torch.Tensor, kept: float, one: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Magnitudes shrunk until they are positive definite, their inverse, and the part kept."""
    part = size.new_full((len(size),), kept)
    while True:
        shrunk = part[:, None, None] * size * (1 - one) + one
        lower, info = torch.linalg.cholesky_ex(shrunk)
        bad = (info > 0) | (lower.diagonal(dim1=-2, dim2=-1).nan_to_num().square().amin(-1) <= MIN_PIVOT)
        if not bad.any():
            return shrunk, torch.cholesky_inverse(lower), part
        part = torch.where(bad, part / 2, part)


def _bound(
    size: torch.Tensor,
    inverse: torch.Tensor,
    present: torch.Tensor,
    first: torch.Tensor,
    scale: torch.Tensor,
    one: torch.Tensor,
) -> torch.Tensor:
    free = present.clone().scatter_(1, first, False)
    both = free[:, :, None] & free[:, None, :]
    fisher = torch.where(both, scale[:, None, None] * (size * inverse - one), one)
    lower, info = torch.linalg.cholesky_ex(fisher)
    bad = (info > 0) | (lower.diagonal(dim1=-2, dim2=-1).nan_to_num().square().amin(-1) <= MIN_PIVOT)
    variance = torch.cholesky_inverse(torch.where(bad[:, None, None], one, lower)).diagonal(dim1=-2, dim2=-1)
    std = torch.where(bad[:, None], torch.inf, variance.sqrt())
    std = torch.where(free, std, torch.zeros_like(std))
    return torch.where(present, std, torch.nan)
