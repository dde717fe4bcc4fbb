"""EVD and EMI against phases and covariances that are known, and the GPU's program against the CPU's."""

import numpy as np
import pytest

from sarslide.linking.cpu import link_cells
from sarslide.linking.looks import WEIGHTS, cell_covariance, moving_apart, similar_weights, window_looks
from sarslide.linking.tensor import TensorLinking

PER_Y, PER_X = 3, 6  # samples of a cell
LOOKS = float(PER_Y * PER_X)  # they are independent here
both = pytest.mark.parametrize("emi", [True, False], ids=["emi", "evd"])


def linked(samples: np.ndarray, emi: bool, shrink: float = 0.2, program=link_cells, weights=None):
    """Phases, bounds and temporal coherence of all cells but the outermost."""
    covariance = cell_covariance(samples, PER_Y, PER_X)
    if weights is None:
        rows, cols = covariance.shape[0] - 2, covariance.shape[1] - 2
        weights = np.broadcast_to(WEIGHTS, (rows, cols, 9)).copy()
    return program(covariance, weights, window_looks(weights, LOOKS), emi, shrink)


def of_covariance(covariance: np.ndarray, emi: bool, shrink: float = 0.0):
    """Phases of one cell of this covariance, found in one look."""
    n = len(covariance)
    cells = np.zeros((3, 3, n, n), np.complex64)
    cells[1, 1] = covariance
    weights = np.zeros((1, 1, 9), np.float32)
    weights[..., 4] = 1
    phase, std, agreement = link_cells(cells, weights, np.full((1, 1), 50, np.float32), emi, shrink)
    return phase[:, 0, 0], std[:, 0, 0], float(agreement[0, 0])


def error(phase: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Wrapped difference to true phases of the dates against the first."""
    want = (truth - truth[0]).reshape(-1, *[1] * (phase.ndim - 1))
    return np.angle(np.exp(1j * (phase - want)))


@both
def test_the_phases_of_a_known_covariance_come_back(emi, decaying):
    """Exact: C_ij = g_ij exp(i (p_i - p_j)) has the phases p under both estimators."""
    truth = np.random.default_rng(3).uniform(-3, 3, 9)
    turn = np.exp(1j * truth)
    phase, _, agreement = of_covariance(decaying(9, 0.7, 50, 0.1) * np.outer(turn, turn.conj()), emi)
    assert np.abs(error(phase, truth)).max() < 1e-5  # complex64 of the covariance
    assert agreement == pytest.approx(1, abs=1e-6)


def test_the_eigenvectors_are_those_of_lapack(decaying, draw):
    """On noisy covariances, where both estimators differ."""
    samples = draw(decaying(12, 0.6, 40), np.linspace(0, 4, 12), (3 * PER_Y, 3 * PER_X))
    covariance = cell_covariance(samples, 9, 18)[0, 0].astype(complex)
    power = np.sqrt(np.diag(covariance).real)
    coherence = covariance / np.outer(power, power)
    one = np.eye(12)
    shrunk = 0.8 * np.abs(coherence) * (1 - one) + one
    matrix = np.linalg.inv(shrunk) * (0.8 * coherence * (1 - one) + one)
    for emi, vector in ((True, np.linalg.eigh(matrix)[1][:, 0]), (False, np.linalg.eigh(coherence)[1][:, -1])):
        phase = of_covariance(covariance, emi, 0.2)[0]
        assert np.abs(error(phase, np.angle(vector))).max() < 1e-4


def test_the_bound_is_reached_at_high_coherence(decaying, draw):
    """3,000 windows of 40 samples: the scatter of a maximum likelihood is within 10 % of its bound."""
    coherence = decaying(5, 0.97, 400)
    truth = np.array([0.0, 1.0, -2.0, 0.5, 3.0])
    samples = draw(coherence, truth, (40 * 30, 100)).reshape(5, 30, 40, 100)
    covariance = np.einsum("irsc,jrsc->rcij", samples, samples.conj()).reshape(-1, 5, 5)
    found = np.array([of_covariance(one, True)[0] for one in covariance])
    scatter = np.sqrt((error(found.T, truth) ** 2).mean(1))[1:]
    information = 2 * 40 * (coherence * np.linalg.inv(coherence) - np.eye(5))
    want = np.sqrt(np.diag(np.linalg.inv(information[1:, 1:])))
    assert np.allclose(scatter, want, rtol=0.1)  # 1.3 % from the number of windows, the rest from 40 looks
    stated = of_covariance(coherence, True)[1][1:]  # of 50 looks
    assert np.allclose(stated, want * np.sqrt(40 / 50), rtol=1e-4)


def test_emi_beats_evd_where_coherence_decays(decaying, draw):
    samples = draw(decaying(20, 0.8, 40), np.zeros(20), (32 * PER_Y, 32 * PER_X))
    scatter = [np.sqrt((linked(samples, emi)[0][1:] ** 2).mean()) for emi in (True, False)]
    assert scatter[0] < 0.9 * scatter[1]


@both
def test_both_programs_agree(emi, decaying, draw):
    """To 1e-4 rad, with dates that miss samples in some cells."""
    samples = draw(decaying(11, 0.6, 60, 0.1), np.linspace(0, 5, 11), (12 * PER_Y, 10 * PER_X))
    samples[3, : 5 * PER_Y] = 0
    samples[0, :, : 4 * PER_X] = 0
    samples[1:, 9 * PER_Y :, 8 * PER_X :] = 0
    mine, other = linked(samples, emi), linked(samples, emi, program=TensorLinking("cpu").link_cells)
    for one, two in zip(mine, other, strict=True):
        assert (np.isnan(one) == np.isnan(two)).all()
    assert np.nanmax(np.abs(np.angle(np.exp(1j * (mine[0] - other[0]))))) < 1e-4
    assert np.allclose(mine[1], other[1], rtol=1e-4, equal_nan=True)
    assert np.allclose(mine[2], other[2], atol=1e-5, equal_nan=True)


def test_dates_without_samples_are_unknown_and_disturb_no_other(decaying, draw):
    """The first date that a cell has is its zero; the others are linked as if the rest were none."""
    samples = draw(decaying(6, 0.8, 60), np.arange(6.0), (5 * PER_Y, 5 * PER_X))
    without = np.delete(samples, [0, 3], axis=0)
    samples[[0, 3]] = 0
    whole, part = linked(samples, True), linked(without, True)
    assert np.isnan(whole[0][[0, 3]]).all() and np.isnan(whole[1][[0, 3]]).all()
    assert np.allclose(np.delete(whole[0], [0, 3], axis=0), part[0], atol=1e-5)
    assert np.allclose(np.delete(whole[1], [0, 3], axis=0), part[1], rtol=1e-4)


def test_an_edge_between_two_powers_stays_sharp(decaying, draw):
    """A moving slope 4 times as bright as what lies beside it: no cell of either side takes the other's looks."""
    n = 10
    coherence, moving = decaying(n, 0.7, 100), np.linspace(0, 9, n)
    still = draw(coherence, np.zeros(n), (12 * PER_Y, 12 * PER_X), 1)
    slope = 2 * draw(coherence, moving, (12 * PER_Y, 12 * PER_X), 2)
    samples = np.concatenate([still, slope], axis=2)
    covariance = cell_covariance(samples, PER_Y, PER_X)
    weights = similar_weights(covariance, LOOKS, np.zeros(covariance.shape[:2], bool))
    cut = linked(samples, True, weights=weights)[0]
    last = np.abs(np.angle(np.exp(1j * (cut[-1] - np.repeat([0, moving[-1]], 11)))))
    blurred = linked(samples, True)[0]
    smeared = np.abs(np.angle(np.exp(1j * (blurred[-1] - np.repeat([0, moving[-1]], 11)))))
    edge = slice(10, 12)  # the columns on both sides
    assert np.sqrt((last[:, edge] ** 2).mean()) < 1.5 * np.sqrt((last[:, 2:9] ** 2).mean())
    assert np.sqrt((smeared[:, edge] ** 2).mean()) > 2 * np.sqrt((last[:, edge] ** 2).mean())


@pytest.mark.parametrize(("mm_per_yr", "share"), [(20, 0.8), (100, 0.95), (300, 0.95)])
def test_neighbours_that_move_give_no_looks(decaying, draw, mm_per_yr, share):
    """Ground as bright on both sides of an edge: motion is seen both ways; of still neighbours every fourth fails."""
    n, half = 10, 12
    years = 12 * np.arange(n) / 365.25
    coherence = decaying(n, 0.7, 100)
    still = draw(coherence, np.zeros(n), (half * PER_Y, half * PER_X), 1)
    slope = draw(coherence, 4 * np.pi / 55.5 * mm_per_yr * years, (half * PER_Y, half * PER_X), 2)
    covariance = cell_covariance(np.concatenate([still, slope], axis=2), PER_Y, PER_X)
    apart = moving_apart(covariance, years).reshape(half - 2, 2 * half - 2, 3, 3)
    across = np.concatenate([apart[:, half - 2, :, 2], apart[:, half - 1, :, 0]])
    along = np.concatenate([apart[:, : half - 2], apart[:, half:]], axis=1)
    assert across.mean() > share
    assert along.mean() < 0.27 and not apart[:, :, 1, 1].any()


def test_speckle_that_lasts_is_no_other_ground(decaying, draw):
    """On one ground 1 % of the neighbours is refused, whether speckle is renewed each date or never."""
    for coherence in (decaying(15, 0.99, 1e5), np.eye(15)):
        covariance = cell_covariance(draw(coherence, np.zeros(15), (30 * PER_Y, 30 * PER_X)), PER_Y, PER_X)
        weights = similar_weights(covariance, LOOKS, np.zeros(covariance.shape[:2], bool))
        assert 0.97 < (weights > 0).mean() <= 1  # of 28 x 28 x 9, and the estimated correlation


def test_layover_gives_no_looks_to_open_ground(draw):
    covariance = cell_covariance(draw(np.eye(4), np.zeros(4), (3 * PER_Y, 5 * PER_X)), PER_Y, PER_X)
    hidden = np.zeros((3, 5), bool)
    hidden[:, 3:] = True
    weights = similar_weights(covariance, LOOKS, hidden).reshape(1, 3, 3, 3)
    assert not weights[0, 1, :, 2].any() and not weights[0, 2, :, 0].any()
    assert window_looks(np.array([[1.0] * 9, [0.0] * 9]), 2.0).tolist() == [18, 0]
