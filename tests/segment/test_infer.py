"""The sliding window: no seams, any size, the same as the whole image, bounded memory."""

import tracemalloc

import numpy as np
import pytest
import torch
from torch import nn

from sarslide.dataset.normalise import Normalisation
from sarslide.errors import ConfigError
from sarslide.models import networks, registry
from sarslide.segment.forward import Forward
from sarslide.segment.infer import predict_bands, uncalibrated
from sarslide.segment.precision import BF16, FP32, choose_precision, has_bf16

IDENTITY = Normalisation("zscore", (0.0, 0.0), (1.0, 1.0))


class Local(nn.Module):
    """A network that sees 3 cells far: inside a tile its result cannot depend on the tile."""

    stride = 16

    def __init__(self):
        super().__init__()
        torch.manual_seed(6)
        self.layers = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 5, padding=2))

    def forward(self, x):
        return self.layers(x)


def noise(rows, cols, seed=1):
    return np.random.default_rng(seed).normal(size=(2, rows, cols)).astype(np.float32)


@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_equals_the_whole_image_in_the_interior(overlap):
    """Tiles are blended with weights near zero at their border, where zero padding changes the result:
    within 2 % there and exact for a cell that no tile's border is near to.
    """
    stack, network = noise(150, 170), Local()
    tiled = uncalibrated(network, stack, IDENTITY, 64, overlap)
    with torch.inference_mode():
        whole = torch.sigmoid(network(torch.from_numpy(stack)[None]))[0, 0].numpy()
    assert np.abs(tiled - whole)[3:-3, 3:-3].max() < 0.02
    assert np.median(np.abs(tiled - whole)) < 1e-6
    np.testing.assert_allclose(tiled[:3, :3], whole[:3, :3], atol=1e-6)  # a corner is seen by one tile alone


@pytest.mark.parametrize("name", [name for name in registry.names("semantic") if name != "fcn8s"])
def test_no_seams(name):
    """Steps across the borders of tiles are no larger than elsewhere; without overlap they are (2.2
    times).

    FCN-8s has steps of its own, every eight cells, and the instance networks find nothing before
    they have learnt.
    """
    torch.manual_seed(4)
    network = networks.build(name, 2, width=8).train()
    with torch.no_grad():
        for _ in range(8):  # gives batch normalisation its means
            network(torch.from_numpy(noise(64, 64)[None]).repeat(2, 1, 1, 1))
    stack = noise(256, 256, 2)

    def step_ratio(overlap, stride):
        steps = np.abs(np.diff(uncalibrated(network, stack, IDENTITY, 64, overlap), axis=1)).mean(axis=0)
        on_grid = np.arange(stride - 1, 255, stride)
        return steps[on_grid].mean() / np.delete(steps, on_grid).mean()

    assert step_ratio(0.5, 32) < 1.25
    assert step_ratio(0.25, 48) < 1.25


@pytest.mark.parametrize("shape", [(5, 7), (64, 64), (65, 300), (200, 33), (130, 64)])
def test_any_size(shape):
    probability = uncalibrated(Local(), noise(*shape), IDENTITY, 64)
    assert probability.shape == shape
    assert probability.dtype == np.float32
    assert ((probability > 0) & (probability < 1)).all()


def test_unknown_cells_stay_unknown_and_do_not_spread():
    stack = noise(100, 100)
    stack[1, 40:60, 10:30] = np.nan
    stack[:, :, 80:] = np.nan
    probability = uncalibrated(Local(), stack, IDENTITY, 32)
    np.testing.assert_array_equal(np.isnan(probability), np.isnan(stack).any(axis=0))
    assert np.isnan(uncalibrated(Local(), np.full_like(stack, np.nan), IDENTITY, 32)).all()


def test_reads_every_row_once_and_repeats():
    """Chunks of 256 rows, ahead of their use, by several threads; the bands come north to south; a
    second run: the same bytes.
    """
    stack, seen = noise(700, 90), []

    def read(rows, cols):
        seen.append((rows.start, rows.stop))
        return stack[:, rows, cols]

    forward = Forward(networks.build("drs_unet", 2, width=4))
    bands = list(predict_bands(forward, read, (700, 90), IDENTITY, 64, 0.5, workers=3))
    assert sorted(seen) == [(0, 256), (256, 512), (512, 700)]
    assert [row for row, *_ in bands] == list(np.cumsum([0] + [len(band) for _, band, _ in bands[:-1]]))
    joined = np.concatenate([band for _, band, _ in bands])
    assert joined.tobytes() == uncalibrated(forward.network, stack, IDENTITY, 64, 0.5).tobytes()


@pytest.mark.parametrize("method", ["zscore", "zscore_sample"])
def test_a_tile_is_normalised_as_in_training(method):
    """One tile alone: the network on the normalised patch, unknown cells and cells beyond the scene 0."""
    stack, network = noise(40, 50) * 3 + 1, Local()
    stack[0, 5, 6] = np.nan
    normalisation = Normalisation(method, *(((1.0, 0.5), (3.0, 2.0)) if method == "zscore" else ()))
    patch = np.zeros((1, 2, 64, 64), np.float32)
    patch[0, :, :40, :50] = normalisation(stack)
    with torch.inference_mode():
        expected = torch.sigmoid(network(torch.from_numpy(patch)))[0, 0, :40, :50].numpy()
    expected[5, 6] = np.nan
    np.testing.assert_allclose(uncalibrated(network, stack, normalisation, 64), expected, atol=1e-6)


def test_memory_does_not_grow_with_the_height():
    """Arrays at their peak (numpy tells tracemalloc): five times the height, the same memory but for
    one or two chunks more that the threads may hold at the moment of the peak.

    Both scenes have many more chunks than are held at a time; in a lower one the reader may not get
    as far ahead as it can.
    """
    forward = Forward(Local())

    def peak(rows):
        tracemalloc.start()
        for _ in predict_bands(
            forward, lambda r, c: np.ones((2, r.stop - r.start, 256), np.float32), (rows, 256), IDENTITY, 64
        ):
            pass
        return tracemalloc.get_traced_memory()[1], tracemalloc.stop()

    peak(300)
    low, high = peak(3000)[0], peak(15000)[0]
    # A chunk of 256 x 256 x 2 float32 is 0.5 MB; the input of 15000 rows is 31 MB, that of 3000 is
    # 6 MB.
    assert high < low + 2 * 0.53e6 and max(low, high) < 12e6


def test_bf16_stays_near_fp32():
    """Small random weights, cut at their median: IoU above 0.98. docs/reference/validation.md has the
    packaged network.
    """
    if not has_bf16(torch.device("cpu")):
        pytest.skip("this CPU has no bfloat16")
    torch.manual_seed(1)
    y, x = np.mgrid[:128, :160]
    blobs = ((y - 40) ** 2 + (x - 50) ** 2 < 300) | ((y - 90) ** 2 / 2 + (x - 110) ** 2 < 400)
    stack = np.stack([np.where(blobs, 3.0, -3.0), np.zeros(blobs.shape)]).astype(np.float32) + noise(128, 160)
    network = Local()
    full, half = (uncalibrated(network, stack, IDENTITY, 64, precision=precision) for precision in (FP32, BF16))
    level = np.median(full)
    assert not np.array_equal(full, half)
    assert np.abs(full - half).max() < 0.02  # eight bits of mantissa through two convolutions
    assert ((full > level) & (half > level)).sum() > 0.98 * ((full > level) | (half > level)).sum()


def test_refuses():
    with pytest.raises(ConfigError, match="tile of 50 cells; cure: use a multiple of 16"):
        uncalibrated(Local(), noise(60, 60), IDENTITY, 50)


@pytest.mark.parametrize(
    ("able", "auto"), [({"avx512_bf16": True}, BF16), ({"avx512_bf16": False, "avx2": True}, FP32)]
)
def test_precision_by_what_the_processor_can(monkeypatch, able, auto):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert (choose_precision("auto", "cpu", 0.999), choose_precision("fp32", "cpu", 0.999)) == (auto, FP32)
    # Masks that bf16 changes, or that nobody compared, stay those of fp32.
    assert choose_precision("auto", "cpu", 0.99) == choose_precision("auto", "cpu") == FP32
    if auto == BF16:
        assert choose_precision("bf16", "cpu") == BF16
    else:
        with pytest.raises(ConfigError, match="this cpu has no bfloat16; cure: set precision to auto or fp32"):
            choose_precision("bf16", "cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu_gives_the_same_probabilities():
    """Within 1e-3 of the CPU."""
    network, stack = networks.build("drs_unet", 2, width=16), noise(300, 300)
    on_cpu = uncalibrated(network, stack, IDENTITY, 128)
    np.testing.assert_allclose(uncalibrated(network, stack, IDENTITY, 128, device="cuda"), on_cpu, atol=1e-3)
