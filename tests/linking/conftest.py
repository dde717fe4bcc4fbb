"""Samples with a known covariance."""

import numpy as np
import pytest


@pytest.fixture
def draw():
    """Draws samples of circular Gaussian scatterers: (dates, rows, cols) of complex64."""

    def drawn(coherence: np.ndarray, phase_rad: np.ndarray, shape: tuple[int, int], seed: int = 1) -> np.ndarray:
        random = np.random.default_rng(seed)
        n = len(coherence)
        parts = random.standard_normal((2, n, shape[0] * shape[1]))
        white = (parts[0] + 1j * parts[1]) / np.sqrt(2)
        samples = (np.linalg.cholesky(coherence) @ white).reshape(n, *shape)
        return (samples * np.exp(1j * phase_rad)[:, None, None]).astype(np.complex64)

    return drawn


@pytest.fixture
def decaying():
    """Coherence of n dates, 12 days apart, that decays exponentially to a floor."""

    def made(n: int, start: float, days: float, floor: float = 0.0) -> np.ndarray:
        gap = 12.0 * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        coherence = (start - floor) * np.exp(-gap / days) + floor
        np.fill_diagonal(coherence, 1)
        return coherence

    return made
